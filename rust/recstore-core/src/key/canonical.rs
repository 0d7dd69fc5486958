//! The canonical form of a request under a profile, and its key.

use super::request::{Request, Shape, host_of, path_of, without_databricks_host};
use super::rule::Applied;
use super::{Key, PROFILES, Profile, TestId};
use crate::json::{Path, Plain, Source, Step, Text, Value, WriteError, write};

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
    let (host, endpoint) = match request.shape {
        Shape::Inference => {
            let url = without_databricks_host(&request.url);
            (host_of(&url), path_of(&url))
        }
        Shape::Http | Shape::Tool => Default::default(),
    };
    let text = |text: &str| Member::Value(Value::String(Text::from(text.to_owned())));
    let mut members = match (request.shape, &request.tool) {
        (Shape::Inference, _) => vec![
            ("body", Member::Body(&request.body)),
            ("endpoint", text(&endpoint)),
            ("method", text(&request.method)),
        ],
        (Shape::Http, _) => vec![
            ("method", text(&request.method)),
            ("payload", Member::Body(&request.body)),
            ("url", text(&request.url)),
        ],
        (Shape::Tool, tool) => {
            let names = tool.iter().flat_map(|(provider, name)| {
                [("provider", Member::Plain(provider)), ("tool_name", Member::Plain(name))]
            });
            names.chain([("kwargs", Member::Body(&request.body))]).collect()
        }
    };
    let has_test_id = match profile.test_id {
        TestId::Absent => false,
        TestId::Present => true,
        TestId::ExceptFor(paths) => !paths.contains(&endpoint.as_str()),
    };
    if has_test_id {
        members.push(("test_id", Member::Value(test_id.map_or(Value::Null, |id| Value::String(id.clone())))));
    }
    members.sort_unstable_by_key(|(name, _)| *name);

    let style = profile.style;
    let rules = Applied { rules: profile.rules, host: &host };
    let mut out = Vec::with_capacity(1024);
    for (index, (name, member)) in members.iter().enumerate() {
        out.extend_from_slice(if index == 0 { "{" } else { style.comma }.as_bytes());
        out.extend_from_slice(format!("\"{name}\"{}", style.colon).as_bytes());
        let path = Path::ROOT.then(Step::Member(name.as_bytes()));
        match member {
            Member::Body(body) => write(&mut out, *body, style, &rules, &path)?,
            Member::Plain(value) => write(&mut out, *value, style, &Plain, &path)?,
            Member::Value(value) => {
                write(&mut out, &value, style, &Plain, &path).map_err(|(path, error)| (path, error.of_source()))?;
            }
        }
    }
    out.push(b'}');
    Ok(out)
}

/// A member of a canonical form.
enum Member<'r, S> {
    /// Part of the request, changed by the rules.
    Body(&'r S),
    /// Part of the request, as it is.
    Plain(&'r S),
    /// What follows from the request or is not part of it.
    Value(Value<'r>),
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

/// Returns the newest profile under which `request` has `key`.
pub fn matching<S: Source>(request: &Request<S>, test_id: Option<&Text<'_>>, key: &Key) -> Option<&'static Profile> {
    PROFILES
        .iter()
        .filter(|profile| profile.shape == request.shape)
        .find(|profile| request_key(request, test_id, profile).is_ok_and(|found| key.finds(&found)))
}
