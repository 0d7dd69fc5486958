//! The text of a recording file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use super::Stamp;
use crate::error::Error;
use crate::recording::{Limits, Malformed};

/// Returns the stamp of the regular file at `path`; `None` where there is none (nothing at all, a folder, a link).
///
/// # Errors
/// Where the file system does not say.
pub fn stamp_of(path: &Path) -> Result<Option<Stamp>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then(|| Stamp::of(&metadata))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Reads the file at `path`, and returns its stamp where every later change of the file will show in it.
///
/// A file that is being written while it is read is read again, a few times.
///
/// # Errors
/// Where it cannot be read, is no regular file, or is larger than the limit.
pub fn read(path: &Path, limits: &Limits) -> Result<(Vec<u8>, Option<Stamp>), Error> {
    const ATTEMPTS: usize = 5;
    let fail = || Error::io("read", path);
    for attempt in 1.. {
        let now = SystemTime::now();
        let Some(found) = stamp_of(path)? else {
            return Err(fail()(ErrorKind::NotFound.into()));
        };
        if found.size > limits.file_size {
            let problem = Malformed::TooLarge { size: found.size, limit: limits.file_size };
            return Err(Error::Malformed { path: path.to_owned(), problem });
        }
        let (text, before, after) = read_whole(path, found.size, limits.file_size).map_err(fail())?;
        // Another inode means that a link was put in the place of the file, or another file was renamed to it.
        let is_whole = before == after && before.inode == found.inode;
        if is_whole || attempt == ATTEMPTS {
            let stamp = Some(before).filter(|stamp| is_whole && stamp.is_settled(now));
            return Ok((text, stamp));
        }
    }
    Err(fail()(ErrorKind::Interrupted.into()))
}

fn read_whole(path: &Path, size: u64, limit: u64) -> io::Result<(Vec<u8>, Stamp, Stamp)> {
    let mut file = File::open(path)?;
    let before = Stamp::of(&file.metadata()?);
    let mut text = Vec::with_capacity(size as usize + 1);
    (&mut file).take(limit).read_to_end(&mut text)?;
    let after = Stamp::of(&file.metadata()?);
    Ok((text, before, after))
}
