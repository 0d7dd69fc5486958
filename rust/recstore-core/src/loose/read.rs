//! The text of a recording file.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, statat};
use rustix::io::Errno;

use super::{File, Stamp};
use crate::error::Error;
use crate::recording::{FileName, Limits};

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

/// Returns those of the files `names` in a folder that are regular files, with their stamps; none where it is no folder.
///
/// The system is asked by the name in the open folder: it takes each path apart that it gets, and these are long.
pub(super) fn stamps_of(folder: &Path, names: &[FileName]) -> Result<Vec<File>, Error> {
    let is_gone = |error: &Errno| matches!(error, &Errno::NOENT | &Errno::NOTDIR | &Errno::LOOP);
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = match rustix::fs::open(folder, flags, Mode::empty()) {
        Ok(open) => open,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list the folder", folder)(error.into())),
    };
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let text = name.to_string();
        match statat(&open, &*text, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_file() => {
                files.push(File { name: name.clone(), stamp: Stamp::of_stat(&stat) });
            }
            Ok(_) => {}
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(Error::io("look at", &folder.join(text))(error.into())),
        }
    }
    Ok(files)
}

/// Reads the file at `path`, and returns its stamp where every later change of the file will show in it.
///
/// A file that is written while it is read is read again, a few times.
///
/// # Errors
/// Where it cannot be read, is no regular file, is larger than the limit, or never stays as it is.
pub fn read(path: &Path, limits: &Limits) -> Result<(Vec<u8>, Option<Stamp>), Error> {
    const ATTEMPTS: usize = 5;
    let fail = |error: io::Error| Error::io("read", path)(error);
    for _ in 0..ATTEMPTS {
        let now = SystemTime::now();
        let file = open_regular(path).map_err(fail)?;
        let before = fstat(&file).map_err(|error| fail(error.into()))?;
        if !FileType::from_raw_mode(before.st_mode).is_file() {
            return Err(fail(ErrorKind::NotFound.into()));
        }
        let before = Stamp::of_stat(&before);
        let too_large = |problem| Error::Malformed { path: path.to_owned(), problem };
        limits.check_size(before.size).map_err(too_large)?;
        let text = read_whole(&file, before.size as usize).map_err(|error| fail(error.into()))?;
        let after = Stamp::of_stat(&fstat(&file).map_err(|error| fail(error.into()))?);
        if before == after && text.len() as u64 == before.size {
            return Ok((text, Some(before).filter(|stamp| stamp.is_settled(now))));
        }
    }
    let busy =
        io::Error::new(ErrorKind::ResourceBusy, "something writes into it all the time; rename whole files to it");
    Err(fail(busy))
}

/// Opens a file that is no link. What is no regular file is opened too, without waiting for anybody at its other end.
fn open_regular(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR | Errno::NXIO => ErrorKind::NotFound.into(),
        error => error.into(),
    })
}

/// Reads as many bytes as the file is said to have, in one call where the system gives them all.
fn read_whole(file: &OwnedFd, size: usize) -> Result<Vec<u8>, Errno> {
    let mut text = Vec::with_capacity(size);
    while text.len() < size {
        match rustix::io::read(file, spare_capacity(&mut text)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}
