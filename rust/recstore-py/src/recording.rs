//! Recordings and their chunks.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PySlice, PyString, PyTuple};
use recstore_core::error::Error;
use recstore_core::key::path_of;
use recstore_core::recording::{self, DamagedBlock, Limits, Said, ToolCall, View, join_tool_calls, said};
use recstore_core::store;

use crate::errors::{invalid_json, raise};
use crate::to_python;

/// One recorded answer: a sequence of chunks, and what is known of the request.
///
/// It is as its file was when it was looked up. Nothing of it is parsed before it is asked for. An answer that is no
/// list is one chunk; an exception before the first chunk is none.
///
/// >>> import recstore
/// >>> store = recstore.open("examples/recordings")
/// >>> recording = store["997bcd1de70f"]
/// >>> recording
/// <Recording 997bcd1de70f /v1/v1/chat/completions gpt-4o 4 chunks>
/// >>> recording.test_id, recording.is_streaming, len(recording)
/// ('tests/test_chat.py::test_hello', True, 4)
/// >>> recording[1]
/// <Chunk 1 ChatCompletionChunk 'Hel'>
/// >>> recording.request["body"]["messages"]
/// [{'role': 'user', 'content': 'Say hello.'}]
#[pyclass(frozen, sequence, module = "recstore", weakref)]
#[derive(Debug)]
pub(crate) struct Recording(store::Recording);

/// One chunk of an answer.
///
/// >>> import recstore
/// >>> chunk = recstore.open("examples/recordings")["997bcd1de70f"][1]
/// >>> chunk.type
/// 'openai.types.chat.chat_completion_chunk.ChatCompletionChunk'
/// >>> chunk.text
/// 'Hel'
/// >>> chunk.data["choices"][0]["delta"]["content"]
/// 'Hel'
/// >>> chunk.raw[:28]
/// b'{"id":"rec-997bcd1de70f","ch'
#[pyclass(frozen, module = "recstore")]
#[derive(Debug)]
pub(crate) struct Chunk {
    recording: store::Recording,
    index: usize,
}

/// Iterates over the chunks of a recording.
#[pyclass(frozen, module = "recstore._core")]
#[derive(Debug)]
pub(crate) struct ChunkIterator {
    recording: store::Recording,
    next: AtomicUsize,
    end: usize,
}

impl From<store::Recording> for Recording {
    fn from(recording: store::Recording) -> Self {
        Self(recording)
    }
}

impl Recording {
    pub(crate) fn core(&self) -> &store::Recording {
        &self.0
    }

    fn view(&self, py: Python<'_>) -> PyResult<View<'_>> {
        self.0.view().map_err(|error| raise(py, error))
    }

    /// Takes a part of the recording.
    fn part<'a, T>(&'a self, py: Python<'_>, part: impl FnOnce(&View<'a>) -> Result<T, DamagedBlock>) -> PyResult<T> {
        part(&self.view(py)?).map_err(|error| raise(py, self.0.damaged(error)))
    }

    /// Returns all its answers; the last is itself.
    pub(crate) fn all_answers(&self, py: Python<'_>) -> PyResult<Vec<store::Recording>> {
        self.0.answers().map_err(|error| raise(py, error))
    }

    fn chunk(&self, index: usize) -> Chunk {
        Chunk::new(self.0.clone(), index)
    }

    fn request_member<'py>(&self, py: Python<'py>, path: &[&str]) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut value = self.request(py)?;
        for name in path {
            match value.cast::<PyDict>().ok().map(|members| members.get_item(name)).transpose()?.flatten() {
                Some(member) => value = member,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }
}

#[pymethods]
impl Recording {
    /// The key that names the file, in lower-case hexadecimal digits; `None` where the file is named otherwise.
    #[getter]
    fn key(&self) -> Option<String> {
        self.0.key().map(ToString::to_string)
    }

    /// The path of the file, relative to the root of the store.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.0.path().into_pyobject(py)?.into_any())
    }

    /// The newest key profile under which the request has this key; `None` where there is none.
    #[getter]
    fn profile(&self) -> Option<&'static str> {
        self.0.profile().map(|profile| profile.name)
    }

    /// The id of the test that recorded it; `None` for what all tests share.
    #[getter]
    fn test_id<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.part(py, View::test_id)?.map(|id| to_python::text(py, &id)).transpose()
    }

    /// The request, as a new dict.
    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python::value(py, self.part(py, View::request)?)
    }

    /// The endpoint: as it was recorded, else the path of the URL; empty for a tool.
    #[getter]
    fn endpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(endpoint) = self.request_member(py, &["endpoint"])? {
            return Ok(endpoint);
        }
        let url = self.request_member(py, &["url"])?.and_then(|url| url.extract::<String>().ok());
        Ok(PyString::new(py, &path_of(&url.unwrap_or_default())).into_any())
    }

    /// The model that was asked, or the tool; empty where the request names none.
    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        for path in [&["model"][..], &["body", "model"], &["payload", "model"], &["tool_name"]] {
            if let Some(model) = self.request_member(py, path)? {
                return Ok(model);
            }
        }
        Ok(PyString::new(py, "").into_any())
    }

    /// Whether the answer is a stream.
    #[getter]
    fn is_streaming(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.view(py)?.is_streaming())
    }

    /// The HTTP status, where it was recorded.
    #[getter]
    fn status(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        Ok(self.view(py)?.status())
    }

    /// What was recorded of the exception that the answer ended in, as a new dict; `None` where it did not.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let view = self.view(py)?;
        if !view.is_error() {
            return Ok(None);
        }
        if let Some(error) = self.part(py, View::error)? {
            return to_python::value(py, error).map(Some);
        }
        let error = PyDict::new(py);
        if let Some(message) = self.part(py, View::error_message)? {
            error.set_item("message", to_python::text(py, &message)?)?;
        }
        Ok(Some(error.into_any()))
    }

    /// The body of the response as plain values, type tags and all.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python::value(py, self.part(py, View::body)?)
    }

    /// What else was recorded of the response, as a new dict: `is_incomplete` where the reader of a stream stopped before
    /// its end, `headers`, `offsets_ms` (when each chunk came, in milliseconds after the first byte), and what else the
    /// file holds.
    #[getter]
    fn details<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let details = PyDict::new(py);
        for (name, value) in self.part(py, View::details)? {
            details.set_item(to_python::text(py, &name)?, to_python::value(py, value)?)?;
        }
        Ok(details)
    }

    /// All answers to equal requests of one test, in the order in which they came; the last is this recording.
    #[getter]
    fn answers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let answers = self.0.answers().map_err(|error| raise(py, error))?;
        PyTuple::new(
            py,
            answers.into_iter().map(Self::from).map(|answer| Py::new(py, answer)).collect::<PyResult<Vec<_>>>()?,
        )
    }

    /// Whether the key is the same for every test: that of a list of models, of a tool's call under OGX's rules, or of
    /// what was recorded outside of tests.
    #[getter]
    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// Whether the body is a list: of a stream's chunks, of models, or of what else was answered.
    #[getter]
    fn is_list(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.part(py, View::body)?.starts_with(b"["))
    }

    /// The chunks, in their order.
    #[getter]
    fn chunks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let chunks = (0..self.__len__(py)?).map(|index| Py::new(py, self.chunk(index)));
        PyTuple::new(py, chunks.collect::<PyResult<Vec<_>>>()?)
    }

    /// The text that the model said, of all chunks.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut text = Vec::new();
        for index in 0..self.__len__(py)? {
            self.chunk(index).said_text(py, |said| text.extend_from_slice(said))?;
        }
        to_python::str_of(py, &text)
    }

    /// The calls of tools of all chunks, the pieces of each put together, as dicts of `index`, `id`, `name` and
    /// `arguments`.
    #[getter]
    fn tool_calls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut pieces = Vec::new();
        for index in 0..self.__len__(py)? {
            pieces.extend(self.chunk(index).said(py)?.tool_calls);
        }
        tool_calls(py, join_tool_calls(pieces))
    }

    /// The bytes of the recording's file.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.file().map_err(|error| raise(py, error))?))
    }

    /// The size of the recording's file, in bytes.
    #[getter]
    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        self.part(py, View::file_len)
    }

    /// Whether it is answered from a pack.
    #[getter]
    fn is_packed(&self) -> bool {
        self.0.is_packed()
    }

    /// Return what the recorded call returned, or raise what it raised.
    ///
    /// A stream comes as an iterator, a list of models as a list, any other answer as the one object; of the SDK's own
    /// classes where these are known and installed, as plain values elsewhere. A stream that broke off yields its chunks
    /// before it raises.
    ///
    /// >>> import recstore
    /// >>> stream = recstore.open("examples/recordings")["997bcd1de70f"].replay()
    /// >>> type(next(stream))
    /// <class 'openai.types.chat.chat_completion_chunk.ChatCompletionChunk'>
    /// >>> [chunk.choices[0].delta.content for chunk in stream]
    /// ['Hel', 'lo!', None]
    fn replay<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static REPLAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        REPLAY.import(slf.py(), "recstore.replay", "replay")?.call1((slf,))
    }

    /// Return an awaitable of what the recorded asynchronous call returned: as `replay`, a stream as an asynchronous
    /// iterator.
    ///
    /// >>> import asyncio, recstore
    /// >>> async def texts():
    /// ...     stream = await recstore.open("examples/recordings")["997bcd1de70f"].areplay()
    /// ...     return [chunk.choices[0].delta.content async for chunk in stream]
    /// >>> asyncio.run(texts())
    /// ['', 'Hel', 'lo!', None]
    fn areplay<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static AREPLAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        AREPLAY.import(slf.py(), "recstore.replay", "areplay")?.call1((slf,))
    }

    /// Return what notebooks show: a summary, as HTML.
    fn _repr_html_<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static TO_HTML: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        TO_HTML.import(slf.py(), "recstore._notebook", "recording_html")?.call1((slf,))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.view(py)?.chunk_count())
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let length = self.__len__(py)?;
        if let Ok(slice) = index.cast::<PySlice>() {
            return self.chunks(py)?.as_any().get_item(slice);
        }
        let index: isize = index.extract()?;
        let from_front = if index < 0 { index + length as isize } else { index };
        match usize::try_from(from_front) {
            Ok(index) if index < length => Ok(Bound::new(py, self.chunk(index))?.into_any()),
            _ => Err(PyIndexError::new_err(format!("the recording has {length} chunks; there is none at {index}"))),
        }
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<ChunkIterator> {
        Ok(ChunkIterator { recording: self.0.clone(), next: AtomicUsize::new(0), end: self.__len__(py)? })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let chunks = self.__len__(py)?;
        let (endpoint, model) = (self.endpoint(py)?, self.model(py)?);
        let name = self.key().map_or_else(|| self.0.path().display().to_string(), |key| key.chars().take(12).collect());
        Ok(format!(
            "<Recording {name} {endpoint} {model} {chunks} chunk{}{}>",
            if chunks == 1 { "" } else { "s" },
            if self.view(py)?.is_error() { ", error" } else { "" },
        ))
    }
}

/// Return the recording that the text of a file is, which lies in no store; raises `MalformedRecording`.
#[pyfunction]
pub(crate) fn parse_recording(py: Python<'_>, text: &[u8], path: PathBuf) -> PyResult<Recording> {
    let parsed = store::Recording::parse(&path, text, Limits::default());
    parsed.map(Recording::from).map_err(|problem| raise(py, Error::Malformed { path, problem }))
}

/// Return digits that two recordings share if their answers are the same, whatever their requests and the keys in ids.
#[pyfunction]
pub(crate) fn answer_digest(py: Python<'_>, recording: &Recording) -> PyResult<String> {
    recording.part(py, recording::answer_digest).map(|digest| format!("{digest:032x}"))
}

fn tool_calls(py: Python<'_>, calls: Vec<ToolCall>) -> PyResult<Bound<'_, PyList>> {
    let text = |text: Option<_>| text.map(|text| to_python::text(py, &text)).transpose();
    let made = PyList::empty(py);
    for call in calls {
        let members = PyDict::new(py);
        members.set_item("index", call.index)?;
        members.set_item("id", text(call.id)?)?;
        members.set_item("name", text(call.name)?)?;
        members.set_item("arguments", to_python::str_of(py, &call.arguments)?)?;
        made.append(members)?;
    }
    Ok(made)
}

impl Chunk {
    pub(crate) fn new(recording: store::Recording, index: usize) -> Self {
        Self { recording, index }
    }

    pub(crate) fn data_json(&self, py: Python<'_>) -> PyResult<&[u8]> {
        let view = self.recording.view().map_err(|error| raise(py, error))?;
        view.chunk_data(self.index).map_err(|error| raise(py, self.recording.damaged(error)))
    }

    /// Takes the text that the model says.
    fn said_text<T>(&self, py: Python<'_>, take: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
        let view = self.recording.view().map_err(|error| raise(py, error))?;
        match view.chunk_text(self.index).map_err(|error| raise(py, self.recording.damaged(error)))? {
            Some(text) => Ok(take(text.as_bytes())),
            None => self.said(py).map(|said| take(&said.text)),
        }
    }

    fn said(&self, py: Python<'_>) -> PyResult<Said> {
        let data = self.data_json(py)?;
        said(data).map_err(|error| invalid_json(py, error, data))
    }
}

#[pymethods]
impl Chunk {
    /// The type tag, such as `openai.types.chat.chat_completion_chunk.ChatCompletionChunk`; `None` for plain data.
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let view = self.recording.view().map_err(|error| raise(py, error))?;
        let tag = view.chunk_type(self.index).map_err(|error| raise(py, self.recording.damaged(error)))?;
        tag.map(|tag| to_python::text(py, &tag)).transpose()
    }

    /// The JSON of the data, without white space.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.data_json(py)?))
    }

    /// The data as new plain values.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python::value(py, self.data_json(py)?)
    }

    /// The text that the model says in this chunk; empty where it says none.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.said_text(py, |text| to_python::str_of(py, text))?
    }

    /// The calls of tools in this chunk, or pieces of them, as dicts of `index`, `id`, `name` and `arguments`.
    #[getter]
    fn tool_calls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        tool_calls(py, self.said(py)?.tool_calls)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let tag = match self.r#type(py)? {
            Some(tag) => tag.cast::<PyString>()?.to_string_lossy().rsplit('.').next().unwrap_or_default().to_owned(),
            None => "plain".to_owned(),
        };
        let text = self.text(py)?;
        Ok(format!("<Chunk {} {tag} {}>", self.index, text.repr()?))
    }
}

#[pymethods]
impl ChunkIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self) -> Option<Chunk> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.end).then(|| Chunk { recording: self.recording.clone(), index })
    }

    fn __length_hint__(&self) -> usize {
        self.end.saturating_sub(self.next.load(Ordering::Relaxed))
    }
}
