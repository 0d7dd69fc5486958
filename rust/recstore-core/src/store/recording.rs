//! A recording in hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::json::{Dialect, Reader, Value};
use crate::key::{Key, Profile, Request, matching};
use crate::pack::{Pack, PackError};
use crate::recording::{DamagedBlock, FileName, Limits, View};

/// A recording, as its file was when it was looked up. Cheap to clone; nothing of it is parsed.
#[derive(Clone, Debug)]
pub struct Recording {
    folder: Arc<Path>,
    name: FileName,
    block: Block,
}

#[derive(Clone, Debug)]
enum Block {
    Packed { pack: Arc<Pack>, row: u32 },
    Read(Arc<[u8]>),
}

impl Recording {
    pub(super) fn packed(folder: Arc<Path>, name: FileName, pack: Arc<Pack>, row: u32) -> Self {
        Self { folder, name, block: Block::Packed { pack, row } }
    }

    pub(super) fn read(folder: Arc<Path>, name: FileName, block: Vec<u8>) -> Self {
        Self { folder, name, block: Block::Read(block.into()) }
    }

    /// Returns the key that names its file; `None` where the file is named otherwise.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.name.key()
    }

    /// Returns the path of its file, relative to the root of the store.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(self.name.to_string())
    }

    /// Returns the same with another block.
    pub(super) fn with_block(self, block: Vec<u8>) -> Self {
        Self { block: Block::Read(block.into()), ..self }
    }

    /// Makes sure that the file is a recording.
    pub(super) fn check(self, root: &Path, limits: &Limits) -> Result<Self, Error> {
        match self.view()?.problem(limits) {
            Some(problem) => Err(Error::Malformed { path: root.join(self.path()), problem }),
            None => Ok(self),
        }
    }

    /// Returns the newest key profile under which its request has the key that names it; `None` where there is none,
    /// or the file is no recording.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        let view = self.view().ok()?;
        let request = Reader::new(view.request().ok()?).ok()?.dialect(Dialect::Python).document(Value::read).ok()?;
        let test_id = view.test_id().ok()?;
        matching(&Request::split(&&request).ok()?, test_id.as_ref(), self.key()?)
    }

    /// Says whether it is answered from a pack.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        matches!(self.block, Block::Packed { .. })
    }

    /// Looks at it.
    ///
    /// # Errors
    /// Where it lies in a pack that is damaged.
    pub fn view(&self) -> Result<View<'_>, Error> {
        let block = match &self.block {
            Block::Packed { pack, row } => pack.block(*row)?,
            Block::Read(block) => block,
        };
        View::new(block).map_err(|damage| self.damaged(damage))
    }

    /// Says that a part of it is not where its index says, which only a pack made by a stranger can bring about.
    #[must_use]
    pub fn damaged(&self, damage: DamagedBlock) -> Error {
        match &self.block {
            Block::Packed { pack, .. } => PackError::of_block(pack.path(), damage).into(),
            Block::Read(_) => PackError::of_block(&self.path(), damage).into(),
        }
    }
}
