//! Instances of pydantic's classes, made as pickle makes them: past `__init__` and past the class's own `__setattr__`.
//!
//! A place of the binding with `unsafe`. The interpreter offers to C alone what is needed here; the ways that Python
//! has, `object.__new__(cls)` and `object.__setattr__(instance, name, value)`, are calls that pack their arguments into
//! tuples, and made a typed chunk cost a third more (docs/performance.md).

#![allow(unsafe_code)]

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

/// A class whose instances may be made so.
#[derive(Debug)]
pub(crate) struct PlainClass {
    class: Py<PyType>,
    no_arguments: Py<PyTuple>,
    fields_set: Slot,
    extra: Slot,
    private: Slot,
}

impl PlainClass {
    /// Takes a model of pydantic's of which `object.__new__` makes the instances, and of which half an instance can be
    /// dropped without code of Python's; raises `TypeError` for any other class.
    pub(crate) fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        let of_object = py.get_type::<PyAny>().getattr(intern!(py, "__new__"))?;
        if !class.getattr(intern!(py, "__new__"))?.is(&of_object) {
            return Err(PyTypeError::new_err("a class with a __new__ of its own"));
        }
        if class.hasattr(intern!(py, "__del__"))? {
            return Err(PyTypeError::new_err("a class with a __del__"));
        }
        // The interpreter's own check that instances of this layout are for `object.__new__` to make.
        of_object.call1((class,))?;
        Ok(Self {
            class: class.clone().unbind(),
            no_arguments: PyTuple::empty(py).unbind(),
            fields_set: Slot::of(class, intern!(py, "__pydantic_fields_set__"))?,
            extra: Slot::of(class, intern!(py, "__pydantic_extra__"))?,
            private: Slot::of(class, intern!(py, "__pydantic_private__"))?,
        })
    }

    /// Makes an instance with these fields, names of fields that were set, and extra fields or `None`.
    pub(crate) fn instance<'py>(
        &self,
        fields: &Bound<'py, PyDict>,
        fields_set: &Bound<'py, PySet>,
        extra: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fields.py();
        // SAFETY: both pointers are to live objects of the right types, the third may be null, and the interpreter is
        // attached. The function allocates as the class says and sets nothing, as `object.__new__` does for the
        // classes that `new` lets through. It returns a new reference, or null with an exception set.
        let instance = unsafe {
            let class = self.class.as_ptr().cast::<ffi::PyTypeObject>();
            let made = ffi::PyType_GenericNew(class, self.no_arguments.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, made)?
        };
        // SAFETY: both are live objects, the second a dict, and the interpreter is attached. The function is what
        // assigning to `__dict__` calls; it takes no reference away and returns -1 with an exception set where it fails.
        check(py, unsafe { ffi::PyObject_GenericSetDict(instance.as_ptr(), fields.as_ptr(), std::ptr::null_mut()) })?;
        self.fields_set.set(&instance, fields_set)?;
        self.extra.set(&instance, extra)?;
        self.private.set(&instance, py.None().bind(py))?;
        Ok(instance)
    }
}

/// An entry of a class's `__slots__`.
#[derive(Debug)]
struct Slot {
    descriptor: Py<PyAny>,
    set: ffi::descrsetfunc,
}

impl Slot {
    fn of(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<Self> {
        let py = class.py();
        let descriptor = class.getattr(name)?;
        let member = py.import(intern!(py, "types"))?.getattr(intern!(py, "MemberDescriptorType"))?;
        if !descriptor.get_type().is(&member) {
            return Err(PyTypeError::new_err(format!("a class without the slot {name}")));
        }
        // SAFETY: the type of a live object is live; what it has under this name is null or a function of this signature.
        let set = unsafe {
            let set = ffi::PyType_GetSlot(descriptor.get_type_ptr(), ffi::Py_tp_descr_set);
            std::mem::transmute::<*mut std::ffi::c_void, Option<ffi::descrsetfunc>>(set)
        };
        let set = set.ok_or_else(|| PyTypeError::new_err("slots that cannot be set"))?;
        Ok(Self { descriptor: descriptor.unbind(), set })
    }

    /// Sets the slot of an instance.
    fn set(&self, instance: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: all three are live objects, the function is of the descriptor's type, and the interpreter is attached.
        // The function checks that the instance is of the descriptor's class, takes no reference away, and returns -1
        // with an exception set where it fails.
        check(instance.py(), unsafe { (self.set)(self.descriptor.as_ptr(), instance.as_ptr(), value.as_ptr()) })
    }
}

fn check(py: Python<'_>, status: i32) -> PyResult<()> {
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(py)) }
}

/// Makes an object without a collection of garbage meanwhile, as the interpreter itself does from 3.12 on.
///
/// Before, each allocation may start one, in the midst of `list(stream)`, where all there is is in use: what is looked at
/// is found alive, taken for old, and makes the next look through the whole heap come sooner. The allocations still count;
/// the first one of anybody else starts the collection that is due. `make` must run no code of Python's, which would see
/// the collector off.
pub(crate) fn uncollected<T>(_: Python<'_>, make: impl FnOnce() -> T) -> T {
    struct Resume(bool);
    impl Drop for Resume {
        fn drop(&mut self) {
            if self.0 {
                // SAFETY: the interpreter is attached; the function sets a flag.
                unsafe { ffi::PyGC_Enable() };
            }
        }
    }
    // SAFETY: as above; it returns what the flag was.
    let _resume = Resume(unsafe { ffi::PyGC_Disable() } != 0);
    make()
}

/// Copies a set of names, which the garbage collector need not look at: names lead nowhere.
///
/// Three sets were a quarter of all that it looked at in a chunk. The interpreter spares it dicts and tuples that hold
/// nothing but names and numbers; of sets it does not know.
pub(crate) fn copy_names<'py>(names: &Bound<'py, PySet>) -> PyResult<Bound<'py, PySet>> {
    let py = names.py();
    // SAFETY: the set is a live object, and the interpreter is attached. The first function returns a new reference to a
    // set, or null with an exception set. The second takes a live object that the collector may know, and no reference;
    // what it does not know is never freed too early, and is freed as ever when its last reference goes.
    unsafe {
        let copy = Bound::from_owned_ptr_or_err(py, ffi::PySet_New(names.as_ptr()))?;
        ffi::PyObject_GC_UnTrack(copy.as_ptr().cast());
        Ok(copy.cast_into_unchecked())
    }
}
