//! Look-ups, each as fresh as the files at that moment.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::state::{Listed, State};
use super::{Recording, Store};
use crate::error::Error;
use crate::key::Key;
use crate::loose::{self, Stamp, stamp_of};
use crate::pack::{Pack, PackError};
use crate::recording::{FileName, View, encode, unite};

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
        self.search(key, test_id, |state, candidates| {
            for (index, candidate) in candidates.iter().enumerate() {
                let Some(recording) = self.load(state, candidate)? else { continue };
                if !candidate.is_model_list() {
                    return Ok(Some((Some(index), recording)));
                }
                let others = candidates.iter().skip(index + 1).filter(|other| other.is_model_list());
                let others = others.filter_map(|other| self.load(state, other).transpose());
                let lists: Vec<_> = std::iter::once(Ok(recording)).chain(others).collect::<Result<_, _>>()?;
                // What is missing from any folder is missing from the union.
                return Ok(Some((None, self.unite(lists)?)));
            }
            Ok(None)
        })
    }

    /// Says whether [`Store::get`] would find something, without reading it.
    ///
    /// # Errors
    /// Where the file system does not say, or the store is a pack and damaged.
    pub fn contains(&self, key: &Key, test_id: Option<&str>) -> Result<bool, Error> {
        let found = self.search(key, test_id, |state, candidates| {
            for (index, candidate) in candidates.iter().enumerate() {
                if !self.is_tree || stamp_of(&self.root.join(state.path(candidate)))?.is_some() {
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
        let all = self.state().all();
        if all.is_err() && self.leave_damaged_pack()? { self.state().all() } else { all }
    }

    /// Reads a listed file; `None` where it has gone.
    ///
    /// # Errors
    /// Where it is no recording or cannot be read.
    pub fn read(&self, file: &Listed) -> Result<Option<Recording>, Error> {
        self.load(&self.state(), file)
    }

    /// Returns every file with its bytes, also those that are no recordings, in the order of their paths.
    ///
    /// # Errors
    /// Where the store is a pack and damaged.
    pub fn files(&self) -> Result<impl Iterator<Item = Result<(PathBuf, Vec<u8>), Error>> + '_, Error> {
        let all = self.list()?;
        Ok(all.into_iter().map(|candidate| {
            let state = self.state();
            let path = state.path(&candidate);
            let bytes = match state.pack.as_ref().zip(candidate.row) {
                Some((pack, row)) if !self.is_tree => file_of(pack, row)?,
                _ => loose::read(&self.root.join(&path), &self.limits)?.0,
            };
            Ok((path, bytes))
        }))
    }

    /// Answers a look-up with `answer`, which gets the files that may, the first to answer first, and says which did;
    /// `None` where all did.
    fn search<T>(
        &self,
        key: &Key,
        test_id: Option<&str>,
        answer: impl Fn(&State, &[Listed]) -> Result<Option<(Option<usize>, T)>, Error>,
    ) -> Result<Option<T>, Error> {
        let order = self.order(test_id);
        let mut may_look_again = self.is_tree;
        loop {
            let state = self.state();
            let candidates = match state.candidates(key) {
                Err(Error::Pack(_)) if may_look_again => {
                    drop(state);
                    self.leave_damaged_pack()?;
                    continue;
                }
                candidates => order.sort(&state, key, candidates?),
            };
            let answer = answer(&state, &candidates)?;
            let place = answer.as_ref().and_then(|(index, _)| candidates.get((*index)?));
            let place = place.and_then(|candidate| order.place(&state, candidate));
            drop(state);
            // A folder that answers before this one may have got a file since it was listed.
            if !may_look_again || !self.list_changed_folders(&order, place)? {
                return Ok(answer.map(|(_, found)| found));
            }
            may_look_again = false;
        }
    }

    /// Reads a file, or takes it from the pack where the pack has it as it is now; `None` where it is gone.
    pub(super) fn load(&self, state: &State, candidate: &Listed) -> Result<Option<Recording>, Error> {
        let Some(folder) = state.folders.get(candidate.folder).map(|folder| folder.path.clone()) else {
            return Ok(None);
        };
        let name = candidate.name.clone();
        let packed = state.pack.as_ref().zip(candidate.row);
        let path = self.root.join(&folder).join(name.to_string());
        if let Some((pack, row)) = packed {
            if !self.is_tree {
                let recording = Recording::packed(folder, name, pack.clone(), row);
                return recording.check(&self.root, &self.limits).map(Some);
            }
            let Some(stamp) = stamp_of(&path)? else { return Ok(None) };
            // Damage shows here, and the file answers in the place of the pack.
            if pack.stamp(row).is_ok_and(|known| known == Some(stamp)) && pack.block(row).is_ok() {
                return Recording::packed(folder, name, pack.clone(), row).check(&self.root, &self.limits).map(Some);
            }
        }
        let text = match loose::read(&path, &self.limits) {
            Err(error) if error.is_not_found() => return Ok(None),
            read => read?.0,
        };
        let block = encode(&text, &self.limits).map_err(|problem| Error::Malformed { path, problem })?;
        Ok(Some(Recording::read(folder, name, block)))
    }

    fn unite(&self, lists: Vec<Recording>) -> Result<Recording, Error> {
        let views: Vec<_> = lists.iter().map(Recording::view).collect::<Result<_, _>>()?;
        let block = unite(&views);
        let first = lists.into_iter().next();
        let first = first.ok_or_else(|| Error::Unrecordable("a union of no lists".to_owned()))?;
        Ok(match block {
            Some(block) => first.with_block(block),
            None => first,
        })
    }

    /// Lists anew those folders that answer before `place` and have changed since they were listed; says whether there
    /// were any.
    fn list_changed_folders(&self, order: &Order<'_>, place: Option<usize>) -> Result<bool, Error> {
        let folders: Vec<PathBuf> = match (order, place) {
            (Order::Own(folders), place) => {
                folders.iter().take(place.unwrap_or(folders.len())).map(|folder| folder.to_path_buf()).collect()
            }
            // Which of many folders answers is no promise; only that an answer is found where there is one.
            (Order::Any { .. }, Some(_)) => return Ok(false),
            (Order::Any { base }, None) => {
                let state = self.state();
                let known = state.folders.iter().map(|folder| folder.path.to_path_buf());
                known.chain([base.to_path_buf()]).collect()
            }
        };
        let mut is_changed = false;
        for folder in folders {
            let path = self.root.join(&folder);
            let stamp = fs::metadata(&path).ok().filter(fs::Metadata::is_dir).map(|metadata| Stamp::of(&metadata));
            let known = self.state().folders.iter().find(|known| *known.path == *folder).map(|known| known.stamp);
            let is_new = match (known, stamp) {
                (Some(Some(known)), Some(now)) => known != now,
                (known, now) => now.is_some() || known.flatten().is_some(),
            };
            if is_new {
                is_changed = true;
                let listings = match loose::list_all(&self.root, vec![folder.clone()]) {
                    Err(error) if error.is_not_found() => vec![(folder, loose::Folder::default())],
                    listings => listings?,
                };
                self.state_mut().take_listings(&listings)?;
            }
        }
        Ok(is_changed)
    }

    /// Goes on without the pack, where there are files to answer in its place; says whether there are.
    fn leave_damaged_pack(&self) -> Result<bool, Error> {
        if !self.is_tree {
            return Ok(false);
        }
        let listings = loose::list_all(&self.root, loose::find_folders(&self.root)?)?;
        *self.state_mut() = State::default().with_listings(&listings)?.0;
        Ok(true)
    }

    fn order(&self, test_id: Option<&str>) -> Order<'_> {
        let base = self.places.base();
        let Some(test_id) = test_id else { return Order::Any { base } };
        let own = self.places.own(test_id).filter(|own| own != base);
        Order::Own(own.map(Cow::Owned).into_iter().chain([Cow::Borrowed(base)]).collect())
    }
}

/// Returns the bytes of a file that a pack holds.
fn file_of(pack: &Pack, row: u32) -> Result<Vec<u8>, Error> {
    let file = View::new(pack.block(row)?).and_then(|view| view.file());
    file.map_err(|error| Error::Pack(PackError::of_block(pack.path(), error)))
}

/// Which folders answer, and which before which.
enum Order<'a> {
    /// These, in this order.
    Own(Vec<Cow<'a, Path>>),
    /// All, the base first.
    Any { base: &'a Path },
}

impl Order<'_> {
    /// Returns when the folder of a candidate has its turn; `None` where it has none.
    fn place(&self, state: &State, candidate: &Listed) -> Option<usize> {
        let path = &*state.folders.get(candidate.folder)?.path;
        match self {
            Self::Own(folders) => folders.iter().position(|folder| **folder == *path),
            Self::Any { base } => Some(usize::from(path != *base)),
        }
    }

    fn sort(&self, state: &State, key: &Key, candidates: Vec<Listed>) -> Vec<Listed> {
        let place = |candidate: Listed| self.place(state, &candidate).map(|place| (place, candidate));
        let mut candidates: Vec<_> = candidates.into_iter().filter_map(place).collect();
        // In one folder, the whole key answers before its first digits.
        let is_prefix = |candidate: &Listed| candidate.name.key() != Some(key);
        candidates.sort_by_cached_key(|(place, candidate)| (*place, is_prefix(candidate), state.path(candidate)));
        candidates.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

impl Listed {
    fn is_model_list(&self) -> bool {
        matches!(self.name, FileName::Models { .. })
    }
}
