//! Keys of requests.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use recstore_core::json::Text;
use recstore_core::key::{Key, PROFILES, Profile, Request, with_canonical};

use crate::borrowed;
use crate::errors::{invalid_request, not_a_request, not_json, unknown_profile};
use crate::from_python::{PyJson, text_of};

/// Return the canonical form of a request: the bytes whose digest is its key.
///
/// The form is an object of the members that count, with the body changed by the rules of the profile, spelled as the
/// profile says; docs/keys.md states the rules of each. Raises as `request_key`.
///
/// >>> import recstore
/// >>> request = {"method": "post", "url": "http://localhost/v1/chat/completions?x=1", "body": {"top_p": 0.1234567}}
/// >>> recstore.canonical(request, test_id="tests/test_a.py::test")
/// b'{"body": {"top_p": 0.12346}, "endpoint": "/v1/chat/completions", "method": "POST", "test_id": "tests/test_a.py::test"}'
#[pyfunction]
#[pyo3(signature = (request, *, test_id=None, profile="ogx-7"))]
pub(crate) fn canonical<'py>(
    py: Python<'py>,
    request: Bound<'py, PyAny>,
    test_id: Option<&Bound<'py, PyString>>,
    profile: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    with_form(py, request, test_id, named(py, profile)?, |form, _| PyBytes::new(py, form))
}

/// Return the key of a request, in lower-case hexadecimal digits: 64 under the profiles of OGX, 32 under recstore's own.
///
/// `request` holds `method`, `url` and `body`; or `method`, `url` and `payload` for a request caught at the HTTP client;
/// or `provider`, `tool_name` and `kwargs` for a call of a tool. A profile for calls takes its companions for the others.
///
/// Raises `NotJson` (a `TypeError`) with the path of a value that is not JSON, `InvalidRequest` where a member is
/// missing, and `UnknownProfile`.
///
/// >>> import recstore
/// >>> request = {"method": "POST", "url": "http://localhost/v1/models", "body": {}}
/// >>> recstore.request_key(request)
/// '3a641f25d65695766fb77e424273f716b852f371e1e87f6e14fd5672b1ab6005'
/// >>> recstore.request_key(request, profile="recstore-1")
/// 'a50b63ebc7f389aee6393f55712e4b8e'
/// >>> recstore.request_key({**request, "body": {"messages": [{"content": b"bytes"}]}})
/// Traceback (most recent call last):
///     ...
/// recstore.errors.NotJson: request: body.messages[0].content is of type bytes, which is not JSON; pass dict, list, str, int, float, bool or None (for an object of an SDK, its .model_dump(mode="json"))
#[pyfunction]
#[pyo3(signature = (request, *, test_id=None, profile="ogx-7"))]
pub(crate) fn request_key<'py>(
    py: Python<'py>,
    request: Bound<'py, PyAny>,
    test_id: Option<&Bound<'py, PyString>>,
    profile: &str,
) -> PyResult<Bound<'py, PyString>> {
    with_form(py, request, test_id, named(py, profile)?, |form, profile| digits(py, profile.digest(form)))
}

/// Return the names of the key profiles that recstore brings along, of each kind of request the newest first.
///
/// >>> import recstore
/// >>> recstore.profiles()[:3]
/// ['ogx-7', 'ogx-6', 'ogx-5']
#[pyfunction]
pub(crate) fn profiles() -> Vec<&'static str> {
    PROFILES.iter().map(|profile| profile.name).collect()
}

fn named(py: Python<'_>, name: &str) -> PyResult<&'static Profile> {
    Profile::named(name).map_err(|error| unknown_profile(py, &error))
}

/// Returns a key as Python has it.
pub(crate) fn digits(py: Python<'_>, key: Key) -> Bound<'_, PyString> {
    key.with_digits(|digits| PyString::new(py, digits))
}

/// Returns what `take` makes of the canonical form, with the profile that fits the shape of the request.
pub(crate) fn with_form<T>(
    py: Python<'_>,
    request: Bound<'_, PyAny>,
    test_id: Option<&Bound<'_, PyString>>,
    profile: &'static Profile,
    take: impl Fn(&[u8], &'static Profile) -> T,
) -> PyResult<T> {
    let test_id = test_id.map(text_of).transpose()?.map(Text::from_wtf8);
    let plain = borrowed::walk(&request, |request| {
        let request = Request::split(&request).ok()?;
        let profile = profile.for_shape(request.shape)?;
        with_canonical(&request, test_id.as_ref(), profile, |form| take(form, profile)).ok()
    });
    if let Some(taken) = plain {
        return Ok(taken);
    }
    // The walk that knows all that `json.dumps` knows, and what is wrong.
    let request = Request::split(&PyJson(request)).map_err(|error| not_a_request(py, error))?;
    let profile = profile.for_shape(request.shape).ok_or_else(|| {
        let message =
            format!("the profile {} has no keys for requests of this kind ({:?})", profile.name, request.shape);
        invalid_request(py, message)
    })?;
    with_canonical(&request, test_id.as_ref(), profile, |form| take(form, profile))
        .map_err(|(path, error)| not_json(py, "request", &path, &error))
}
