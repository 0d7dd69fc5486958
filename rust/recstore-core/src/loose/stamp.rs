//! What the file system says of a file, by which a change is noticed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

/// What the file system says of a file. Two equal stamps of one path mean that nothing was written in between,
/// provided that the first was [settled](Stamp::is_settled) when the file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Size, in bytes.
    pub size: u64,
    /// Time of the last change of the content, in nanoseconds since 1970.
    pub modified: i64,
    /// Time of the last change of content, name or rights, in nanoseconds since 1970. Nobody can set it back.
    pub changed: i64,
    /// Number of the file on its disk; a file renamed into the place of another has a different one.
    pub inode: u64,
}

/// How far a file's times may lag behind the clock: the kernel takes them from a clock that ticks every 10 ms at most.
const TICK: Duration = Duration::from_millis(20);
/// The same for file systems that keep no fractions of a second, or only even seconds (FAT).
const COARSE_TICK: Duration = Duration::from_millis(2_100);

impl Stamp {
    /// Takes the stamp from what the file system says.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The same from what it says of a file in an open folder.
    #[allow(clippy::unnecessary_cast, reason = "on other systems the fields have other types")]
    pub(super) fn of_stat(stat: &Stat) -> Self {
        Self {
            size: stat.st_size as u64,
            modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
        }
    }

    /// Says whether any change after `now` will show in the stamp. Within one tick of the file system's clock a second
    /// change leaves the times as they are; git calls such entries racy.
    #[must_use]
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let is_coarse = self.changed % 1_000_000 == 0;
        let tick = if is_coarse { COARSE_TICK } else { TICK };
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(tick);
        u128::try_from(self.changed).is_ok_and(|changed| changed < now.as_nanos())
    }
}

fn nanoseconds(seconds: i64, fraction: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction)
}
