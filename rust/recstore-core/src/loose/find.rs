//! Where recordings lie in a tree.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Stamp;
use super::read::stamps_of;
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

/// The names of the recordings in a folder, as they were at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The folder's stamp, as in [`Folder`].
    pub stamp: Option<Stamp>,
    /// The names, in no order.
    pub names: Vec<FileName>,
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
/// These are the folders called `recordings`; where there is none, the root itself if files in it are named by keys. A
/// root that is called `recordings` is the only one. Links are not followed; folders that are [passed
/// over](is_passed_over) are left out, as are those that cannot be read.
///
/// # Errors
/// Where `root` is no folder that can be read.
pub fn find_folders(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut entries = fs::read_dir(root).map_err(Error::io("read the folder", root))?;
    if root.file_name().is_some_and(|name| name == RECORDINGS) {
        return Ok(vec![PathBuf::new()]);
    }
    let mut folders = Vec::new();
    let mut rest = vec![PathBuf::new()];
    while let Some(folder) = rest.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let (name, path) = (entry.file_name(), folder.join(entry.file_name()));
            if name == RECORDINGS {
                folders.push(path);
            } else if !name.to_str().is_some_and(is_passed_over) {
                rest.push(path);
            }
        }
    }
    folders.sort_unstable();
    let is_named_by_key = |name: FileName| name.key().is_some();
    if folders.is_empty() && entries.any(|entry| name_of(entry).is_some_and(is_named_by_key)) {
        folders.push(PathBuf::new());
    }
    Ok(folders)
}

/// Says whether folders of this name are passed over: hidden ones, and those that only hold what was installed or built.
#[must_use]
pub fn is_passed_over(folder: &str) -> bool {
    folder.starts_with('.') || matches!(folder, "node_modules" | "site-packages" | "__pycache__")
}

fn name_of(entry: io::Result<DirEntry>) -> Option<FileName> {
    entry.ok()?.file_name().to_str().and_then(FileName::parse)
}

/// Lists the names of the recordings in one folder, without looking at the files. `None` where there is no such folder, or
/// a link in its place.
///
/// # Errors
/// Where the folder cannot be read.
pub fn list_names(path: &Path) -> Result<Option<Names>, Error> {
    let now = SystemTime::now();
    let entries = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(path).map(|entries| (entries, Stamp::of(&metadata))),
        Ok(_) => return Ok(None),
        Err(error) => Err(error),
    };
    match entries {
        Ok((entries, stamp)) => {
            let is_file = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
            let names = entries.filter(|entry| entry.as_ref().is_ok_and(is_file)).filter_map(name_of);
            Ok(Some(Names { stamp: Some(stamp).filter(|stamp| stamp.is_settled(now)), names: names.collect() }))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("list the folder", path)(error)),
    }
}

/// Lists the recordings of all `folders`, relative to `root`: regular files with a name that ends in `.json`. Folders that
/// have gone are left out.
///
/// # Errors
/// Where a folder cannot be read, or a file in it not looked at.
pub fn list_all(root: &Path, folders: Vec<PathBuf>) -> Result<Vec<(PathBuf, Folder)>, Error> {
    // So many files are looked at in one go, for which their folder is opened.
    const SHARE: usize = 64;
    // For fewer files than this, a thread takes as long to start as it saves, and longer on a busy machine.
    const FEW: usize = 4096;
    let mut listings = Vec::with_capacity(folders.len());
    let mut all_names = Vec::with_capacity(folders.len());
    for folder in folders {
        if let Some(Names { stamp, names }) = list_names(&root.join(&folder))? {
            listings.push((folder, Folder { stamp, files: Vec::new() }));
            all_names.push(names);
        }
    }
    let shares: Vec<_> = listings
        .iter()
        .zip(&all_names)
        .enumerate()
        .flat_map(|(number, ((folder, _), names))| names.chunks(SHARE).map(move |names| (number, folder, names)))
        .collect();
    let look = |index: usize| {
        shares
            .get(index)
            .map(|(number, folder, names)| stamps_of(&root.join(folder), names).map(|files| (*number, files)))
    };
    let is_few = all_names.iter().map(Vec::len).sum::<usize>() < FEW;
    let looked = if is_few { (0..shares.len()).map(look).collect() } else { parallel::map(shares.len(), look) };
    let looked: Vec<_> = looked.into_iter().flatten().collect::<Result<_, _>>()?;
    for (number, files) in looked {
        if let Some((_, folder)) = listings.get_mut(number) {
            folder.files.extend(files);
        }
    }
    for (_, folder) in &mut listings {
        folder.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(listings)
}
