//! The one place that maps a file, and the only unsafe code of the core.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A pack file, mapped for reading.
#[derive(Debug)]
pub struct Map(Mmap);

impl Map {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// Where it cannot be opened or mapped.
    #[expect(unsafe_code)]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes behind the returned slice must not change while it is mapped. recstore itself upholds this:
        // a pack is written under another name, renamed into its place when it is complete, and never written again
        // (`store::cache`, `store::export`); replacing or deleting it leaves this mapping its own bytes. Whoever else
        // writes into a pack file in place breaks the rule; that is why only packs are mapped, never the recordings,
        // which people edit. What such a writer could do then is documented in docs/format.md, "Never in place".
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
