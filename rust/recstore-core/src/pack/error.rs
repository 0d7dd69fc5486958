//! What can be wrong with a pack.

use std::path::{Path, PathBuf};

use crate::recording::{DamagedBlock, Malformed};

/// A pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct PackError {
    /// The file; empty for a pack in memory.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: PackProblem,
}

impl PackError {
    /// Makes one of damage inside a block, which right checksums do not rule out in a pack that a stranger made.
    #[must_use]
    pub fn of_block(path: &Path, damage: DamagedBlock) -> Self {
        Self { path: path.to_owned(), problem: PackProblem::Block(damage) }
    }
}

/// What is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackProblem {
    /// It does not begin as packs do.
    #[error("this is no pack of recstore's; `recstore pack` makes one from a folder of recordings")]
    NotAPack,
    /// It has the format of another release.
    #[error(
        "the pack has format {found}, and this release reads the formats 2 and 3; make it again from the recordings \
         with `recstore pack`, or use the release that wrote it"
    )]
    Version {
        /// The version it names.
        found: u32,
    },
    /// It is shorter or longer than it says.
    #[error("the pack is {found} bytes long and should be {expected}; {REMEDY}")]
    Length {
        /// The length that its header names, in bytes.
        expected: u64,
        /// Its length, in bytes.
        found: u64,
    },
    /// Its bytes are not those that were written.
    #[error("the pack is damaged at byte {at}: {what}; {REMEDY}")]
    Damaged {
        /// Offset of the page or section, in bytes.
        at: u64,
        /// What was found out.
        what: &'static str,
    },
    /// A recording in it asks for more than the limits of the reader.
    #[error("a recording in the pack cannot be read: {0}")]
    Recording(Malformed),
    /// The parts of a recording contradict each other.
    #[error("the pack is damaged: {0}; {REMEDY}")]
    Block(DamagedBlock),
}

const REMEDY: &str = "delete it and make it again from the recordings with `recstore pack`";
