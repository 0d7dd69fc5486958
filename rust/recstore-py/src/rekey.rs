//! Names under the keys of another profile.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use recstore_core::rekey::{self, Collision, Done, Left, OnCollision, Plan, Rename};

use crate::errors::raise;
use crate::store::Store;

/// Say what re-keying a store would do; `recstore.rekey.plan` is what users call.
#[pyfunction]
pub(crate) fn plan_rekey<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    to: &str,
    former_settings: Vec<String>,
) -> PyResult<Bound<'py, PyDict>> {
    let store = store.get().core();
    let plan = py.detach(|| rekey::plan(store, store.named_profile(to)?, &former_settings));
    let Plan { to, profiles, unchanged, renames, collisions, left } = plan.map_err(|error| raise(py, error))?;
    let made = PyDict::new(py);
    made.set_item("to", to.name)?;
    made.set_item("profiles", profiles)?;
    made.set_item("unchanged", unchanged)?;
    let rename = |Rename { folder, old, new }: &Rename| {
        let made = PyDict::new(py);
        made.set_item("path", text(&folder.join(old.to_string())))?;
        made.set_item("new", text(&folder.join(new.to_string())))?;
        Ok(made)
    };
    made.set_item("renames", renames.iter().map(rename).collect::<PyResult<Vec<_>>>()?)?;
    let collision = |Collision { path, winner, others, are_equal }: &Collision| {
        let made = PyDict::new(py);
        made.set_item("path", text(path))?;
        made.set_item("winner", text(winner))?;
        made.set_item("others", others.iter().map(|path| text(path)).collect::<Vec<_>>())?;
        made.set_item("are_equal", are_equal)?;
        Ok(made)
    };
    made.set_item("collisions", collisions.iter().map(collision).collect::<PyResult<Vec<_>>>()?)?;
    let left_as_it_is = |Left { path, reason }: &Left| {
        let made = PyDict::new(py);
        made.set_item("path", text(path))?;
        made.set_item("reason", reason)?;
        Ok(made)
    };
    made.set_item("left", left.iter().map(left_as_it_is).collect::<PyResult<Vec<_>>>()?)?;
    made.set_item("unfinished", rekey::unfinished(store.path()).map(|path| text(&path)))?;
    Ok(made)
}

/// Bring all names of a store to a profile; `recstore.rekey.rekey` is what users call.
#[pyfunction]
pub(crate) fn apply_rekey<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    to: &str,
    former_settings: Vec<String>,
    keeps_both: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let store = store.get().core();
    let on_collision = if keeps_both { OnCollision::KeepBoth } else { OnCollision::Stop };
    let done = py.detach(|| rekey::rekey(store, to, &former_settings, on_collision));
    to_dict(py, done.map_err(|error| raise(py, error))?)
}

/// Undo the last change of names; `recstore.rekey.undo` is what users call.
#[pyfunction]
pub(crate) fn undo_rekey<'py>(py: Python<'py>, store: &Bound<'py, Store>) -> PyResult<Bound<'py, PyDict>> {
    let root = store.get().core().path();
    let done = py.detach(|| rekey::undo(root));
    to_dict(py, done.map_err(|error| raise(py, error))?)
}

fn to_dict(py: Python<'_>, done: Done) -> PyResult<Bound<'_, PyDict>> {
    let made = PyDict::new(py);
    made.set_item("profile", done.profile)?;
    made.set_item("renamed", done.renamed)?;
    made.set_item("kept", done.kept.iter().map(|path| text(path)).collect::<Vec<_>>())?;
    made.set_item("undoable", done.undoable)?;
    Ok(made)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
