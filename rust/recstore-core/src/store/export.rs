//! A tree into one file, and back.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use super::build::{Purpose, build_pack};
use super::state::State;
use super::{SETTINGS_FILE, Store};
use crate::error::Error;
use crate::loose::{self, write_atomically};
use crate::pack::{Form, PackError, PackProblem};

impl Store {
    /// Writes all recordings of a tree into a pack at `path`, to take elsewhere. The bytes depend on nothing but the
    /// files, the settings and the release.
    ///
    /// # Errors
    /// Where a folder or a file cannot be read, or the pack cannot be written.
    pub fn export(&self, path: &Path, form: Form) -> Result<(), Error> {
        if !self.is_tree {
            return Err(Error::AlreadyPacked { path: self.root.clone() });
        }
        let folders = self.all_folders()?;
        let state = State::at(self.places_of(&folders));
        let listings = loose::list_all(&self.root, folders)?;
        write_atomically(path, true, |file| {
            let out = BufWriter::with_capacity(1 << 20, file);
            build_pack(out, path, self, &state, &listings, Purpose::Export(form))
        })
    }
}

/// Writes the files of a pack into `folder`, which must be empty or not there, byte for byte as they were, and the settings
/// file, if there was one. Returns how many recordings there are.
///
/// # Errors
/// Where the store is no pack, the folder is not empty, the pack is damaged or was made to write elsewhere, or the system refuses.
pub fn unpack(store: &Store, folder: &Path) -> Result<usize, Error> {
    if store.is_tree {
        return Err(PackError { path: store.root.clone(), problem: PackProblem::NotAPack }.into());
    }
    fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
    let mut entries = fs::read_dir(folder).map_err(Error::io("list the folder", folder))?;
    if entries.next().is_some() {
        return Err(Error::NotEmpty { path: folder.to_owned() });
    }
    let pack = store.state().pack.clone();
    pack.map_or(Ok(()), |pack| pack.check_blocks())?;
    if !store.settings.text.is_empty() {
        let path = folder.join(SETTINGS_FILE);
        let file = File::create_new(&path).and_then(|mut file| file.write_all(store.settings.text.as_bytes()));
        file.map_err(Error::io("write", &path))?;
    }
    let mut count = 0;
    for recording in store.files()? {
        let (path, text) = recording?;
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make the folder", parent))?;
        }
        // The folder was empty, so that nothing in it can be a link; a name that comes twice is refused.
        let file = File::create_new(&path).and_then(|mut file| file.write_all(&text));
        match file {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let problem = PackProblem::Damaged { at: 0, what: "two of its files have one path" };
                return Err(PackError { path: store.root.clone(), problem }.into());
            }
            file => file.map_err(Error::io("write", &path))?,
        }
        count += 1;
    }
    Ok(count)
}
