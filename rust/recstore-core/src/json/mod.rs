//! JSON as CPython means it.
//!
//! Recordings are written by Python's `json` and their keys are digests of what `json.dumps` says, so this
//! module reads and writes exactly that: integers of any size, doubles by `repr`, lone surrogates, ASCII escapes.
//! `docs/json.md` lists each decision. A library would have served had one agreed with CPython on these points
//! and told where in the text each value lies.
//!
//! - [`Reader`] walks a document without building anything; everything else that reads stands on it.
//! - [`Value`] is a document in memory.
//! - [`Source`] is anything that can be written as JSON: a [`Value`], or an object of another language.
//! - [`write()`] writes a source in one of the [`Style`]s: indented as in a file, sorted as in a key, RFC 8785.
//! - [`compact()`] and [`restore`] take the white space out of a document and put it back, byte for byte.

mod alike;
mod compact;
mod error;
mod escape;
mod float;
mod layout;
mod order;
mod path;
mod plain;
mod read;
mod sink;
mod source;
mod style;
mod token;
mod value;
#[cfg(target_arch = "x86_64")]
mod wide;
mod write;

pub(crate) use alike::{Model, common_len};
pub(crate) use compact::check;
pub(crate) use escape::decode_wtf8;
pub(crate) use plain::{plain_length, plain_string};
pub(crate) use sink::Sink;
pub(crate) use write::ObjectWriter;

pub use compact::compact;
pub use error::{JsonError, JsonErrorKind, Position};
pub use float::{es6_float, python_float, round_decimals};
pub use layout::{Layout, restore, restored_len};
pub use path::{Path, Step};
pub use read::{Dialect, Kind, Limits, Number, Reader};
pub use source::{Node, Source};
pub use style::{Numbers, Sorting, Style};
pub use value::{Text, Value};
pub use write::{Plain, Rewrite, WriteError, to_vec, write};

/// How deep documents and values may nest, unless the caller says otherwise. Real recordings reach 13.
pub const MAX_DEPTH: usize = 128;
