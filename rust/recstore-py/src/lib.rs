//! `recstore._core`: the core for Python. Each file translates one noun; what a recording is, the core knows.

mod borrowed;
mod doctor;
mod errors;
mod explain;
mod fork;
mod form;
mod from_python;
mod instance;
mod key;
mod objects;
mod recording;
mod rekey;
mod store;
mod to_python;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::doctor::{examine, finding_kinds, fix};
    #[pymodule_export]
    use super::explain::differences;
    #[pymodule_export]
    use super::key::{canonical, profiles, request_key};
    #[pymodule_export]
    use super::objects::{Maker, Objects};
    #[pymodule_export]
    use super::recording::{Chunk, ChunkIterator, Recording, answer_digest, parse_recording};
    #[pymodule_export]
    use super::rekey::{apply_rekey, plan_rekey, undo_rekey};
    #[pymodule_export]
    use super::store::{RecordingIterator, Store, unpack};
    #[pymodule_export]
    use super::to_python::{dumps, loads};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name in Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(module: &super::Bound<'_, super::PyModule>) -> super::PyResult<()> {
        super::fork::watch(module.py())
    }

    /// Whether this is a build without optimisation, which is slow.
    #[pymodule_export]
    const DEBUG_BUILD: bool = cfg!(debug_assertions);
}
