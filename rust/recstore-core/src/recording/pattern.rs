//! JSON of which all is known but for some values.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::{Number, Reader, plain_length, plain_string};

/// What the JSON of chunks has in common that are alike but for some values: what stands between these, to the byte, and of
/// which kind each of them is.
///
/// Nine in ten chunks of a stream differ from the one before in at most three values, so that comparing the rest is all
/// the reading that they need.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What stands before each value that varies, to the byte, and of which kind it is.
    before: Vec<(Vec<u8>, VaryingKind)>,
    /// What stands after the last of them.
    after: Vec<u8>,
}

/// Of which kind a value is that may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaryingKind {
    /// A string without lone surrogates, which are no text.
    String,
    /// An integer that fits 64 bits.
    Int,
    /// A finite double, spelled with a point or an exponent.
    Float,
    /// An array, whatever is in it: it is found, and never read.
    Array,
    /// An object, as an array.
    Object,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub enum Varying<'a> {
    /// A string.
    String(Cow<'a, str>),
    /// An integer.
    Int(i64),
    /// A finite double.
    Float(f64),
}

impl Pattern {
    /// Makes the pattern of `pieces` with one value between each two; `None` where these are not one fewer.
    #[must_use]
    pub fn new(mut pieces: Vec<Vec<u8>>, kinds: Vec<VaryingKind>) -> Option<Self> {
        let after = pieces.pop()?;
        let before = (pieces.len() == kinds.len()).then(|| pieces.into_iter().zip(kinds).collect())?;
        Some(Self { before, after })
    }

    /// Returns of which kinds the values are, in their order.
    pub(super) fn kinds(&self) -> impl Iterator<Item = VaryingKind> {
        self.before.iter().map(|(_, kind)| *kind)
    }

    /// Returns of which kind a value is.
    pub(super) fn kind(&self, number: usize) -> Option<VaryingKind> {
        self.before.get(number).map(|(_, kind)| *kind)
    }

    /// Finds where the values lie. They are not checked: the bytes between them are. Of JSON that is known to be well
    /// formed, what is found has the pattern.
    pub(super) fn find(&self, json: &[u8], spans: &mut Vec<Range<usize>>) -> bool {
        spans.clear();
        // Chunks of different patterns begin alike, but few end alike.
        if !json.ends_with(&self.after) {
            return false;
        }
        let mut at = 0;
        for (before, kind) in &self.before {
            let Some(rest) = json.get(at..).and_then(|rest| rest.strip_prefix(before.as_slice())) else { return false };
            let start = at + before.len();
            at = start + kind.length(rest);
            spans.push(start..at);
        }
        json.get(at..) == Some(&self.after)
    }
}

/// Returns a number that all JSON of one pattern has in common, and little other JSON, where the values that vary are strings
/// and numbers.
///
/// It follows from everything but what strings and numbers are, and of names their lengths.
///
/// ```
/// use recstore_core::recording::shape_of;
///
/// assert_eq!(shape_of(br#"{"a":1,"b":["x",null]}"#), shape_of(br#"{"a":-2.5e3,"b":["\"",null]}"#));
/// assert_ne!(shape_of(br#"{"a":1,"b":["x",null]}"#), shape_of(br#"{"a":1,"b":["x",true]}"#));
/// ```
#[must_use]
pub fn shape_of(json: &[u8]) -> u64 {
    // Knuth's multiplicative hashing (The Art of Computer Programming, volume 3, section 6.4), one token after another.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut shape = 0_u64;
    let mut rest = json;
    while let Some(byte) = rest.first() {
        let length = match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => number_length(rest),
            _ => 0,
        };
        let (token, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, &[]));
        let mark = match byte {
            b'"' if after.first() == Some(&b':') => 256 + token.len() as u64,
            b'0'..=b'9' => u64::from(b'-'),
            byte => u64::from(*byte),
        };
        shape = (shape.rotate_left(5) ^ mark).wrapping_mul(GOLDEN);
        rest = after;
    }
    shape
}

impl VaryingKind {
    /// Returns the length of the value that `json` begins with, in bytes; 0 where it is none of this kind.
    pub(super) fn length(self, json: &[u8]) -> usize {
        match self {
            Self::String => string_length(json),
            Self::Int | Self::Float => number_length(json),
            Self::Array if json.starts_with(b"[") => container_length(json),
            Self::Object if json.starts_with(b"{") => container_length(json),
            Self::Array | Self::Object => 0,
        }
    }

    /// Reads a value of this kind from its JSON; `None` where it is none.
    pub(super) fn read(self, json: &[u8]) -> Option<Varying<'_>> {
        match self {
            Self::String => string(json).map(Varying::String),
            Self::Int | Self::Float => match (self, Reader::new(json).ok()?.document(Reader::number).ok()?) {
                (Self::Int, Number::Int(digits)) => digits.parse().ok().map(Varying::Int),
                (Self::Float, Number::Float(number)) => Some(Varying::Float(number)),
                _ => None,
            },
            Self::Array | Self::Object => None,
        }
    }
}

/// Returns the length of the string that `json` begins with, quotes and all; 0 where it begins with none.
fn string_length(json: &[u8]) -> usize {
    let Some(inside) = json.strip_prefix(b"\"") else { return 0 };
    let mut at = 0;
    while let Some(rest) = inside.get(at..) {
        at += plain_length(rest);
        match inside.get(at) {
            Some(b'"') => return at + 2,
            Some(b'\\') => at += 2,
            _ => break,
        }
    }
    0
}

/// Reads a string; `None` where it is none, or no text.
fn string(json: &[u8]) -> Option<Cow<'_, str>> {
    plain_string(json).map(Cow::Borrowed).or_else(|| {
        let text = Reader::new(json).ok()?.document(Reader::string).ok()?;
        text.as_str().map(|text| Cow::Owned(text.to_owned()))
    })
}

/// Returns the length of the array or object that `json` begins with; 0 where it begins with none.
fn container_length(json: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = json.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => at += string_length(json.get(at..).unwrap_or_default()).saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if matches!(byte, b']' | b'}') { at + 1 } else { 0 };
        }
        at += 1;
    }
    0
}

fn number_length(json: &[u8]) -> usize {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    json.iter().position(|byte| !is_of_number(byte)).unwrap_or(json.len())
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pattern(pieces: &[&str], kinds: &[VaryingKind]) -> Pattern {
        Pattern::new(pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect(), kinds.to_vec()).unwrap()
    }

    #[test]
    fn a_container_is_found_whole_and_must_be_one() {
        let place = |pattern: &Pattern, json: &str| {
            let mut spans = Vec::new();
            pattern
                .find(json.as_bytes(), &mut spans)
                .then(|| json.get(spans.first()?.clone()).map(str::to_owned))
                .flatten()
        };
        let list = pattern(&[r#"{"a":"#, r#","b":1}"#], &[VaryingKind::Array]);
        for value in ["[]", r#"[[1,{"]":"\"]}"}]]"#, "[NaN]"] {
            assert_eq!(place(&list, &format!(r#"{{"a":{value},"b":1}}"#)).as_deref(), Some(value));
        }
        for json in [r#"{"a":{},"b":1}"#, r#"{"a":null,"b":1}"#, r#"{"a":[],"b":2}"#, r#"{"a":[1}"#] {
            assert_eq!(place(&list, json), None, "{json}");
        }
        let object = pattern(&["[", "]"], &[VaryingKind::Object]);
        assert_eq!(place(&object, r#"[{"a":[1]}]"#).as_deref(), Some(r#"{"a":[1]}"#));
        assert_eq!(place(&object, "[[]]"), None);
        assert_eq!(VaryingKind::Object.read(br#"{"a":[1]}"#), None, "no container is read");
    }

    #[test]
    fn json_of_one_pattern_has_one_shape() {
        let shape = |text: &str, number: &str| shape_of(format!(r#"[{{"a":{text},"b":{number}}},null]"#).as_bytes());
        for text in [r#""""#, r#""a""#, r#""\"""#, r#""\\\":[{}],\\""#, r#""longer than a word, or two: é""#] {
            for number in ["0", "-1", "2.5", "-1.5E-7", "1e+9"] {
                assert_eq!(shape(text, number), shape("\"\"", "1"), "{text} {number}");
            }
        }
        for (text, number) in [("null", "1"), ("1", "1"), ("\"\"", "null"), ("\"\"", "[1]"), ("\"\"", "1,\"c\":1")] {
            assert_ne!(shape(text, number), shape("\"\"", "1"), "{text} {number}");
        }
        assert_ne!(shape_of(br#"{"a":1}"#), shape_of(br#"{"ab":1}"#));
        for broken in ["", "\"", "{\"a", "-", "\"\\"] {
            let _ = shape_of(broken.as_bytes());
        }
    }

    #[test]
    fn pieces_and_kinds_must_fit() {
        assert!(Pattern::new(Vec::new(), Vec::new()).is_none());
        assert!(Pattern::new(vec![Vec::new()], vec![VaryingKind::Int]).is_none());
        assert!(pattern(&["[]"], &[]).find(b"[]", &mut Vec::new()));
    }
}
