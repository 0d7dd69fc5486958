//! A reader that walks a document and builds nothing.

use std::ops::Range;

use super::escape::unescape;
use super::{JsonError, JsonErrorKind as Wrong, MAX_DEPTH, Text};

/// Which texts are accepted beside RFC 8259.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 8259 and nothing else.
    #[default]
    Strict,
    /// What `json.loads` accepts as well: `NaN`, `Infinity`, `-Infinity`, and doubles out of range as infinity.
    ///
    /// Recordings are read so, because the recorders that wrote them use `json.dump`, which writes these.
    Python,
}

/// How much a document may ask of its reader. Raised by the caller, never by the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may nest.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: MAX_DEPTH }
    }
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, or a word for one in [`Dialect::Python`].
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Names the kind, with its article.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// A number as Python tells them apart: with a point or an exponent it is a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number<'a> {
    /// An integer of any size, in its digits. `-0` is spelled `0`, as `int` has no negative zero.
    Int(&'a str),
    /// A double. Infinite or not a number only in [`Dialect::Python`].
    Float(f64),
}

/// Walks a document from left to right: look at what comes next, take it or skip it.
///
/// ```
/// use recstore_core::json::{Reader, Text};
///
/// let text = br#"{"model": "m", "choices": [{"index": 0}, {"index": 1}]}"#;
/// let mut reader = Reader::new(text)?;
/// let mut elements = Vec::new();
/// reader.object(|reader, name| match name.as_bytes() {
///     b"choices" => reader.array(|reader| Ok(elements.push(reader.span()?))),
///     _ => reader.skip(),
/// })?;
/// assert_eq!(&text[elements[1].clone()], br#"{"index": 1}"#);
/// # Ok::<(), recstore_core::json::JsonError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) dialect: Dialect,
    pub(super) limits: Limits,
}

type Result<T, E = JsonError> = std::result::Result<T, E>;

impl<'a> Reader<'a> {
    /// Starts at the beginning of `text`, in [`Dialect::Strict`] and with the default limits.
    ///
    /// # Errors
    /// Where `text` is not UTF-8 or begins with a byte order mark.
    pub fn new(text: &'a [u8]) -> Result<Self> {
        if text.starts_with(b"\xEF\xBB\xBF") {
            return Err(JsonError::new(Wrong::ByteOrderMark, 0));
        }
        let text =
            std::str::from_utf8(text).map_err(|error| JsonError::new(Wrong::InvalidUtf8, error.valid_up_to()))?;
        Ok(Self { text, at: 0, depth: 0, dialect: Dialect::Strict, limits: Limits::default() })
    }

    /// Sets which texts are accepted beside RFC 8259.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets how deep the document may nest.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the one value of the whole text with `read` and makes sure that nothing follows it.
    ///
    /// # Errors
    /// Those of `read`, and where something other than white space follows.
    pub fn document<T, E: From<JsonError>>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let value = read(self)?;
        self.skip_white_space();
        if self.at < self.text.len() {
            return Err(self.wrong(Wrong::TrailingContent).into());
        }
        Ok(value)
    }

    /// Says what comes next, past white space, and stays before it.
    ///
    /// # Errors
    /// Where no value can begin.
    #[inline]
    pub fn peek(&mut self) -> Result<Kind> {
        self.skip_white_space();
        match self.byte() {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => Err(self.wrong(Wrong::ExpectedValue)),
            None => Err(self.wrong(Wrong::UnexpectedEnd)),
        }
    }

    /// Takes `null`.
    ///
    /// # Errors
    /// Where something else comes next.
    pub fn null(&mut self) -> Result<()> {
        self.skip_white_space();
        self.word("null")
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    /// Where something else comes next.
    pub fn bool(&mut self) -> Result<bool> {
        self.skip_white_space();
        if self.byte() == Some(b't') { self.word("true").map(|()| true) } else { self.word("false").map(|()| false) }
    }

    /// Takes a number.
    ///
    /// # Errors
    /// Where something else comes next, or a number that JSON or a double cannot hold.
    pub fn number(&mut self) -> Result<Number<'a>> {
        self.skip_white_space();
        let start = self.at;
        let Some(is_float) = self.number_span()? else {
            self.at = start;
            return self.not_finite().map(Number::Float);
        };
        let digits = self.text.get(start..self.at).unwrap_or_default();
        if !is_float {
            return Ok(Number::Int(if digits == "-0" { "0" } else { digits }));
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() || self.dialect == Dialect::Python => Ok(Number::Float(number)),
            Ok(_) => Err(JsonError::new(Wrong::NumberOutOfRange, start)),
            Err(_) => Err(JsonError::new(Wrong::InvalidNumber, start)),
        }
    }

    /// Takes a string: borrowed where it holds no escape.
    ///
    /// # Errors
    /// Where something else comes next, or the string is not well formed.
    pub fn string(&mut self) -> Result<Text<'a>> {
        self.skip_white_space();
        let (span, has_escape) = self.string_span()?;
        let inside = self.text.get(span).unwrap_or_default();
        if has_escape { Ok(Text::from(unescape(inside.as_bytes()))) } else { Ok(Text::from(inside)) }
    }

    /// Takes an array; `element` must take or skip one value each time it is called.
    ///
    /// # Errors
    /// Those of `element`, and where the array is not well formed.
    pub fn array<E: From<JsonError>>(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.skip_white_space();
        self.need(b'[', Wrong::ExpectedValue)?;
        self.enter()?;
        self.skip_white_space();
        if self.byte() == Some(b']') {
            self.leave();
            return Ok(());
        }
        loop {
            element(self)?;
            self.skip_white_space();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                Some(_) => return Err(self.wrong(Wrong::ExpectedCommaOrBracket).into()),
                None => return Err(self.wrong(Wrong::UnexpectedEnd).into()),
            }
            self.skip_white_space();
            if self.byte() == Some(b']') {
                return Err(self.wrong(Wrong::TrailingComma).into());
            }
        }
        self.leave();
        Ok(())
    }

    /// Takes an object; `member` gets each name and must take or skip the value each time it is called.
    ///
    /// # Errors
    /// Those of `member`, and where the object is not well formed.
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.skip_white_space();
        self.need(b'{', Wrong::ExpectedValue)?;
        self.enter()?;
        self.skip_white_space();
        if self.byte() == Some(b'}') {
            self.leave();
            return Ok(());
        }
        loop {
            self.need(b'"', Wrong::ExpectedName)?;
            let name = self.string()?;
            self.skip_white_space();
            self.colon()?;
            member(self, name)?;
            self.skip_white_space();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                Some(_) => return Err(self.wrong(Wrong::ExpectedCommaOrBrace).into()),
                None => return Err(self.wrong(Wrong::UnexpectedEnd).into()),
            }
            self.skip_white_space();
            if self.byte() == Some(b'}') {
                return Err(self.wrong(Wrong::TrailingComma).into());
            }
        }
        self.leave();
        Ok(())
    }

    /// Skips one value of any kind and checks it.
    ///
    /// # Errors
    /// Where the value is not well formed.
    pub fn skip(&mut self) -> Result<()> {
        match self.peek()? {
            Kind::Null => self.word("null"),
            Kind::Bool => self.bool().map(|_| ()),
            Kind::Number => self.skip_number(),
            Kind::String => self.string_span().map(|_| ()),
            Kind::Array => self.array(Self::skip),
            Kind::Object => self.object(|reader, _| reader.skip()),
        }
    }

    /// Skips one value of any kind, checks it, and returns the bytes it takes in the text.
    ///
    /// # Errors
    /// Where the value is not well formed.
    pub fn span(&mut self) -> Result<Range<usize>> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Ok(start..self.at)
    }

    /// Returns where the reader stands, in bytes from the beginning.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}
