//! What a store knows of its files.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use crate::error::Error;
use crate::key::Key;
use crate::loose::{self, File, Stamp};
use crate::pack::{Pack, PackError, PackProblem};
use crate::recording::FileName;

/// What became of the pack that a store keeps beside its recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// It answers for all files but so many, which have changed or come since it was made.
    Ready {
        /// How many files are read themselves.
        stale: usize,
    },
    /// There is none; every file is read itself. The text says why.
    Off(String),
}

/// What a store knows of its files at one moment.
///
/// The pack knows most of them. Of the others only the names are known: a file is read when it is asked for. No file is
/// ever taken for unchanged because it stands here; that is for a look at the file to say, at every look-up.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) pack: Option<Arc<Pack>>,
    /// The folders, those of the pack first, in its order.
    pub(super) folders: Vec<Folder>,
    /// Rows of the pack whose files are gone.
    pub(super) gone: HashSet<u32>,
    /// Files that the pack does not know, by the beginning of their key.
    pub(super) loose: HashMap<[u8; Key::PREFIX_LENGTH], Vec<LooseFile>>,
    /// Files that the pack does not know and no key names.
    pub(super) unnamed: Vec<LooseFile>,
}

#[derive(Debug)]
pub(super) struct Folder {
    /// Relative to the root.
    pub(super) path: Arc<Path>,
    /// Its stamp when it was listed; `None` where a change may not show in it.
    pub(super) stamp: Option<Stamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LooseFile {
    pub(super) folder: usize,
    pub(super) name: FileName,
}

/// A file that a store knows of.
#[derive(Clone, Debug)]
pub struct Listed {
    pub(super) folder: usize,
    pub(super) name: FileName,
    /// Its row in the pack, if the pack knows it.
    pub(super) row: Option<u32>,
}

impl State {
    /// Knows what a pack knows.
    pub(super) fn of_pack(pack: Arc<Pack>) -> Result<Self, Error> {
        let wrong = || PackProblem::Damaged { at: 0, what: "a folder leads outside of the pack" };
        let folders = pack.folders()?.into_iter().map(|path| {
            let path =
                from_portable(&path).ok_or_else(|| PackError { path: pack.path().to_owned(), problem: wrong() })?;
            Ok(Folder { path: path.into(), stamp: None })
        });
        let folders = folders.collect::<Result<_, PackError>>()?;
        Ok(Self { pack: Some(pack), folders, ..Self::default() })
    }

    /// Knows the files of all folders, and returns how many of them the pack does not know as they are.
    pub(super) fn with_listings(mut self, listings: &[(PathBuf, loose::Folder)]) -> Result<(Self, usize), Error> {
        // Folders of the pack that are gone: all their files are.
        let listed: HashSet<&Path> = listings.iter().map(|(path, _)| path.as_path()).collect();
        let vanished = self.folders.iter().filter(|folder| !listed.contains(&*folder.path));
        let vanished: Vec<_> = vanished.map(|folder| (folder.path.to_path_buf(), loose::Folder::default())).collect();
        self.take_listings(&vanished)?;
        let unchanged = self.take_listings(listings)?;
        let total: usize = listings.iter().map(|(_, listing)| listing.files.len()).sum();
        Ok((self, total - unchanged))
    }

    /// Returns the files that a look-up of `key` may answer with, in no order.
    pub(super) fn candidates(&self, key: &Key) -> Result<Vec<Listed>, Error> {
        let mut found = Vec::new();
        if let Some(pack) = &self.pack {
            for row in pack.find(key)? {
                if !self.gone.contains(&row) {
                    found.push(self.packed(pack, row)?);
                }
            }
        }
        let loose = self.loose.get(&key.prefix()).into_iter().flatten();
        let matching = loose.filter(|file| file.name.key().is_some_and(|other| key.finds(other)));
        found.extend(matching.map(|file| Listed { folder: file.folder, name: file.name.clone(), row: None }));
        Ok(found)
    }

    /// Returns every file, in the order of folders and names.
    pub(super) fn all(&self) -> Result<Vec<Listed>, Error> {
        let mut all = Vec::new();
        if let Some(pack) = &self.pack {
            for row in (0..pack.len()).filter(|row| !self.gone.contains(row)) {
                all.push(self.packed(pack, row)?);
            }
        }
        let loose = self.loose.values().flatten().chain(&self.unnamed);
        all.extend(loose.map(|file| Listed { folder: file.folder, name: file.name.clone(), row: None }));
        all.sort_by(|a, b| {
            let folder = |candidate: &Listed| self.folders.get(candidate.folder).map(|folder| &folder.path);
            (folder(a), &a.name).cmp(&(folder(b), &b.name))
        });
        Ok(all)
    }

    /// Returns the path of a file, relative to the root.
    pub(super) fn path(&self, candidate: &Listed) -> PathBuf {
        let folder = self.folders.get(candidate.folder).map_or(Path::new(""), |folder| &folder.path);
        folder.join(candidate.name.to_string())
    }

    fn packed(&self, pack: &Pack, row: u32) -> Result<Listed, Error> {
        let entry = pack.entry(row)?;
        Ok(Listed { folder: entry.folder as usize, name: entry.name, row: Some(row) })
    }

    /// Returns the number of a folder, known or not until now.
    pub(super) fn folder(&mut self, path: &Path) -> usize {
        let known = self.folders.iter().position(|folder| &*folder.path == path);
        known.unwrap_or_else(|| {
            self.folders.push(Folder { path: path.into(), stamp: None });
            self.folders.len() - 1
        })
    }

    /// Notes a file that the pack does not know.
    pub(super) fn add_loose(&mut self, folder: usize, name: FileName) {
        let files = match name.key() {
            Some(key) => self.loose.entry(key.prefix()).or_default(),
            None => &mut self.unnamed,
        };
        let file = LooseFile { folder, name };
        if !files.contains(&file) {
            files.push(file);
        }
    }

    /// Takes lists of the files of some folders, in place of what was known of these, and returns how many of the files
    /// the pack knows as they are.
    pub(super) fn take_listings(&mut self, listings: &[(PathBuf, loose::Folder)]) -> Result<usize, Error> {
        let numbers: Vec<_> = listings.iter().map(|(path, _)| self.folder(path)).collect();
        let files = listings.iter().map(|(_, listing)| listing.files.iter().peekable());
        let mut listed: HashMap<usize, Peekable<slice::Iter<'_, File>>> = numbers.iter().copied().zip(files).collect();
        for files in self.loose.values_mut().chain([&mut self.unnamed]) {
            files.retain(|file| !listed.contains_key(&file.folder));
        }
        let mut unchanged = 0;
        let mut new = Vec::new();
        if let Some(pack) = self.pack.clone() {
            // The rows of a pack and the files of a listing are both in the order of names.
            for row in 0..pack.len() {
                let entry = pack.entry(row)?;
                let folder = entry.folder as usize;
                let Some(files) = listed.get_mut(&folder) else { continue };
                while let Some(file) = files.next_if(|file| file.name < entry.name) {
                    new.push((folder, file.name.clone()));
                }
                if let Some(file) = files.next_if(|file| file.name == entry.name) {
                    self.gone.remove(&row);
                    unchanged += usize::from(pack.stamp(row)? == Some(file.stamp));
                } else {
                    self.gone.insert(row);
                }
            }
        }
        for (folder, files) in listed {
            new.extend(files.map(|file| (folder, file.name.clone())));
        }
        new.into_iter().for_each(|(folder, name)| self.add_loose(folder, name));
        for (number, (_, listing)) in numbers.into_iter().zip(listings) {
            if let Some(folder) = self.folders.get_mut(number) {
                folder.stamp = listing.stamp;
            }
        }
        Ok(unchanged)
    }
}

/// Returns the path of a folder as packs hold it; `None` where it is not UTF-8.
pub(super) fn to_portable(path: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

/// Returns the path that a pack holds for a folder; `None` where it would lead outside of the root.
pub(super) fn from_portable(path: &str) -> Option<PathBuf> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    (path.is_empty() || path.split('/').all(is_plain)).then(|| path.split('/').collect())
}
