//! Python values as JSON.

use std::borrow::Cow;

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::dict::BoundDictIterator;
use pyo3::types::list::BoundListIterator;
use pyo3::types::tuple::BoundTupleIterator;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use recstore_core::json::{MAX_DEPTH, Node, Source, Text, Value, WriteError};

/// A Python value, walked as `json.dumps` would walk it.
#[derive(Debug)]
pub(crate) struct PyJson<'py>(pub(crate) Bound<'py, PyAny>);

/// Why a Python value is no JSON.
#[derive(Debug)]
pub(crate) enum NotJson {
    /// It is of this type.
    Type(String),
    /// It is a dict with a key of this type.
    Key(String),
    /// It is an int of more digits than the interpreter converts to text, as this says.
    Digits(PyErr),
    /// Looking at it raised this.
    Raised(PyErr),
}

impl From<PyErr> for NotJson {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// A `str`, without a copy of it unless it holds lone surrogates.
pub(crate) enum PyText<'py> {
    Utf8(Bound<'py, PyString>),
    Wtf8(Bound<'py, PyBytes>),
}

impl AsRef<[u8]> for PyText<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Utf8(text) => text.to_str().unwrap_or_default().as_bytes(), // it has been seen to be UTF-8
            Self::Wtf8(bytes) => bytes.as_bytes(),
        }
    }
}

impl<'py> PyText<'py> {
    #[inline(always)]
    fn new(text: Bound<'py, PyString>) -> PyResult<Self> {
        match text.to_str() {
            Ok(_) => Ok(Self::Utf8(text)),
            Err(_) => wtf8(&text).map(Self::Wtf8),
        }
    }
}

/// Returns the bytes of a `str`, without a copy of it unless it holds lone surrogates.
pub(crate) fn text_of<'t>(text: &'t Bound<'_, PyString>) -> PyResult<Cow<'t, [u8]>> {
    match text.to_str() {
        Ok(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Err(_) => Ok(Cow::Owned(wtf8(text)?.as_bytes().to_vec())),
    }
}

/// As json.dumps does: the characters of the text, whatever `encode` of a subclass makes of them.
#[cold]
fn wtf8<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    let encoded = text.py().get_type::<PyString>().call_method1("encode", (text, "utf-8", "surrogatepass"))?;
    Ok(encoded.cast_into()?)
}

/// The elements of a `list` or a `tuple`.
pub(crate) enum Elements<'py> {
    List(BoundListIterator<'py>),
    Tuple(BoundTupleIterator<'py>),
}

impl<'py> Iterator for Elements<'py> {
    type Item = PyJson<'py>;

    fn next(&mut self) -> Option<PyJson<'py>> {
        match self {
            Self::List(elements) => elements.next(),
            Self::Tuple(elements) => elements.next(),
        }
        .map(PyJson)
    }
}

/// The members of a `dict`, or what a subclass says that its items are.
pub(crate) enum Members<'py> {
    Dict(BoundDictIterator<'py>),
    Items(BoundListIterator<'py>),
}

impl<'py> Iterator for Members<'py> {
    type Item = Result<(PyText<'py>, PyJson<'py>), NotJson>;

    // Inlined, so that members are not moved through memory on their way.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = match self {
            Self::Dict(members) => members.next()?,
            Self::Items(items) => match items.next()?.extract() {
                Ok(item) => item,
                Err(error) => return Some(Err(NotJson::Raised(error))),
            },
        };
        Some(match name.cast_into::<PyString>() {
            Ok(name) => match PyText::new(name) {
                Ok(name) => Ok((name, PyJson(value))),
                Err(error) => Err(NotJson::Raised(error)),
            },
            Err(error) => Err(NotJson::Key(type_name(&error.into_inner()))),
        })
    }
}

impl<'py> Source for PyJson<'py> {
    type Text = PyText<'py>;
    type Error = NotJson;
    type Elements = Elements<'py>;
    type Members = Members<'py>;

    #[inline]
    fn node(&self) -> Result<Node<'_, Self>, NotJson> {
        let value = &self.0;
        // Nearly all values are of exactly these types, which a comparison of pointers tells.
        if let Some(text) = exactly::<PyString>(value) {
            Ok(Node::String(text_of(text)?))
        } else if let Some(members) = exactly::<PyDict>(value) {
            Ok(Node::Object(Members::Dict(members.iter())))
        } else if let Some(elements) = exactly::<PyList>(value) {
            Ok(Node::Array(Elements::List(elements.iter())))
        } else if value.is_none() {
            Ok(Node::Null)
        } else if let Some(value) = exactly::<PyBool>(value) {
            Ok(Node::Bool(value.is_true()))
        } else if let Some(number) = exactly::<PyFloat>(value) {
            Ok(Node::Float(number.value()))
        } else {
            self.node_of_subclass()
        }
    }
}

impl<'py> PyJson<'py> {
    /// Looks at an `int`, a `tuple` or a value of a subclass.
    fn node_of_subclass(&self) -> Result<Node<'_, Self>, NotJson> {
        let value = &self.0;
        if let Ok(number) = value.cast::<PyInt>() {
            match number.extract::<i64>() {
                Ok(number) => Ok(Node::Int(number)),
                // As json.dumps does: the digits of the number, whatever a subclass calls itself.
                Err(_) => {
                    let digits = value.py().get_type::<PyInt>().call_method1("__repr__", (number,));
                    Ok(Node::BigInt(digits.map_err(NotJson::Digits)?.extract()?))
                }
            }
        } else if let Ok(number) = value.cast::<PyFloat>() {
            Ok(Node::Float(number.value()))
        } else if let Ok(elements) = value.cast::<PyTuple>() {
            Ok(Node::Array(Elements::Tuple(elements.iter())))
        } else if let Ok(text) = value.cast::<PyString>() {
            Ok(Node::String(text_of(text)?))
        } else if let Ok(members) = value.cast::<PyDict>() {
            // As json.dumps does: it asks for the items, unless the dict is empty.
            Ok(Node::Object(match members.is_empty() {
                true => Members::Dict(members.iter()),
                false => Members::Items(members.as_mapping().items()?.iter()),
            }))
        } else if let Ok(elements) = value.cast::<PyList>() {
            Ok(Node::Array(Elements::List(elements.iter())))
        } else {
            Err(NotJson::Type(type_name(value)))
        }
    }
}

/// Returns a value as one of a type, not of a subclass; `cast_exact` that makes no error where it is none.
#[inline]
fn exactly<'v, 'py, T: PyTypeInfo>(value: &'v Bound<'py, PyAny>) -> Option<&'v Bound<'py, T>> {
    if value.is_exact_instance_of::<T>() { value.cast_exact().ok() } else { None }
}

/// Copies a `str`.
pub(crate) fn to_text(text: &Bound<'_, PyString>) -> PyResult<Text<'static>> {
    Ok(Text::from_wtf8(text_of(text)?.into_owned()))
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

impl PyJson<'_> {
    /// Copies the value.
    ///
    /// What is wrong comes with its path.
    pub(crate) fn to_value(&self) -> Result<Value<'static>, (String, WriteError<NotJson>)> {
        self.value_at(0)
    }

    fn value_at(&self, depth: usize) -> Result<Value<'static>, (String, WriteError<NotJson>)> {
        let at_root = |error| (String::new(), WriteError::Source(error));
        let inside = |step: String| move |(path, error): (String, _)| (join(&step, &path), error);
        Ok(match self.node().map_err(at_root)? {
            Node::Array(_) | Node::Object(_) if depth == MAX_DEPTH => {
                return Err((String::new(), WriteError::TooDeep));
            }
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(value),
            Node::Int(number) => Value::Int(number),
            Node::BigInt(digits) => Value::BigInt(Cow::Owned(digits)),
            Node::Float(number) => Value::Float(number),
            Node::String(text) => Value::String(Text::from_wtf8(text.into_owned())),
            Node::Array(elements) => {
                let elements = elements.enumerate();
                let value =
                    |(index, element): (usize, Self)| element.value_at(depth + 1).map_err(inside(format!("[{index}]")));
                Value::Array(elements.map(value).collect::<Result<_, _>>()?)
            }
            Node::Object(members) => {
                let member = |member: Result<(PyText<'_>, Self), NotJson>| {
                    let (name, value) = member.map_err(at_root)?;
                    let name = Text::from_wtf8(name.as_ref().to_vec());
                    let value = value.value_at(depth + 1).map_err(inside(name.to_lossy().into_owned()))?;
                    Ok((name, value))
                };
                Value::Object(members.map(member).collect::<Result<_, _>>()?)
            }
        })
    }
}

fn join(step: &str, path: &str) -> String {
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{step}{dot}{path}")
}
