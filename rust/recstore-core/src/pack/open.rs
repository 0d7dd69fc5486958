//! A pack, opened.

use std::path::{Path, PathBuf};

use super::format::{
    BLOCKS, FAN, FOLDERS, FRAME, FRAMES, Form, Header, KEY, KEYS, META, NAMES, ROW, ROWS, STAMP, STAMPS, SUMS, Section,
    SectionId, TEXTS, damaged,
};
use super::frames::Decompressed;
use super::sums::Sums;
use super::{Map, PackError, PackProblem};
use crate::json::{Text, Value};
use crate::recent::Recent;
use crate::recording::Limits;

/// A pack over any bytes: a mapped file, or a vector in a test.
///
/// Opening reads the first page only. Whatever is asked of it later verifies the pages it uses.
#[derive(Debug)]
pub struct Pack<B = Map> {
    path: PathBuf,
    bytes: B,
    pub(super) header: Header,
    /// The sections that every look-up needs.
    pub(super) index: Index,
    pub(super) sums: Sums,
    /// Number of recordings.
    pub(super) count: u32,
    /// How many bits of a key choose where to look for it.
    pub(super) fan_bits: u32,
    has_stamps: bool,
    /// Number of frames; none in the fast form.
    pub(super) frame_count: u32,
    pub(super) unpacked: Decompressed,
    pub(super) limits: Limits,
    /// Blocks that were made of several rows.
    pub(crate) united: Recent<Box<[u32]>, [u8], UNITED_KEPT>,
}

/// How many blocks made of several rows are kept: lists of models, which are few and asked for again and again.
const UNITED_KEPT: usize = 128;

/// Where the sections lie that every look-up needs, so that it does not have to look for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) keys: Section,
    pub(super) fan: Section,
    pub(super) rows: Section,
    /// The blocks of the fast form, the texts of the small one.
    pub(super) bodies: Section,
}

/// What a pack says of itself as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The key profile of the store it was made from.
    pub profile: String,
    /// The folder of the recordings that all tests share.
    pub base: String,
    /// The end of the root's path that test ids begin with; empty where they begin below the root.
    pub root: String,
    /// The text of the settings file; empty where there is none.
    pub settings: String,
}

pub(super) type Result<T, E = PackProblem> = std::result::Result<T, E>;

impl Pack<Map> {
    /// Maps the pack at `path`.
    ///
    /// # Errors
    /// Where there is no file that can be mapped, or it is no pack that this release can read.
    pub fn open(path: &Path) -> std::io::Result<Result<Self, PackError>> {
        let map = Map::open(path)?;
        Ok(Self::over(map, path))
    }
}

impl<B: AsRef<[u8]>> Pack<B> {
    /// Opens the pack in `bytes`; `path` is for error messages.
    ///
    /// # Errors
    /// Where it is no pack that this release can read.
    pub fn over(bytes: B, path: &Path) -> Result<Self, PackError> {
        let problem = |problem| PackError { path: path.to_owned(), problem };
        let header = Header::read(bytes.as_ref()).map_err(problem)?;
        let parts = Parts::of(&header).map_err(problem)?;
        let Parts { index, sums, count, fan_bits, has_stamps, frame_count } = parts;
        let (unpacked, limits) = (Decompressed::default(), Limits::default());
        let (path, united) = (path.to_owned(), Recent::default());
        Ok(Self {
            path,
            bytes,
            header,
            index,
            sums,
            count,
            fan_bits,
            has_stamps,
            frame_count,
            unpacked,
            limits,
            united,
        })
    }

    /// Sets how much a recording may ask of whoever decompresses it.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns how it holds its recordings.
    #[must_use]
    pub fn form(&self) -> Form {
        self.header.form
    }

    /// Returns the number of recordings.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Says whether there is no recording in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says whether it holds what is needed to notice changes of the loose files.
    #[must_use]
    pub fn has_stamps(&self) -> bool {
        self.has_stamps
    }

    /// Returns the paths of the folders, relative to the root of the store, with `/` between their parts.
    ///
    /// # Errors
    /// Where the pack is damaged; so for all methods below.
    pub fn folders(&self) -> Result<Vec<String>, PackError> {
        let count = self.table_len(FOLDERS)?;
        (0..count).map(|index| self.table_entry(FOLDERS, index).map(str::to_owned)).collect()
    }

    /// Returns what it says of itself.
    pub fn meta(&self) -> Result<Meta, PackError> {
        let wrong = |_| self.problem(damaged(0, "the section about the whole is not JSON"));
        let meta = Value::parse(self.whole(META)?).map_err(wrong)?;
        let text = |name| meta.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Meta { profile: text("profile"), base: text("base"), root: text("root"), settings: text("settings") })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    pub(super) fn problem(&self, problem: PackProblem) -> PackError {
        PackError { path: self.path.clone(), problem }
    }

    /// Returns a whole section, verified.
    pub(super) fn whole(&self, id: SectionId) -> Result<&[u8], PackError> {
        let section = self.section(id);
        self.part(section, 0, section.length)
    }

    /// Returns where a section lies; an empty one where there is none.
    pub(super) fn section(&self, id: SectionId) -> Section {
        self.header.section(id).unwrap_or(Section { id, offset: 0, length: 0 })
    }

    /// Returns `length` bytes of a section from `start`, verified.
    #[inline]
    pub(super) fn part(&self, section: Section, start: u64, length: u64) -> Result<&[u8], PackError> {
        let Some(end) = start.checked_add(length).filter(|end| *end <= section.length) else {
            return Err(self.problem(damaged(start, "an index points beyond its section")));
        };
        let range = section.offset + start..section.offset + end;
        let bytes = self.bytes();
        self.sums.check(bytes, range.clone()).map_err(|problem| self.problem(problem))?;
        // The header was checked against the length of the file, so that the section lies in it.
        Ok(bytes.get(range.start as usize..range.end as usize).unwrap_or_default())
    }

    /// Returns the row `index` of a section of rows of one size, which is less than a page.
    #[inline]
    pub(super) fn row<const SIZE: usize>(&self, section: Section, index: u32) -> Result<&[u8; SIZE], PackError> {
        let start = u64::from(index) * SIZE as u64;
        let place = section.offset + start;
        // Every look-up asks for several rows, and hardly ever is one not known to be sound.
        let row = self.bytes().get(place as usize..).and_then(<[u8]>::first_chunk);
        match row.filter(|_| start + SIZE as u64 <= section.length && self.sums.are_sound(place, SIZE)) {
            Some(row) => Ok(row),
            None => {
                let row = self.part(section, start, SIZE as u64)?;
                row.first_chunk().ok_or_else(|| self.problem(damaged(0, "a row is cut short")))
            }
        }
    }

    /// Returns the number of texts in a table of texts.
    pub(super) fn table_len(&self, id: SectionId) -> Result<u32, PackError> {
        Ok(u32::from_le_bytes(*self.row::<4>(self.section(id), 0)?))
    }

    /// Returns a text of a table: after the number of texts come the ends of all, then the texts.
    pub(super) fn table_entry(&self, id: SectionId, index: u32) -> Result<&str, PackError> {
        let wrong = |what| self.problem(damaged(0, what));
        let count = self.table_len(id)?;
        if index >= count {
            return Err(wrong("an index points beyond its table"));
        }
        let end_of = |index: u32| self.row::<4>(self.section(id), index).map(|end| u64::from(u32::from_le_bytes(*end)));
        let start = if index == 0 { 0 } else { end_of(index)? };
        let end = end_of(index + 1)?;
        let length = end.checked_sub(start).ok_or_else(|| wrong("a text ends before it begins"))?;
        let text = self.part(self.section(id), 4 * (1 + u64::from(count)) + start, length)?;
        std::str::from_utf8(text).map_err(|_| wrong("a text is not UTF-8"))
    }
}

/// What follows from a header.
struct Parts {
    index: Index,
    sums: Sums,
    count: u32,
    fan_bits: u32,
    has_stamps: bool,
    frame_count: u32,
}

impl Parts {
    fn of(header: &Header) -> Result<Self> {
        let section = |id| header.section(id).ok_or(damaged(0, "a section is missing"));
        let [keys, fan, rows] = [section(KEYS)?, section(FAN)?, section(ROWS)?];
        for id in [FOLDERS, NAMES, META] {
            section(id)?;
        }
        let (bodies, frame_count) = match header.form {
            Form::Fast => (section(BLOCKS)?, 0),
            Form::Small => {
                let frames = section(FRAMES)?;
                let count = Some(frames.length / FRAME as u64).filter(|_| frames.length.is_multiple_of(FRAME as u64));
                let count = count.and_then(|count| u32::try_from(count).ok());
                (
                    section(TEXTS)?,
                    count.ok_or(damaged(frames.offset, "the frames have no number that frames can have"))?,
                )
            }
        };
        let count = u32::try_from(keys.length / KEY as u64).map_err(|_| damaged(keys.offset, "too many keys"))?;
        let fits = |section: Section, size: usize| section.length == u64::from(count) * size as u64;
        let stamps = header.section(STAMPS);
        if !fits(keys, KEY) || !fits(rows, ROW) || !stamps.is_none_or(|stamps| fits(stamps, STAMP)) {
            return Err(damaged(keys.offset, "the sections hold different numbers of recordings"));
        }
        let buckets = (fan.length / 4).checked_sub(1).filter(|buckets| buckets.is_power_of_two());
        let fan_bits = buckets.filter(|_| fan.length.is_multiple_of(4)).map(u64::ilog2).filter(|bits| *bits <= 32);
        let fan_bits = fan_bits.ok_or(damaged(fan.offset, "the index has no size that an index can have"))?;
        let sums = section(SUMS)?;
        // What lay behind them would be on pages for which no page of checksums vouches.
        if sums.offset + sums.length != header.length {
            return Err(damaged(sums.offset, "the checksums are not the last section"));
        }
        let sums = Sums::new(sums.offset..sums.offset + sums.length, header.root)?;
        let index = Index { keys, fan, rows, bodies };
        Ok(Self { index, sums, count, fan_bits, has_stamps: stamps.is_some(), frame_count })
    }
}

impl Meta {
    pub(super) fn to_json(&self) -> Vec<u8> {
        let text = |text: &String| Value::String(Text::from(text.clone()));
        let members = [
            ("profile", text(&self.profile)),
            ("base", text(&self.base)),
            ("root", text(&self.root)),
            ("settings", text(&self.settings)),
        ];
        let members = members.map(|(name, value)| (Text::from(name), value)).to_vec();
        crate::json::to_vec(&Value::Object(members), crate::json::Style::COMPACT).unwrap_or_default()
    }
}
