//! Loose files into a pack.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::Store;
use super::state::{State, to_portable};
use crate::error::Error;
use crate::loose::{self, File, Stamp};
use crate::pack::{Form, Meta, Writer};
use crate::parallel;
use crate::recording::{FileName, View, encode, encode_broken};

/// What a pack is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To answer in the place of the files beside it: it can tell which of them have changed. Left out is the text of files
    /// that cannot be read, are above the limit of size or are no recordings; they are read, and what is wrong with them is
    /// told, when they are asked for.
    Cache,
    /// To take all files elsewhere.
    Export(Form),
}

/// Files are read and written so many at a time, or so many bytes of them (or one larger file): enough for all cores,
/// little enough for any memory.
const BATCH: usize = 512;
const BATCH_SIZE: u64 = 64 << 20;

/// Writes all listed files into a pack, in the order of folders and names, so that equal trees give equal packs; takes
/// from the pack of `state` what has not changed. `path` is for error messages.
pub(super) fn build_pack<W: Write + Seek>(
    out: W,
    path: &Path,
    store: &Store,
    state: &State,
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
                Purpose::Export(_) => return Err(Error::NotUtf8 { path: folder.clone() }),
            }
        };
        let number = folders.len() as u32;
        folders.push(portable);
        sources.extend(listing.files.iter().map(|file| (number, folder.as_path(), file)));
    }
    let known = KnownFiles::of(state);
    let read = |(_, folder, file): &(u32, &Path, &File)| match known.block(folder, file) {
        Some(block) => Ok((block, Some(file.stamp))),
        None => read_block(store, &folder.join(file.name.to_string()), purpose),
    };
    let mut root = None;
    let writer = match purpose {
        Purpose::Cache => Writer::new(out, true),
        Purpose::Export(Form::Fast) => Writer::new(out, false),
        Purpose::Export(Form::Small) => Writer::small(out),
    };
    let mut writer = writer.map_err(fail())?;
    let mut rest = sources.as_slice();
    while let Some((batch, later)) = rest.split_at_checked(batch_len(rest.iter().map(|(_, _, file)| file.stamp.size))) {
        if batch.is_empty() {
            break;
        }
        rest = later;
        let blocks = parallel::map(batch.len(), |index| batch.get(index).map(read));
        for ((number, folder, file), block) in batch.iter().zip(blocks.into_iter().flatten()) {
            let (block, stamp) = match (block, purpose) {
                (Ok(block), _) => block,
                (Err(error), Purpose::Cache) if error.is_not_found() => continue,
                // It never answers, so that it does not matter when the file changes.
                (Err(_), Purpose::Cache) => (Cow::Owned(encode_broken(&[])), Some(file.stamp)),
                (Err(error), Purpose::Export(_)) => return Err(error),
            };
            root = root.take().or_else(|| {
                let test_id = View::new(&block).ok()?.test_id().ok()??;
                state.places.root_in(test_id.as_str()?, folder)
            });
            writer.add(*number, file.name.clone(), stamp, &block).map_err(fail())?;
        }
    }
    let profile = store.profile().name.to_owned();
    let base = to_portable(state.places.base()).unwrap_or_default();
    let settings = store.settings.text.clone();
    let meta = Meta { profile, base, root: root.unwrap_or_default(), settings };
    writer.finish(&folders, &meta).map_err(fail())?;
    Ok(())
}

/// Returns how many of the files, of which the sizes come, make a batch: at least one, if there is one.
fn batch_len(sizes: impl Iterator<Item = u64>) -> usize {
    let mut total = 0_u64;
    let fits = |size: &u64| {
        let is_first = total == 0;
        total = total.saturating_add((*size).max(1));
        is_first || total <= BATCH_SIZE
    };
    sizes.take(BATCH).take_while(fits).count()
}

fn read_block<'a>(store: &Store, path: &Path, purpose: Purpose) -> Result<(Cow<'a, [u8]>, Option<Stamp>), Error> {
    let (text, stamp) = loose::read(&store.root.join(path), &store.limits)?;
    let kept = if purpose == Purpose::Cache { &[] } else { &text[..] };
    let block = encode(&text, &store.limits).unwrap_or_else(|_| encode_broken(kept));
    Ok((Cow::Owned(block), stamp))
}

/// The files that a pack knows.
struct KnownFiles<'a> {
    state: &'a State,
    rows: HashMap<(&'a Path, FileName), (u32, Stamp)>,
}

impl<'a> KnownFiles<'a> {
    fn of(state: &'a State) -> Self {
        let mut rows = HashMap::new();
        if let Some(pack) = &state.pack {
            for row in 0..pack.len() {
                if let (Ok(entry), Ok(Some(stamp))) = (pack.entry(row), pack.stamp(row))
                    && let Some(folder) = state.pack_folders.get(entry.folder as usize)
                {
                    rows.insert((&**folder, entry.name), (row, stamp));
                }
            }
        }
        Self { state, rows }
    }

    /// Returns the block of a file that is as it was when the pack was made; `None` also where the pack is damaged.
    fn block(&self, folder: &Path, file: &File) -> Option<Cow<'a, [u8]>> {
        let (row, stamp) = self.rows.get(&(folder, file.name.clone()))?;
        self.state.pack.as_ref().filter(|_| *stamp == file.stamp)?.block(*row).ok()
    }
}
