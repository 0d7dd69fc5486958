//! Where recordings lie in a tree.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::{DirEntry, WalkDir};

use super::Stamp;
use crate::error::Error;
use crate::parallel;
use crate::recording::FileName;

/// The name of folders that hold recordings.
const RECORDINGS: &str = "recordings";

/// A folder of recordings, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its stamp, if every later change of the list of its files will show in it.
    pub stamp: Option<Stamp>,
    /// Its recordings, in the order of their names.
    pub files: Vec<File>,
}

/// A recording file, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: FileName,
    /// Its stamp.
    pub stamp: Stamp,
}

/// Returns the folders of recordings below `root`, relative to it, in the order of their paths.
///
/// These are the folders called `recordings`; and the root itself where it is called so, or directly holds files that
/// are named by keys. Links are not followed; hidden folders and those that only hold installed packages are left out,
/// as are folders that cannot be read.
///
/// # Errors
/// Where `root` is no folder that can be read.
pub fn find_folders(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let read_root = || Error::io("read the folder", root);
    let mut entries = fs::read_dir(root).map_err(read_root())?;
    let is_named = |path: &Path| path.file_name().is_some_and(|name| name == RECORDINGS);
    let holds_recordings = entries.any(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name().to_str().and_then(FileName::parse);
            name.is_some_and(|name| name.key().is_some())
        })
    });
    if holds_recordings || is_named(root) {
        return Ok(vec![PathBuf::new()]);
    }
    let mut folders = Vec::new();
    let mut walk = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if !entry.file_type().is_dir() => {}
            Ok(entry) if entry.file_name() == RECORDINGS => {
                folders.extend(entry.path().strip_prefix(root).map(Path::to_owned));
                walk.skip_current_dir();
            }
            Ok(entry) if is_foreign(&entry) => walk.skip_current_dir(),
            _ => {}
        }
    }
    Ok(folders)
}

fn is_foreign(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || name == "node_modules" || name == "site-packages" || name == "__pycache__"
}

/// Lists the recordings of all `folders`, relative to `root`: regular files with a name that ends in `.json`.
///
/// # Errors
/// Where a folder cannot be read, or a file in it not looked at.
pub fn list_all(root: &Path, folders: Vec<PathBuf>) -> Result<Vec<(PathBuf, Folder)>, Error> {
    let mut entries = Vec::new();
    let mut listings = Vec::with_capacity(folders.len());
    for (number, folder) in folders.into_iter().enumerate() {
        let path = root.join(&folder);
        let fail = || Error::io("list the folder", &path);
        let now = SystemTime::now();
        let stamp = Stamp::of(&fs::metadata(&path).map_err(fail())?);
        for entry in fs::read_dir(&path).map_err(fail())? {
            let entry = entry.map_err(fail())?;
            if let Some(name) = entry.file_name().to_str().and_then(FileName::parse) {
                entries.push((number, name, entry));
            }
        }
        let stamp = Some(stamp).filter(|stamp| stamp.is_settled(now));
        listings.push((folder, Folder { stamp, files: Vec::new() }));
    }
    // Looking at the files is what takes the time.
    let look = |(_, _, entry): &(usize, FileName, fs::DirEntry)| match entry.metadata() {
        Ok(metadata) => Ok(metadata.is_file().then(|| Stamp::of(&metadata))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("look at", &entry.path())(error)),
    };
    let stamps = parallel::map(entries.len(), |index| entries.get(index).map(look));
    for ((number, name, _), stamp) in entries.into_iter().zip(stamps.into_iter().flatten()) {
        if let (Some(stamp), Some((_, folder))) = (stamp?, listings.get_mut(number)) {
            folder.files.push(File { name, stamp });
        }
    }
    for (_, folder) in &mut listings {
        folder.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(listings)
}
