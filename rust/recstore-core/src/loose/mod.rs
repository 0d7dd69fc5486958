//! Recordings as files of their own: the truth, readable, committed to git.

mod find;
mod read;
mod stamp;
mod write;

pub use find::{File, Folder, Names, find_folders, is_passed_over, list_all, list_names};
pub use read::{read, stamp_of};
pub use stamp::Stamp;
pub(crate) use write::sync_folder;
pub use write::{OnConflict, Outcome, publish, write_atomically};
