//! The pack that a store keeps beside its recordings, in a folder that ignores itself in git.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::Builder;

use super::Store;
use super::build::{Purpose, build_pack};
use super::state::{State, to_portable};
use crate::error::Error;
use crate::loose;
use crate::pack::{Form, Pack};

/// The folder, in the root of a store.
const FOLDER: &str = ".recstore";
const PACK: &str = "pack";
const IGNORE: &[u8] = b"# Made by recstore; it can be deleted at any time.\n*\n";
/// How the names of packs begin that are being written.
const TEMPORARY: &str = "pack-";

/// Opens the pack beside the recordings of `root`; `None` where there is none that can be used.
pub(super) fn open(root: &Path) -> Option<Arc<Pack>> {
    let folder = root.join(FOLDER);
    // A link in its place could lead to a file that others write.
    let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
    let path = folder.join(PACK);
    let is_file = is_folder && fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    let pack = is_file.then(|| Pack::open(&path)).and_then(Result::ok).and_then(Result::ok);
    pack.filter(|pack| pack.has_stamps() && pack.form() == Form::Fast).map(Arc::new)
}

/// Says whether a pack should be made: there is none, or reading the `stale` files it does not know costs more than making
/// it.
pub(super) fn has_fallen_behind(state: &State, stale: usize, listings: &[(PathBuf, loose::Folder)]) -> bool {
    // Up to so many files are read one by one; beyond, up to this share of all.
    const FEW: usize = 16;
    const SHARE: usize = 16;
    let count = |is_counted: fn(&Path) -> bool| -> usize {
        listings.iter().filter(|(folder, _)| is_counted(folder)).map(|(_, listing)| listing.files.len()).sum()
    };
    // No pack will ever know those.
    let unpackable = count(|folder| to_portable(folder).is_none());
    let total = count(|_| true) - unpackable;
    let changed = stale.saturating_sub(unpackable).max(state.gone.len());
    if state.pack.is_none() { total > 0 } else { changed > FEW.max(total / SHARE) }
}

/// Makes the pack beside the recordings anew, taking from the old one what has not changed, and opens it.
pub(super) fn build(store: &Store, old: &State, listings: &[(PathBuf, loose::Folder)]) -> Result<Arc<Pack>, Error> {
    let folder = own_folder(&store.root)?;
    remove_abandoned(&folder);
    let path = folder.join(PACK);
    let fail = || Error::io("write", &path);
    let create = |path: &Path| File::create_new(path);
    let temporary = Builder::new().prefix(TEMPORARY).suffix(".tmp").make_in(&folder, create).map_err(fail())?;
    let out = BufWriter::with_capacity(1 << 20, temporary.as_file());
    build_pack(out, &path, store, old, listings, Purpose::Cache)?;
    // Not synced: a pack that a power cut tears is found out by its checksums and made again.
    temporary.persist(&path).map_err(|error| fail()(error.error))?;
    Ok(Arc::new(Pack::open(&path).map_err(Error::io("map", &path))??))
}

/// Makes sure that the folder for what recstore keeps beside recordings is there, and ignored by git; returns it.
pub(crate) fn own_folder(root: &Path) -> Result<PathBuf, Error> {
    let folder = root.join(FOLDER);
    make_folder(&folder)?;
    let ignore = folder.join(".gitignore");
    let fail = || Error::io("write", &ignore);
    match File::create_new(&ignore) {
        Ok(mut file) => file.write_all(IGNORE).map_err(|error| {
            // One that is empty would stay, and ignore nothing.
            let _ = fs::remove_file(&ignore);
            fail()(error)
        })?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fail()(error)),
    }
    Ok(folder)
}

/// Makes sure that a folder is there, and no link in its place, which could lead to what others own.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(Error::io("make the folder", folder)(error));
        }
        _ => {}
    }
    let metadata = fs::symlink_metadata(folder).map_err(Error::io("look at", folder))?;
    if metadata.is_dir() { Ok(()) } else { Err(Error::io("use as a folder", folder)(ErrorKind::NotADirectory.into())) }
}

/// Removes what killed processes have left behind. That a file could not be removed is for the next to see to.
fn remove_abandoned(folder: &Path) {
    // Longer than writing any pack takes.
    const LONG: Duration = Duration::from_secs(3600);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY));
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if is_temporary && modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LONG)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
