//! All of a pack, looked at.

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
        let check = |page: usize| self.sums.check_again(self.bytes(), page as u64 + 1).err();
        let damaged = parallel::map(self.sums.data_pages(), check);
        let mut problems: Vec<_> = damaged.into_iter().flatten().map(|problem| self.problem(problem)).collect();
        if problems.is_empty() {
            problems.extend([self.folders().err(), self.meta().err()].into_iter().flatten());
            let rows = parallel::map(self.count as usize, |row| self.verify_row(row as u32).err());
            problems.extend(rows.into_iter().flatten());
        }
        problems
    }

    fn verify_row(&self, row: u32) -> Result<(), PackError> {
        let wrong = |what| self.problem(damaged(0, what));
        let wrong_block = |error| PackError::of_block(self.path(), error);
        let entry = self.entry(row)?;
        self.table_entry(FOLDERS, entry.folder)?;
        if let Some(key) = entry.name.key()
            && !self.find(key)?.contains(&row)
        {
            return Err(wrong("a recording is not found under its key"));
        }
        self.stamp(row)?;
        let view = View::new(self.block(row)?).map_err(wrong_block)?;
        (0..view.chunk_count()).try_for_each(|chunk| {
            view.chunk_data(chunk).and_then(|_| view.chunk_type(chunk)).map_err(wrong_block)?;
            Ok(())
        })?;
        view.file().map_err(wrong_block)?;
        Ok(())
    }
}
