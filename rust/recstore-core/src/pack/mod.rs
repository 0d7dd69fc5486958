//! Many recordings in one file that is mapped, shared by all processes and never changed.
//!
//! `docs/format.md` shows the bytes. A pack is a cache: it can always be made again from the loose files, so the format
//! may change with any release, and a version that is not known is refused.
//!
//! In the fast form a recording lies in it ready to answer ([`write`](self)); in the small form many are compressed together,
//! and a group of them is decompressed when one is asked for ([`compress`](self), [`frames`](self)).
//!
//! A pack may be damaged, or made by a stranger. Every page of it has a checksum that is verified before the first byte
//! of that page is used ([`sums`](self)); every number read from it is checked against the file before it is used.

mod compress;
mod error;
mod find;
mod format;
mod frames;
mod map;
mod open;
mod shared;
mod sums;
mod verify;
mod write;

pub use error::{PackError, PackProblem};
pub use find::Entry;
pub use format::Form;
pub use map::Map;
pub use open::{Meta, Pack};
pub use write::Writer;
