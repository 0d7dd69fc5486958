//! Checksums of pages, verified at the first use of each page.
//!
//! The pages of a pack are the leaves of a tree: a page of checksums vouches for 512 pages, a page of checksums of such
//! pages for 512 of those, and so on up to one page that the header vouches for. To use a page, the way from it to the
//! header is verified, once. So opening costs the same for any size, every byte is covered, and a look-up pays for the
//! three or four pages that it touches.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PackProblem;
use super::format::{PAGE, SUM, SUMS_PER_PAGE, damaged, page_sum, u64_at};

/// Which pages hold checksums of which, and which pages are known to be sound.
#[derive(Debug)]
pub(super) struct Sums {
    /// Number of the page that follows the last page of data. Page 0 is the header; data begins on page 1.
    data_end: u64,
    /// For each level of the tree, from the leaves up, the pages that hold it.
    levels: Vec<Range<u64>>,
    root: u64,
    /// A bit for each page of the file.
    sound: Vec<AtomicU64>,
}

/// Returns for so many pages of data the pages of each level of checksums, which lie behind the data.
pub(super) fn levels(data_end: u64) -> Vec<Range<u64>> {
    let mut levels: Vec<Range<u64>> = Vec::new();
    let (mut start, mut below) = (data_end, data_end.saturating_sub(1));
    while levels.last().is_none_or(|level| level.end - level.start > 1) {
        let pages = below.div_ceil(SUMS_PER_PAGE).max(1);
        levels.push(start..start + pages);
        (start, below) = (start + pages, pages);
    }
    levels
}

impl Sums {
    /// Takes the shape of the tree from the place where the section of checksums begins and ends.
    pub(super) fn new(sums: Range<u64>, root: u64) -> Result<Self, PackProblem> {
        let wrong = || damaged(sums.start, "the checksums do not fit the size of the file");
        let data_end = sums.start / PAGE as u64;
        // Every page of data needs 8 bytes of a page of checksums; so the numbers cannot overflow or exhaust memory.
        let levels = levels(data_end);
        let end = levels.last().map_or(0, |top| top.end);
        if data_end == 0 || end.checked_mul(PAGE as u64) != Some(sums.end) {
            return Err(wrong());
        }
        let sound = (0..end.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Ok(Self { data_end, levels, root, sound })
    }

    /// Makes sure that the bytes of `range`, which must lie in the file, are those that were written.
    #[inline]
    pub(super) fn check(&self, pack: &[u8], range: Range<u64>) -> Result<(), PackProblem> {
        let first = range.start / PAGE as u64;
        let end = range.end.div_ceil(PAGE as u64);
        (first..end).try_for_each(|page| if self.is_sound(page) { Ok(()) } else { self.check_page(pack, page) })
    }

    /// Says whether the bytes from `start` are known to be those that were written; at least one, and at most a page.
    #[inline]
    pub(super) fn are_sound(&self, start: u64, length: usize) -> bool {
        self.is_sound(start / PAGE as u64) && self.is_sound((start + length as u64 - 1) / PAGE as u64)
    }

    /// Returns the number of pages of data.
    pub(super) fn data_pages(&self) -> usize {
        self.data_end as usize - 1
    }

    #[inline]
    fn is_sound(&self, page: u64) -> bool {
        let bits = self.sound.get((page / 64) as usize).map_or(0, |bits| bits.load(Ordering::Relaxed));
        bits >> (page % 64) & 1 == 1
    }

    /// Makes sure that a page is sound, without looking whether it was found so before.
    #[cold]
    pub(super) fn check_page(&self, pack: &[u8], number: u64) -> Result<(), PackProblem> {
        let start = number * PAGE as u64;
        let page = usize::try_from(start).ok().and_then(|start| pack.get(start..start + PAGE));
        let expected = self.expected(pack, number)?;
        match page {
            Some(page) if page_sum(page, number) == expected => {
                if let Some(bits) = self.sound.get((number / 64) as usize) {
                    bits.fetch_or(1 << (number % 64), Ordering::Relaxed);
                }
                Ok(())
            }
            _ => Err(damaged(start, "the checksum of a page does not match")),
        }
    }

    /// Returns the checksum that the page must have, from a page that is itself sound.
    fn expected(&self, pack: &[u8], number: u64) -> Result<u64, PackProblem> {
        let level = self.levels.iter().position(|level| level.contains(&number));
        let (above, index) = match level {
            None => (0, number.wrapping_sub(1)),
            Some(level) => (level + 1, number - self.levels.get(level).map_or(0, |level| level.start)),
        };
        let Some(above) = self.levels.get(above) else { return Ok(self.root) };
        let holder = above.start + index / SUMS_PER_PAGE;
        if !self.is_sound(holder) {
            self.check_page(pack, holder)?;
        }
        let at = (holder * PAGE as u64) as usize + (index % SUMS_PER_PAGE) as usize * SUM;
        u64_at(pack, at).ok_or_else(|| damaged(at as u64, "a checksum lies beyond the end of the file"))
    }
}
