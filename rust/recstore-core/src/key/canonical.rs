//! The canonical form of a request under a profile, and its key.

use super::added::{Added, WithAdded};
use super::request::{Request, Shape, Url, clean, without_databricks_host};
use super::rule::Applied;
use super::{Key, Profile, TestId};
use crate::json::{Path, Plain, Rewrite, Source, Step, Style, Text, Value, WriteError, write};

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
    let mut form = Form { out: Vec::with_capacity(USUAL_LENGTH), style: profile.style };
    let write_test_id = |form: &mut Form| match test_id {
        _ if !has_test_id => Ok(()),
        Some(id) => form.text("test_id", id.as_bytes()),
        None => form.value("test_id", &Value::Null),
    };
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
                form.source("provider", provider, &Plain)?;
            }
            write_test_id(&mut form)?;
            if let Some((_, name)) = tool {
                form.source("tool_name", name, &Plain)?;
            }
        }
    }
    form.out.push(b'}');
    Ok(form.out)
}

/// Room for most forms, in bytes: of two thousand on average, nine in ten are shorter than this.
const USUAL_LENGTH: usize = 4096;

/// A canonical form while its members are written, one after the other.
struct Form {
    out: Vec<u8>,
    style: Style,
}

type Written<E> = Result<(), (String, WriteError<E>)>;

impl Form {
    /// Writes a member that is part of the request.
    fn source<S: Source, R: Rewrite>(&mut self, name: &str, source: &S, rules: &R) -> Written<S::Error> {
        let space = if self.style.spaces { " " } else { "" };
        if self.out.is_empty() {
            self.out.push(b'{');
        } else {
            self.out.push(b',');
            self.out.extend_from_slice(space.as_bytes());
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out.extend_from_slice(space.as_bytes());
        write(&mut self.out, source, self.style, rules, &Path::ROOT.then(Step::Member(name.as_bytes())))
    }

    /// Writes the body. The rules of released profiles have a way of their own, which knows how little they look at.
    fn body<S: Source>(
        &mut self,
        name: &str,
        source: &S,
        rules: Applied<'_>,
        added: Option<&Added>,
    ) -> Written<S::Error> {
        match added {
            None => self.source(name, source, &rules),
            Some(added) => self.source(name, source, &WithAdded { released: rules, added }),
        }
    }

    /// Writes a member that follows from the request or is not part of it.
    fn value<E>(&mut self, name: &str, value: &Value<'_>) -> Written<E> {
        self.source(name, &value, &Plain).map_err(|(path, error)| (path, error.of_source()))
    }

    fn text<E>(&mut self, name: &str, text: &[u8]) -> Written<E> {
        self.value(name, &Value::String(Text::from_wtf8(text)))
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
    canonical(request, test_id, profile).map(|form| profile.digest(&form))
}
