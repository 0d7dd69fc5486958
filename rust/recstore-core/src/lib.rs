//! recstore's core.
pub mod doctor;
pub mod error;
pub mod explain;
pub mod fork;
pub mod json;
pub mod key;
pub mod loose;
pub mod pack;
mod parallel;
mod recent;
pub mod recording;
pub mod rekey;
pub mod store;
