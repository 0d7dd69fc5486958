//! One writer for every form in which a value is spelled.

use std::borrow::Cow;
use std::convert::Infallible;

use smallvec::SmallVec;

use super::escape::write_string;
use super::float::write_python_float;
use super::order::{USUAL_MEMBERS, order_members};
use super::plain::{BLOCK, copy_short, put};
use super::sink::Sink;
use super::{MAX_DEPTH, Node, Numbers, Path, Source, Step, Style, Value, es6_float};

/// Changes values while they are written; what the rules of a key are made of.
pub trait Rewrite {
    /// Whether [`Rewrite::string`] is asked about every text, since no two bytes foretell what it changes.
    const HAS_PATTERNS: bool = false;

    /// Returns the double to write in the place of `number`.
    fn float(&self, number: f64) -> f64 {
        number
    }

    /// Returns the signs, each of them a bit, that two bytes which stand side by side are of something to be changed in their
    /// text; [`Rewrite::string`] is asked where there is one.
    ///
    /// The writer looks at every byte of a text anyway; this spares nearly all of them a second look.
    fn signs(first: u8, second: u8) -> u8 {
        let _ = (first, second);
        0
    }

    /// Returns the text to write in the place of `text`, which stands at `path`, if it is another. `signs` are all that are in
    /// the text, and perhaps more.
    fn string(&self, path: &Path<'_>, text: &[u8], signs: u8) -> Option<Vec<u8>> {
        let _ = (path, text, signs);
        None
    }

    /// Returns the value to write in the place of that at `path`, if it is another.
    fn replacement(&self, path: &Path<'_>) -> Option<&Value<'static>> {
        let _ = path;
        None
    }

    /// Says whether [`Rewrite::keeps`] is asked about what is in the object or the array at `path`.
    fn may_drop(&self, path: &Path<'_>) -> bool {
        let _ = path;
        false
    }

    /// Says whether what is one step from `path` is written.
    fn keeps(&self, path: &Path<'_>, step: Step<'_>) -> bool {
        let _ = (path, step);
        true
    }
}

/// Changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Rewrite for Plain {}

/// Why a value could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError<E> {
    /// The source holds something that is no JSON value.
    #[error("is no JSON value")]
    Source(E),
    /// RFC 8785 cannot express NaN and Infinity.
    #[error("is not a finite number, which RFC 8785 cannot express")]
    NotFinite,
    /// RFC 8785 cannot express a lone surrogate.
    #[error("holds a lone surrogate, which RFC 8785 cannot express")]
    LoneSurrogate,
    /// Nested deeper than the limit; also what a list that contains itself looks like.
    #[error("nests deeper than {MAX_DEPTH} levels, or contains itself")]
    TooDeep,
}

impl WriteError<Infallible> {
    /// Returns the same error as one of a source that has errors of its own.
    #[must_use]
    pub fn of_source<E>(self) -> WriteError<E> {
        match self {
            Self::NotFinite => WriteError::NotFinite,
            Self::LoneSurrogate => WriteError::LoneSurrogate,
            Self::TooDeep => WriteError::TooDeep,
        }
    }
}

/// Returns `value` spelled in `style`.
///
/// ```
/// use recstore_core::json::{Style, Value, to_vec};
/// let value = Value::parse("{\"b\": [1.0, \"é\"], \"a\": null}".as_bytes())?;
/// assert_eq!(to_vec(&value, Style::SORTED).unwrap(), br#"{"a": null, "b": [1.0, "\u00e9"]}"#);
/// assert_eq!(to_vec(&value, Style::RFC8785).unwrap(), "{\"a\":null,\"b\":[1,\"é\"]}".as_bytes());
/// # Ok::<(), recstore_core::json::JsonError>(())
/// ```
///
/// # Errors
/// Where a value has no spelling in the style, with its path.
pub fn to_vec(value: &Value<'_>, style: Style) -> Result<Vec<u8>, (String, WriteError<Infallible>)> {
    write(&value, style, &Plain)
}

/// Returns `source` spelled in `style` and changed by `rules`.
///
/// # Errors
/// Where a value has no spelling, with its path.
pub fn write<S: Source, R: Rewrite>(
    source: &S,
    style: Style,
    rules: &R,
) -> Result<Vec<u8>, (String, WriteError<S::Error>)> {
    let mut sink = Sink::with_room(0);
    let mut writer = Writer { sink: &mut sink, style, rules, depth: 0 };
    writer.value(source, &Path::ROOT).map_err(|failure| *failure)?;
    Ok(sink.into_bytes())
}

/// Writes the members of an object one by one, in the order in which they are to stand.
#[derive(Debug)]
pub(crate) struct ObjectWriter<'s> {
    sink: &'s mut Sink,
    style: Style,
    is_empty: bool,
}

impl<'s> ObjectWriter<'s> {
    pub(crate) fn new(sink: &'s mut Sink, style: Style) -> Self {
        sink.put([b'{']);
        Self { sink, style, is_empty: true }
    }

    /// Writes a member, changed by `rules`.
    ///
    /// # Errors
    /// As [`write`].
    pub(crate) fn member<S: Source, R: Rewrite>(
        &mut self,
        name: &str,
        source: &S,
        rules: &R,
    ) -> Result<(), Failure<S::Error>> {
        let mut writer = Writer { sink: &mut *self.sink, style: self.style, rules, depth: 0 };
        writer.name(name.as_bytes(), self.is_empty);
        self.is_empty = false;
        let path = Path::ROOT.then(Step::Member(name.as_bytes()));
        writer.value(source, &path).map_err(|failure| *failure)
    }

    pub(crate) fn close(self) {
        self.sink.put([b'}']);
    }
}

struct Writer<'w, R> {
    sink: &'w mut Sink,
    style: Style,
    rules: &'w R,
    depth: usize,
}

/// What could not be written, with its path.
type Failure<E> = (String, WriteError<E>);

/// In a box, as it is handed from value to value and seldom there.
type Written<E> = Result<(), Box<Failure<E>>>;

impl<R: Rewrite> Writer<'_, R> {
    #[inline(always)]
    fn value<S: Source>(&mut self, source: &S, path: &Path<'_>) -> Written<S::Error> {
        let fail = |error| Err(Box::new((path.to_string(), error)));
        if let Some(other) = self.rules.replacement(path) {
            let mut plain = Writer { sink: &mut *self.sink, style: self.style, rules: &Plain, depth: self.depth };
            return plain.value(&other, path).map_err(|failure| Box::new((failure.0, failure.1.of_source())));
        }
        match source.node() {
            Err(error) => return fail(WriteError::Source(error)),
            Ok(Node::Null) => self.sink.put(*b"null"),
            Ok(Node::Bool(true)) => self.sink.put(*b"true"),
            Ok(Node::Bool(false)) => self.sink.put(*b"false"),
            Ok(Node::Int(number)) => self.sink.extend(number.to_string().as_bytes()),
            Ok(Node::BigInt(digits)) => self.sink.extend(digits.as_bytes()),
            Ok(Node::Float(number)) => {
                let number = self.rules.float(number);
                match self.style.numbers {
                    Numbers::Python => write_python_float(self.sink, number),
                    Numbers::Rfc8785 => match es6_float(number) {
                        Some(text) => self.sink.extend(text.as_bytes()),
                        None => return fail(WriteError::NotFinite),
                    },
                }
            }
            Ok(Node::String(text)) => {
                let start = self.sink.len();
                let mut text = text;
                let signs = self.string(&text, R::signs);
                if (signs != 0 || R::HAS_PATTERNS)
                    && let Some(other) = self.rules.string(path, &text, signs)
                {
                    self.sink.truncate(start);
                    self.string(&other, |_, _| 0);
                    text = Cow::Owned(other);
                }
                if !self.can_spell(&text) {
                    return fail(WriteError::LoneSurrogate);
                }
            }
            Ok(Node::Array(_) | Node::Object(_)) if self.depth == MAX_DEPTH => return fail(WriteError::TooDeep),
            Ok(Node::Array(elements)) => self.array::<S>(elements, path)?,
            Ok(Node::Object(members)) => self.object::<S>(members, path)?,
        }
        Ok(())
    }

    #[inline(never)]
    fn array<S: Source>(&mut self, elements: S::Elements, path: &Path<'_>) -> Written<S::Error> {
        self.sink.put([b'[']);
        self.depth += 1;
        let mut is_empty = true;
        let may_drop = self.rules.may_drop(path);
        for (index, element) in elements.enumerate() {
            if may_drop && !self.rules.keeps(path, Step::Element(index)) {
                continue;
            }
            self.separate(is_empty);
            is_empty = false;
            self.value(&element, &path.then(Step::Element(index)))?;
        }
        self.close(is_empty, b']');
        Ok(())
    }

    #[inline(never)]
    fn object<S: Source>(&mut self, members: S::Members, path: &Path<'_>) -> Written<S::Error> {
        let mut held = SmallVec::<[(S::Text, S); USUAL_MEMBERS]>::new();
        for member in members {
            held.push(member.map_err(|error| Box::new((path.to_string(), WriteError::Source(error))))?);
        }
        let held = held.as_mut_slice();
        let order = order_members(held, self.style.sorting);
        self.sink.put([b'{']);
        self.depth += 1;
        let mut is_empty = true;
        let may_drop = self.rules.may_drop(path);
        for number in 0..held.len() {
            // Those of a large object lie in their order.
            let number = order.get(number).map_or(number, |number| (*number & 0xFF) as usize);
            let Some((name, value)) = held.get(number) else { break };
            let name = name.as_ref();
            if may_drop && !self.rules.keeps(path, Step::Member(name)) {
                continue;
            }
            let path = path.then(Step::Member(name));
            if !self.can_spell(name) {
                return Err(Box::new((path.to_string(), WriteError::LoneSurrogate)));
            }
            self.name(name, is_empty);
            is_empty = false;
            self.value(value, &path)?;
        }
        self.close(is_empty, b'}');
        Ok(())
    }

    /// Writes what stands before the value of a member.
    #[inline(always)]
    fn name(&mut self, name: &[u8], is_first: bool) {
        // Nearly all: in one window, which is left as it is where something must be escaped.
        if name.len() <= BLOCK
            && !self.style.indent
            && let Some(window) = self.sink.window::<{ 2 * BLOCK }>()
        {
            let spaces = usize::from(self.style.spaces);
            let start = if is_first { 0 } else { 1 + spaces };
            put(window, 0, b", ");
            put(window, start, b"\"");
            if copy_short::<true>(window, start + 1, name).is_none() {
                put(window, start + 1 + name.len(), b"\": ");
                self.sink.advance(start + 1 + name.len() + 2 + spaces);
                return;
            }
        }
        self.separate(is_first);
        self.string(name, |_, _| 0);
        self.sink.put([b':']);
        if self.style.spaces {
            self.sink.put([b' ']);
        }
    }

    #[inline(always)]
    fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.sink.put([b',']);
        }
        if self.style.indent {
            self.new_line();
        } else if self.style.spaces && !is_first {
            self.sink.put([b' ']);
        }
    }

    #[inline(always)]
    fn close(&mut self, is_empty: bool, bracket: u8) {
        self.depth -= 1;
        if self.style.indent && !is_empty {
            self.new_line();
        }
        self.sink.put([bracket]);
    }

    fn new_line(&mut self) {
        self.sink.put([b'\n']);
        for _ in 0..self.depth {
            self.sink.put([b' '; 2]);
        }
    }

    /// Writes a string, and returns the signs in it.
    fn string(&mut self, text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> u8 {
        if self.style.ascii {
            write_string::<true>(self.sink, text, signs_of)
        } else {
            write_string::<false>(self.sink, text, signs_of)
        }
    }

    /// Lone surrogates have a spelling in ASCII only.
    fn can_spell(&self, text: &[u8]) -> bool {
        self.style.ascii || std::str::from_utf8(text).is_ok()
    }
}
