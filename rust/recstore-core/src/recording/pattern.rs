//! Chunks that differ from each other in a few values only.

use std::ops::Range;

use smallvec::SmallVec;

use crate::json::{Number, Reader, Text};

/// The JSON of all chunks that are alike but for some strings and numbers: what stands between these, to the byte, and
/// of which kind each of them is.
///
/// Nine in ten chunks of a stream differ from the one before in at most three values, so that comparing the rest is all
/// the reading that they need.
///
/// ```
/// use recstore_core::recording::{Pattern, Scalar, ScalarKind};
///
/// let pieces = [&br#"{"index":"#[..], br#","text":"#, b"}"].map(<[u8]>::to_vec);
/// let mut pattern = Pattern::new(pieces.to_vec(), vec![ScalarKind::Int, ScalarKind::String]).unwrap();
/// let mut changed = Vec::new();
/// assert!(pattern.read(br#"{"index":7,"text":"a\nb"}"#, |number, scalar| changed.push((number, scalar))));
/// assert_eq!(changed, [(0, Scalar::Int(7)), (1, Scalar::String("a\nb".into()))]);
/// assert!(!pattern.read(br#"{"index":7,"text":null}"#, |_, _| unreachable!()));
/// assert!(pattern.read(br#"{"index":8,"text":"a\nb"}"#, |number, scalar| assert_eq!((number, scalar), (0, Scalar::Int(8)))));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    varying: Vec<Varying>,
    /// What stands after the last scalar.
    after: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Varying {
    /// What stands before it, to the byte.
    before: Vec<u8>,
    kind: ScalarKind,
    /// Its JSON in the last chunk that was read; empty before the first.
    last: Vec<u8>,
}

/// Of which kind a value is that may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// A string without lone surrogates, which are no text.
    String,
    /// An integer that fits 64 bits.
    Int,
    /// A finite double, spelled with a point or an exponent.
    Float,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// A string in UTF-8.
    String(Text<'a>),
    /// An integer.
    Int(i64),
    /// A finite double.
    Float(f64),
}

/// Few chunks have more scalars.
type Spans = SmallVec<[Range<usize>; 16]>;

impl Pattern {
    /// Makes the pattern of `pieces` with one scalar between each two; `None` where these are not one fewer.
    #[must_use]
    pub fn new(mut pieces: Vec<Vec<u8>>, kinds: Vec<ScalarKind>) -> Option<Self> {
        let after = pieces.pop()?;
        let varying = |(before, kind)| Varying { before, kind, last: Vec::new() };
        (pieces.len() == kinds.len())
            .then(|| Self { varying: pieces.into_iter().zip(kinds).map(varying).collect(), after })
    }

    /// Says whether `json` has this pattern, and gives each scalar that is another than in the last one that had it, with
    /// its number from 0. Where `json` has not the pattern, nothing is given.
    pub fn read<'a>(&mut self, json: &'a [u8], mut changed: impl FnMut(usize, Scalar<'a>)) -> bool {
        let mut spans = Spans::new();
        if !self.find(json, &mut spans) {
            return false;
        }
        let mut scalars = SmallVec::<[(usize, Scalar<'a>); 4]>::new();
        for (number, (varying, span)) in self.varying.iter().zip(&spans).enumerate() {
            let scalar = json.get(span.clone()).unwrap_or_default();
            if varying.last != scalar {
                match varying.kind.read(scalar) {
                    Some(scalar) => scalars.push((number, scalar)),
                    None => return false,
                }
            }
        }
        for (number, scalar) in scalars {
            if let (Some(varying), Some(span)) = (self.varying.get_mut(number), spans.get(number)) {
                varying.last.clear();
                varying.last.extend_from_slice(json.get(span.clone()).unwrap_or_default());
            }
            changed(number, scalar);
        }
        true
    }

    /// Finds where the scalars lie. They are not checked: the bytes between them are, and a scalar is when it is read.
    fn find(&self, json: &[u8], spans: &mut Spans) -> bool {
        // Chunks of different patterns begin alike, but few end alike.
        if !json.ends_with(&self.after) {
            return false;
        }
        let mut at = 0;
        for Varying { before, kind, last } in &self.varying {
            let Some(rest) = json.get(at..).and_then(|rest| rest.strip_prefix(before.as_slice())) else { return false };
            let length = match kind {
                // A string ends at its quote, so that what begins with the last one is the last one.
                ScalarKind::String if !last.is_empty() && rest.starts_with(last) => last.len(),
                ScalarKind::String => string_length(rest),
                ScalarKind::Int | ScalarKind::Float => number_length(rest),
            };
            let start = at + before.len();
            at = start + length;
            spans.push(start..at);
        }
        json.get(at..) == Some(&self.after)
    }
}

/// Returns the length of the string that `json` begins with, quotes and all; 0 where it begins with none.
fn string_length(json: &[u8]) -> usize {
    let Some(inside) = json.strip_prefix(b"\"") else { return 0 };
    let mut at = 0;
    while let Some(rest) = inside.get(at..) {
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            Some(plain) if rest.get(plain) == Some(&b'"') => return at + plain + 2,
            Some(plain) => at += plain + 2,
            None => break,
        }
    }
    0
}

fn number_length(json: &[u8]) -> usize {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    json.iter().position(|byte| !is_of_number(byte)).unwrap_or(json.len())
}

impl ScalarKind {
    /// Reads a scalar of this kind from its JSON; `None` where it is none.
    fn read(self, json: &[u8]) -> Option<Scalar<'_>> {
        let mut reader = Reader::new(json).ok()?;
        match self {
            Self::String => {
                let text = reader.document(Reader::string).ok()?;
                text.as_str().is_some().then_some(Scalar::String(text))
            }
            Self::Int | Self::Float => match (self, reader.document(Reader::number).ok()?) {
                (Self::Int, Number::Int(digits)) => digits.parse().ok().map(Scalar::Int),
                (Self::Float, Number::Float(number)) => Some(Scalar::Float(number)),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pattern(pieces: &[&str], kinds: &[ScalarKind]) -> Pattern {
        Pattern::new(pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect(), kinds.to_vec()).unwrap()
    }

    fn read<'a>(pattern: &mut Pattern, json: &'a str) -> Option<Vec<(usize, Scalar<'a>)>> {
        let mut changed = Vec::new();
        pattern.read(json.as_bytes(), |number, scalar| changed.push((number, scalar))).then_some(changed)
    }

    #[test]
    fn only_the_scalars_may_differ() {
        let mut text = pattern(&[r#"{"a":"#, r#","b":null}"#], &[ScalarKind::String]);
        for (json, value) in [
            (r#"{"a":"","b":null}"#, ""),
            (r#"{"a":"\"","b":null}"#, "\""),
            (r#"{"a":"\\","b":null}"#, "\\"),
            (r#"{"a":"\\\"\",","b":null}"#, "\\\"\","),
            (r#"{"a":"é\u00e9\\","b":null}"#, "éé\\"),
        ] {
            assert_eq!(read(&mut text, json), Some(vec![(0, Scalar::String(value.into()))]), "{json}");
            assert_eq!(read(&mut text, json), Some(vec![]), "{json}, again");
        }
        for json in [
            r#"{"a":1,"b":null}"#,
            r#"{"a":null,"b":null}"#,
            r#"{"a":["x"],"b":null}"#,
            r#"{"a": "x","b":null}"#,
            r#"{"a":"x","b":1}"#,
            r#"{"a":"x","b":null} "#,
            r#"{"a":"x","b":null}}"#,
            r#"{"a":"x","b":nul"#,
            r#"{"a":"x"#,
            r#"{"a":"x\"#,
            r#"{"a":"\x","b":null}"#,
            r#"{"a":"\ud83d","b":null}"#,
            "{\"a\":\"\n\",\"b\":null}",
            r#"{"b":"x","b":null}"#,
            "",
        ] {
            assert_eq!(read(&mut text, json), None, "{json}");
        }
        assert!(!text.read(b"{\"a\":\"\xFF\",\"b\":null}", |_, _| unreachable!("that is no text")));
        assert_eq!(read(&mut text, r#"{"a":"é\u00e9\\","b":null}"#), Some(vec![]), "what does not fit is forgotten");
    }

    #[test]
    fn a_string_is_taken_whole_after_one_that_it_begins_with() {
        let mut text = pattern(&["[", "]"], &[ScalarKind::String]);
        for json in ["[\"a\"]", "[\"a\\\"\"]", "[\"a\"]", "[\"\"]", "[\"a\"]"] {
            assert_eq!(read(&mut text, json).unwrap().len(), 1, "{json}");
        }
    }

    #[test]
    fn a_number_is_taken_whole() {
        let mut number = pattern(&["[", "]"], &[ScalarKind::Int]);
        for value in [-12, 1, 12, 1, i64::MIN, i64::MAX] {
            assert_eq!(read(&mut number, &format!("[{value}]")), Some(vec![(0, Scalar::Int(value))]));
        }
        for json in
            ["[]", "[1,2]", "[NaN]", "[01]", "[-]", "[1.0]", "[1e2]", "[\"1\"]", "[ 1]", "[9223372036854775808]"]
        {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
        let mut number = pattern(&["[", "]"], &[ScalarKind::Float]);
        assert_eq!(read(&mut number, "[1e2]"), Some(vec![(0, Scalar::Float(100.0))]));
        for json in ["[1]", "[1e999]", "[-Infinity]", "[1.]", "[1.5.2]"] {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
    }

    #[test]
    fn pieces_and_kinds_must_fit() {
        assert!(Pattern::new(Vec::new(), Vec::new()).is_none());
        assert!(Pattern::new(vec![Vec::new()], vec![ScalarKind::Int]).is_none());
        assert_eq!(read(&mut pattern(&["[]"], &[]), "[]"), Some(vec![]));
    }
}
