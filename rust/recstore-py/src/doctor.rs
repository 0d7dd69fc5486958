//! What is wrong with a store.

use std::collections::HashSet;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use recstore_core::doctor::{self, Finding, FindingKind, Fix, Options, Report};

use crate::errors::raise;
use crate::store::Store;

/// What an examination should know beside the recordings.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Known {
    large: u64,
    known_types: Vec<String>,
    renamed_types: Vec<(String, String)>,
    signs: Vec<String>,
    former_settings: Vec<String>,
}

impl From<Known> for Options {
    fn from(known: Known) -> Self {
        let Known { large, known_types, renamed_types, signs, former_settings } = known;
        Self { large, known_types, renamed_types, signs, former_settings }
    }
}

/// Read every file of a store and say what is not as it should be; `recstore.doctor.examine` is what users call.
#[pyfunction]
pub(crate) fn examine<'py>(py: Python<'py>, store: &Bound<'py, Store>, known: Known) -> PyResult<Bound<'py, PyDict>> {
    let (store, options) = (store.get().core(), Options::from(known));
    let Report { files, profiles, unmatched, findings, suspects } =
        py.detach(|| doctor::examine(store, &options)).map_err(|error| raise(py, error))?;
    let report = PyDict::new(py);
    report.set_item("files", files)?;
    report.set_item("profiles", profiles)?;
    report.set_item("unmatched", unmatched)?;
    let findings =
        findings.iter().map(|finding| to_dict(py, finding, store.profile().name)).collect::<PyResult<Vec<_>>>()?;
    report.set_item("findings", PyList::new(py, findings)?)?;
    let texts = PyDict::new(py);
    for (path, text) in &suspects {
        texts.set_item(path.to_string_lossy(), PyBytes::new(py, text))?;
    }
    report.set_item("suspects", texts)?;
    Ok(report)
}

/// The remedy is for a store under `profile`.
fn to_dict<'py>(py: Python<'py>, finding: &Finding, profile: &str) -> PyResult<Bound<'py, PyDict>> {
    let made = PyDict::new(py);
    made.set_item("id", finding.kind.id())?;
    made.set_item("severity", finding.kind.severity().name())?;
    made.set_item("path", finding.path.to_string_lossy())?;
    made.set_item("line", finding.line)?;
    made.set_item("message", &finding.message)?;
    made.set_item("remedy", finding.kind.remedy().replace("PROFILE", profile))?;
    made.set_item("profile", finding.profile)?;
    made.set_item("related", finding.related.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>())?;
    Ok(made)
}

/// Repair the line ends, the layout and the renamed tags of the files that `examine` found them in; with `is_dry` only say
/// what would be repaired. Returns a dict for each file: `path`, `ids`, `tags` (how many are renamed), `before` and
/// `after` (bytes).
#[pyfunction]
pub(crate) fn fix<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    known: Known,
    paths: Option<HashSet<PathBuf>>,
    is_dry: bool,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let (store, options) = (store.get().core(), Options::from(known));
    let fixed = py.detach(|| {
        let mut findings = doctor::examine(store, &options)?.findings;
        findings.retain(|finding| paths.as_ref().is_none_or(|paths| paths.contains(&finding.path)));
        doctor::fix(store, &options, &findings, is_dry)
    });
    let to_dict = |fix: Fix| {
        let made = PyDict::new(py);
        made.set_item("path", fix.path.to_string_lossy())?;
        made.set_item("ids", fix.kinds.iter().map(|kind| kind.id()).collect::<Vec<_>>())?;
        made.set_item("tags", fix.tags)?;
        made.set_item("before", fix.sizes.0)?;
        made.set_item("after", fix.sizes.1)?;
        Ok(made)
    };
    fixed.map_err(|error| raise(py, error))?.into_iter().map(to_dict).collect()
}

/// Return the id of every kind of finding, the worst first, with its severity and what to do.
///
/// >>> from recstore import _core
/// >>> _core.finding_kinds()["line-ends"]
/// ('warning', '`recstore doctor --fix`; and `*.json text eol=lf` in .gitattributes')
#[pyfunction]
pub(crate) fn finding_kinds(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let kinds = PyDict::new(py);
    for kind in FindingKind::ALL {
        kinds.set_item(kind.id(), (kind.severity().name(), kind.remedy()))?;
    }
    Ok(kinds)
}
