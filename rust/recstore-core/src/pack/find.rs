//! Look-ups in a pack.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::iter;
use std::ops::Range;

use super::format::{Form, NAMES, ROW, STAMP, STAMPS, damaged, u32_at, u64_at};
use super::{Pack, PackError};
use crate::json::Layout;
use crate::key::Key;
use crate::loose::Stamp;
use crate::recording::FileName;

/// Where the file of a recording lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Index of its folder in [`Pack::folders`].
    pub folder: u32,
    /// Its name.
    pub name: FileName,
}

// Offsets in a row.
const BLOCK_OFFSET: usize = 0;
const BLOCK_LENGTH: usize = 8;
const FOLDER: usize = 12;
/// The digest of a list of models, or the index of a name that no key gives.
const NAME: usize = 16;
const NAME_KIND: usize = 20;
const KEY_LENGTH: usize = 21;
/// How the file is laid out; zero in the fast form, where the block says it.
const LAYOUT: usize = 22;

const NAMED_BY_KEY: u8 = 0;
const NAMED_AS_MODELS: u8 = 1;
const NAMED_OTHERWISE: u8 = 2;

/// One row, as it is written.
pub(super) fn row(
    block: Range<u64>,
    folder: u32,
    name: &FileName,
    layout: Layout,
    mut index_of_name: impl FnMut(&str) -> u32,
) -> [u8; ROW] {
    let mut row = [0; ROW];
    let (kind, detail) = match name {
        FileName::Key(_) => (NAMED_BY_KEY, [0; 4]),
        FileName::Models { digest, .. } => (NAMED_AS_MODELS, *digest),
        FileName::Other(name) => (NAMED_OTHERWISE, index_of_name(name).to_le_bytes()),
    };
    let length = (block.end - block.start) as u32;
    let key_length = name.key().map_or(0, |key| key.as_bytes().len() as u8);
    let fields: [(usize, &[u8]); 7] = [
        (BLOCK_OFFSET, &block.start.to_le_bytes()),
        (BLOCK_LENGTH, &length.to_le_bytes()),
        (FOLDER, &folder.to_le_bytes()),
        (NAME, &detail),
        (NAME_KIND, &[kind]),
        (KEY_LENGTH, &[key_length]),
        (LAYOUT, &[layout.number()]),
    ];
    for (at, field) in fields {
        for (place, byte) in row.iter_mut().skip(at).zip(field) {
            *place = *byte;
        }
    }
    row
}

/// Returns how the file of a row of the small form is laid out.
pub(super) fn layout(row: &[u8; ROW]) -> Layout {
    Layout::from_number(row[LAYOUT].into())
}

/// Returns in which part of the index a key belongs, of 2^`bits`.
pub(super) fn bucket(key: &[u8; Key::MAX_LENGTH], bits: u32) -> u32 {
    let beginning = key.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (u64::from(beginning) >> (32 - bits)) as u32
}

/// Returns what all keys that one look-up finds begin with, as a number: it is in the order of the bytes.
fn prefix(key: &[u8; Key::MAX_LENGTH]) -> u64 {
    key.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes) >> (8 * (8 - Key::PREFIX_LENGTH)))
}

/// Up to here, keys are compared one after another; beyond, by halves. A pack of honest keys has one or two.
const FEW_KEYS: u32 = 8;

impl<B: AsRef<[u8]>> Pack<B> {
    /// Returns the rows of the recordings that a look-up of `key` answers with, none or more, and where their files lie.
    ///
    /// The time does not depend on the number of recordings, as digests spread evenly. In a pack made to slow it down
    /// it grows with the logarithm.
    ///
    /// # Errors
    /// Where the pack is damaged; so for all methods below.
    #[inline]
    pub fn find<'a>(
        &'a self,
        key: &'a Key,
    ) -> Result<impl Iterator<Item = Result<(u32, Entry), PackError>> + 'a, PackError> {
        let bucket = bucket(key.padded(), self.fan_bits);
        let fan = self.part(self.index.fan, u64::from(bucket) * 4, 8)?;
        let (Some(start), Some(end)) = (u32_at(fan, 0), u32_at(fan, 4)) else {
            return Err(self.problem(damaged(0, "the index is cut short")));
        };
        if start > end || end > self.count {
            return Err(self.problem(damaged(0, "the index is not in order")));
        }
        // All keys that this one finds begin with the same six bytes, so that they follow one another.
        let (mut first, mut end_of_search) = (start, end);
        while end_of_search - first > FEW_KEYS {
            let middle = first.midpoint(end_of_search);
            if prefix(self.padded_key(middle)?) < prefix(key.padded()) {
                first = middle + 1
            } else {
                end_of_search = middle
            }
        }
        let mut rows = first..end;
        Ok(iter::from_fn(move || self.next_found(&mut rows, key).transpose()))
    }

    /// Takes rows, which are in the order of their keys, up to the next that a look-up of `key` answers with.
    #[inline]
    fn next_found(&self, rows: &mut Range<u32>, key: &Key) -> Result<Option<(u32, Entry)>, PackError> {
        for row in rows {
            let padded_key = self.padded_key(row)?;
            match prefix(padded_key).cmp(&prefix(key.padded())) {
                Ordering::Less => {}
                Ordering::Equal => {
                    let entry = self.entry_with(row, padded_key)?;
                    if entry.name.key().is_some_and(|other| key.finds(other)) {
                        return Ok(Some((row, entry)));
                    }
                }
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    /// Returns where the file of a row lies.
    pub fn entry(&self, row: u32) -> Result<Entry, PackError> {
        self.entry_with(row, self.padded_key(row)?)
    }

    /// Returns where the file of a row lies, which has the key with these bytes, or none.
    #[inline]
    fn entry_with(&self, row: u32, padded_key: &[u8; Key::MAX_LENGTH]) -> Result<Entry, PackError> {
        let fields = self.fields(row)?;
        let key = match usize::from(fields[KEY_LENGTH]) {
            0 => None,
            length => {
                let key = padded_key.get(..length).and_then(Key::from_bytes);
                Some(key.ok_or_else(|| self.problem(damaged(0, "a key has no length that keys have")))?)
            }
        };
        let folder = u32_at(fields, FOLDER).unwrap_or_default();
        let detail = u32_at(fields, NAME).unwrap_or_default();
        let name = match (fields[NAME_KIND], key) {
            (NAMED_BY_KEY, Some(key)) => FileName::Key(key),
            (NAMED_AS_MODELS, Some(key)) => FileName::Models { key, digest: detail.to_le_bytes() },
            (NAMED_OTHERWISE, None) => {
                let name = FileName::parse(self.table_entry(NAMES, detail)?);
                name.ok_or_else(|| self.problem(damaged(0, "a file has no name that recordings have")))?
            }
            _ => return Err(self.problem(damaged(0, "a row is of no kind that rows have"))),
        };
        Ok(Entry { folder, name })
    }

    /// Returns all rows in the order in which their blocks, or texts, lie in the file: the quickest to read them all in.
    pub fn rows_as_stored(&self) -> Result<Vec<u32>, PackError> {
        let place = |row| self.block_range(row).map(|range| (range.start, row));
        let mut rows = (0..self.count).map(place).collect::<Result<Vec<_>, _>>()?;
        rows.sort_unstable();
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Returns the block of a row, verified: as it is mapped, or in the small form made again.
    pub fn block(&self, row: u32) -> Result<Cow<'_, [u8]>, PackError> {
        match self.mapped_block(row)? {
            Some(place) => Ok(Cow::Borrowed(self.mapped(place))),
            None => self.rebuilt(row).map(Cow::Owned),
        }
    }

    /// Returns where the block of a row is mapped, verified; nowhere in the small form.
    #[inline]
    pub fn mapped_block(&self, row: u32) -> Result<Option<Range<usize>>, PackError> {
        if self.form() == Form::Small {
            return Ok(None);
        }
        let Range { start, end } = self.block_range(row)?;
        let block = self.part(self.index.bodies, start, end - start)?;
        let start = (self.index.bodies.offset + start) as usize;
        Ok(Some(start..start + block.len()))
    }

    /// Returns what is mapped there.
    #[inline]
    #[must_use]
    pub fn mapped(&self, place: Range<usize>) -> &[u8] {
        self.bytes().get(place).unwrap_or_default()
    }

    /// Returns where the block of a row lies in the section of blocks, or in the small form its text among the texts of
    /// all frames, if it does.
    pub(super) fn block_range(&self, row: u32) -> Result<Range<u64>, PackError> {
        let fields = self.fields(row)?;
        let offset = u64_at(fields, BLOCK_OFFSET).unwrap_or_default();
        let length = u32_at(fields, BLOCK_LENGTH).unwrap_or_default();
        Ok(offset..offset.saturating_add(u64::from(length)))
    }

    /// Returns the stamp that the file of a row had when it was read; `None` where that is not known, or would not
    /// show every change.
    pub fn stamp(&self, row: u32) -> Result<Option<Stamp>, PackError> {
        if !self.has_stamps() {
            return Ok(None);
        }
        let bytes = self.row::<STAMP>(self.section(STAMPS), row)?;
        let number = |index: usize| u64_at(bytes, index * 8).unwrap_or_default();
        let time = |index| number(index).cast_signed();
        let stamp = Stamp { size: number(0), modified: time(1), changed: time(2), inode: number(3) };
        Ok(Some(stamp).filter(|stamp| *stamp != Stamp::default()))
    }

    #[inline]
    pub(super) fn fields(&self, row: u32) -> Result<&[u8; ROW], PackError> {
        self.row(self.index.rows, row)
    }

    #[inline]
    fn padded_key(&self, row: u32) -> Result<&[u8; Key::MAX_LENGTH], PackError> {
        self.row(self.index.keys, row)
    }
}

/// The stamp of a row, as it is written. A default stamp says that every file has changed.
pub(super) fn stamp_row(stamp: Option<Stamp>) -> [u8; STAMP] {
    let stamp = stamp.unwrap_or_default();
    let numbers = [stamp.size, stamp.modified.cast_unsigned(), stamp.changed.cast_unsigned(), stamp.inode];
    let mut row = [0; STAMP];
    for (place, byte) in row.iter_mut().zip(numbers.iter().flat_map(|number| number.to_le_bytes())) {
        *place = byte;
    }
    row
}
