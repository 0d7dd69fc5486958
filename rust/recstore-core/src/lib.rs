//! recstore's core.
pub mod doctor;
pub mod error;
pub mod json;
pub mod key;
pub mod loose;
pub mod pack;
mod parallel;
pub mod recording;
pub mod rekey;
pub mod store;
