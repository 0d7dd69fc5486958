//! All of a pack, looked at.

use std::ops::Range;

use super::format::{FOLDERS, damaged};
use super::{Pack, PackError};
use crate::parallel;
use crate::recording::View;

impl<B: AsRef<[u8]> + Sync> Pack<B> {
    /// Reads the whole pack and returns everything that is wrong with it; nothing for a sound one.
    ///
    /// Every page is compared with its checksum, also where that was done before; then every row, name and block is
    /// looked at, which finds what a stranger could have put under right checksums.
    #[must_use]
    pub fn verify(&self) -> Vec<PackError> {
        let check = |page: usize| self.sums.check_page(self.bytes(), page as u64 + 1).err();
        let damaged = parallel::map(self.sums.data_pages(), check);
        let mut problems: Vec<_> = damaged.into_iter().flatten().map(|problem| self.problem(problem)).collect();
        if problems.is_empty() {
            let whole = [self.folders().err(), self.meta().err(), self.check_frames().err(), self.check_blocks().err()];
            problems.extend(whole.into_iter().flatten());
            let rows = parallel::map(self.count as usize, |row| self.verify_row(row as u32).err());
            problems.extend(rows.into_iter().flatten());
        }
        problems
    }

    /// Makes sure that no byte is part of two blocks, by which a small pack could be made to unpack to a large tree.
    ///
    /// # Errors
    /// Where one is, or the pack is damaged.
    pub fn check_blocks(&self) -> Result<(), PackError> {
        let mut blocks = (0..self.count).map(|row| self.block_range(row)).collect::<Result<Vec<_>, _>>()?;
        blocks.sort_unstable_by_key(|block| (block.start, block.end));
        let overlaps = |pair: &[Range<u64>]| matches!(pair, [first, second] if first.end > second.start);
        match blocks.windows(2).find(|pair| overlaps(pair)) {
            Some([_, second]) => Err(self.problem(damaged(second.start, "a block begins inside of another"))),
            _ => Ok(()),
        }
    }

    fn verify_row(&self, row: u32) -> Result<(), PackError> {
        let wrong = |what| self.problem(damaged(0, what));
        let wrong_block = |error| PackError::of_block(self.path(), error);
        let entry = self.entry(row)?;
        self.table_entry(FOLDERS, entry.folder)?;
        if let Some(key) = entry.name.key() {
            let rows = self.find(key)?.map(|found| found.map(|(row, _)| row)).collect::<Result<Vec<_>, _>>()?;
            if !rows.contains(&row) {
                return Err(wrong("a recording is not found under its key"));
            }
        }
        self.stamp(row)?;
        // A pack with stamps lies beside the files, and is never what they are made of again.
        let check = |view: View<'_>| if self.has_stamps() { view.check_parts() } else { view.check() };
        View::new(&self.block(row)?).and_then(check).map_err(wrong_block)
    }
}
