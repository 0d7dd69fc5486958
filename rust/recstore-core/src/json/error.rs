//! What can be wrong with a document, and where.

use std::fmt;

/// Says that a text is not JSON, why, and at which byte.
///
/// Line and column are worked out only when asked for: see [`JsonError::position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Offset of the offending byte, counted from 0.
    pub at: usize,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text ended inside a value.
    UnexpectedEnd,
    /// Something else stands where a value must begin.
    ExpectedValue,
    /// Something else stands where a member name must begin.
    ExpectedName,
    /// A member name is not followed by a colon.
    ExpectedColon,
    /// An element of an array is followed by neither a comma nor `]`.
    ExpectedCommaOrBracket,
    /// A member of an object is followed by neither a comma nor `}`.
    ExpectedCommaOrBrace,
    /// A comma stands before a closing bracket.
    TrailingComma,
    /// Something follows the document.
    TrailingContent,
    /// A number is not spelled as JSON wants it.
    InvalidNumber,
    /// A number lies beyond the range of a double (`1e400`).
    NumberOutOfRange,
    /// `NaN`, `Infinity` or `-Infinity`, which are Python's and not JSON's.
    NotFinite,
    /// A backslash is followed by something that is no escape.
    InvalidEscape,
    /// A control character stands unescaped in a string.
    ControlCharacter,
    /// The text is not UTF-8.
    InvalidUtf8,
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// Arrays and objects are nested deeper than the limit.
    TooDeep,
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "the text ends inside a value",
            Self::ExpectedValue => "expected a value",
            Self::ExpectedName => "expected a member name in double quotes",
            Self::ExpectedColon => "expected ':' after a member name",
            Self::ExpectedCommaOrBracket => "expected ',' or ']'",
            Self::ExpectedCommaOrBrace => "expected ',' or '}'",
            Self::TrailingComma => "a comma before a closing bracket",
            Self::TrailingContent => "something follows the document",
            Self::InvalidNumber => "not a JSON number",
            Self::NumberOutOfRange => "a number beyond the range of a double",
            Self::NotFinite => "NaN and Infinity are not JSON",
            Self::InvalidEscape => "not a JSON escape",
            Self::ControlCharacter => "an unescaped control character in a string",
            Self::InvalidUtf8 => "not UTF-8",
            Self::ByteOrderMark => "the text begins with a byte order mark; save it as UTF-8 without one",
            Self::TooDeep => "nested deeper than the limit",
        })
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl std::error::Error for JsonError {}

impl JsonError {
    pub(crate) fn new(kind: JsonErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// Returns the line and the column at which the error lies in `text`, which must be the text that was read.
    ///
    /// ```
    /// # use recstore_core::json::{Reader, JsonErrorKind};
    /// let text = b"{\n  \"caf\xc3\xa9\": nope\n}";
    /// let error = Reader::new(text).and_then(|mut reader| reader.document(Reader::skip)).unwrap_err();
    /// let position = error.position(text);
    /// assert_eq!((error.kind, error.at), (JsonErrorKind::ExpectedValue, 13));
    /// assert_eq!((position.line, position.column), (2, 11));
    /// ```
    #[must_use]
    pub fn position(&self, text: &[u8]) -> Position {
        let before = text.get(..self.at).unwrap_or(text);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line_text = before.get(line_start..).unwrap_or_default();
        let is_first_byte_of_character = |byte: &&u8| (**byte & 0xC0) != 0x80;
        Position {
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + line_text.iter().filter(is_first_byte_of_character).count(),
        }
    }
}

/// A place in a text, as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}
