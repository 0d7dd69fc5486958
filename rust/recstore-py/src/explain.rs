//! Explanations as Python values.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use recstore_core::explain::{Difference, Explanation, Extent, Near, Obstacle, Remedy, Volatile, compare};

use crate::errors::raise;
use crate::recording::Recording;
use crate::to_python::text;

/// Return what differs between the requests of two recordings, as they were recorded.
#[pyfunction]
pub(crate) fn differences<'py>(
    py: Python<'py>,
    first: &Recording,
    second: &Recording,
    full: bool,
) -> PyResult<Bound<'py, PyList>> {
    let extent = if full { Extent::Full } else { Extent::Short };
    let found = compare(first.core(), second.core(), extent).map_err(|error| raise(py, error))?;
    PyList::new(py, found.into_iter().map(|found| difference(py, found)).collect::<PyResult<Vec<_>>>()?)
}

/// Makes the dict that `Store.explain` returns.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    explanation: Explanation,
    test_id: Option<Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("key", explanation.key.to_string())?;
    dict.set_item("profile", explanation.profile.name)?;
    dict.set_item("test_id", test_id)?;
    dict.set_item("endpoint", explanation.endpoint)?;
    dict.set_item("model", explanation.model)?;
    dict.set_item("folders", explanation.folders.iter().map(|folder| spelled(folder)).collect::<Vec<_>>())?;
    dict.set_item("answer", explanation.answer.as_deref().map(spelled))?;
    dict.set_item("compared", explanation.compared)?;
    let nearest = explanation.nearest.into_iter().map(|recording| near(py, recording));
    dict.set_item("nearest", nearest.collect::<PyResult<Vec<_>>>()?)?;
    Ok(dict)
}

fn near<'py>(py: Python<'py>, near: Near) -> PyResult<Bound<'py, PyDict>> {
    let profile = near.obstacles.iter().find_map(|obstacle| match obstacle {
        Obstacle::Profile(profile) => Some(profile.name),
        _ => None,
    });
    let dict = PyDict::new(py);
    dict.set_item("key", near.key.map(|key| key.to_string()))?;
    dict.set_item("path", spelled(&near.path))?;
    dict.set_item("test_id", near.test_id.map(|id| text(py, &id)).transpose()?)?;
    dict.set_item("endpoint", near.endpoint)?;
    dict.set_item("model", near.model)?;
    dict.set_item("is_same_test", near.is_same_test)?;
    dict.set_item("obstacles", near.obstacles.iter().map(|obstacle| obstacle.name()).collect::<Vec<_>>())?;
    dict.set_item("profile", profile)?;
    let differences = near.differences.into_iter().map(|found| difference(py, found));
    dict.set_item("differences", differences.collect::<PyResult<Vec<_>>>()?)?;
    dict.set_item("more_differences", near.more)?;
    dict.set_item("volatile", kinds(&near.volatile))?;
    dict.set_item("closed_by", near.closed_by.map(|profile| profile.name))?;
    let remedy = near.remedy.map(|Remedy { profile, lines }| {
        let remedy = PyDict::new(py);
        remedy.set_item("profile", profile)?;
        remedy.set_item("lines", lines)?;
        Ok::<_, PyErr>(remedy)
    });
    dict.set_item("remedy", remedy.transpose()?)?;
    Ok(dict)
}

fn difference(py: Python<'_>, difference: Difference) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kind", difference.kind.name())?;
    dict.set_item("path", difference.path)?;
    dict.set_item("from", difference.from)?;
    dict.set_item("recorded", difference.recorded)?;
    dict.set_item("requested", difference.requested)?;
    dict.set_item("places", difference.places)?;
    dict.set_item("more_places", difference.more_places)?;
    dict.set_item("volatile", kinds(&difference.volatile))?;
    Ok(dict)
}

fn kinds(volatile: &[Volatile]) -> Vec<&'static str> {
    volatile.iter().map(|kind| kind.name()).collect()
}

fn spelled(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
