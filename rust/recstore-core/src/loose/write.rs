//! Publication of a recording: whole or not at all, and never over another by accident.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

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
/// Where the system refuses; the old file, if there was one, is then as it was. [`Error::Conflict`] as asked for.
pub fn publish(path: &Path, text: &[u8], on_conflict: OnConflict) -> Result<Outcome, Error> {
    let existing = match fs::read(path) {
        Ok(existing) => Some(existing),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let conflict = || match on_conflict {
        OnConflict::Keep => Ok(Outcome::Kept),
        _ => Err(Error::Conflict { path: path.to_owned() }),
    };
    match existing {
        Some(existing) if existing == text => return Ok(Outcome::Unchanged),
        Some(_) if on_conflict != OnConflict::Replace => return conflict(),
        _ => {}
    }
    let outcome = if existing.is_some() { Outcome::Replaced } else { Outcome::Created };
    let replace = on_conflict == OnConflict::Replace;
    match write_atomically(path, replace, |file| file.write_all(text).map_err(Error::io("write", path))) {
        Ok(()) => Ok(outcome),
        // Somebody else was quicker.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists && !replace => {
            let theirs = fs::read(path).map_err(Error::io("read", path))?;
            if theirs == text { Ok(Outcome::Unchanged) } else { conflict() }
        }
        Err(error) => Err(error),
    }
}

/// Writes a file under another name in the same folder and renames it when it is complete and on the disk.
///
/// Without `replace`, a file that is already there stays, and the error of the system is [`ErrorKind::AlreadyExists`].
///
/// # Errors
/// Those of `write` and of the system. Nothing is left behind, unless the process is killed: then a file
/// `.recstore-….tmp` may stay, which no reader looks at.
pub fn write_atomically(
    path: &Path,
    replace: bool,
    write: impl FnOnce(&mut File) -> Result<(), Error>,
) -> Result<(), Error> {
    let fail = || Error::io("write", path);
    // What `open(path, "w")` gives, less what the user's mask takes.
    const READABLE_AND_WRITABLE: u32 = 0o666;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".recstore-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(READABLE_AND_WRITABLE))
        .tempfile_in(folder)
        .map_err(fail())?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(fail())?;
    let persist = if replace { NamedTempFile::persist } else { NamedTempFile::persist_noclobber };
    persist(file, path).map_err(|error| fail()(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("sync the folder", folder))
}
