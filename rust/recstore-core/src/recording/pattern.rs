//! Chunks that differ from each other in a few values only.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use crate::json::{Number, Reader, plain_length, plain_string};

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
    /// JSON of this pattern that was read lately, and where the values lie in it.
    model: Vec<u8>,
    spans: Vec<Range<usize>>,
    /// The values that may be others since, each as it was last: mostly the same ones are others in the next.
    changing: SmallVec<[Latest; 4]>,
    /// How many were read since it was last looked which of them change.
    since: usize,
    /// Room for the spans of the next.
    spare: Vec<Range<usize>>,
}

/// A value that stayed the same in so many chunks is taken for one that does not change.
const TRIAL: usize = 8;

/// A value as it was last.
#[derive(Clone, Debug)]
struct Latest {
    number: usize,
    json: SmallVec<[u8; 32]>,
    /// Whether it was another, of those that `since` counts.
    has_changed: bool,
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

/// Values with their numbers and their JSON: mostly no more.
type Changes<'a> = SmallVec<[(usize, &'a [u8], Varying<'a>); 4]>;

impl Pattern {
    /// Makes the pattern of `pieces` with one value between each two; `None` where these are not one fewer.
    #[must_use]
    pub fn new(mut pieces: Vec<Vec<u8>>, kinds: Vec<VaryingKind>) -> Option<Self> {
        let after = pieces.pop()?;
        let before: Vec<_> = (pieces.len() == kinds.len()).then(|| pieces.into_iter().zip(kinds).collect())?;
        let (model, spans, spare) = Default::default();
        Some(Self { before, after, model, spans, changing: SmallVec::new(), since: 0, spare })
    }

    /// Says whether `json` has this pattern, and gives each value that is another than in the last one that had it, with
    /// its number from 0. Where `json` has not the pattern, nothing is given.
    pub fn read<'a>(&mut self, json: &'a [u8], mut changed: impl FnMut(usize, Varying<'a>)) -> bool {
        let Some(changes) = self.read_like_model(json).or_else(|| self.read_any(json)) else { return false };
        changes.into_iter().for_each(|(number, _, value)| changed(number, value));
        true
    }

    /// Forgets the last JSON: of the next all values are given.
    pub fn forget(&mut self) {
        self.model.clear();
        self.spans.clear();
        self.changing.clear();
    }

    /// Reads JSON that differs from the model in no others than what was read since: what lies between these is compared at
    /// once.
    fn read_like_model<'a>(&mut self, json: &'a [u8]) -> Option<Changes<'a>> {
        if self.model.is_empty() {
            return None;
        }
        let mut changes = Changes::new();
        let (mut from, mut rest) = (0, json);
        for latest in &self.changing {
            let (span, (_, kind)) = (self.spans.get(latest.number)?, self.before.get(latest.number)?);
            rest = rest.strip_prefix(self.model.get(from..span.start)?)?;
            let value;
            (value, rest) = rest.split_at_checked(kind.length(rest))?;
            from = span.end;
            if value != latest.json.as_slice() {
                changes.push((latest.number, value, kind.read(value)?));
            }
        }
        (rest == self.model.get(from..)?).then_some(())?;
        for (number, value, _) in &changes {
            if let Some(latest) = self.changing.iter_mut().find(|latest| latest.number == *number) {
                latest.json.clear();
                latest.json.extend_from_slice(value);
                latest.has_changed = true;
            }
        }
        self.since += 1;
        if self.since == TRIAL {
            self.drop_unchanging(json);
        }
        Some(changes)
    }

    /// Reads JSON of the pattern, which becomes the model.
    fn read_any<'a>(&mut self, json: &'a [u8]) -> Option<Changes<'a>> {
        let mut spans = std::mem::take(&mut self.spare);
        let changes = self.find(json, &mut spans).then(|| self.changes(json, &spans)).flatten();
        if let Some(changes) = &changes {
            // In the first there is nothing that it could differ from.
            if !self.model.is_empty() {
                self.note_changing(changes);
            }
            self.set_model(json, spans);
        } else {
            self.spare = spans;
        }
        changes
    }

    fn set_model(&mut self, json: &[u8], spans: Vec<Range<usize>>) {
        self.model.clear();
        self.model.extend_from_slice(json);
        self.spare = std::mem::replace(&mut self.spans, spans);
        self.since = 0;
        for latest in &mut self.changing {
            let json = self.spans.get(latest.number).and_then(|span| json.get(span.clone()));
            latest.json.clear();
            latest.json.extend_from_slice(json.unwrap_or_default());
            latest.has_changed = false;
        }
    }

    /// Takes the values that changed for such as change, besides those that did before.
    fn note_changing(&mut self, changes: &Changes<'_>) {
        self.changing
            .retain(|latest| latest.has_changed && changes.iter().all(|(number, ..)| *number != latest.number));
        let latest = |number| Latest { number, json: SmallVec::new(), has_changed: false };
        self.changing.extend(changes.iter().map(|(number, ..)| latest(*number)));
        self.changing.sort_unstable_by_key(|latest| latest.number);
    }

    /// Takes the values that did not change in a while for such as stay, in JSON that was just read.
    fn drop_unchanging(&mut self, json: &[u8]) {
        let mut spans = std::mem::take(&mut self.spare);
        if self.changing.iter().all(|latest| latest.has_changed) || !self.find(json, &mut spans) {
            self.spare = spans;
            self.since = 0;
            self.changing.iter_mut().for_each(|latest| latest.has_changed = false);
            return;
        }
        self.changing.retain(|latest| latest.has_changed);
        self.set_model(json, spans);
    }

    /// Returns the values that are others than in the last JSON; `None` where one of them is none.
    fn changes<'a>(&self, json: &'a [u8], spans: &[Range<usize>]) -> Option<Changes<'a>> {
        let mut changes = Changes::new();
        for (number, (span, (_, kind))) in spans.iter().zip(&self.before).enumerate() {
            let value = json.get(span.clone())?;
            let latest = self.changing.iter().find(|latest| latest.number == number);
            let last = match latest {
                Some(latest) => Some(latest.json.as_slice()),
                None => self.spans.get(number).and_then(|span| self.model.get(span.clone())),
            };
            if last != Some(value) {
                changes.push((number, value, kind.read(value)?));
            }
        }
        Some(changes)
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

impl VaryingKind {
    /// Returns the length of the value that `json` begins with, in bytes; 0 where it is none of this kind.
    fn length(self, json: &[u8]) -> usize {
        match self {
            Self::String => string_length(json),
            Self::Int | Self::Float => number_length(json),
            Self::Array if json.starts_with(b"[") => container_length(json),
            Self::Object if json.starts_with(b"{") => container_length(json),
            Self::Array | Self::Object => 0,
        }
    }

    /// Reads a value of this kind from its JSON; `None` where it is none.
    fn read(self, json: &[u8]) -> Option<Varying<'_>> {
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
    fn what_is_given_is_what_differs_from_the_chunk_before_however_many_came() {
        let kinds = [VaryingKind::String, VaryingKind::String, VaryingKind::Int, VaryingKind::String];
        let mut read_on = pattern(&[r#"{"id":"#, r#","a":"#, r#","b":"#, r#","c":"#, "}"], &kinds);
        let texts = ["", "a", "b", "a longer text that fills more than one word", "é\\u00e9\\n"];
        let mut random = 1_u64;
        let mut below = |end: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % end
        };
        let mut last: Option<[String; 4]> = None;
        // The id changes seldom, as from stream to stream; the number not for a while, and then each time.
        let mut id = 0;
        for chunk in 0..2_000 {
            id += usize::from(below(20) == 0);
            let number = if chunk % 100 < 50 { 7 } else { chunk };
            let [a, c] = [5, 2].map(|end| texts.get(below(end)).unwrap());
            let values = [format!("\"{id}\""), format!("\"{a}\""), number.to_string(), format!("\"{c}\"")];
            if below(30) == 0 {
                assert_eq!(read(&mut read_on, r#"{"id":"1","a":null,"b":1,"c":""}"#), None);
            }
            if below(100) == 0 {
                read_on.forget();
                last = None;
            }
            let json = format!(r#"{{"id":"{id}","a":"{a}","b":{number},"c":"{c}"}}"#);
            let is_other = |number| last.as_ref().is_none_or(|last| last.get(number) != values.get(number));
            let others = values.iter().zip(kinds).enumerate().filter(|(number, _)| is_other(*number));
            let expected = others.map(|(number, (value, kind))| (number, kind.read(value.as_bytes()).unwrap()));
            assert_eq!(read(&mut read_on, &json), Some(expected.collect()), "chunk {chunk}: {json}");
            last = Some(values);
        }
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
        let mut object = pattern(&["[", "]"], &[VaryingKind::Object]);
        assert_eq!(place(&object, r#"[{"a":[1]}]"#).as_deref(), Some(r#"{"a":[1]}"#));
        assert_eq!(place(&object, "[[]]"), None);
        assert_eq!(read(&mut object, r#"[{"a":[1]}]"#), None, "no container is read");
    }

    #[test]
    fn pieces_and_kinds_must_fit() {
        assert!(Pattern::new(Vec::new(), Vec::new()).is_none());
        assert!(Pattern::new(vec![Vec::new()], vec![VaryingKind::Int]).is_none());
        assert_eq!(read(&mut pattern(&["[]"], &[]), "[]"), Some(vec![]));
    }
}
