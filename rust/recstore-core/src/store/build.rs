//! Loose files into a pack.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::Store;
use super::state::{State, to_portable};
use crate::error::Error;
use crate::loose::{self, File, Stamp};
use crate::pack::{Meta, Writer};
use crate::parallel;
use crate::recording::{FileName, View, encode, encode_broken};

/// What a pack is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To answer in the place of the files beside it: it can tell which of them have changed. Files that cannot be
    /// read, and those above the limit of size, are left out; they are read, and what is wrong with them is told, when
    /// they are asked for.
    Cache,
    /// To take all files elsewhere.
    Export,
}

/// Files are read and written so many at a time: enough for all cores, few enough for any memory.
const BATCH: usize = 512;

/// Writes all listed files into a pack, in the order of folders and names, so that equal trees give equal packs; takes
/// from the pack of `old` what has not changed. `path` is for error messages.
pub(super) fn build_pack<W: Write + Seek>(
    out: W,
    path: &Path,
    store: &Store,
    old: &State,
    listings: &[(PathBuf, loose::Folder)],
    purpose: Purpose,
) -> Result<(), Error> {
    let fail = || Error::io("write", path);
    let mut folders = Vec::new();
    let mut sources = Vec::new();
    for (folder, listing) in listings {
        let Some(portable) = to_portable(folder) else {
            // A pack holds paths as text.
            match purpose {
                Purpose::Cache => continue,
                Purpose::Export => return Err(Error::Unrecordable(format!("the path {folder:?} is not UTF-8"))),
            }
        };
        let number = folders.len() as u32;
        folders.push(portable);
        sources.extend(listing.files.iter().map(|file| (number, folder.as_path(), file)));
    }
    let known = KnownFiles::of(old);
    let read = |(_, folder, file): &(u32, &Path, &File)| match known.block(folder, file) {
        Some(block) => Ok((Cow::Borrowed(block), Some(file.stamp))),
        None => read_block(store, &folder.join(file.name.to_string())),
    };
    let mut root = None;
    let mut writer = Writer::new(out, purpose == Purpose::Cache).map_err(fail())?;
    for batch in sources.chunks(BATCH) {
        let blocks = parallel::map(batch.len(), |index| batch.get(index).map(read));
        for ((number, folder, file), block) in batch.iter().zip(blocks.into_iter().flatten()) {
            let (block, stamp) = match (block, purpose) {
                (Ok(block), _) => block,
                (Err(_), Purpose::Cache) => continue,
                (Err(error), Purpose::Export) => return Err(error),
            };
            root = root.take().or_else(|| {
                let test_id = View::new(&block).ok()?.test_id().ok()??;
                store.places.root_in(test_id.as_str()?, folder)
            });
            writer.add(*number, file.name.clone(), stamp, &block).map_err(fail())?;
        }
    }
    let profile = store.settings.profile.name.to_owned();
    let base = to_portable(store.places.base()).unwrap_or_default();
    let meta = Meta { profile, base, root: root.unwrap_or_default() };
    writer.finish(&folders, &meta).map_err(fail())?;
    Ok(())
}

fn read_block<'a>(store: &Store, path: &Path) -> Result<(Cow<'a, [u8]>, Option<Stamp>), Error> {
    let (text, stamp) = loose::read(&store.root.join(path), &store.limits)?;
    let block = encode(&text, &store.limits).unwrap_or_else(|_| encode_broken(&text));
    Ok((Cow::Owned(block), stamp))
}

/// The files that a pack knows, by folder and name.
struct KnownFiles<'a> {
    state: &'a State,
    rows: HashMap<(usize, FileName), (u32, Stamp)>,
}

impl<'a> KnownFiles<'a> {
    fn of(state: &'a State) -> Self {
        let mut rows = HashMap::new();
        if let Some(pack) = &state.pack {
            for row in 0..pack.len() {
                if let (Ok(entry), Ok(Some(stamp))) = (pack.entry(row), pack.stamp(row)) {
                    rows.insert((entry.folder as usize, entry.name), (row, stamp));
                }
            }
        }
        Self { state, rows }
    }

    /// Returns the block of a file that is as it was when the pack was made; `None` also where the pack is damaged.
    fn block(&self, folder: &Path, file: &File) -> Option<&'a [u8]> {
        let folder = self.state.folders.iter().position(|known| *known.path == *folder)?;
        let (row, stamp) = self.rows.get(&(folder, file.name.clone()))?;
        self.state.pack.as_ref().filter(|_| *stamp == file.stamp)?.block(*row).ok()
    }
}
