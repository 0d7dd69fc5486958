//! Chunks that differ from each other in a few values only.

use std::ops::Range;

use smallvec::SmallVec;

use crate::json::{Dialect, Kind, Number, Reader, Text};

/// The JSON of all chunks that are alike but for some values: what stands between these, to the byte, and of which kind
/// each of them is.
///
/// Nine in ten chunks of a stream differ from the one before in at most three values, so that comparing the rest is all
/// the reading that they need.
///
/// ```
/// use recstore_core::recording::{Pattern, Varying, VaryingKind};
///
/// let pieces = [&br#"{"index":"#[..], br#","text":"#, b"}"].map(<[u8]>::to_vec);
/// let mut pattern = Pattern::new(pieces.to_vec(), vec![VaryingKind::Int, VaryingKind::String]).unwrap();
/// let mut changed = Vec::new();
/// assert!(pattern.read(br#"{"index":7,"text":"a\nb"}"#, |number, value| changed.push((number, value))));
/// assert_eq!(changed, [(0, Varying::Int(7)), (1, Varying::String("a\nb".into()))]);
/// assert!(!pattern.read(br#"{"index":7,"text":null}"#, |_, _| unreachable!()));
/// assert!(pattern.read(br#"{"index":8,"text":"a\nb"}"#, |number, value| assert_eq!((number, value), (0, Varying::Int(8)))));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What stands before each value that varies, to the byte, and of which kind it is.
    before: Vec<(Vec<u8>, VaryingKind)>,
    /// What stands after the last of them.
    after: Vec<u8>,
    /// The last JSON that was read, and where these lie in it.
    last: Vec<u8>,
    spans: Vec<Range<usize>>,
    /// Room for the spans of the next.
    spare: Vec<Range<usize>>,
    /// Which were others in it than in the one before: mostly the same ones are in the next.
    changing: SmallVec<[usize; 4]>,
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
    /// An array, whatever is in it.
    Array,
    /// An object, whatever is in it.
    Object,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub enum Varying<'a> {
    /// A string in UTF-8.
    String(Text<'a>),
    /// An integer.
    Int(i64),
    /// A finite double.
    Float(f64),
    /// An array or an object.
    Container,
}

/// Values with their numbers: mostly no more.
type Changes<'a> = SmallVec<[(usize, Varying<'a>); 4]>;

impl Pattern {
    /// Makes the pattern of `pieces` with one value between each two; `None` where these are not one fewer.
    #[must_use]
    pub fn new(mut pieces: Vec<Vec<u8>>, kinds: Vec<VaryingKind>) -> Option<Self> {
        let after = pieces.pop()?;
        let before: Vec<_> = (pieces.len() == kinds.len()).then(|| pieces.into_iter().zip(kinds).collect())?;
        let changing = (0..before.len()).collect();
        Some(Self { before, after, last: Vec::new(), spans: Vec::new(), spare: Vec::new(), changing })
    }

    /// Says whether `json` has this pattern, and gives each value that is another than in the last one that had it, with
    /// its number from 0. Where `json` has not the pattern, nothing is given.
    pub fn read<'a>(&mut self, json: &'a [u8], mut changed: impl FnMut(usize, Varying<'a>)) -> bool {
        let mut spans = std::mem::take(&mut self.spare);
        let is_like_last = self.is_like_last(json, &mut spans);
        let has_pattern = is_like_last || self.find(json, &mut spans);
        let values = has_pattern.then(|| self.changes(json, &spans, is_like_last)).flatten();
        if let Some(values) = &values
            && !values.is_empty()
        {
            self.last.clear();
            self.last.extend_from_slice(json);
            self.changing = values.iter().map(|(number, _)| *number).collect();
            std::mem::swap(&mut self.spans, &mut spans);
        }
        self.spare = spans;
        let Some(values) = values else { return false };
        values.into_iter().for_each(|(number, value)| changed(number, value));
        true
    }

    /// Returns the values that are others than in the last JSON; `None` where one of them is none.
    fn changes<'a>(&self, json: &'a [u8], spans: &[Range<usize>], is_like_last: bool) -> Option<Changes<'a>> {
        let mut changes = Changes::new();
        let mut look_at = |number: usize| {
            let value = json.get(spans.get(number)?.clone())?;
            let last = self.spans.get(number).and_then(|span| self.last.get(span.clone()));
            if last != Some(value) {
                let (_, kind) = self.before.get(number)?;
                changes.push((number, kind.read(value)?));
            }
            Some(())
        };
        if is_like_last {
            self.changing.iter().try_for_each(|number| look_at(*number))?;
        } else {
            (0..self.before.len()).try_for_each(look_at)?;
        }
        Some(changes)
    }

    /// Finds where the values lie in JSON that differs from the last in no others than the last did from the one before:
    /// what lies between these is compared at once.
    fn is_like_last(&self, json: &[u8], spans: &mut Vec<Range<usize>>) -> bool {
        spans.clear();
        if self.last.is_empty() {
            return false;
        }
        let (mut from, mut at, mut next) = (0, 0, 0);
        for number in &self.changing {
            let (Some(span), Some((_, kind))) = (self.spans.get(*number), self.before.get(*number)) else {
                return false;
            };
            let run = self.last.get(from..span.start).unwrap_or_default();
            let Some(rest) = json.get(at..).and_then(|rest| rest.strip_prefix(run)) else { return false };
            let unchanged = self.spans.get(next..*number).unwrap_or_default();
            spans.extend(unchanged.iter().map(|span| span.start - from + at..span.end - from + at));
            let start = at + run.len();
            at = start + kind.length(rest);
            spans.push(start..at);
            (from, next) = (span.end, number + 1);
        }
        let unchanged = self.spans.get(next..).unwrap_or_default();
        spans.extend(unchanged.iter().map(|span| span.start - from + at..span.end - from + at));
        json.get(at..) == self.last.get(from..)
    }

    /// Finds where the values lie. They are not checked: the bytes between them are, and a value is when it is read.
    fn find(&self, json: &[u8], spans: &mut Vec<Range<usize>>) -> bool {
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

impl VaryingKind {
    /// Returns the length of the value that `json` begins with, in bytes; 0 where it is none of this kind.
    fn length(self, json: &[u8]) -> usize {
        match self {
            Self::String => string_length(json),
            Self::Int | Self::Float => number_length(json),
            Self::Array | Self::Object => container_length(json),
        }
    }

    /// Reads a value of this kind from its JSON; `None` where it is none.
    fn read(self, json: &[u8]) -> Option<Varying<'_>> {
        let mut reader = Reader::new(json).ok()?;
        match self {
            Self::String => {
                let text = reader.document(Reader::string).ok()?;
                // What is taken from the document as it is, is UTF-8.
                (text.in_document().is_some() || text.as_str().is_some()).then_some(Varying::String(text))
            }
            Self::Int | Self::Float => match (self, reader.document(Reader::number).ok()?) {
                (Self::Int, Number::Int(digits)) => digits.parse().ok().map(Varying::Int),
                (Self::Float, Number::Float(number)) => Some(Varying::Float(number)),
                _ => None,
            },
            Self::Array | Self::Object => {
                let kind = if self == Self::Array { Kind::Array } else { Kind::Object };
                let mut reader = reader.dialect(Dialect::Python);
                (reader.peek().ok()? == kind).then_some(())?;
                reader.document(Reader::skip).ok().map(|()| Varying::Container)
            }
        }
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

    fn read<'a>(pattern: &mut Pattern, json: &'a str) -> Option<Vec<(usize, Varying<'a>)>> {
        let mut changed = Vec::new();
        pattern.read(json.as_bytes(), |number, value| changed.push((number, value))).then_some(changed)
    }

    #[test]
    fn only_the_values_may_differ() {
        let mut text = pattern(&[r#"{"a":"#, r#","b":null}"#], &[VaryingKind::String]);
        for (json, value) in [
            (r#"{"a":"","b":null}"#, ""),
            (r#"{"a":"\"","b":null}"#, "\""),
            (r#"{"a":"\\","b":null}"#, "\\"),
            (r#"{"a":"\\\"\",","b":null}"#, "\\\"\","),
            (r#"{"a":"é\u00e9\\","b":null}"#, "éé\\"),
        ] {
            assert_eq!(read(&mut text, json), Some(vec![(0, Varying::String(value.into()))]), "{json}");
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
        let mut text = pattern(&["[", "]"], &[VaryingKind::String]);
        for json in ["[\"a\"]", "[\"a\\\"\"]", "[\"a\"]", "[\"\"]", "[\"a\"]"] {
            assert_eq!(read(&mut text, json).unwrap().len(), 1, "{json}");
        }
    }

    #[test]
    fn a_number_is_taken_whole() {
        let mut number = pattern(&["[", "]"], &[VaryingKind::Int]);
        for value in [-12, 1, 12, 1, i64::MIN, i64::MAX] {
            assert_eq!(read(&mut number, &format!("[{value}]")), Some(vec![(0, Varying::Int(value))]));
        }
        for json in
            ["[]", "[1,2]", "[NaN]", "[01]", "[-]", "[1.0]", "[1e2]", "[\"1\"]", "[ 1]", "[9223372036854775808]"]
        {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
        let mut number = pattern(&["[", "]"], &[VaryingKind::Float]);
        assert_eq!(read(&mut number, "[1e2]"), Some(vec![(0, Varying::Float(100.0))]));
        for json in ["[1]", "[1e999]", "[-Infinity]", "[1.]", "[1.5.2]"] {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
    }

    #[test]
    fn a_container_is_passed_over_whole_and_must_be_one() {
        let mut list = pattern(&[r#"{"a":"#, r#","b":1}"#], &[VaryingKind::Array]);
        for json in [r#"{"a":[],"b":1}"#, r#"{"a":[[1,{"]":"\"]}"}]],"b":1}"#, r#"{"a":[NaN],"b":1}"#] {
            assert_eq!(read(&mut list, json), Some(vec![(0, Varying::Container)]), "{json}");
        }
        for json in
            [r#"{"a":{},"b":1}"#, r#"{"a":[1,],"b":1}"#, r#"{"a":[,"b":1}"#, r#"{"a":[}],"b":1}"#, r#"{"a":],"b":1}"#]
        {
            assert_eq!(read(&mut list, json), None, "{json}");
        }
        let mut object = pattern(&["[", "]"], &[VaryingKind::Object]);
        assert_eq!(read(&mut object, r#"[{"a":[1]}]"#), Some(vec![(0, Varying::Container)]));
        assert_eq!(read(&mut object, "[[]]"), None);
    }

    #[test]
    fn pieces_and_kinds_must_fit() {
        assert!(Pattern::new(Vec::new(), Vec::new()).is_none());
        assert!(Pattern::new(vec![Vec::new()], vec![VaryingKind::Int]).is_none());
        assert_eq!(read(&mut pattern(&["[]"], &[]), "[]"), Some(vec![]));
    }
}
