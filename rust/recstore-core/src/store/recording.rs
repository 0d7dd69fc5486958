//! A recording in hand.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Listed, Store};
use crate::error::Error;
use crate::json::{Dialect, Reader, Value};
use crate::key::{Key, Profile, Profiles, Request};
use crate::pack::{Pack, PackError, PackProblem};
use crate::recording::{Asked, DamagedBlock, FileName, Limits, Malformed, View, encode};

/// A recording, as its file was when it was looked up. Cheap to clone; nothing of it is parsed.
#[derive(Clone, Debug)]
pub struct Recording(Arc<Taken>);

/// What a recording was taken from, and under which rules.
#[derive(Clone, Debug)]
struct Taken {
    folder: Arc<Path>,
    name: FileName,
    block: Block,
    limits: Limits,
    /// Those of the store.
    profiles: Profiles,
}

#[derive(Clone, Debug)]
enum Block {
    /// In a pack in the fast form.
    Mapped {
        pack: Arc<Pack>,
        row: u32,
        /// Where it lies in the pack, and was found sound.
        place: Range<usize>,
    },
    /// Out of a pack in the small form.
    Rebuilt {
        pack: Arc<Pack>,
        row: u32,
        block: Arc<[u8]>,
    },
    Read(Arc<[u8]>),
}

impl Recording {
    /// Takes a recording from a row of a pack, which is found sound there.
    pub(super) fn packed(store: &Store, file: &Listed, pack: &Arc<Pack>, row: u32) -> Result<Self, Error> {
        let refused = |error: PackError| match error.problem {
            PackProblem::Recording(problem) => Error::Malformed { path: file.path(), problem },
            _ => error.into(),
        };
        let block = match pack.mapped_block(row)? {
            Some(place) => Block::Mapped { pack: pack.clone(), row, place },
            None => Block::Rebuilt { pack: pack.clone(), row, block: pack.block(row).map_err(refused)?.into() },
        };
        Ok(Self::with(store, file, block))
    }

    /// Takes a recording from the text of its file.
    pub(super) fn read(store: &Store, file: &Listed, text: &[u8]) -> Result<Self, Malformed> {
        let block = Block::Read(encode(text, &store.limits)?.into());
        Ok(Self::with(store, file, block))
    }

    fn with(store: &Store, file: &Listed, block: Block) -> Self {
        let (limits, profiles) = (store.limits, store.profiles());
        Self(Arc::new(Taken { folder: file.folder.clone(), name: file.name.clone(), block, limits, profiles }))
    }

    /// Takes a recording from the text of a file that belongs to no store.
    ///
    /// ```
    /// use recstore_core::recording::Limits;
    /// use recstore_core::store::Recording;
    ///
    /// let text = br#"{"test_id": null, "request": {}, "response": {"body": 1, "is_streaming": false}}"#;
    /// let recording = Recording::parse("b24590574a85.json".as_ref(), text, Limits::default())?;
    /// assert_eq!(recording.key().unwrap().to_string(), "b24590574a85");
    /// # Ok::<(), recstore_core::recording::Malformed>(())
    /// ```
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(path: &Path, text: &[u8], limits: Limits) -> Result<Self, Malformed> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = FileName::parse(&name).unwrap_or_else(|| FileName::Other(name.into_owned()));
        let folder = path.parent().unwrap_or(Path::new("")).into();
        let block = Block::Read(encode(text, &limits)?.into());
        Ok(Self(Arc::new(Taken { folder, name, block, limits, profiles: Profiles::RELEASED })))
    }

    /// Returns the key that names its file; `None` where the file is named otherwise.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.0.name.key()
    }

    /// Returns the path of its file, relative to the root of the store.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.folder.join(self.0.name.to_string())
    }

    /// Returns the same with another block.
    pub(super) fn with_block(&self, block: impl Into<Arc<[u8]>>) -> Self {
        Self(Arc::new(Taken { block: Block::Read(block.into()), ..Taken::clone(&self.0) }))
    }

    /// Returns the pack that it was taken from, and its row there.
    pub(super) fn row(&self) -> Option<(&Arc<Pack>, u32)> {
        match &self.0.block {
            Block::Mapped { pack, row, .. } | Block::Rebuilt { pack, row, .. } => Some((pack, *row)),
            Block::Read(_) => None,
        }
    }

    /// Returns the bytes of its file.
    ///
    /// # Errors
    /// Where it lies in a pack that is damaged, or with its white space is larger than the limit.
    pub fn file(&self) -> Result<Vec<u8>, Error> {
        let view = self.view()?;
        let size = view.file_len().map_err(|damage| self.damaged(damage))?;
        self.0.limits.check_size(size).map_err(|problem| Error::Malformed { path: self.path(), problem })?;
        view.file().map_err(|damage| self.damaged(damage))
    }

    /// Returns the first of the profiles of its store under which its request has the key that names it; `None` where there
    /// is none, or the file is no recording.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        let view = self.view().ok()?;
        profile(&self.0.profiles, &Asked { test_id: view.test_id().ok()?, request: view.request().ok()? }, self.key()?)
    }

    /// Says whether its key is the same for every test: that of a list of models, or of a tool's call under the rules of
    /// OGX; or of what was recorded outside of tests.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let request = self.view().ok().and_then(|view| view.request().ok());
        let is_outside = |request| profile(&self.0.profiles, &Asked { test_id: None, request }, self.key()?);
        matches!(self.0.name, FileName::Models { .. }) || request.and_then(is_outside).is_some()
    }

    /// Returns all answers to equal requests, in the order in which they came, each as a recording; the last is this one.
    ///
    /// # Errors
    /// Where it lies in a pack that is damaged, or one of them is none.
    pub fn answers(&self) -> Result<Vec<Self>, Error> {
        let view = self.view()?;
        let damaged = |damage| self.damaged(damage);
        let request = view.request().map_err(damaged)?;
        let test_id = view.test_id_json().map_err(damaged)?;
        let answer = |response: &[u8]| {
            let text = [
                b"{\"test_id\":",
                test_id,
                b",\"request\":",
                request,
                b",\"response\":",
                response,
                b",\"id_normalization_mapping\":{}}",
            ];
            let block = encode(&text.concat(), &self.0.limits);
            let block = block.map_err(|problem| Error::Malformed { path: self.path(), problem })?;
            Ok(self.with_block(block))
        };
        let earlier = view.earlier().map_err(damaged)?;
        earlier.into_iter().map(answer).chain([Ok(self.clone())]).collect()
    }

    /// Says whether it is answered from a pack.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        !matches!(self.0.block, Block::Read(_))
    }

    /// Looks at it.
    ///
    /// # Errors
    /// Where it lies in a pack that is damaged.
    pub fn view(&self) -> Result<View<'_>, Error> {
        let block = match &self.0.block {
            Block::Mapped { pack, place, .. } => pack.mapped(place.clone()),
            Block::Rebuilt { block, .. } | Block::Read(block) => block,
        };
        View::new(block).map_err(|damage| self.damaged(damage))
    }

    /// Says that a part of it is not where its index says, which only a pack made by a stranger can bring about.
    #[must_use]
    pub fn damaged(&self, damage: DamagedBlock) -> Error {
        match &self.0.block {
            Block::Mapped { pack, .. } | Block::Rebuilt { pack, .. } => PackError::of_block(pack.path(), damage).into(),
            Block::Read(_) => PackError::of_block(&self.path(), damage).into(),
        }
    }
}

/// Returns the first of some profiles under which what was asked has a key.
pub(super) fn profile(profiles: &Profiles, asked: &Asked<'_>, key: &Key) -> Option<&'static Profile> {
    let request = Reader::new(asked.request).ok()?.dialect(Dialect::Python).document(Value::read).ok()?;
    profiles.matching(&Request::split(&&request).ok()?, asked.test_id.as_ref(), key)
}
