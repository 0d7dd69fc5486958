//! What a store knows of its files.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use smallvec::SmallVec;

use super::place::Places;
use crate::error::Error;
use crate::key::Key;
use crate::loose::{self, File, Stamp};
use crate::pack::{Entry, Pack, PackError, PackProblem};
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
    /// Where recordings lie, as the folders were then.
    pub(super) places: Arc<Places>,
    pub(super) pack: Option<Arc<Pack>>,
    /// What the numbers of folders in the pack mean: paths relative to the root.
    pub(super) pack_folders: Vec<Arc<Path>>,
    /// The folders that were listed, each with its stamp then; `None` where a change may not show in it.
    pub(super) folders: HashMap<Arc<Path>, Option<Stamp>>,
    /// How often folders were listed; tells a state from a later one.
    pub(super) listings: u64,
    /// Rows of the pack whose files have gone or changed: what the pack says of these, its index too, does not count.
    pub(super) gone: HashSet<u32>,
    /// Files that the pack does not know, by the beginning of their key.
    loose: HashMap<[u8; Key::PREFIX_LENGTH], Vec<Listed>>,
    /// Files that the pack does not know and no key names.
    unnamed: Vec<Listed>,
}

/// A file that a store knows of, and where it is in the pack.
#[derive(Clone, Debug)]
pub struct Listed {
    pub(super) folder: Arc<Path>,
    pub(super) name: FileName,
    pub(super) packed: Option<(Arc<Pack>, u32)>,
}

/// The files that may answer a look-up: hardly ever more than one.
pub(super) type Candidates = SmallVec<[Listed; 1]>;

impl Listed {
    /// Returns its path, relative to the root.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(self.name.to_string())
    }

    /// Returns its folder, relative to the root.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &FileName {
        &self.name
    }

    fn is(&self, folder: &Path, name: &FileName) -> bool {
        *self.folder == *folder && self.name == *name
    }
}

impl State {
    /// Knows where recordings lie, and of none.
    pub(super) fn at(places: Arc<Places>) -> Self {
        Self { places, ..Self::default() }
    }

    /// Knows what a pack knows.
    pub(super) fn of_pack(pack: Arc<Pack>) -> Result<Self, Error> {
        let wrong = |what| PackError { path: pack.path().to_owned(), problem: PackProblem::Damaged { at: 0, what } };
        let folders = pack.folders()?.into_iter().map(|path| {
            let folder = from_portable(&path).ok_or_else(|| wrong("a folder leads outside of the pack"))?;
            if Places::is_passed_over(&folder) {
                return Err(wrong("recordings lie in a folder that is passed over"));
            }
            Ok(folder.into())
        });
        let pack_folders = folders.collect::<Result<_, PackError>>()?;
        Ok(Self { pack: Some(pack), pack_folders, ..Self::default() })
    }

    /// Adds the files that a look-up of `key` may answer with, in no order.
    pub(super) fn add_candidates(&self, key: &Key, candidates: &mut Candidates) -> Result<(), Error> {
        if let Some(pack) = &self.pack {
            for found in pack.find(key)? {
                let (row, entry) = found?;
                if !self.gone.contains(&row) {
                    candidates.push(self.packed(pack, row, entry)?);
                }
            }
        }
        if let Some(files) = self.loose.get(&key.prefix()) {
            let is_found = |file: &&Listed| file.name.key().is_some_and(|other| key.finds(other));
            candidates.extend(files.iter().filter(is_found).cloned());
        }
        Ok(())
    }

    /// Returns every file, in the order of folders and names.
    pub(super) fn all(&self) -> Result<Vec<Listed>, Error> {
        let mut all = self.stored()?;
        all.sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
        Ok(all)
    }

    /// Returns every file: first those that the pack does not know, then the others in the order in which it holds them.
    pub(super) fn stored(&self) -> Result<Vec<Listed>, Error> {
        let mut all: Vec<_> = self.loose.values().flatten().chain(&self.unnamed).cloned().collect();
        if let Some(pack) = &self.pack {
            for row in pack.rows_as_stored()? {
                if !self.gone.contains(&row) {
                    all.push(self.packed(pack, row, pack.entry(row)?)?);
                }
            }
        }
        Ok(all)
    }

    fn packed(&self, pack: &Arc<Pack>, row: u32, entry: Entry) -> Result<Listed, Error> {
        let folder = self.pack_folders.get(entry.folder as usize).cloned();
        let folder = folder.ok_or_else(|| nowhere(pack))?;
        Ok(Listed { folder, name: entry.name, packed: Some((pack.clone(), row)) })
    }

    /// Notes that a file is there. One that no key names is left to the next state: no look-up finds it.
    pub(super) fn add(&mut self, folder: &Path, name: FileName) -> Result<(), Error> {
        let Some(key) = name.key() else { return Ok(()) };
        if self.loose.get(&key.prefix()).is_some_and(|files| files.iter().any(|file| file.is(folder, &name))) {
            return Ok(());
        }
        if let Some(pack) = &self.pack {
            for found in pack.find(key)? {
                let (row, entry) = found?;
                if self.packed(pack, row, entry)?.is(folder, &name) {
                    self.gone.remove(&row);
                    return Ok(());
                }
            }
        }
        let known = self.folders.get_key_value(folder).map(|(folder, _)| folder.clone());
        self.add_loose(&known.unwrap_or_else(|| folder.into()), &name);
        Ok(())
    }

    /// Notes the files of a folder that had the stamp when it was listed.
    pub(super) fn add_all(&mut self, folder: &Path, names: Vec<FileName>, stamp: Option<Stamp>) -> Result<(), Error> {
        self.folders.insert(folder.into(), stamp);
        self.listings += 1;
        names.into_iter().try_for_each(|name| self.add(folder, name))
    }

    /// Knows the files of all folders, and returns how many of them the pack does not know as they are.
    pub(super) fn with_listings(mut self, listings: &[(PathBuf, loose::Folder)]) -> Result<(Self, usize), Error> {
        let known: HashMap<Arc<Path>, usize> = self.pack_folders.iter().cloned().zip(0..).collect();
        // The files of the pack's folders, by their numbers; none in those that have gone.
        let mut listed: Vec<Peekable<slice::Iter<'_, File>>> = vec![[].iter().peekable(); known.len()];
        for (path, listing) in listings {
            let known = known.get_key_value(path.as_path());
            let folder = known.map_or_else(|| path.as_path().into(), |(folder, _)| folder.clone());
            match known.and_then(|(_, number)| listed.get_mut(*number)) {
                Some(files) => *files = listing.files.iter().peekable(),
                None => listing.files.iter().for_each(|file| self.add_loose(&folder, &file.name)),
            }
            self.folders.insert(folder, listing.stamp);
        }
        let mut unchanged = 0;
        if let Some(pack) = self.pack.clone() {
            // The rows of a pack and the files of a listing are both in the order of names.
            for row in 0..pack.len() {
                let Entry { folder, name } = pack.entry(row)?;
                let folder = folder as usize;
                let (Some(path), Some(files)) = (self.pack_folders.get(folder).cloned(), listed.get_mut(folder)) else {
                    return Err(nowhere(&pack).into());
                };
                while let Some(file) = files.next_if(|file| file.name < name) {
                    self.add_loose(&path, &file.name);
                }
                let file = files.next_if(|file| file.name == name);
                if let Some(file) = file
                    && pack.stamp(row)? == Some(file.stamp)
                {
                    unchanged += 1;
                } else {
                    self.gone.insert(row);
                    file.into_iter().for_each(|file| self.add_loose(&path, &file.name));
                }
            }
        }
        for (folder, files) in self.pack_folders.clone().into_iter().zip(listed) {
            files.for_each(|file| self.add_loose(&folder, &file.name));
        }
        let total: usize = listings.iter().map(|(_, listing)| listing.files.len()).sum();
        Ok((self, total - unchanged))
    }

    fn add_loose(&mut self, folder: &Arc<Path>, name: &FileName) {
        let files = match name.key() {
            Some(key) => self.loose.entry(key.prefix()).or_default(),
            None => &mut self.unnamed,
        };
        files.push(Listed { folder: folder.clone(), name: name.clone(), packed: None });
    }
}

fn nowhere(pack: &Pack) -> PackError {
    let problem = PackProblem::Damaged { at: 0, what: "a recording lies in no folder" };
    PackError { path: pack.path().to_owned(), problem }
}

/// Returns the path of a folder as packs hold it; `None` where it is not UTF-8.
pub(crate) fn to_portable(path: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

/// Returns the path that a pack holds for a folder; `None` where it would lead outside of the root.
pub(crate) fn from_portable(path: &str) -> Option<PathBuf> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    (path.is_empty() || path.split('/').all(is_plain)).then(|| path.split('/').collect())
}
