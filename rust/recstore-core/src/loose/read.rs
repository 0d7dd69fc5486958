//! The text of a recording file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use super::Stamp;
use crate::error::Error;
use crate::recording::Limits;

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
/// A file that is written while it is read is read again, a few times.
///
/// # Errors
/// Where it cannot be read, is no regular file, is larger than the limit, or never stays as it is.
pub fn read(path: &Path, limits: &Limits) -> Result<(Vec<u8>, Option<Stamp>), Error> {
    const ATTEMPTS: usize = 5;
    let fail = || Error::io("read", path);
    for _ in 0..ATTEMPTS {
        let now = SystemTime::now();
        let Some(found) = stamp_of(path)? else {
            return Err(fail()(ErrorKind::NotFound.into()));
        };
        let too_large = |problem| Error::Malformed { path: path.to_owned(), problem };
        limits.check_size(found.size).map_err(too_large)?;
        let (text, before, after) = read_whole(path, found.size).map_err(fail())?;
        // Another inode means that a link was put in the place of the file, or another file was renamed to it.
        if before == after && before.inode == found.inode && before.size == found.size {
            return Ok((text, Some(before).filter(|stamp| stamp.is_settled(now))));
        }
    }
    let busy =
        io::Error::new(ErrorKind::ResourceBusy, "something writes into it all the time; rename whole files to it");
    Err(fail()(busy))
}

fn read_whole(path: &Path, size: u64) -> io::Result<(Vec<u8>, Stamp, Stamp)> {
    let mut file = File::open(path)?;
    let before = Stamp::of(&file.metadata()?);
    let mut text = Vec::with_capacity(size as usize + 1);
    (&mut file).take(size).read_to_end(&mut text)?;
    let after = Stamp::of(&file.metadata()?);
    Ok((text, before, after))
}
