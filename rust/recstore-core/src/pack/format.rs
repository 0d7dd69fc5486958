//! The constants of the format, and the header. All numbers are little-endian.

use super::PackProblem;

/// How a pack holds its recordings. The bytes of each are told by the version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Ready to answer, straight from the mapped file.
    Fast,
    /// Compressed: a recording is decompressed, with its neighbours, when it is asked for.
    Small,
}

impl Form {
    const ALL: [Self; 2] = [Self::Fast, Self::Small];

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Small => "small",
        }
    }

    /// Returns the form with a name.
    ///
    /// ```
    /// use recstore_core::pack::Form;
    /// assert_eq!(Form::named("small"), Some(Form::Small));
    /// assert_eq!(Form::named("tiny"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Returns the version of the format that has it; a release reads both, and no other.
    pub(super) fn version(self) -> u32 {
        match self {
            Self::Fast => 3,
            Self::Small => 2,
        }
    }

    fn of_version(version: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.version() == version)
    }
}

/// First bytes of a pack: not text, and not the same after a change of line ends.
pub(super) const MAGIC: [u8; 8] = [0x89, b'R', b'S', b'P', b'\r', b'\n', 0x1A, b'\n'];

/// Size of a page, the unit that has a checksum, in bytes.
pub(super) const PAGE: usize = 4096;
/// Size of a checksum, in bytes: XXH3 with 64 bits, seeded with the number of the page.
pub(super) const SUM: usize = 8;
/// Checksums on a page.
pub(super) const SUMS_PER_PAGE: u64 = (PAGE / SUM) as u64;

/// Sections begin at multiples of this, in bytes.
pub(super) const ALIGNMENT: u64 = 8;

/// Size of a row of the section [`ROWS`], in bytes.
pub(super) const ROW: usize = 24;
/// Size of a row of the section [`KEYS`], in bytes.
pub(super) const KEY: usize = crate::key::Key::MAX_LENGTH;
/// Size of a row of the section [`STAMPS`], in bytes.
pub(super) const STAMP: usize = 32;
/// Size of a row of the section [`FRAMES`], in bytes.
pub(super) const FRAME: usize = 24;

pub(super) type SectionId = [u8; 4];
/// The blocks of the recordings, one after another.
pub(super) const BLOCKS: SectionId = *b"BLKS";
/// In the place of the blocks: the texts of the recordings, in frames of zstd.
pub(super) const TEXTS: SectionId = *b"TEXT";
/// For each frame, where it ends and what it needs to be decompressed.
pub(super) const FRAMES: SectionId = *b"FRMS";
/// The keys, sorted, each filled with zeros to 32 bytes.
pub(super) const KEYS: SectionId = *b"KEYS";
/// For each beginning of keys, the row at which the keys with it start.
pub(super) const FAN: SectionId = *b"FANO";
/// For each key, where its block lies and what its file is called.
pub(super) const ROWS: SectionId = *b"ROWS";
/// For each key, what the file system said of its file.
pub(super) const STAMPS: SectionId = *b"STMP";
/// The paths of the folders.
pub(super) const FOLDERS: SectionId = *b"DIRS";
/// The names of files that are not named by a key.
pub(super) const NAMES: SectionId = *b"NAMS";
/// A JSON object about the whole.
pub(super) const META: SectionId = *b"META";
/// The checksums of the pages, and of the pages of checksums.
pub(super) const SUMS: SectionId = *b"SUMS";

// The header fills the first page.
const AT_VERSION: usize = 8;
const AT_LENGTH: usize = 16;
const AT_ROOT: usize = 24;
const AT_SECTION_COUNT: usize = 32;
const AT_SECTIONS: usize = 40;
const SECTION: usize = 24;
const AT_SUM: usize = PAGE - SUM;

/// The first page of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) form: Form,
    /// Length of the file, in bytes.
    pub(super) length: u64,
    /// Checksum of the page that all checksums come together in.
    pub(super) root: u64,
    pub(super) sections: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) id: SectionId,
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Header {
    pub(super) fn to_page(&self) -> [u8; PAGE] {
        let mut page = [0; PAGE];
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(place) = page.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        };
        put(0, &MAGIC);
        put(AT_VERSION, &self.form.version().to_le_bytes());
        put(AT_LENGTH, &self.length.to_le_bytes());
        put(AT_ROOT, &self.root.to_le_bytes());
        put(AT_SECTION_COUNT, &(self.sections.len() as u32).to_le_bytes());
        for (index, section) in self.sections.iter().enumerate() {
            let at = AT_SECTIONS + index * SECTION;
            put(at, &section.id);
            put(at + 8, &section.offset.to_le_bytes());
            put(at + 16, &section.length.to_le_bytes());
        }
        let sum = page_sum(page.get(..AT_SUM).unwrap_or_default(), 0);
        if let Some(place) = page.get_mut(AT_SUM..) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        page
    }

    /// Reads the header of `pack` and makes sure that its sections fill the file in their order.
    pub(super) fn read(pack: &[u8]) -> Result<Self, PackProblem> {
        if !pack.starts_with(&MAGIC) {
            return Err(PackProblem::NotAPack);
        }
        let too_short = PackProblem::Length { expected: PAGE as u64, found: pack.len() as u64 };
        let version = u32_at(pack, AT_VERSION).ok_or_else(|| too_short.clone())?;
        let form = Form::of_version(version).ok_or(PackProblem::Version { found: version })?;
        let page = pack.get(..PAGE).ok_or(too_short)?;
        let (Some(length), Some(root), Some(section_count), Some(sum)) =
            (u64_at(page, AT_LENGTH), u64_at(page, AT_ROOT), u32_at(page, AT_SECTION_COUNT), u64_at(page, AT_SUM))
        else {
            return Err(damaged(0, "the header is too short"));
        };
        if sum != page_sum(page.get(..AT_SUM).unwrap_or_default(), 0) {
            return Err(damaged(0, "the header's checksum does not match"));
        }
        if length != pack.len() as u64 {
            return Err(PackProblem::Length { expected: length, found: pack.len() as u64 });
        }
        let entries = page.get(AT_SECTIONS..AT_SUM).unwrap_or_default().chunks_exact(SECTION);
        let sections: Vec<_> = entries.take(section_count as usize).filter_map(Section::read).collect();
        if sections.len() != section_count as usize {
            return Err(damaged(AT_SECTION_COUNT as u64, "the header names more sections than it holds"));
        }
        let mut end = PAGE as u64;
        for section in &sections {
            if Some(section.offset) != end.checked_next_multiple_of(section.alignment()) {
                return Err(damaged(section.offset, "a section does not begin where the one before ends"));
            }
            end = section
                .offset
                .checked_add(section.length)
                .filter(|end| *end <= length)
                .ok_or_else(|| damaged(section.offset, "a section reaches beyond the end of the file"))?;
        }
        if end != length {
            return Err(damaged(end, "something follows the last section"));
        }
        Ok(Self { form, length, root, sections })
    }

    pub(super) fn section(&self, id: SectionId) -> Option<Section> {
        self.sections.iter().find(|section| section.id == id).copied()
    }
}

impl Section {
    /// The checksums begin on a page of their own.
    pub(super) fn alignment(&self) -> u64 {
        if self.id == SUMS { PAGE as u64 } else { ALIGNMENT }
    }

    fn read(entry: &[u8]) -> Option<Self> {
        Some(Self { id: *entry.first_chunk()?, offset: u64_at(entry, 8)?, length: u64_at(entry, 16)? })
    }
}

/// Returns the checksum of a page: a page in the place of another does not have the right one.
pub(super) fn page_sum(page: &[u8], number: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(page, number)
}

pub(super) fn damaged(at: u64, what: &'static str) -> PackProblem {
    PackProblem::Damaged { at, what }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|number| u32::from_le_bytes(*number))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|number| u64::from_le_bytes(*number))
}
