//! What can be wrong with a recording.

use crate::json::{self, JsonError, Position};

/// How much a file may ask of its reader. Raised by the caller, never by the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of a file, in bytes; at most 2 GiB. Real recordings reach 1.2 MB.
    pub file_size: u64,
    /// Chunks of a recording. Real streams reach 1,399.
    pub chunks: usize,
    /// Depth of the JSON.
    pub json: json::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_size: 64 << 20, chunks: 1_000_000, json: json::Limits::default() }
    }
}

impl Limits {
    /// The largest file that any limit allows, in bytes: offsets in a block have 32 bits.
    pub const MAX_FILE_SIZE: u64 = i32::MAX as u64;

    /// Makes sure that a file of so many bytes may be read.
    ///
    /// # Errors
    /// Where it is larger than the limit.
    pub fn check_size(&self, size: u64) -> Result<(), Malformed> {
        let limit = self.file_size.min(Self::MAX_FILE_SIZE);
        if size > limit { Err(Malformed::TooLarge { size, limit }) } else { Ok(()) }
    }
}

/// Why a file is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is not JSON.
    #[error("{} at {position} (byte {})", error.kind, error.at)]
    Json {
        /// What is wrong, and at which byte.
        error: JsonError,
        /// The same place as editors count.
        position: Position,
    },
    /// It is JSON of another shape.
    #[error("a recording needs {place} to be {expected}, not {found}")]
    Shape {
        /// Which part.
        place: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// It is larger than the limit.
    #[error("{size} bytes are more than the limit of {limit} bytes for one recording")]
    TooLarge {
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// It replaces more ids than the limit.
    #[error("id_normalization_mapping has {found} members, more than the limit of {limit} for one recording")]
    TooManyIds {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// To replace its ids takes longer than the limit: each is looked for in all of the text.
    #[error(
        "id_normalization_mapping has {ids} members, each to be looked for and replaced in {size} bytes of text: more than the \
         limit of {limit} bytes together"
    )]
    TooMuchSearched {
        /// How many ids there are.
        ids: usize,
        /// How long the text is, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// It has more chunks than the limit.
    #[error("more chunks than the limit of {limit} for one recording")]
    TooManyChunks {
        /// The limit.
        limit: usize,
    },
}

impl Malformed {
    /// Says what helps.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Json { .. } | Self::Shape { .. } => {
                "restore the file from version control, or delete it and record again"
            }
            Self::TooLarge { .. } => "to read it, open the store with a larger max_file_size (up to 2 GiB)",
            Self::TooManyIds { .. } | Self::TooMuchSearched { .. } | Self::TooManyChunks { .. } => {
                "nothing raises this limit: move the file out of the store, or record less in its place"
            }
        }
    }
}

impl From<JsonError> for Malformed {
    /// For an error in JSON that was found sound before; it tells the place in that, not in a file.
    fn from(error: JsonError) -> Self {
        Self::Json { error, position: Position { line: 1, column: error.at + 1 } }
    }
}

/// The bytes of a block contradict each other: it was damaged, or made by a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} of a recording is not where its index says")]
pub struct DamagedBlock(pub &'static str);
