//! recstore's core.
pub mod json;
pub mod key;
