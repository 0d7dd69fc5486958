//! The canonical form of a request under a profile, and its key.

use std::cell::Cell;
use std::convert::Infallible;

use super::added::{Added, WithAdded};
use super::request::{Request, Shape, Url, clean, without_databricks_host};
use super::rule::Applied;
use super::{Key, Profile, TestId};
use crate::json::{ObjectWriter, Plain, Sink, Source, Text, Value, WriteError};

/// Returns the canonical form of `request`: the bytes whose digest is its key.
///
/// `profile` must be for the request's shape (see [`Profile::for_shape`]).
///
/// # Errors
/// Where the request holds something that has no spelling, with its path in the request.
pub fn canonical<S: Source>(
    request: &Request<S>,
    test_id: Option<&Text<'_>>,
    profile: &Profile,
) -> Result<Vec<u8>, (String, WriteError<S::Error>)> {
    with_canonical(request, test_id, profile, <[u8]>::to_vec)
}

/// Returns what `take` makes of the canonical form, for which each thread has one place.
///
/// # Errors
/// As [`canonical`].
pub fn with_canonical<S: Source, T>(
    request: &Request<S>,
    test_id: Option<&Text<'_>>,
    profile: &Profile,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T, (String, WriteError<S::Error>)> {
    thread_local! {
        static SPARE: Cell<Option<Sink>> = const { Cell::new(None) };
    }
    let mut sink = SPARE.take().unwrap_or_else(|| Sink::with_room(USUAL_LENGTH));
    let taken = write(&mut sink, request, test_id, profile).map(|()| take(sink.as_bytes()));
    sink.clear();
    SPARE.set(Some(sink).filter(|sink| sink.capacity() <= LARGEST_SPARE));
    taken
}

/// Room for most forms, in bytes: of two thousand on average, nine in ten are shorter than this.
const USUAL_LENGTH: usize = 4096;

/// So much room is kept for the next form, in bytes.
const LARGEST_SPARE: usize = 1 << 21;

fn write<S: Source>(
    sink: &mut Sink,
    request: &Request<S>,
    test_id: Option<&Text<'_>>,
    profile: &Profile,
) -> Written<S::Error> {
    let url = without_databricks_host(&request.url);
    let url = clean(&url);
    let Url { host, path: endpoint } = match request.shape {
        Shape::Inference => Url::split(&url),
        Shape::Http | Shape::Tool => Url { host: "", path: "" },
    };
    let has_test_id = match profile.test_id {
        TestId::Absent => false,
        TestId::Present => true,
        TestId::ExceptFor(paths) => !paths.contains(&endpoint),
    };
    let write_test_id = |form: &mut Form| match test_id {
        _ if !has_test_id => Ok(()),
        Some(id) => form.text("test_id", id.as_bytes()),
        None => form.own("test_id", &Value::Null),
    };
    let mut form = Form(ObjectWriter::new(sink, profile.style));
    let rules = Applied { rules: &profile.rules, host };
    let added = profile.added.as_deref();
    // The members in the order of their names, which is the same in every style.
    match (request.shape, &request.tool) {
        (Shape::Inference, _) => {
            form.body("body", &request.body, rules, added)?;
            form.text("endpoint", endpoint.as_bytes())?;
            form.text("method", request.method.as_bytes())?;
            write_test_id(&mut form)?;
        }
        (Shape::Http, _) => {
            form.text("method", request.method.as_bytes())?;
            form.body("payload", &request.body, rules, added)?;
            write_test_id(&mut form)?;
            form.text("url", request.url.as_bytes())?;
        }
        (Shape::Tool, tool) => {
            form.body("kwargs", &request.body, rules, added)?;
            if let Some((provider, _)) = tool {
                form.source("provider", provider)?;
            }
            write_test_id(&mut form)?;
            if let Some((_, name)) = tool {
                form.source("tool_name", name)?;
            }
        }
    }
    form.0.close();
    Ok(())
}

type Written<E> = Result<(), (String, WriteError<E>)>;

/// A canonical form while its members are written, one after the other.
struct Form<'s>(ObjectWriter<'s>);

impl Form<'_> {
    /// Writes the body. The rules of released profiles have a way of their own, which knows how little they look at.
    fn body<S: Source>(
        &mut self,
        name: &str,
        source: &S,
        rules: Applied<'_>,
        added: Option<&Added>,
    ) -> Written<S::Error> {
        match added {
            None => self.0.member(name, source, &rules),
            Some(added) => self.0.member(name, source, &WithAdded { released: rules, added }),
        }
    }

    /// Writes another member that is part of the request.
    fn source<S: Source>(&mut self, name: &str, source: &S) -> Written<S::Error> {
        self.0.member(name, source, &Plain)
    }

    /// Writes a member that follows from the request or is not part of it.
    fn own<S: Source<Error = Infallible>, E>(&mut self, name: &str, value: S) -> Written<E> {
        self.source(name, &value).map_err(|(path, error)| (path, error.of_source()))
    }

    fn text<E>(&mut self, name: &str, text: &[u8]) -> Written<E> {
        self.own(name, &Text::from_wtf8(text))
    }
}

/// Returns the key of `request` under `profile`.
///
/// ```
/// use recstore_core::json::{Text, Value};
/// use recstore_core::key::{Profile, Request, request_key};
///
/// let request = Value::parse(br#"{"method": "POST", "url": "http://localhost:11434/v1/v1/chat/completions",
///     "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true}}"#)?;
/// let request = Request::split(&&request).unwrap();
/// let test_id = Text::from("tests/a.py::t[x-y]");
/// let key = request_key(&request, Some(&test_id), Profile::named("ogx-7").unwrap()).unwrap();
/// assert_eq!(key.to_string(), "5297b15abc22007d040410b4cb51f91dda79274d9f3713ff48aff43908286280");
/// # Ok::<(), recstore_core::json::JsonError>(())
/// ```
///
/// # Errors
/// As [`canonical`].
pub fn request_key<S: Source>(
    request: &Request<S>,
    test_id: Option<&Text<'_>>,
    profile: &Profile,
) -> Result<Key, (String, WriteError<S::Error>)> {
    with_canonical(request, test_id, profile, |form| profile.digest(form))
}
