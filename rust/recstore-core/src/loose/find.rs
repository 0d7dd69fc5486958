//! Where recordings lie in a tree.

use std::fs;
use std::io::ErrorKind;
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

/// The folders of recordings below a root.
#[derive(Debug, Default)]
pub struct Found {
    /// Each with the names of its recordings, relative to the root, in the order of their paths.
    pub folders: Vec<(PathBuf, Names)>,
    /// The first folder that may not be looked into, and in which there may be others.
    pub denied: Option<Error>,
}

/// Returns the folders of recordings below `root`.
///
/// These are the folders called `recordings`; where there is none, the root itself if files in it are named by keys. A
/// root that is called `recordings` is the only one. Links are not followed; folders that are [passed
/// over](is_passed_over) are left out, and told of are those that may not be looked into.
///
/// # Errors
/// Where `root` is no folder, or the system refuses to list a folder, but for want of permission.
pub fn find_folders(root: &Path) -> Result<Found, Error> {
    let is_recordings = |path: &Path| path.file_name().is_some_and(|name| name == RECORDINGS);
    let no_folder = || Error::io("read the folder", root)(ErrorKind::NotFound.into());
    let (names, mut rest) = list(&root.join(""))?.ok_or_else(no_folder)?;
    let mut found = Found::default();
    if is_recordings(root) {
        found.folders.push((PathBuf::new(), names));
        return Ok(found);
    }
    while let Some(folder) = rest.pop() {
        let (names, inside) = match list(&root.join(&folder)) {
            Ok(Some(listed)) => listed,
            Ok(None) => continue, // it has gone
            Err(error) if error.is_denied() && !is_recordings(&folder) => {
                found.denied.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        rest.extend(inside.into_iter().map(|name| folder.join(name)));
        if is_recordings(&folder) {
            found.folders.push((folder, names));
        }
    }
    found.folders.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if found.folders.is_empty() && names.names.iter().any(|name| name.key().is_some()) {
        found.folders.push((PathBuf::new(), names));
    }
    Ok(found)
}

/// Says whether folders of this name are passed over: hidden ones, and those that only hold what was installed or built.
#[must_use]
pub fn is_passed_over(folder: &str) -> bool {
    folder.starts_with('.') || matches!(folder, "node_modules" | "site-packages" | "__pycache__")
}

/// Lists the names of the recordings in one folder, without looking at the files. `None` where there is no such folder, or
/// a link in its place.
///
/// # Errors
/// Where the folder cannot be read.
pub fn list_names(path: &Path) -> Result<Option<Names>, Error> {
    Ok(list(path)?.map(|(names, _)| names))
}

/// Lists the names of the recordings in one folder, and of the folders in it that are not passed over.
fn list(path: &Path) -> Result<Option<(Names, Vec<PathBuf>)>, Error> {
    let fail = || Error::io("list the folder", path);
    let now = SystemTime::now();
    let entries = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(path).map(|entries| (entries, Stamp::of(&metadata))),
        Ok(_) => return Ok(None),
        Err(error) => Err(error),
    };
    let (entries, stamp) = match entries {
        Ok(listed) => listed,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(fail()(error)),
    };
    let (mut names, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(fail())?;
        let name = entry.file_name();
        // What has gone since has no kind.
        match entry.file_type() {
            Ok(kind) if kind.is_file() => names.extend(name.to_str().and_then(FileName::parse)),
            Ok(kind) if kind.is_dir() && !name.to_str().is_some_and(is_passed_over) => folders.push(name.into()),
            _ => {}
        }
    }
    Ok(Some((Names { stamp: Some(stamp).filter(|stamp| stamp.is_settled(now)), names }, folders)))
}

/// Lists the recordings in folders that were [found](find_folders) below `root`: regular files with a name that ends in
/// `.json`, each with its stamp.
///
/// # Errors
/// Where a folder cannot be read, or a file in it not looked at.
pub fn list_all(root: &Path, folders: Vec<(PathBuf, Names)>) -> Result<Vec<(PathBuf, Folder)>, Error> {
    // So many files are looked at in one go, for which their folder is opened.
    const SHARE: usize = 64;
    // For fewer files than this, a thread takes as long to start as it saves, and longer on a busy machine.
    const FEW: usize = 4096;
    let mut listings = Vec::with_capacity(folders.len());
    let mut all_names = Vec::with_capacity(folders.len());
    for (folder, Names { stamp, names }) in folders {
        listings.push((folder, Folder { stamp, files: Vec::new() }));
        all_names.push(names);
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
