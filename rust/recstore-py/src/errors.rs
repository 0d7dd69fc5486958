//! Errors of the core as the exceptions of `recstore.errors`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use recstore_core::error::Error;
use recstore_core::json::{JsonError, WriteError};
use recstore_core::key::{RequestError, UnknownProfile};
use recstore_core::recording::Malformed;

use crate::from_python::NotJson;

/// Makes an exception of the class `name` in `recstore.errors`, with its message and its attributes.
fn exception(py: Python<'_>, name: &str, message: String, attributes: &Bound<'_, PyDict>) -> PyErr {
    let made = py
        .import("recstore.errors")
        .and_then(|module| module.getattr(name))
        .and_then(|class| class.call((message.clone(),), Some(attributes)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => {
            let outer = PyRuntimeError::new_err(message);
            outer.set_cause(py, Some(error));
            outer
        }
    }
}

macro_rules! attributes {
    ($py:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        let attributes = PyDict::new($py);
        $(
            // Setting a text or a number in a new dict cannot fail but for want of memory.
            let _ = attributes.set_item(stringify!($name), $value);
        )*
        attributes
    }};
}

/// Turns an error of the core into the exception for it.
pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Io { path, source, .. } => {
            let is_not_found = source.kind() == std::io::ErrorKind::NotFound;
            let class = if is_not_found { "StorageNotFound" } else { "StorageError" };
            exception(py, class, message, &attributes!(py, errno = source.raw_os_error(), filename = path))
        }
        Error::Malformed { path, problem } => {
            let (line, column) = match problem {
                Malformed::Json { position, .. } => (Some(position.line), Some(position.column)),
                _ => (None, None),
            };
            exception(py, "MalformedRecording", message, &attributes!(py, path = path, line = line, column = column))
        }
        Error::Pack(error) => exception(py, "UnusablePack", message, &attributes!(py, path = error.path)),
        Error::InvalidRequest(message) => invalid_request(py, message),
        Error::NoSpelling { path, .. } => exception(py, "NotJson", message, &attributes!(py, path = path)),
        Error::Unrecordable(_) => invalid_request(py, message),
        Error::Conflict { path } => exception(py, "RecordingConflict", message, &attributes!(py, path = path)),
        Error::Settings { path, .. } => exception(py, "InvalidSettings", message, &attributes!(py, path = path)),
        Error::UnknownProfile(error) => unknown_profile(py, &error),
        Error::ReadOnly { .. } | Error::AlreadyPacked { .. } => {
            exception(py, "ReadOnlyStore", message, &attributes!(py))
        }
        _ => exception(py, "RecstoreError", message, &attributes!(py)),
    }
}

pub(crate) fn unknown_profile(py: Python<'_>, error: &UnknownProfile) -> PyErr {
    exception(py, "UnknownProfile", error.to_string(), &attributes!(py))
}

pub(crate) fn not_found(py: Python<'_>, message: String, key: &str) -> PyErr {
    exception(py, "RecordingNotFound", message, &attributes!(py, key = key))
}

pub(crate) fn invalid_json(py: Python<'_>, error: JsonError, text: &[u8]) -> PyErr {
    let position = error.position(text);
    let message = format!("{} at {position} (byte {})", error.kind, error.at);
    let attributes = attributes!(py, position = error.at, line = position.line, column = position.column);
    exception(py, "InvalidJson", message, &attributes)
}

/// Says that a value of the caller's is no JSON, and where in it.
pub(crate) fn not_json(py: Python<'_>, what: &str, path: &str, error: &WriteError<NotJson>) -> PyErr {
    let place = if path.is_empty() { what.to_owned() } else { format!("{what}: {path}") };
    let mut cause = None;
    let message = match error {
        WriteError::Source(NotJson::Raised(error)) => return error.clone_ref(py),
        WriteError::Source(NotJson::Digits(error)) => {
            cause = Some(error.clone_ref(py));
            format!(
                "{place} is an int of too many digits to be written; pass it as a str, or raise the interpreter's limit \
                 with sys.set_int_max_str_digits"
            )
        }
        WriteError::Source(NotJson::Type(name)) => format!(
            "{place} is of type {name}, which is not JSON; pass dict, list, str, int, float, bool or None (for an \
             object of an SDK, its .model_dump(mode=\"json\"))"
        ),
        WriteError::Source(NotJson::Key(name)) => {
            format!("{place} has a key of type {name}; keys of JSON objects are str")
        }
        error => format!("{place} {error}"),
    };
    let not_json = exception(py, "NotJson", message, &attributes!(py, path = path));
    if cause.is_some() {
        not_json.set_cause(py, cause);
    }
    not_json
}

pub(crate) fn not_a_request(py: Python<'_>, error: RequestError<NotJson>) -> PyErr {
    match error {
        RequestError::Source(error) => not_json(py, "request", "", &WriteError::Source(error)),
        error => exception(py, "InvalidRequest", error.to_string(), &attributes!(py)),
    }
}

pub(crate) fn invalid_request(py: Python<'_>, message: String) -> PyErr {
    exception(py, "InvalidRequest", message, &attributes!(py))
}
