//! Publication of a recording: whole or not at all, and never over another by accident.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::error::Error;

/// What happens where another answer to the same request is already recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing is written and an error is returned: an answer that was paid for is never lost unasked.
    #[default]
    Error,
    /// The old answer stays.
    Keep,
    /// The new answer takes its place.
    Replace,
}

/// What became of a recording that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was none; now there is.
    Created,
    /// The same bytes were there.
    Unchanged,
    /// Another answer was there, and stayed.
    Kept,
    /// Another answer was there, and is gone.
    Replaced,
}

/// Writes `text` to `path`, so that whoever looks sees the old file or the new one, whatever happens in between, and
/// that it is on the disk when this returns. The folder must exist.
///
/// # Errors
/// Where the system refuses; the old file, if there was one, is then as it was, unless only the folder could not be synced:
/// then the new one is there, but may not survive a power cut. [`Error::Conflict`] as asked for.
pub fn publish(path: &Path, text: &[u8], on_conflict: OnConflict) -> Result<Outcome, Error> {
    let write =
        |replace| write_atomically(path, replace, |file| file.write_all(text).map_err(Error::io("write", path)));
    loop {
        match (look(path, text)?, on_conflict) {
            (Found::Nothing, _) => match write(false) {
                Ok(()) => return Ok(Outcome::Created),
                // Somebody else was quicker.
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            },
            (Found::Same, _) => {
                // Whoever wrote it may not have come to this.
                let synced = File::open(path).and_then(|file| file.sync_all());
                synced.map_err(Error::io("sync", path))?;
                return sync_folder_of(path).map(|()| Outcome::Unchanged);
            }
            (_, OnConflict::Replace) => return write(true).map(|()| Outcome::Replaced),
            (Found::NoFile, _) => return Err(Error::InTheWay { path: path.to_owned() }),
            (Found::Other, OnConflict::Keep) => return Ok(Outcome::Kept),
            (Found::Other, OnConflict::Error) => return Err(Error::Conflict { path: path.to_owned() }),
        }
    }
}

/// What is where a recording goes.
enum Found {
    Nothing,
    /// The same bytes.
    Same,
    /// Other bytes.
    Other,
    /// A link or a folder.
    NoFile,
}

fn look(path: &Path, text: &[u8]) -> Result<Found, Error> {
    let fail = || Error::io("read", path);
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => Ok(Found::NoFile),
        Ok(metadata) if metadata.len() != text.len() as u64 => Ok(Found::Other),
        Ok(_) => {
            let mut found = Vec::with_capacity(text.len() + 1);
            let file = File::open(path).map_err(fail())?;
            file.take(text.len() as u64 + 1).read_to_end(&mut found).map_err(fail())?;
            Ok(if found == text { Found::Same } else { Found::Other })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(fail()(error)),
    }
}

fn sync_folder_of(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(folder)
}

/// Makes sure that the names in a folder are on the disk. Some file systems cannot, or need not, and say so.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced.map_err(Error::io("make durable what was written to", folder)),
    }
}

/// Writes a file under another name in the same folder and renames it when it is complete and on the disk.
///
/// Without `replace`, a file that is already there stays, and the error of the system is [`ErrorKind::AlreadyExists`].
///
/// # Errors
/// Those of `write` and of the system, as in [`publish`]. Nothing is left behind, unless the process is killed: then a file
/// `.recstore-….tmp` may stay, which no reader looks at.
pub fn write_atomically(
    path: &Path,
    replace: bool,
    write: impl FnOnce(&mut File) -> Result<(), Error>,
) -> Result<(), Error> {
    let fail = || Error::io("write", path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable and writable as what `open(path, "w")` makes.
    let create = |path: &Path| File::create_new(path);
    let mut file = Builder::new().prefix(".recstore-").suffix(".tmp").make_in(folder, create).map_err(fail())?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(fail())?;
    let persist = if replace { NamedTempFile::persist } else { NamedTempFile::persist_noclobber };
    persist(file, path).map_err(|error| fail()(error.error))?;
    sync_folder_of(path)
}
