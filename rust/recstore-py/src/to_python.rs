//! JSON as Python values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};
use recstore_core::json::{Dialect, JsonError, Kind, Number, Plain, Reader, Style, Text, write};

use crate::errors::{invalid_json, not_json};
use crate::from_python::PyJson;

/// Why a text did not become a Python value: it is no JSON, or Python refused.
pub(crate) enum Failure {
    Json(JsonError),
    Python(PyErr),
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// Makes the Python value of a whole text, as `json.loads` would.
pub(crate) fn value<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    read(py, json, Dialect::Python)
}

fn read<'py>(py: Python<'py>, json: &[u8], dialect: Dialect) -> PyResult<Bound<'py, PyAny>> {
    let mut builder = Builder { py, names: [const { None }; NAMES] };
    let mut read = || Reader::new(json)?.dialect(dialect).document(|reader| builder.next(reader));
    read().map_err(|error| match error {
        Failure::Json(error) => invalid_json(py, error, json),
        Failure::Python(error) => error,
    })
}

/// Makes a `str`, with lone surrogates where the text has them.
pub(crate) fn text<'py>(py: Python<'py>, text: &Text<'_>) -> PyResult<Bound<'py, PyAny>> {
    str_of(py, text.as_bytes())
}

pub(crate) fn str_of<'py>(py: Python<'py>, wtf8: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(wtf8) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => PyBytes::new(py, wtf8).call_method1("decode", ("utf-8", "surrogatepass")),
    }
}

/// So many names of members are remembered.
const NAMES: usize = 64;

/// Makes values, and the names of members once each: the same few come again and again.
struct Builder<'py, 'a> {
    py: Python<'py>,
    names: [Option<(&'a [u8], Bound<'py, PyAny>)>; NAMES],
}

impl<'py, 'a> Builder<'py, 'a> {
    fn next(&mut self, reader: &mut Reader<'a>) -> Result<Bound<'py, PyAny>, Failure> {
        let py = self.py;
        Ok(match reader.peek()? {
            Kind::Null => {
                reader.null()?;
                py.None().into_bound(py)
            }
            Kind::Bool => PyBool::new(py, reader.bool()?).to_owned().into_any(),
            Kind::Number => match reader.number()? {
                Number::Float(number) => PyFloat::new(py, number).into_any(),
                Number::Int(digits) => match digits.parse::<i64>() {
                    Ok(number) => number.into_pyobject(py).map_err(PyErr::from)?.into_any(),
                    Err(_) => py.get_type::<PyInt>().call1((digits,))?,
                },
            },
            Kind::String => text(py, &reader.string()?)?,
            Kind::Array => {
                let list = PyList::empty(py);
                reader.array(|reader| Ok::<_, Failure>(list.append(self.next(reader)?)?))?;
                list.into_any()
            }
            Kind::Object => {
                let dict = PyDict::new(py);
                reader.object(|reader, name| {
                    let name = self.name(&name)?;
                    Ok::<_, Failure>(dict.set_item(name, self.next(reader)?)?)
                })?;
                dict.into_any()
            }
        })
    }

    fn name(&mut self, name: &Text<'a>) -> PyResult<Bound<'py, PyAny>> {
        const FNV: u32 = 16_777_619;
        let Some(bytes) = name.in_document() else { return text(self.py, name) };
        let hash = bytes.iter().fold(0, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV));
        let Some(place) = self.names.get_mut(hash as usize % NAMES) else { return text(self.py, name) };
        match place {
            Some((known, made)) if *known == bytes => Ok(made.clone()),
            _ => {
                let made = text(self.py, name)?;
                *place = Some((bytes, made.clone()));
                Ok(made)
            }
        }
    }
}

/// Read a JSON document in UTF-8 as `json.loads` does; with `strict`, as RFC 8259 has it.
#[pyfunction]
#[pyo3(signature = (text, *, strict=false))]
pub(crate) fn loads<'py>(py: Python<'py>, text: &[u8], strict: bool) -> PyResult<Bound<'py, PyAny>> {
    read(py, text, if strict { Dialect::Strict } else { Dialect::Python })
}

/// Write a value as JSON, to the byte as `json.dumps` or RFC 8785 has it.
#[pyfunction]
pub(crate) fn dumps(py: Python<'_>, value: Bound<'_, PyAny>, style: &str) -> PyResult<Py<PyBytes>> {
    let style = match style {
        "indented" => Style::INDENTED,
        "sorted" => Style::SORTED,
        "python" => Style::PYTHON,
        "compact" => Style::COMPACT,
        "rfc8785" => Style::RFC8785,
        other => return Err(pyo3::exceptions::PyValueError::new_err(format!("there is no style '{other}'"))),
    };
    let out = write(&PyJson(value), style, &Plain).map_err(|(path, error)| not_json(py, "value", &path, &error))?;
    Ok(PyBytes::new(py, &out).unbind())
}
