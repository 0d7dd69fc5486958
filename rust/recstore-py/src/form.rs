//! Objects of an SDK as they come out of its validation, ready to be made again.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString, PyTuple, PyType};

use crate::instance::{PlainClass, copy_names};

/// A value to be made again and again. What is made shares nothing that can be changed.
#[derive(Debug)]
pub(crate) enum Form {
    /// A value that cannot be changed, shared by all.
    Shared(Py<PyAny>),
    List(Elements),
    Dict(Members),
    Model(Box<Model>),
}

/// Copying a list or a dict is the quickest way to one; so each form of these is one, with all that can be shared in it.
#[derive(Debug)]
pub(crate) struct Elements {
    template: Py<PyList>,
    /// The others, by index.
    made: Vec<(usize, Form)>,
}

/// As [`Elements`], by name.
#[derive(Debug)]
pub(crate) struct Members {
    template: Py<PyDict>,
    made: Vec<(Py<PyString>, Form)>,
}

/// An object of a class of pydantic's.
#[derive(Debug)]
pub(crate) struct Model {
    class: PlainClass,
    fields: Members,
    fields_set: Py<PySet>,
    extra: Option<Members>,
}

/// Where in a form a scalar stands that differs from chunk to chunk.
#[derive(Debug)]
pub(crate) struct Place {
    number: usize,
    template: Py<PyAny>,
    key: Py<PyAny>,
}

impl Place {
    /// Puts a scalar there, for all that is made from now on.
    pub(crate) fn set(&self, scalar: Bound<'_, PyAny>) -> PyResult<()> {
        self.template.bind(scalar.py()).set_item(&self.key, &scalar)
    }
}

impl Form {
    /// Takes a form as Python spells it: a list of forms, a dict of forms, `(class, dict of fields, set of fields, dict of
    /// extra fields or None)`; anything else is shared. In a list or a dict, `(number,)` is a scalar that differs; returns
    /// the places of these, in the order of their numbers.
    pub(crate) fn new(spelled: &Bound<'_, PyAny>) -> PyResult<(Self, Vec<Place>)> {
        let mut places = Vec::new();
        let form = Self::of(spelled, &mut places)?;
        places.sort_by_key(|place| place.number);
        Ok((form, places))
    }

    fn of(spelled: &Bound<'_, PyAny>, places: &mut Vec<Place>) -> PyResult<Self> {
        if let Ok(elements) = spelled.cast::<PyList>() {
            return Elements::of(elements, places).map(Self::List);
        }
        if let Ok(members) = spelled.cast::<PyDict>() {
            return Members::of(members, places).map(Self::Dict);
        }
        match spelled.cast::<PyTuple>() {
            Ok(model) => Model::of(model, places).map(Box::new).map(Self::Model),
            Err(_) => Ok(Self::Shared(spelled.clone().unbind())),
        }
    }

    /// Makes the value.
    pub(crate) fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Shared(value) => Ok(value.bind(py).clone()),
            Self::List(elements) => elements.make(py).map(Bound::into_any),
            Self::Dict(members) => members.make(py).map(Bound::into_any),
            Self::Model(model) => model.make(py),
        }
    }
}

/// Puts a value of a form into the template: as it is, or where it must be made, `None`. Returns what must be made.
fn place<'py>(
    template: &Bound<'py, PyAny>,
    key: &Bound<'py, PyAny>,
    spelled: &Bound<'py, PyAny>,
    places: &mut Vec<Place>,
) -> PyResult<Option<Form>> {
    let scalar = spelled.cast::<PyTuple>().ok().filter(|tuple| tuple.len() == 1);
    if let Some(scalar) = scalar {
        let number = scalar.get_item(0)?.extract()?;
        places.push(Place { number, template: template.clone().unbind(), key: key.clone().unbind() });
        return template.set_item(key, template.py().None()).map(|()| None);
    }
    match Form::of(spelled, places)? {
        Form::Shared(value) => template.set_item(key, value).map(|()| None),
        form => template.set_item(key, template.py().None()).map(|()| Some(form)),
    }
}

impl Elements {
    fn of(spelled: &Bound<'_, PyList>, places: &mut Vec<Place>) -> PyResult<Self> {
        let template = spelled.get_slice(0, spelled.len());
        let mut made = Vec::new();
        for (index, value) in spelled.iter().enumerate() {
            let key = index.into_pyobject(spelled.py())?;
            made.extend(place(&template, &key, &value, places)?.map(|form| (index, form)));
        }
        Ok(Self { template: template.unbind(), made })
    }

    fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let template = self.template.bind(py);
        let elements = template.get_slice(0, template.len());
        for (index, form) in &self.made {
            elements.set_item(*index, form.make(py)?)?;
        }
        Ok(elements)
    }
}

impl Members {
    fn of(spelled: &Bound<'_, PyDict>, places: &mut Vec<Place>) -> PyResult<Self> {
        let template = PyDict::new(spelled.py());
        let mut made = Vec::new();
        for (name, value) in spelled {
            if let Some(form) = place(&template, &name, &value, places)? {
                made.push((name.cast_into::<PyString>()?.unbind(), form));
            }
        }
        Ok(Self { template: template.unbind(), made })
    }

    fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let members = self.template.bind(py).copy()?;
        for (name, form) in &self.made {
            members.set_item(name, form.make(py)?)?;
        }
        Ok(members)
    }
}

impl Model {
    fn of(spelled: &Bound<'_, PyTuple>, places: &mut Vec<Place>) -> PyResult<Self> {
        type Spelled<'py> = (Bound<'py, PyType>, Bound<'py, PyDict>, Bound<'py, PySet>, Option<Bound<'py, PyDict>>);
        let (class, fields, fields_set, extra): Spelled<'_> = spelled.extract()?;
        Ok(Self {
            class: PlainClass::new(&class)?,
            fields: Members::of(&fields, places)?,
            // A copy has the size that its own copies will have, and so is copied quickest.
            fields_set: copy_names(&fields_set)?.unbind(),
            extra: extra.map(|extra| Members::of(&extra, places)).transpose()?,
        })
    }

    fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let fields = self.fields.make(py)?;
        let fields_set = copy_names(self.fields_set.bind(py))?;
        let extra = match &self.extra {
            Some(extra) => extra.make(py)?.into_any(),
            None => py.None().into_bound(py),
        };
        self.class.instance(&fields, &fields_set, &extra)
    }
}
