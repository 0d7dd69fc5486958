//! Work on all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does `work` for every number below `count` on all cores; returns what came of each, in the order of the numbers.
///
/// The threads are started for this work and end with it. A pool whose threads wait for the next work (rayon's) would
/// have none in a process forked from this one, and its first work there would wait for ever; test runners fork. A pool
/// made for each call costs milliseconds where its threads spin.
pub(crate) fn map<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    // For less work than this, starting a thread does not pay.
    const FEW: usize = 8;
    const SHARES: usize = 16;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(count / FEW);
    if threads < 2 {
        return (0..count).map(work).collect();
    }
    // Small shares, so that no thread is left with a large one while the others are done.
    let share = (count / (threads * SHARES)).max(1);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(share, Ordering::Relaxed);
            if start >= count {
                return done;
            }
            done.extend((start..count.min(start + share)).map(|number| (number, work(number))));
        }
    };
    let mut done = thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, worker).ok();
        // Where a thread cannot be started, the others do its work; this one is always there.
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_come_in_the_order_of_the_numbers() {
        for count in [0, 1, 7, 8, 100, 10_001] {
            assert_eq!(map(count, |number| number * 2), (0..count).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
