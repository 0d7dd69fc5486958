//! Python values that are exactly what `json.loads` makes, walked without taking a reference to any of them.
//!
//! A place of the binding with `unsafe`. A reference counted is a write to each value, and they lie far apart:
//! with these, and with the lists of values held for them, a key took a third longer (docs/performance.md). Whatever is
//! not of exactly these types ends the walk, and the caller walks again as `json.dumps` does.

#![allow(unsafe_code)]

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use recstore_core::json::{Node, Source};

use crate::instance::uncollected;

/// A value that something else holds as long as `'v`.
///
/// What upholds that: [`walk`] alone makes the first one, of a value that its caller holds; the others are in it. A dict
/// or a list lets go of what is in it only where it is changed, and nobody changes one meanwhile. No code of Python's
/// runs: none of the functions called here calls any, and the garbage collector is off. No other thread runs: the
/// interpreter is attached all the time, and has a global lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Borrowed<'v> {
    value: NonNull<ffi::PyObject>,
    /// Looked up when the value is met, some time before it is written: values lie in far memory.
    class: *mut ffi::PyTypeObject,
    holder: PhantomData<&'v ()>,
}

/// The value is not of exactly a type that is known here, or is no text.
#[derive(Debug)]
pub(crate) struct NotPlain;

/// Walks over a value; `None` where `work` came to an end because something in it is not plain.
///
/// `work` must run no code of Python's, nor detach from the interpreter.
pub(crate) fn walk<T>(value: &Bound<'_, PyAny>, work: impl FnOnce(Borrowed<'_>) -> Option<T>) -> Option<T> {
    if cfg!(Py_GIL_DISABLED) {
        return None;
    }
    // SAFETY: the caller holds the value as long as the closure runs.
    let borrowed = unsafe { Borrowed::new(value.as_ptr()) }?;
    uncollected(value.py(), || work(borrowed))
}

impl<'v> Borrowed<'v> {
    /// # Safety
    /// The value is held for as long as `'v`, or null.
    #[inline(always)]
    unsafe fn new(value: *mut ffi::PyObject) -> Option<Self> {
        let value = NonNull::new(value)?;
        // SAFETY: the value is live.
        let class = unsafe { ffi::Py_TYPE(value.as_ptr()) };
        Some(Self { value, class, holder: PhantomData })
    }

    #[inline(always)]
    fn is<T: PyTypeInfo>(self) -> bool {
        // SAFETY: the interpreter is attached.
        ptr::eq(self.class, T::type_object_raw(unsafe { Python::assume_attached() }))
    }

    /// Returns the text of a `str`.
    fn text(self) -> Result<&'v [u8], NotPlain> {
        let mut length = 0;
        // SAFETY: the value is a live `str`. What is returned is null with an exception set, or points to as many bytes,
        // which the `str` holds and never changes.
        unsafe {
            let bytes = ffi::PyUnicode_AsUTF8AndSize(self.value.as_ptr(), &raw mut length);
            if bytes.is_null() {
                ffi::PyErr_Clear();
                return Err(NotPlain);
            }
            Ok(std::slice::from_raw_parts(bytes.cast(), length as usize))
        }
    }
}

impl<'v> Source for Borrowed<'v> {
    type Text = &'v [u8];
    type Error = NotPlain;
    type Elements = Elements<'v>;
    type Members = Members<'v>;

    #[inline(always)]
    fn node(&self) -> Result<Node<'_, Self>, NotPlain> {
        let value = self.value.as_ptr();
        if self.is::<PyString>() {
            self.text().map(|text| Node::String(Cow::Borrowed(text)))
        } else if self.is::<PyDict>() {
            Ok(Node::Object(Members { dict: *self, position: 0 }))
        } else if self.is::<PyList>() {
            // SAFETY: the value is a live list.
            let length = unsafe { ffi::PyList_Size(value) };
            Ok(Node::Array(Elements { list: *self, next: 0, length }))
        // SAFETY: the three functions return a borrowed reference to an object that is never freed.
        } else if ptr::eq(value, unsafe { ffi::Py_None() }) {
            Ok(Node::Null)
        } else if self.is::<PyBool>() {
            Ok(Node::Bool(ptr::eq(value, unsafe { ffi::Py_True() })))
        } else if self.is::<PyFloat>() {
            // SAFETY: the value is a live float, for which the function has no error.
            Ok(Node::Float(unsafe { ffi::PyFloat_AsDouble(value) }))
        } else if self.is::<PyInt>() {
            let mut overflow = 0;
            // SAFETY: the value is a live int, for which the function has no error but says that it is too large.
            let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow) };
            if overflow == 0 { Ok(Node::Int(number)) } else { Err(NotPlain) }
        } else {
            Err(NotPlain)
        }
    }
}

/// The elements of a `list`.
pub(crate) struct Elements<'v> {
    list: Borrowed<'v>,
    next: ffi::Py_ssize_t,
    length: ffi::Py_ssize_t,
}

impl<'v> Iterator for Elements<'v> {
    type Item = Borrowed<'v>;

    #[inline(always)]
    fn next(&mut self) -> Option<Borrowed<'v>> {
        if self.next >= self.length {
            return None;
        }
        // SAFETY: the value is a live list that has so many elements; what is returned is held by it.
        let element = unsafe { Borrowed::new(ffi::PyList_GetItem(self.list.value.as_ptr(), self.next)) };
        self.next += 1;
        element
    }
}

/// The members of a `dict`.
pub(crate) struct Members<'v> {
    dict: Borrowed<'v>,
    position: ffi::Py_ssize_t,
}

impl<'v> Iterator for Members<'v> {
    type Item = Result<(&'v [u8], Borrowed<'v>), NotPlain>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (mut name, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the value is a live dict, which is not changed while it is walked; what is put into the two places is
        // held by it, and they stay null where there is no further member.
        let (name, value) = unsafe {
            let dict = self.dict.value.as_ptr();
            ffi::PyDict_Next(dict, &raw mut self.position, &raw mut name, &raw mut value);
            (Borrowed::new(name)?, Borrowed::new(value)?)
        };
        Some(if name.is::<PyString>() { name.text().map(|name| (name, value)) } else { Err(NotPlain) })
    }
}
