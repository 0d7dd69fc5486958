//! Locks in a process that forks.
//!
//! A process forked while another thread holds a lock has the lock, held, without the thread that would let it go. So
//! whoever holds a lock of this crate has passed a gate, and whoever forks shuts it before and opens it after: nobody
//! holds any lock at that moment.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static GATE: RwLock<()> = RwLock::new(());

thread_local! {
    /// The gate, while this thread forks.
    static SHUT: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// Waits until no thread holds a lock, and keeps all from taking one; to be called before the calling thread forks.
pub fn before() {
    let shut = GATE.write().unwrap_or_else(PoisonError::into_inner);
    SHUT.set(Some(shut));
}

/// Lets locks be taken again; to be called after the fork, by the thread that forked, in both processes.
pub fn after() {
    SHUT.take();
}

/// A lock that is held, and the way through the gate.
pub(crate) struct Held<G> {
    lock: G,
    _passed: RwLockReadGuard<'static, ()>,
}

impl<G> Held<G> {
    /// Takes a lock. A thread that holds one must not take another: while somebody waits to fork, it would wait for ever.
    pub(crate) fn new(take: impl FnOnce() -> G) -> Self {
        let passed = GATE.read().unwrap_or_else(PoisonError::into_inner);
        Self { lock: take(), _passed: passed }
    }
}

impl<G: Deref> Deref for Held<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.lock
    }
}

impl<G: DerefMut> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.lock
    }
}
