//! Chunks as the objects of an SDK.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyFloat, PyInt, PyString};
use recstore_core::recording::{ChangeReader, Pattern, Varying, VaryingKind, View, shape_of};
use recstore_core::store;

use crate::errors::raise;
use crate::form::{Form, Place};
use crate::instance::uncollected;
use crate::recording::{Chunk, Recording};
use crate::to_python;

/// Makes objects of one class from chunks.
///
/// `learn` gets the JSON of a chunk as `bytes` and returns the object made of it, validated, and its template: the
/// pieces of the JSON between the scalars that may differ, the kinds of these (`"str"`, `"int"`, `"float"`) and the form
/// of the object; `None` for a chunk whose like must be validated each time. A chunk of a known template is made from
/// that.
#[pyclass(frozen, module = "recstore._core")]
#[derive(Debug)]
pub(crate) struct Maker {
    learn: Py<PyAny>,
    templates: Mutex<Templates>,
}

/// The templates of a class.
#[derive(Debug, Default)]
struct Templates {
    all: Vec<Template>,
    /// Of what shape the chunks of each are: to look at a template itself takes longer, where there are many.
    shapes: Vec<u64>,
    /// Which one the last chunk was of.
    last: usize,
    /// Which one makes room for the next where there are too many.
    oldest: usize,
}

/// Chunks that are alike but for some scalars.
#[derive(Debug)]
struct Template {
    changes: ChangeReader,
    /// Where in the form the scalars stand: those of the last chunk, of which most are the same in the next.
    places: Vec<Place>,
    form: Form,
    /// Which template came after this one last: streams change from one to the next in the ways of their server.
    next: usize,
}

/// A template as Python spells it: pieces, kinds, form.
type SpelledTemplate<'py> = (Vec<Vec<u8>>, Vec<String>, Bound<'py, PyAny>);

/// So many templates are kept for a class. The chunks of the whole corpus need fewer than a dozen at a time.
const TEMPLATES: usize = 256;

#[pymethods]
impl Maker {
    #[new]
    fn new(learn: Py<PyAny>) -> Self {
        Self { learn, templates: Mutex::default() }
    }

    /// Return the object for a chunk.
    fn __call__<'py>(&self, py: Python<'py>, chunk: &Chunk) -> PyResult<Bound<'py, PyAny>> {
        self.make(py, chunk.data_json(py)?)
    }
}

impl Maker {
    fn make<'py>(&self, py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if let Some(made) = uncollected(py, || self.templates().make(py, json))? {
            return Ok(made);
        }
        let learnt = self.learn.bind(py).call1((PyBytes::new(py, json),))?;
        let (made, template): (Bound<'py, PyAny>, Option<SpelledTemplate<'py>>) = learnt.extract()?;
        if let Some((pieces, kinds, form)) = template {
            let template = Template::new(pieces, &kinds, &form)?;
            // Dropped outside of the lock: it may hold the last reference to a class.
            let forgotten = self.templates().add(template, shape_of(json));
            drop(forgotten);
        }
        Ok(made)
    }

    /// Locks the templates. No code of Python's may run under the lock: it might replay. None does where an object is made of
    /// a template, as long as the garbage collector does not start; nor where that fails and half an object is dropped, as
    /// its class has no `__del__`.
    fn templates(&self) -> MutexGuard<'_, Templates> {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Templates {
    /// Adds a template as that of the last chunk; returns the one that had to make room.
    fn add(&mut self, template: Template, shape: u64) -> Option<Template> {
        let number = if self.all.len() < TEMPLATES { self.all.len() } else { self.oldest };
        self.follow(number);
        let (Some(oldest), Some(its_shape)) = (self.all.get_mut(number), self.shapes.get_mut(number)) else {
            self.all.push(template);
            self.shapes.push(shape);
            return None;
        };
        self.oldest = (number + 1) % TEMPLATES;
        *its_shape = shape;
        Some(std::mem::replace(oldest, template))
    }

    /// Makes the object for a chunk that is like one before.
    fn make<'py>(&mut self, py: Python<'py>, json: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
        let next = self.all.get(self.last).map_or(0, |last| last.next);
        for number in [self.last, next] {
            if let Some(made) = self.make_of(number, py, json)? {
                return Ok(Some(made));
            }
        }
        if self.all.is_empty() {
            return Ok(None); // the shape of a long chunk takes a while
        }
        let shape = shape_of(json);
        for number in 0..self.all.len() {
            if self.shapes.get(number) == Some(&shape)
                && let Some(made) = self.make_of(number, py, json)?
            {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// Makes the object for a chunk of this template.
    fn make_of<'py>(&mut self, number: usize, py: Python<'py>, json: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(template) = self.all.get_mut(number) else { return Ok(None) };
        if !template.read(py, json)? {
            return Ok(None);
        }
        let made = template.form.make(py)?;
        self.follow(number);
        Ok(Some(made))
    }

    /// Notes that a chunk was of this template.
    fn follow(&mut self, number: usize) {
        if number != self.last
            && let Some(last) = self.all.get_mut(self.last)
        {
            last.next = number;
        }
        self.last = number;
    }
}

impl Template {
    fn new(pieces: Vec<Vec<u8>>, kinds: &[String], form: &Bound<'_, PyAny>) -> PyResult<Self> {
        let kind = |name: &String| match name.as_str() {
            "str" => Ok(VaryingKind::String),
            "int" => Ok(VaryingKind::Int),
            "float" => Ok(VaryingKind::Float),
            other => Err(PyValueError::new_err(format!("a scalar is a str, int or float, not {other}"))),
        };
        let kinds = kinds.iter().map(kind).collect::<PyResult<_>>()?;
        let pattern = Pattern::new(pieces, kinds);
        let pattern = pattern.ok_or_else(|| PyValueError::new_err("one piece more than there are scalars"))?;
        let (form, places) = Form::new(form)?;
        Ok(Self { changes: ChangeReader::new(pattern), places, form, next: 0 })
    }

    /// Puts the scalars of a chunk into the form; says whether the chunk is of this template.
    fn read(&mut self, py: Python<'_>, json: &[u8]) -> PyResult<bool> {
        let Self { changes, places, .. } = self;
        let mut result = Ok(());
        let is_like = changes.read(json, |number, scalar| {
            let scalar = match scalar {
                Varying::String(text) => PyString::new(py, &text).into_any(),
                Varying::Int(number) => PyInt::new(py, number).into_any(),
                Varying::Float(number) => PyFloat::new(py, number).into_any(),
            };
            if let (Ok(()), Some(place)) = (&result, places.get(number)) {
                result = place.set(scalar);
            }
        });
        if result.is_err() {
            // Some of the scalars in the form are those of the chunk before.
            changes.forget();
        }
        result.map(|()| is_like)
    }
}

/// Iterates over the chunks of a recording as objects; at its end raises the recorded exception, if there was one.
///
/// `maker` gets a type tag, or `None`, and returns what makes an object of a chunk: a `Maker` or any callable.
#[pyclass(frozen, module = "recstore._core")]
#[derive(Debug)]
pub(crate) struct Objects {
    recording: store::Recording,
    maker: Py<PyAny>,
    progress: Mutex<Progress>,
}

/// How far it came.
#[derive(Debug, Default)]
struct Progress {
    next: usize,
    /// The last chunk for which the maker of makers was asked, and what it returned.
    last: Option<(usize, Py<PyAny>)>,
}

#[pymethods]
impl Objects {
    #[new]
    fn new(recording: &Recording, maker: Py<PyAny>) -> Self {
        Self { recording: recording.core().clone(), maker, progress: Mutex::default() }
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let recording = &self.recording;
        let view = recording.view().map_err(|error| raise(py, error))?;
        let (index, last) = {
            let mut progress = self.progress();
            let index = progress.next;
            progress.next += 1;
            (index, progress.last.as_ref().map(|(last, maker)| (*last, maker.bind(py).clone())))
        };
        if index < view.chunk_count() {
            let maker = self.maker_of(py, &view, index, last)?;
            let made = match maker.cast::<Maker>() {
                Ok(maker) => {
                    let json = view.chunk_data(index).map_err(|damage| raise(py, recording.damaged(damage)))?;
                    maker.get().make(py, json)
                }
                Err(_) => maker.call1((Chunk::new(recording.clone(), index),)),
            };
            return made.map(Some);
        }
        if index == view.chunk_count() && view.is_error() {
            static EXCEPTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let recorded_exception = EXCEPTION.import(py, "recstore._exceptions", "recorded_exception")?;
            return Err(PyErr::from_value(recorded_exception.call1((Recording::from(recording.clone()),))?));
        }
        Ok(None)
    }
}

impl Objects {
    /// Returns what makes the object of a chunk; asks only where the type tag is another than that of the last.
    fn maker_of<'py>(
        &self,
        py: Python<'py>,
        view: &View<'_>,
        index: usize,
        last: Option<(usize, Bound<'py, PyAny>)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let damaged = |damage| raise(py, self.recording.damaged(damage));
        let tag_of = |index| view.chunk_type_json(index).map_err(damaged);
        if let Some((last, maker)) = last
            && tag_of(last)? == tag_of(index)?
        {
            return Ok(maker);
        }
        let tag = view.chunk_type(index).map_err(damaged)?;
        let tag = tag.map(|tag| to_python::text(py, &tag)).transpose()?;
        let maker = self.maker.bind(py).call1((tag,))?;
        // Dropped outside of the lock: it may be the last reference.
        let forgotten = self.progress().last.replace((index, maker.clone().unbind()));
        drop(forgotten);
        Ok(maker)
    }

    /// Locks how far it came. No code of Python's may run under the lock: it might ask for the next chunk.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
