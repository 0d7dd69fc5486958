//! All recordings of a tree under the keys of another profile: by renaming, and nothing else.
//!
//! The invariant, whenever the process is killed: **every recording has its old name until the settings file names the new
//! profile, and has its new name from before that on.** So a look-up finds what it found before, under the profile that
//! the settings file names at that moment, before, during and after. It is held by the order of the steps, each on the
//! disk before the next begins: the journal; the new names, as further links to the same files; the settings file; the old
//! names go. [`undo`] takes the same steps the other way round. `docs/rekey.md` tells it to users.

mod former;
mod journal;
mod plan;
mod run;

pub use former::former;
pub use journal::unfinished;
pub use plan::{Collision, Left, Plan, Rename, plan};
pub use run::{Done, OnCollision, rekey, undo};
