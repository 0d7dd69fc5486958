//! One writer for every form in which a value is spelled.

use std::borrow::Cow;
use std::convert::Infallible;

use smallvec::SmallVec;

use super::escape::{decode_wtf8, write_ascii, write_utf8};
use super::float::write_python_float;
use super::{MAX_DEPTH, Node, Path, Source, Step, Value, es6_float};

/// How a value is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Puts every element and member on its own line, two spaces deeper than what holds it.
    pub indent: bool,
    /// The order of the members of an object.
    pub sorting: Sorting,
    /// Escapes everything beyond ASCII.
    pub ascii: bool,
    /// How numbers are spelled.
    pub numbers: Numbers,
    /// Puts a space after each colon, and after each comma that does not end a line.
    pub spaces: bool,
}

/// The order of the members of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorting {
    /// As they come.
    None,
    /// By code point of the name, as Python sorts.
    CodePoint,
    /// By UTF-16 unit of the name, as RFC 8785 wants in section 3.2.3.
    Utf16,
}

/// How numbers are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As `json.dumps` does: integers in all their digits, doubles by `repr`, `NaN` and `Infinity`.
    Python,
    /// Doubles as RFC 8785 wants; integers in all their digits, also beyond 2^53, where RFC 8785 has no say and two
    /// requests must not become one.
    Rfc8785,
}

impl Style {
    /// `json.dumps(value, indent=2)`
    pub const INDENTED: Self = Self { indent: true, ..Self::PYTHON };
    /// `json.dumps(value)`
    pub const PYTHON: Self =
        Self { indent: false, sorting: Sorting::None, ascii: true, numbers: Numbers::Python, spaces: true };
    /// `json.dumps(value, sort_keys=True)`
    pub const SORTED: Self = Self { sorting: Sorting::CodePoint, ..Self::PYTHON };
    /// `json.dumps(value, separators=(",", ":"))`
    pub const COMPACT: Self = Self { spaces: false, ..Self::PYTHON };
    /// RFC 8785, the JSON canonicalization scheme
    pub const RFC8785: Self =
        Self { sorting: Sorting::Utf16, ascii: false, numbers: Numbers::Rfc8785, ..Self::COMPACT };
}

/// Changes values while they are written; what the rules of a key are made of.
pub trait Rewrite {
    /// Whether [`Rewrite::string`] is asked about every text, since no two bytes foretell what it changes.
    const HAS_PATTERNS: bool = false;

    /// Returns the double to write in the place of `number`.
    fn float(&self, number: f64) -> f64 {
        number
    }

    /// Says whether two bytes that stand side by side are a reason to ask [`Rewrite::string`] about their text.
    ///
    /// The writer looks at every byte of a text anyway; this spares nearly all of them a second look.
    fn is_suspect(first: u8, second: u8) -> bool {
        let _ = (first, second);
        false
    }

    /// Returns the text to write in the place of `text`, which stands at `path`, if it is another.
    fn string(&self, path: &Path<'_>, text: &[u8]) -> Option<Vec<u8>> {
        let _ = (path, text);
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
    let mut out = Vec::new();
    write(&mut out, &value, style, &Plain, &Path::ROOT)?;
    Ok(out)
}

/// Appends `source` to `out`, spelled in `style` and changed by `rules`; `path` is where the source stands.
///
/// # Errors
/// Where a value has no spelling, with its path. What was appended until then stays.
pub fn write<S: Source, R: Rewrite>(
    out: &mut Vec<u8>,
    source: &S,
    style: Style,
    rules: &R,
    path: &Path<'_>,
) -> Result<(), (String, WriteError<S::Error>)> {
    Writer { out, style, rules, depth: 0 }.value(source, path)
}

struct Writer<'w, R> {
    out: &'w mut Vec<u8>,
    style: Style,
    rules: &'w R,
    depth: usize,
}

/// As many members as most objects have; those of others are put on the heap.
const USUAL_MEMBERS: usize = 8;

type Written<E> = Result<(), (String, WriteError<E>)>;

impl<R: Rewrite> Writer<'_, R> {
    fn value<S: Source>(&mut self, source: &S, path: &Path<'_>) -> Written<S::Error> {
        let fail = |error| Err((path.to_string(), error));
        if let Some(other) = self.rules.replacement(path) {
            let mut plain = Writer { out: &mut *self.out, style: self.style, rules: &Plain, depth: self.depth };
            return plain.value(&other, path).map_err(|(path, error)| (path, error.of_source()));
        }
        match source.node() {
            Err(error) => return fail(WriteError::Source(error)),
            Ok(Node::Null) => self.out.extend_from_slice(b"null"),
            Ok(Node::Bool(true)) => self.out.extend_from_slice(b"true"),
            Ok(Node::Bool(false)) => self.out.extend_from_slice(b"false"),
            Ok(Node::Int(number)) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Ok(Node::BigInt(digits)) => self.out.extend_from_slice(digits.as_bytes()),
            Ok(Node::Float(number)) => {
                let number = self.rules.float(number);
                match self.style.numbers {
                    Numbers::Python => write_python_float(self.out, number),
                    Numbers::Rfc8785 => match es6_float(number) {
                        Some(text) => self.out.extend_from_slice(text.as_bytes()),
                        None => return fail(WriteError::NotFinite),
                    },
                }
            }
            Ok(Node::String(text)) => {
                let start = self.out.len();
                let mut text = text;
                if (self.string(&text, R::is_suspect) || R::HAS_PATTERNS)
                    && let Some(other) = self.rules.string(path, &text)
                {
                    self.out.truncate(start);
                    self.string(&other, |_, _| false);
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

    fn array<S: Source>(&mut self, elements: S::Elements, path: &Path<'_>) -> Written<S::Error> {
        self.out.push(b'[');
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

    fn object<S: Source>(&mut self, members: S::Members, path: &Path<'_>) -> Written<S::Error> {
        // They stay where they are put: to move what was just stored in parts makes the processor wait.
        let mut held = SmallVec::<[(S::Text, S); USUAL_MEMBERS]>::new();
        for member in members {
            held.push(member.map_err(|error| (path.to_string(), WriteError::Source(error)))?);
        }
        let mut members = SmallVec::<[(&[u8], &S); USUAL_MEMBERS]>::new();
        for (name, value) in &held {
            members.push((name.as_ref(), value));
        }
        match self.style.sorting {
            Sorting::None => {}
            Sorting::CodePoint => members.sort_unstable_by_key(|(name, _)| *name),
            Sorting::Utf16 => members.sort_unstable_by(|(a, _), (b, _)| utf16(a).cmp(utf16(b))),
        }
        self.out.push(b'{');
        self.depth += 1;
        let mut is_empty = true;
        let may_drop = self.rules.may_drop(path);
        for &(name, value) in &members {
            if may_drop && !self.rules.keeps(path, Step::Member(name)) {
                continue;
            }
            self.separate(is_empty);
            is_empty = false;
            let path = path.then(Step::Member(name));
            if !self.can_spell(name) {
                return Err((path.to_string(), WriteError::LoneSurrogate));
            }
            self.string(name, |_, _| false);
            self.out.push(b':');
            if self.style.spaces {
                self.out.push(b' ');
            }
            self.value(value, &path)?;
        }
        self.close(is_empty, b'}');
        Ok(())
    }

    #[inline(always)]
    fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(b',');
        }
        if self.style.indent {
            self.new_line();
        } else if self.style.spaces && !is_first {
            self.out.push(b' ');
        }
    }

    #[inline(always)]
    fn close(&mut self, is_empty: bool, bracket: u8) {
        self.depth -= 1;
        if self.style.indent && !is_empty {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self) {
        self.out.push(b'\n');
        self.out.resize(self.out.len() + 2 * self.depth, b' ');
    }

    /// Writes a string, and says whether there is something suspect in it.
    fn string(&mut self, text: &[u8], is_suspect: impl Fn(u8, u8) -> bool) -> bool {
        if self.style.ascii { write_ascii(self.out, text, is_suspect) } else { write_utf8(self.out, text, is_suspect) }
    }

    /// Lone surrogates have a spelling in ASCII only.
    fn can_spell(&self, text: &[u8]) -> bool {
        self.style.ascii || std::str::from_utf8(text).is_ok()
    }
}

/// The UTF-16 units of a text.
fn utf16(text: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (point, length) = (!rest.is_empty()).then(|| decode_wtf8(rest))?;
        rest = rest.get(length..).unwrap_or_default();
        // One number in the place of a surrogate pair sorts as the pair does: before U+E000 and after U+D7FF.
        Some(if point < 0x1_0000 { point << 16 } else { 0xD800_0000 + (point - 0x1_0000) })
    })
}
