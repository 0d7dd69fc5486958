//! The pack that a store keeps beside its recordings, in a folder that ignores itself in git.

use std::fs;
use std::io::{BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Store;
use super::build::{Purpose, build_pack};
use super::state::State;
use crate::error::Error;
use crate::loose;
use crate::pack::Pack;

/// The folder, in the root of a store.
const FOLDER: &str = ".recstore";
const PACK: &str = "pack";
const IGNORE: &str = "# Made by recstore; it can be deleted at any time.\n*\n";

/// Opens the pack beside the recordings of `root`; `None` where there is none that can be used.
pub(super) fn open(root: &Path) -> Option<Arc<Pack>> {
    let folder = root.join(FOLDER);
    // A link in its place could lead to a file that others write.
    let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
    let path = folder.join(PACK);
    let is_file = is_folder && fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    let pack = is_file.then(|| Pack::open(&path)).and_then(Result::ok).and_then(Result::ok);
    pack.filter(Pack::has_stamps).map(Arc::new)
}

/// Says whether a pack should be made: there is none, or reading the files it does not know costs more than making it.
pub(super) fn has_fallen_behind(state: &State, stale: usize, total: usize) -> bool {
    // Up to so many files are read one by one; beyond, up to this share of all.
    const FEW: usize = 16;
    const SHARE: usize = 16;
    let changed = stale + state.gone.len();
    if state.pack.is_none() { total > 0 } else { changed > FEW.max(total / SHARE) }
}

/// Makes the pack beside the recordings anew, taking from the old one what has not changed, and opens it.
pub(super) fn build(store: &Store, old: &State, listings: &[(PathBuf, loose::Folder)]) -> Result<Arc<Pack>, Error> {
    let folder = store.root.join(FOLDER);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(Error::io("make the folder", &folder)(error));
        }
        _ => {}
    }
    let metadata = fs::symlink_metadata(&folder).map_err(Error::io("look at", &folder))?;
    if !metadata.is_dir() {
        return Err(Error::io("use as a folder", &folder)(ErrorKind::NotADirectory.into()));
    }
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        fs::write(&ignore, IGNORE).map_err(Error::io("write", &ignore))?;
    }
    let path = folder.join(PACK);
    let fail = || Error::io("write", &path);
    let temporary = tempfile::Builder::new().prefix("pack-").suffix(".tmp").tempfile_in(&folder).map_err(fail())?;
    let out = BufWriter::with_capacity(1 << 20, temporary.as_file());
    build_pack(out, &path, store, old, listings, Purpose::Cache)?;
    // Not synced: a pack that a power cut tears is found out by its checksums and made again.
    temporary.persist(&path).map_err(|error| fail()(error.error))?;
    Ok(Arc::new(Pack::open(&path).map_err(Error::io("map", &path))??))
}
