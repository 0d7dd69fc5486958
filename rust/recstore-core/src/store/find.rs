//! Look-ups, each as fresh as the files at that moment.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::place::{Places, RECORDINGS};
use super::state::{Candidates, Listed};
use super::{Recording, Store};
use crate::error::Error;
use crate::key::Key;
use crate::loose::{self, Names, Stamp, stamp_of};
use crate::pack::Pack;
use crate::parallel;
use crate::recording::{FileName, View, unite};

impl Store {
    /// Returns the recording with `key`; `None` where there is none.
    ///
    /// For a test, its own folder answers before the base folder, and no other does. Without one, the base folder
    /// answers before the others, these in the order of their paths. Of the lists of models with the key, the union
    /// is returned, sorted by id. A key of twelve digits finds the recordings whose key begins so, and the other way round.
    ///
    /// # Errors
    /// Where the file is no recording or cannot be read, or the store is a pack and damaged.
    pub fn get(&self, key: &Key, test_id: Option<&str>) -> Result<Option<Recording>, Error> {
        self.search(key, test_id, |candidates| {
            for (index, candidate) in candidates.iter().enumerate() {
                let Some(recording) = self.read(candidate)? else { continue };
                if !candidate.is_model_list() {
                    return Ok(Some((Some(index), recording)));
                }
                let others = candidates.iter().skip(index + 1).filter(|other| other.is_model_list());
                let others: Vec<_> =
                    others.filter_map(|other| self.read(other).transpose()).collect::<Result<_, _>>()?;
                // What is missing from any folder is missing from the union.
                return Ok(Some((None, united(recording, &others)?)));
            }
            Ok(None)
        })
    }

    /// Says whether [`Store::get`] would find something, without reading it.
    ///
    /// # Errors
    /// Where the file system does not say, or the store is a pack and damaged.
    pub fn contains(&self, key: &Key, test_id: Option<&str>) -> Result<bool, Error> {
        let found = self.search(key, test_id, |candidates| {
            for (index, candidate) in candidates.iter().enumerate() {
                if !self.is_tree || stamp_of(&self.root.join(candidate.path()))?.is_some() {
                    return Ok(Some((Some(index), ())));
                }
            }
            Ok(None)
        })?;
        Ok(found.is_some())
    }

    /// Returns the keys of all recordings, each once, in their order.
    ///
    /// # Errors
    /// Where the store is a pack and damaged.
    pub fn keys(&self) -> Result<Vec<Key>, Error> {
        let keys: BTreeSet<Key> = self.list()?.iter().filter_map(|file| file.name.key().copied()).collect();
        Ok(keys.into_iter().collect())
    }

    /// Lists every file, in the order of their paths.
    ///
    /// # Errors
    /// Where the store is a pack and damaged.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        self.asking_pack(|| self.state().all())
    }

    /// Lists the files in one folder, which is relative to the root.
    ///
    /// # Errors
    /// Where it can be no folder of recordings, or the store is a pack and damaged.
    pub fn list_in(&self, folder: &Path) -> Result<Vec<Listed>, Error> {
        let folder: PathBuf = folder.components().filter(|part| *part != Component::CurDir).collect();
        let mut files = self.list()?;
        files.retain(|file| file.folder() == folder);
        // The root is one where the store was opened at a folder of recordings.
        let is_one = folder.components().all(|part| matches!(part, Component::Normal(_)))
            && folder.file_name().is_none_or(|name| name == RECORDINGS);
        if files.is_empty() && !is_one {
            return Err(Error::NoFolder { path: folder, root: self.root.clone() });
        }
        Ok(files)
    }

    /// Reads a listed file, or takes it from the pack where the pack has it as it is now; `None` where it has gone.
    ///
    /// # Errors
    /// Where it is no recording or cannot be read.
    pub fn read(&self, file: &Listed) -> Result<Option<Recording>, Error> {
        // A look-up in a pack alone does without it.
        let path = || self.root.join(file.path());
        let malformed = |problem| Error::Malformed { path: path(), problem };
        if let Some((pack, row)) = &file.packed {
            if !self.is_tree {
                let packed = Recording::packed(self, file, pack, *row)?;
                let view = packed.view()?;
                self.limits.check_size(view.json().len() as u64).map_err(malformed)?;
                // With other limits than those it was packed with, it may be a recording.
                let broken = view.broken_file().map(|text| Recording::read(self, file, text));
                return broken.unwrap_or(Ok(packed)).map_err(malformed).map(Some);
            }
            let Some(stamp) = stamp_of(&path())? else { return Ok(None) };
            self.limits.check_size(stamp.size).map_err(malformed)?;
            match self.unchanged(file, pack, *row, stamp) {
                Ok(None) => {}
                Ok(packed) => return Ok(packed),
                // The file answers in its place.
                Err(_) => self.replace_damaged(pack)?,
            }
        }
        match loose::read(&path(), &self.limits) {
            Ok((text, _)) => Recording::read(self, file, &text).map_err(malformed).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a listed file from the pack, where that has it as a recording and as it was when it had this stamp.
    fn unchanged(&self, file: &Listed, pack: &Arc<Pack>, row: u32, stamp: Stamp) -> Result<Option<Recording>, Error> {
        if pack.stamp(row)? != Some(stamp) {
            return Ok(None);
        }
        let packed = Recording::packed(self, file, pack, row)?;
        Ok(packed.view()?.broken_file().is_none().then_some(packed))
    }

    /// Lists every file in an order in which all are quickly read.
    pub(crate) fn stored(&self) -> Result<Vec<Listed>, Error> {
        self.asking_pack(|| self.state().stored())
    }

    /// Takes a listed file as the pack has it, though it may have changed since, or reads it; `None` where it has gone, or
    /// is no recording.
    pub(crate) fn glance(&self, file: &Listed) -> Option<Recording> {
        let packed = file.packed.as_ref().and_then(|(pack, row)| Recording::packed(self, file, pack, *row).ok());
        packed.filter(|packed| packed.view().is_ok()).or_else(|| self.read(file).ok().flatten())
    }

    /// Returns the files named by a key, in whatever folder.
    pub(crate) fn named(&self, key: &Key) -> Result<Vec<Listed>, Error> {
        self.candidates(key).map(|(candidates, ..)| candidates.into_vec())
    }

    /// Returns the folders that answer for a test, relative to the root, in their order; none where all do.
    pub fn folders(&self, test_id: Option<&str>) -> Vec<PathBuf> {
        match Order::of(&self.places(), test_id) {
            Order::Own { own, base } => own.iter().map(|own| own.to_path_buf()).chain([base.to_owned()]).collect(),
            Order::Any { .. } => Vec::new(),
        }
    }

    /// Reads every recording once, so that those in the pack are in memory and found sound when they are asked for; returns
    /// how many there are.
    ///
    /// # Errors
    /// Where the store is a pack and damaged.
    pub fn preload(&self) -> Result<usize, Error> {
        let files = self.list()?;
        let read = |index: usize| files.get(index).is_some_and(|file| matches!(self.read(file), Ok(Some(_))));
        Ok(parallel::map(files.len(), read).into_iter().filter(|is_read| *is_read).count())
    }

    /// Returns every file with its bytes, also those that are no recordings, in the order of their paths.
    ///
    /// # Errors
    /// Where the store is a pack and damaged.
    pub fn files(&self) -> Result<impl Iterator<Item = Result<(PathBuf, Vec<u8>), Error>> + '_, Error> {
        let all = self.list()?;
        Ok(all.into_iter().map(|file| Ok((file.path(), self.read_file(&file)?))))
    }

    /// Returns the bytes of a listed file, whether it is a recording or not: of a tree those of the file itself, not of
    /// the pack in its place.
    ///
    /// # Errors
    /// Where it cannot be read, is too large, or lies in a pack that is damaged.
    pub fn read_file(&self, file: &Listed) -> Result<Vec<u8>, Error> {
        match &file.packed {
            Some((pack, row)) if !self.is_tree => Recording::packed(self, file, pack, *row)?.file(),
            _ => Ok(loose::read(&self.root.join(file.path()), &self.limits)?.0),
        }
    }

    /// Answers a look-up with `answer`, which gets the files that may, the first to answer first, and says which did;
    /// `None` where all did.
    fn search<T>(
        &self,
        key: &Key,
        test_id: Option<&str>,
        answer: impl Fn(&[Listed]) -> Result<Option<(Option<usize>, T)>, Error>,
    ) -> Result<Option<T>, Error> {
        let mut has_listed = false;
        loop {
            let (mut candidates, listings, places) = self.candidates(key)?;
            let order = Order::of(&places, test_id);
            order.sort(key, &mut candidates);
            // A file that is no recording answers with an error, where no newer one answers before it.
            let answer = answer(&candidates);
            if !self.is_tree || has_listed {
                return Ok(answer?.map(|(_, found)| found));
            }
            let answered_by = answer.as_ref().ok().and_then(|answer| candidates.get(answer.as_ref()?.0?));
            // In one folder, the whole key answers before its first digits.
            let found = answered_by.map(|file| (file, file.name.key() == Some(key)));
            // A folder that answers before this file may have got one since it was listed. Where it was listed by
            // another thread in the meantime, the candidates are old too.
            has_listed = self.list_changed_folders(&order, found)?;
            if !has_listed && self.state().listings == listings {
                return Ok(answer?.map(|(_, found)| found));
            }
        }
    }

    /// Returns the files that a look-up of `key` may answer with, in no order; how often folders had been listed; and where
    /// recordings lay then.
    fn candidates(&self, key: &Key) -> Result<(Candidates, u64, Arc<Places>), Error> {
        self.asking_pack(|| {
            let mut candidates = Candidates::new();
            let state = self.state();
            state.add_candidates(key, &mut candidates)?;
            Ok((candidates, state.listings, state.places.clone()))
        })
    }

    /// Lists anew those folders that could answer before the answer that was found, and have changed since they were
    /// listed; says whether there were any. `found` is the file that answers, and whether it is named by the very key.
    fn list_changed_folders(&self, order: &Order<'_>, found: Option<(&Listed, bool)>) -> Result<bool, Error> {
        let itself = found.filter(|(_, is_exact)| !is_exact).map(|(file, _)| file.folder.clone());
        let folders = match (order, found) {
            (Order::Own { own, base }, found) => {
                let before = found.map_or(NOWHERE, |(file, _)| order.place(file));
                let own = own.clone().filter(|_| before > 0);
                own.into_iter().chain((before > 1).then(|| Arc::from(*base))).chain(itself).collect()
            }
            // Which of the other folders answers is no promise; only that an answer is found where there is one.
            (Order::Any { base }, Some((file, _))) => {
                let base = Some(Arc::from(*base)).filter(|base| *base != file.folder);
                base.into_iter().chain(itself).collect()
            }
            (Order::Any { base }, None) => {
                let state = self.state();
                let base = Some(Arc::from(*base)).filter(|base| !state.folders.contains_key(base));
                state.folders.keys().cloned().chain(base).collect::<Vec<_>>()
            }
        };
        let mut is_changed = false;
        for folder in folders {
            let path = self.root.join(&folder);
            let metadata = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_dir);
            let stamp = metadata.map(|metadata| Stamp::of(&metadata));
            let known = self.state().folders.get(&folder).copied();
            let may_have_new = match (known, stamp) {
                (_, None) => false,
                (Some(known), now) => known != now,
                (None, Some(_)) => self.is_inside(&folder),
            };
            if may_have_new && let Some(Names { stamp, names }) = loose::list_names(&path)? {
                is_changed = true;
                // A pack that cannot be used is found out by the next question.
                let _ = self.state_mut().add_all(&folder, names, stamp);
            }
        }
        Ok(is_changed)
    }

    /// Says whether no link leads to a folder.
    fn is_inside(&self, folder: &Path) -> bool {
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
        folder.ancestors().filter(|part| !part.as_os_str().is_empty()).all(|part| is_folder(&self.root.join(part)))
    }

    /// Asks something that the pack may have to answer. Where the pack beside a tree is damaged, it is made again.
    fn asking_pack<T>(&self, ask: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        match ask() {
            Err(Error::Pack(_)) if self.is_tree => {
                let pack = self.state().pack.clone();
                pack.map_or(Ok(()), |pack| self.replace_damaged(&pack))?;
                ask()
            }
            answer => answer,
        }
    }
}

/// Makes one recording of lists of models; where one of them is none, the first answers alone.
fn united(first: Recording, others: &[Recording]) -> Result<Recording, Error> {
    let all = || std::iter::once(&first).chain(others);
    let unite = || -> Result<Arc<[u8]>, Error> {
        let views: Vec<View<'_>> = all().map(Recording::view).collect::<Result<_, _>>()?;
        Ok(unite(&views).unwrap_or_default().into())
    };
    // To unite two dozen lists takes a millisecond, and what lies in a pack stays as it is.
    let row_of = |list: &Recording| {
        let ((pack, _), (other, row)) = (first.row()?, list.row()?);
        Arc::ptr_eq(pack, other).then_some(row)
    };
    let block = match (first.row(), all().map(row_of).collect()) {
        (Some((pack, _)), Some(rows)) => pack.united.get(rows, unite)?,
        _ => unite()?,
    };
    Ok(if block.is_empty() { first } else { first.with_block(block) })
}

/// Which folders answer, and which before which.
enum Order<'a> {
    /// That of the test, if it is another, and the base.
    Own { own: Option<Arc<Path>>, base: &'a Path },
    /// All, the base first.
    Any { base: &'a Path },
}

/// The turn of a folder that has none.
const NOWHERE: usize = 2;

impl<'a> Order<'a> {
    fn of(places: &'a Places, test_id: Option<&str>) -> Self {
        let base = places.base();
        let Some(test_id) = test_id else { return Self::Any { base } };
        let own = places.own(test_id).filter(|own| **own != *base);
        Self::Own { own, base }
    }

    /// Returns when the folder of a file has its turn; [`NOWHERE`] where it has none.
    fn place(&self, file: &Listed) -> usize {
        match self {
            Self::Own { own, .. } if own.as_ref().is_some_and(|own| **own == *file.folder) => 0,
            Self::Own { base, .. } => 1 + usize::from(*file.folder != **base),
            Self::Any { base } => usize::from(*file.folder != **base),
        }
    }

    fn sort(&self, key: &Key, candidates: &mut Candidates) {
        if matches!(self, Self::Own { .. }) {
            candidates.retain(|candidate| self.place(candidate) < NOWHERE);
        }
        if candidates.len() > 1 {
            // In one folder, the whole key answers before its first digits.
            let is_prefix = |candidate: &Listed| candidate.name.key() != Some(key);
            candidates.sort_by_cached_key(|candidate| (self.place(candidate), is_prefix(candidate), candidate.path()));
        }
    }
}

impl Listed {
    fn is_model_list(&self) -> bool {
        matches!(self.name, FileName::Models { .. })
    }
}
