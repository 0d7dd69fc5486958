//! Work on all cores.

use rayon::ThreadPoolBuilder;

/// Does `work` with threads of its own for the parallel iterators in it.
///
/// The threads are started for this work and end with it. Threads that waited for the next work would not exist in a
/// process forked from this one, and its first parallel iterator would wait for them for ever; test runners fork.
pub(crate) fn on_all_cores<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let pool = ThreadPoolBuilder::new().build();
    // Where no thread can be started, this one does all of it.
    let pool = pool.or_else(|_| ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
