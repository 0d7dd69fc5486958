//! Keys of requests.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use recstore_core::key::{PROFILES, Profile, Request};

use crate::errors::{invalid_request, not_a_request, not_json, unknown_profile};
use crate::from_python::{PyJson, to_text};

/// Return the canonical form of a request: the bytes whose digest is its key.
#[pyfunction]
#[pyo3(signature = (request, *, test_id=None, profile="ogx-7"))]
pub(crate) fn canonical<'py>(
    py: Python<'py>,
    request: Bound<'py, PyAny>,
    test_id: Option<&Bound<'py, PyString>>,
    profile: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let (form, _) = form(py, request, test_id, profile)?;
    Ok(PyBytes::new(py, &form))
}

/// Return the key of a request, in lower-case hexadecimal digits.
#[pyfunction]
#[pyo3(signature = (request, *, test_id=None, profile="ogx-7"))]
pub(crate) fn request_key(
    py: Python<'_>,
    request: Bound<'_, PyAny>,
    test_id: Option<&Bound<'_, PyString>>,
    profile: &str,
) -> PyResult<String> {
    let (form, profile) = form(py, request, test_id, profile)?;
    Ok(profile.digest(&form).to_string())
}

/// Return the names of all key profiles, of each kind of request the newest first.
#[pyfunction]
pub(crate) fn profiles() -> Vec<&'static str> {
    PROFILES.iter().map(|profile| profile.name).collect()
}

/// Returns the canonical form, and the profile that fits the shape of the request.
pub(crate) fn form(
    py: Python<'_>,
    request: Bound<'_, PyAny>,
    test_id: Option<&Bound<'_, PyString>>,
    profile: &str,
) -> PyResult<(Vec<u8>, &'static Profile)> {
    let profile = Profile::named(profile).map_err(|error| unknown_profile(py, &error))?;
    let request = Request::split(&PyJson(request)).map_err(|error| not_a_request(py, error))?;
    let profile = profile.for_shape(request.shape).ok_or_else(|| {
        let message =
            format!("the profile {} has no keys for requests of this kind ({:?})", profile.name, request.shape);
        invalid_request(py, message)
    })?;
    let test_id = test_id.map(to_text).transpose()?;
    let form = recstore_core::key::canonical(&request, test_id.as_ref(), profile)
        .map_err(|(path, error)| not_json(py, "request", &path, &error))?;
    Ok((form, profile))
}
