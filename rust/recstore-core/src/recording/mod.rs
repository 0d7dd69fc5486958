//! One recording: what its file says, and how it is kept ready to answer.
//!
//! A file is read once, into a block (see [`encode`]): its JSON without white space, and before that where each part
//! lies. Packs are made of blocks, and a loose file that is read becomes one too, so that there is one way to look at a
//! recording whatever it came from: a [`View`].

mod answer;
mod block;
mod changes;
mod compose;
mod encode;
mod error;
mod models;
mod name;
mod pattern;
mod said;

pub use answer::{answer_digest, recorded_under};
pub use block::{ChunkSpan, View};
pub use changes::ChangeReader;
pub use compose::{Answer, RecordedError, compose};
pub use encode::{Asked, asked, encode, encode_broken, rebuild};
pub use error::{DamagedBlock, Limits, Malformed};
pub use models::{file_name, unite};
pub use name::FileName;
pub use pattern::{Pattern, Varying, VaryingKind, shape_of};
pub use said::{Said, ToolCall, join_tool_calls, said};
