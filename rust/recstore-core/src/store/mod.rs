//! A store: a tree of recordings with a pack beside it, or a pack alone.

mod build;
mod cache;
mod export;
mod find;
mod lock;
mod open;
mod place;
mod put;
mod recording;
mod rules;
mod settings;
mod state;
mod verify;

pub(crate) use cache::{make_folder, own_folder};
pub use export::unpack;
pub(crate) use lock::Lock;
pub use open::{Cache, Options, Store};
pub use put::Written;
pub use recording::Recording;
pub use settings::{SETTINGS_FILE, Settings};
pub use state::{CacheState, Listed};
pub(crate) use state::{from_portable, to_portable};
pub use verify::{Finding, FindingKind, Report};
