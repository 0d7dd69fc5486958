//! Forks of the interpreter's.

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use recstore_core::fork;

/// Lets no process be forked while a thread holds a lock of the core.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    let os = py.import("os")?;
    if !os.hasattr("register_at_fork")? {
        return Ok(()); // there is no fork
    }
    // Whoever holds a lock may wait for the interpreter.
    let before = PyCFunction::new_closure(py, None, None, |arguments, _| arguments.py().detach(fork::before))?;
    let after = PyCFunction::new_closure(py, None, None, |_, _| fork::after())?;
    let hooks = PyDict::new(py);
    for (name, hook) in [("before", &before), ("after_in_parent", &after), ("after_in_child", &after)] {
        hooks.set_item(name, hook)?;
    }
    os.call_method("register_at_fork", (), Some(&hooks)).map(drop)
}
