//! recstore's core.
pub mod json;
pub mod key;
pub mod recording;
