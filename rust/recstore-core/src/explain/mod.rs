//! Why a request is not found: the nearest recordings, and what differs.
//!
//! All recordings are compared with the request roughly (`sketch.rs`), as the pack has them; the few that are most
//! alike are read as they are now and compared in full, in the canonical form that the store's profile gives them. So a
//! difference that does not change the key is none, and nothing has to be kept for this in the index.

mod align;
mod common;
mod diff;
mod nearest;
mod outline;
mod remedy;
mod shown;
mod sketch;
mod volatile;
mod words;

use std::path::PathBuf;

pub use diff::Kind;
pub use remedy::Remedy;
pub use shown::Extent;
pub use volatile::Volatile;

use crate::error::Error;
use crate::json::{Text, Value};
use crate::key::{Key, Profile};
use crate::store::{Recording, Store};

/// Why a request is not found.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The key that was looked up.
    pub key: Key,
    /// The profile that it was made under.
    pub profile: &'static Profile,
    /// The endpoint of the request; empty for a tool.
    pub endpoint: String,
    /// The model that was asked, or the tool.
    pub model: String,
    /// The folders that answer, relative to the root, the first to answer first; none where all do.
    pub folders: Vec<PathBuf>,
    /// The file that answers after all.
    pub answer: Option<PathBuf>,
    /// How many recordings the request was compared with.
    pub compared: usize,
    /// The nearest ones, the nearest first.
    pub nearest: Vec<Near>,
}

/// A recording that is near, and what keeps it from answering.
#[derive(Clone, Debug)]
pub struct Near {
    /// The key that names its file, if one does.
    pub key: Option<Key>,
    /// The file, relative to the root.
    pub path: PathBuf,
    /// The test that recorded it.
    pub test_id: Option<Text<'static>>,
    /// The endpoint that was asked.
    pub endpoint: String,
    /// The model that was asked, or the tool.
    pub model: String,
    /// Whether the same test recorded it.
    pub is_same_test: bool,
    /// What would have to be another for this recording to answer, where that is not the request.
    pub obstacles: Vec<Obstacle>,
    /// What differs in the canonical form, but for the test's id, in the order of paths.
    pub differences: Vec<Difference>,
    /// How many more differences there are.
    pub more: usize,
    /// What kinds of values differ, where each is one that changes by itself.
    pub volatile: Vec<Volatile>,
    /// The newest profile under which there would be no difference, if there is one.
    pub closed_by: Option<&'static Profile>,
    /// Where there is none, that which settings could declare.
    pub remedy: Option<Remedy>,
}

/// Why a recording does not answer though its request is the same.
#[derive(Clone, Copy, Debug)]
pub enum Obstacle {
    /// It is named by the key under this profile.
    Profile(&'static Profile),
    /// It was recorded by another test.
    TestId,
    /// It lies in a folder that does not answer for this test.
    Folder,
    /// Its file is named otherwise: by rules unknown here, or it was edited after recording.
    Name,
}

impl Obstacle {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile(_) => "profile",
            Self::TestId => "test_id",
            Self::Folder => "folder",
            Self::Name => "name",
        }
    }
}

/// One difference between a recorded request and that which was made, as it is shown. Control characters and what cannot
/// be seen are spelled out.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What became of the recorded value.
    pub kind: Kind,
    /// Where in the canonical form: `body.messages[2].content`. Of what was removed, where it was.
    pub path: String,
    /// Of what was moved, where it was.
    pub from: Option<String>,
    /// The recorded value.
    pub recorded: Option<String>,
    /// The value in the request that was made.
    pub requested: Option<String>,
    /// Of two texts, where they differ, each with a little around it: as recorded, and as requested.
    pub places: Vec<(String, String)>,
    /// How many more such places there are.
    pub more_places: usize,
    /// What kinds of values differ, where each is one that changes by itself.
    pub volatile: Vec<Volatile>,
}

/// Explains why `store` has no recording of a request, with the nearest recordings, at most `limit`.
///
/// ```
/// use recstore_core::explain::{Extent, explain};
/// use recstore_core::json::{Text, Value};
/// use recstore_core::key::Profile;
/// use recstore_core::recording::Answer;
/// use recstore_core::loose::OnConflict;
/// use recstore_core::store::{Options, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::open(folder.path(), &Options::default())?;
/// let request = |say| format!(r#"{{"method": "POST", "url": "http://h/v1/chat", "body": {{"say": "{say}"}}}}"#);
/// let (recorded, made) = (request("Say hello."), request("Say hullo."));
/// let (recorded, made) = (Value::parse(recorded.as_bytes())?, Value::parse(made.as_bytes())?);
/// let body = Value::Int(1);
/// let answer = Answer { status: None, body, is_streaming: false, error: None, details: Vec::new(), has_mapping: true };
/// store.put(&recorded, vec![answer], None, OnConflict::Error)?;
///
/// let explanation = explain(&store, &made, None, 3, Extent::Short)?;
/// let difference = &explanation.nearest[0].differences[0];
/// assert_eq!(difference.path, "body.say");
/// assert_eq!(difference.places[0], (r#""Say hello.""#.to_owned(), r#""Say hullo.""#.to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Where this is no request, or the store is a pack and damaged. Recordings that cannot be read are passed over.
pub fn explain(
    store: &Store,
    request: &Value<'_>,
    test_id: Option<&Text<'_>>,
    limit: usize,
    extent: Extent,
) -> Result<Explanation, Error> {
    nearest::Asked::new(store, request, test_id)?.explain(limit, extent)
}

/// Compares the requests of two recordings, as they were recorded: in a difference, `recorded` is of the first and
/// `requested` of the second.
///
/// # Errors
/// Where one of them lies in a pack that is damaged.
pub fn compare(first: &Recording, second: &Recording, extent: Extent) -> Result<Vec<Difference>, Error> {
    let first_request = first.view()?.request().map_err(|damage| first.damaged(damage))?;
    let second_request = second.view()?.request().map_err(|damage| second.damaged(damage))?;
    let value = |request| nearest::read(request).unwrap_or(Value::Null);
    let (old, new) = (value(first_request), value(second_request));
    Ok(diff::diff(&old, &new).iter().map(|change| nearest::told(change, extent)).collect())
}
