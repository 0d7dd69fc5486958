//! That names do not change while something is recorded.
//!
//! A recorder shares the lock from the moment at which it asks for the profile of the store until the file is written;
//! whoever changes names has it alone. It is one of the system's on the root of the tree: no file is left behind, and the
//! system takes it back from a process that is killed. Where a file system knows no locks, there is none.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;

/// The lock, until it is dropped.
pub(crate) struct Lock(Option<File>);

impl Lock {
    /// Waits until no names change, and keeps them from changing.
    pub(crate) fn share(root: &Path) -> Self {
        Self::take(root, FlockOperation::LockShared)
    }

    /// Waits until nobody records or changes names, and keeps them from it.
    pub(crate) fn alone(root: &Path) -> Self {
        Self::take(root, FlockOperation::LockExclusive)
    }

    fn take(root: &Path, operation: FlockOperation) -> Self {
        let is_taken = |file: &File| retry_on_intr(|| flock(file, operation)).is_ok();
        Self(File::open(root).ok().filter(is_taken))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process forked from this one has the same open file: closing it here would leave the lock with that.
        if let Some(file) = &self.0 {
            let _ = flock(file, FlockOperation::Unlock);
        }
    }
}
