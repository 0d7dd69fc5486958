//! Stores.

use std::path::PathBuf;
use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use recstore_core::explain::{Extent, explain};
use recstore_core::json::Value;
use recstore_core::key::{Key, Profile};
use recstore_core::loose::{OnConflict, Outcome};
use recstore_core::pack::Form;
use recstore_core::recording::{Answer, Limits, RecordedError};
use recstore_core::store::{self, Cache, CacheState, Options};

use crate::errors::{not_found, not_json, raise, unknown_profile};
use crate::explain::to_dict;
use crate::from_python::{PyJson, to_text};
use crate::key::{digits, with_form};
use crate::recording::Recording;

/// Recordings by key: those of a tree of folders, or those of a pack.
#[pyclass(frozen, mapping, subclass, module = "recstore._core", weakref)]
#[derive(Debug)]
pub(crate) struct Store(store::Store);

/// Whether a store keeps a pack, or `"use"`.
#[derive(FromPyObject)]
enum CacheUse {
    Keeps(bool),
    Named(String),
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (path, *, profile=None, base=None, cache=CacheUse::Keeps(true), create=false, max_file_size=67108864))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        profile: Option<String>,
        base: Option<String>,
        cache: CacheUse,
        create: bool,
        max_file_size: u64,
    ) -> PyResult<Self> {
        let cache = match cache {
            CacheUse::Keeps(true) => Cache::Keep,
            CacheUse::Keeps(false) => Cache::Off,
            CacheUse::Named(name) if name == "use" => Cache::Use,
            CacheUse::Named(name) => {
                return Err(PyValueError::new_err(format!("cache is True, False or \"use\", not {name:?}")));
            }
        };
        let limits = Limits { file_size: max_file_size, ..Limits::default() };
        let options = Options { profile, base, cache, create, limits };
        py.detach(|| store::Store::open(&path, &options)).map(Self).map_err(|error| raise(py, error))
    }

    /// The root of the tree, or the path of the pack.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.0.path().to_owned().into_pyobject(py)?.into_any())
    }

    /// The key profile under which it records and looks up.
    #[getter]
    fn profile(&self) -> &'static str {
        self.0.profile().name
    }

    /// Whether that profile was asked for when it was opened, whatever `recstore.toml` says.
    #[getter]
    fn has_own_profile(&self) -> bool {
        self.0.has_own_profile()
    }

    /// The names of the key profiles that it knows: those of `recstore.profiles()` and those that `recstore.toml` declares.
    #[getter]
    fn profiles(&self) -> Vec<&'static str> {
        self.0.profiles().names()
    }

    /// The folder of recordings that all tests share, relative to the root.
    #[getter]
    fn base<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.0.base().into_pyobject(py)?.into_any())
    }

    /// Whether it is a pack alone, into which nothing can be recorded.
    #[getter]
    fn is_read_only(&self) -> bool {
        self.0.is_read_only()
    }

    /// What became of the pack beside the recordings: `"ready"`, or `"off: "` and the reason.
    #[getter]
    fn cache(&self) -> String {
        match self.0.cache_state() {
            CacheState::Ready { stale: 0 } => "ready".to_owned(),
            CacheState::Ready { stale } => format!("ready, but for {stale} files that are newer"),
            CacheState::Off(reason) => format!("off: {reason}"),
        }
    }

    /// Return the recording with this key, or `default` where there is none.
    ///
    /// For a test, the folder `recordings` beside the test's file answers before the base folder, and no other does;
    /// without one, the base folder answers before all others. Of lists of models the union is returned, sorted by id. A
    /// key of twelve digits finds the recording whose key begins so, and the other way round.
    ///
    /// The file is looked at: an answer is never older than the file. Raises `MalformedRecording` where it is none.
    #[pyo3(signature = (key, default=None, *, test_id=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        test_id: Option<Bound<'py, PyString>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(key) = parse(&key) else { return Ok(default) };
        match self.look_up(py, &key, test_id.as_ref())? {
            Some(recording) => Ok(Some(Bound::new(py, recording)?.into_any())),
            None => Ok(default),
        }
    }

    /// Return the recording that answers a request, or `None` where there is none.
    ///
    /// The key is that of `request_key`; which folders answer is said at `get`.
    #[pyo3(signature = (request, *, test_id=None))]
    fn find(
        &self,
        py: Python<'_>,
        request: Bound<'_, PyAny>,
        test_id: Option<Bound<'_, PyString>>,
    ) -> PyResult<Option<Recording>> {
        let key = self.key_of(py, request, test_id.as_ref())?;
        self.look_up(py, &key, test_id.as_ref())
    }

    /// Return the folder in which the recordings of a test lie, relative to the root.
    fn folder<'py>(&self, py: Python<'py>, test_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let folder = self.0.folder(Some(test_id)).map_err(|error| raise(py, error))?;
        Ok(folder.into_pyobject(py)?.into_any())
    }

    /// Return the key of a request under the profile of this store, or another that it knows.
    #[pyo3(signature = (request, *, test_id=None, profile=None))]
    fn request_key<'py>(
        &self,
        py: Python<'py>,
        request: Bound<'py, PyAny>,
        test_id: Option<Bound<'py, PyString>>,
        profile: Option<&str>,
    ) -> PyResult<Bound<'py, PyString>> {
        let profile = self.profile_or_own(py, profile)?;
        with_form(py, request, test_id.as_ref(), profile, |form, profile| digits(py, profile.digest(form)))
    }

    /// Return the canonical form of a request under the profile of this store, or another that it knows.
    #[pyo3(signature = (request, *, test_id=None, profile=None))]
    fn canonical<'py>(
        &self,
        py: Python<'py>,
        request: Bound<'py, PyAny>,
        test_id: Option<Bound<'py, PyString>>,
        profile: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let profile = self.profile_or_own(py, profile)?;
        with_form(py, request, test_id.as_ref(), profile, |form, _| PyBytes::new(py, form))
    }

    /// Iterate over every recording, or those in one folder, which is relative to the root: file by file, in the order of
    /// their paths.
    ///
    /// A folder called `recordings` may hold none yet; any other in which there are none raises `RecstoreError`. A file that is
    /// no recording raises `MalformedRecording` in its turn; the iteration goes on after it.
    #[pyo3(signature = (folder=None))]
    fn recordings(slf: Bound<'_, Self>, folder: Option<PathBuf>) -> PyResult<RecordingIterator> {
        let py = slf.py();
        let store = &slf.get().0;
        let files = folder.map_or_else(|| store.list(), |folder| store.list_in(&folder));
        let files = files.map_err(|error| raise(py, error))?;
        Ok(RecordingIterator { store: slf.unbind(), files: Mutex::new(files.into_iter()) })
    }

    /// List all folders and look at all files again, as opening does. Look-ups are fresh without it; what is asked of
    /// the whole (`len`, iteration) is as of the last time.
    fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.refresh()).map_err(|error| raise(py, error))
    }

    /// Read every recording once, so that those in the pack are in memory, and their checksums compared, before a timed
    /// region; return how many there are. A pack of the small form stays compressed. Each look-up still looks whether the file has changed; `Session.preload` takes
    /// that away too.
    fn preload(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| self.0.preload()).map_err(|error| raise(py, error))
    }

    /// Write all recordings of the tree into a pack at `path`, to take elsewhere; the same tree gives the same bytes.
    ///
    /// A pack of the form `"fast"` is mapped and answers as it lies there. One of the form `"small"` is a twentieth of its
    /// size; it takes seconds to write and a tenth of a millisecond to answer (docs/format.md, "Two forms"). Whatever opens
    /// packs opens both. Raises `ValueError` for another form.
    ///
    /// >>> import recstore, tempfile
    /// >>> path = f"{tempfile.mkdtemp()}/examples.pack"
    /// >>> recstore.open("examples/recordings").pack(path, form="small")
    /// >>> recstore.open(path)["997bcd1de70f"].text
    /// 'Hello!'
    #[pyo3(signature = (path, *, form="fast"))]
    fn pack(&self, py: Python<'_>, path: PathBuf, form: &str) -> PyResult<()> {
        let Some(form) = Form::named(form) else {
            return Err(PyValueError::new_err(format!("form is \"fast\" or \"small\", not {form:?}")));
        };
        py.detach(|| self.0.export(&path, form)).map_err(|error| raise(py, error))
    }

    /// Read every file and the whole pack, and return what is not as it should be: a dict of `files` (how many),
    /// `profiles` (how many have their key under which) and `findings` (dicts of `kind`, `path` and `message`).
    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = py.detach(|| self.0.verify()).map_err(|error| raise(py, error))?;
        let report = PyDict::new(py);
        report.set_item("files", found.files)?;
        report.set_item("profiles", found.profiles)?;
        let finding = |finding: store::Finding| {
            let made = PyDict::new(py);
            made.set_item("kind", finding.kind.name())?;
            made.set_item("path", finding.path.to_string_lossy())?;
            made.set_item("message", finding.message)?;
            Ok(made)
        };
        report.set_item("findings", found.findings.into_iter().map(finding).collect::<PyResult<Vec<_>>>()?)?;
        Ok(report)
    }

    /// Explain why no recording answers a request: return the nearest recordings, at most `limit`, and what differs.
    ///
    /// A dict for programs; `json.dumps` takes it as it is. `nearest` begins with what would answer under another profile,
    /// in another folder or for another test (`obstacles` says which), then comes what the same test recorded, then what
    /// was asked of the same endpoint and model, then any. Values and paths are those of the canonical form, so that what
    /// does not change the key is no difference. They are shortened around what differs, and what cannot be seen is
    /// spelled out; with `full` nothing is left out. `str` of a `RecordingNotFound` says the same for people.
    ///
    /// All recordings are looked through: about 10 µs for each. Raises as `request_key`.
    ///
    /// >>> import recstore
    /// >>> store = recstore.open("examples/recordings")
    /// >>> test_id = "tests/test_chat.py::test_hello"
    /// >>> request = store["997bcd1de70f"].request
    /// >>> request["body"]["messages"][0]["content"] = "Say hullo."
    /// >>> explanation = store.explain(request, test_id=test_id)
    /// >>> nearest = explanation["nearest"][0]
    /// >>> nearest["key"][:12], nearest["is_same_test"]
    /// ('997bcd1de70f', True)
    /// >>> [(difference["path"], difference["places"]) for difference in nearest["differences"]]
    /// [('body.messages[0].content', [('"Say hello."', '"Say hullo."')])]
    #[pyo3(signature = (request, *, test_id=None, limit=3, full=false))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        request: Bound<'py, PyAny>,
        test_id: Option<Bound<'py, PyString>>,
        limit: usize,
        full: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let request = to_value(py, "request", request)?;
        let text = test_id.as_ref().map(to_text).transpose()?;
        let extent = if full { Extent::Full } else { Extent::Short };
        let found = py.detach(|| explain(&self.0, &request, text.as_ref(), limit, extent));
        to_dict(py, found.map_err(|error| raise(py, error))?, test_id)
    }

    /// Record plain values; `put` prepares them.
    fn _put<'py>(
        &self,
        py: Python<'py>,
        request: Bound<'py, PyAny>,
        answers: Vec<PlainAnswer<'py>>,
        test_id: Option<Bound<'py, PyString>>,
        on_conflict: &str,
    ) -> PyResult<(String, Bound<'py, PyAny>, &'static str)> {
        let request = to_value(py, "request", request)?;
        let recorded =
            |answer: &PlainAnswer<'py>| answer.body.cast::<Recording>().ok().map(|it| it.get().all_answers(py));
        let recorded: Vec<_> = answers.iter().map(|answer| recorded(answer).transpose()).collect::<PyResult<_>>()?;
        let mut taken = Vec::new();
        for (answer, recordings) in answers.iter().zip(&recorded) {
            match recordings {
                Some(recordings) => {
                    for recording in recordings {
                        let view = recording.view().map_err(|error| raise(py, error))?;
                        let answer = Answer::recorded(&view);
                        taken.push(answer.map_err(|damage| raise(py, recording.damaged(damage)))?);
                    }
                }
                None => taken.push(answer.answer(py)?),
            }
        }
        let test_id = test_id.as_ref().map(to_text).transpose()?;
        let on_conflict = match on_conflict {
            "error" => OnConflict::Error,
            "keep" => OnConflict::Keep,
            "replace" => OnConflict::Replace,
            other => {
                let message = format!("on_conflict is \"error\", \"keep\" or \"replace\", not {other:?}");
                return Err(PyValueError::new_err(message));
            }
        };
        let written = py.detach(|| self.0.put(&request, taken, test_id.as_ref(), on_conflict));
        let written = written.map_err(|error| raise(py, error))?;
        let outcome = match written.outcome {
            Outcome::Created => "created",
            Outcome::Unchanged => "unchanged",
            Outcome::Kept => "kept",
            Outcome::Replaced => "replaced",
        };
        Ok((written.key.to_string(), written.path.into_pyobject(py)?.into_any(), outcome))
    }

    fn __getitem__(&self, py: Python<'_>, key: Bound<'_, PyAny>) -> PyResult<Recording> {
        let found = parse(&key).map(|key| self.look_up(py, &key, None)).transpose()?.flatten();
        found.ok_or_else(|| {
            let key = key.to_string();
            let message = format!("no recording has the key {key} in {}", self.0.path().display());
            not_found(py, message, &key)
        })
    }

    fn __contains__(&self, py: Python<'_>, key: Bound<'_, PyAny>) -> PyResult<bool> {
        let Some(key) = parse(&key) else { return Ok(false) };
        self.waiting(py, || self.0.contains(&key, None)).map_err(|error| raise(py, error))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.0.keys().map_err(|error| raise(py, error))?.len())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let keys = self.0.keys().map_err(|error| raise(py, error))?;
        keys.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .into_pyobject(py)?
            .as_any()
            .try_iter()
            .map(Bound::into_any)
    }
}

impl Store {
    pub(crate) fn core(&self) -> &store::Store {
        &self.0
    }

    fn look_up(&self, py: Python<'_>, key: &Key, test_id: Option<&Bound<'_, PyString>>) -> PyResult<Option<Recording>> {
        let test_id = test_id.map(|id| id.to_string_lossy());
        let found = self.waiting(py, || self.0.get(key, test_id.as_deref()));
        Ok(found.map_err(|error| raise(py, error))?.map(Recording::from))
    }

    /// Asks something for which a tree may have to wait for the disk, and a pack never does, while other threads run.
    fn waiting<T: Send>(&self, py: Python<'_>, ask: impl FnOnce() -> T + Send) -> T {
        if self.0.is_read_only() { ask() } else { py.detach(ask) }
    }

    fn profile_or_own(&self, py: Python<'_>, name: Option<&str>) -> PyResult<&'static Profile> {
        let Some(name) = name else { return Ok(self.0.profile()) };
        self.0.profiles().named(name).map_err(|error| unknown_profile(py, &error))
    }

    fn key_of(
        &self,
        py: Python<'_>,
        request: Bound<'_, PyAny>,
        test_id: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Key> {
        with_form(py, request, test_id, self.0.profile(), |form, profile| profile.digest(form))
    }
}

/// What is recorded of an answer, as Python values.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct PlainAnswer<'py> {
    body: Bound<'py, PyAny>,
    is_streaming: bool,
    status: Option<u32>,
    error: Option<Bound<'py, PyAny>>,
    error_message: Option<Bound<'py, PyString>>,
    details: Bound<'py, PyAny>,
}

impl PlainAnswer<'_> {
    fn answer(&self, py: Python<'_>) -> PyResult<Answer<'static>> {
        let error = match &self.error_message {
            Some(message) => {
                let data = self.error.clone().map(|error| to_value(py, "error", error)).transpose()?;
                Some(RecordedError { data, message: to_text(message)? })
            }
            None => None,
        };
        let body = to_value(py, "response", self.body.clone())?;
        let details = match to_value(py, "details", self.details.clone())? {
            Value::Object(members) => members,
            _ => Vec::new(),
        };
        Ok(Answer { status: self.status, body, is_streaming: self.is_streaming, error, details, has_mapping: true })
    }
}

fn to_value(py: Python<'_>, what: &str, value: Bound<'_, PyAny>) -> PyResult<Value<'static>> {
    PyJson(value).to_value().map_err(|(path, error)| not_json(py, what, &path, &error))
}

fn parse(key: &Bound<'_, PyAny>) -> Option<Key> {
    key.extract::<&str>().ok()?.parse().ok()
}

/// Iterates over recordings, reading each as it comes.
#[pyclass(frozen, module = "recstore._core")]
#[derive(Debug)]
pub(crate) struct RecordingIterator {
    store: Py<Store>,
    files: Mutex<std::vec::IntoIter<store::Listed>>,
}

#[pymethods]
impl RecordingIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Recording>> {
        let store = &self.store.get().0;
        loop {
            let next = self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some(file) = next else { return Ok(None) };
            // A file that has gone since it was listed is passed over.
            if let Some(recording) = py.detach(|| store.read(&file)).map_err(|error| raise(py, error))? {
                return Ok(Some(Recording::from(recording)));
            }
        }
    }
}

/// Write the files of a pack into a folder that is empty or not there yet, byte for byte as they were; return how many
/// recordings there are.
///
/// Raises `UnusablePack` for one that is damaged or would write elsewhere, and `MalformedRecording` where a file would be
/// larger than `max_file_size` bytes; never overwrites anything.
///
/// >>> import recstore, tempfile
/// >>> folder = tempfile.mkdtemp()
/// >>> recstore.open("examples/recordings").pack(f"{folder}/examples.pack")
/// >>> recstore.unpack(f"{folder}/examples.pack", f"{folder}/new")
/// 47
#[pyfunction]
#[pyo3(signature = (pack, folder, *, max_file_size=67108864))]
pub(crate) fn unpack(py: Python<'_>, pack: PathBuf, folder: PathBuf, max_file_size: u64) -> PyResult<usize> {
    let limits = Limits { file_size: max_file_size, ..Limits::default() };
    let options = Options { limits, cache: Cache::Off, ..Options::default() };
    let unpack = || store::unpack(&store::Store::open(&pack, &options)?, &folder);
    py.detach(unpack).map_err(|error| raise(py, error))
}
