//! What changes from chunk to chunk.

use std::ops::Range;

use smallvec::SmallVec;

use super::{Pattern, Varying};

/// Reads of the JSON of chunks with one pattern what is another than in the chunk before.
///
/// ```
/// use recstore_core::recording::{ChangeReader, Pattern, Varying, VaryingKind};
///
/// let pieces = [&br#"{"index":"#[..], br#","text":"#, b"}"].map(<[u8]>::to_vec);
/// let pattern = Pattern::new(pieces.to_vec(), vec![VaryingKind::Int, VaryingKind::String]).unwrap();
/// let mut reader = ChangeReader::new(pattern);
/// let mut changed = Vec::new();
/// assert!(reader.read(br#"{"index":7,"text":"a\nb"}"#, |number, value| changed.push((number, value))));
/// assert_eq!(changed, [(0, Varying::Int(7)), (1, Varying::String("a\nb".into()))]);
/// assert!(!reader.read(br#"{"index":7,"text":null}"#, |_, _| unreachable!()));
/// assert!(reader.read(br#"{"index":8,"text":"a\nb"}"#, |number, value| assert_eq!((number, value), (0, Varying::Int(8)))));
/// ```
#[derive(Clone, Debug)]
pub struct ChangeReader {
    pattern: Pattern,
    /// JSON of the pattern that was read lately, and where the values lie in it.
    model: Vec<u8>,
    spans: Vec<Range<usize>>,
    /// The values that may be others since, each as it was last: mostly the same ones are others in the next. In the order
    /// of their numbers, as all changes are.
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

/// Values with their numbers, in the order of these, and their JSON: mostly no more.
type Changes<'a> = SmallVec<[(usize, &'a [u8], Varying<'a>); 4]>;

impl ChangeReader {
    /// Begins with nothing read.
    #[must_use]
    pub fn new(pattern: Pattern) -> Self {
        let (model, spans, spare) = Default::default();
        Self { pattern, model, spans, changing: SmallVec::new(), since: 0, spare }
    }

    /// Says whether `json` has the pattern, and gives each value that is another than in the last one that had it, with
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
            let (span, kind) = (self.spans.get(latest.number)?, self.pattern.kind(latest.number)?);
            rest = rest.strip_prefix(self.model.get(from..span.start)?)?;
            let value;
            (value, rest) = rest.split_at_checked(kind.length(rest))?;
            from = span.end;
            if value != latest.json.as_slice() {
                changes.push((latest.number, value, kind.read(value)?));
            }
        }
        (rest == self.model.get(from..)?).then_some(())?;
        let mut others = changes.iter().peekable();
        for latest in &mut self.changing {
            if let Some((_, value, _)) = others.next_if(|(number, ..)| *number == latest.number) {
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
        let changes = self.pattern.find(json, &mut spans).then(|| self.changes(json, &spans)).flatten();
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
        let is_other = |number| changes.binary_search_by_key(&number, |(number, ..)| *number).is_ok();
        self.changing.retain(|latest| latest.has_changed && !is_other(latest.number));
        let latest = |number| Latest { number, json: SmallVec::new(), has_changed: false };
        self.changing.extend(changes.iter().map(|(number, ..)| latest(*number)));
        self.changing.sort_unstable_by_key(|latest| latest.number);
    }

    /// Takes the values that did not change in a while for such as stay, in JSON that was just read.
    fn drop_unchanging(&mut self, json: &[u8]) {
        let mut spans = std::mem::take(&mut self.spare);
        if self.changing.iter().all(|latest| latest.has_changed) || !self.pattern.find(json, &mut spans) {
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
        let mut changing = self.changing.iter().peekable();
        for (number, (span, kind)) in spans.iter().zip(self.pattern.kinds()).enumerate() {
            let value = json.get(span.clone())?;
            let last = match changing.next_if(|latest| latest.number == number) {
                Some(latest) => Some(latest.json.as_slice()),
                None => self.spans.get(number).and_then(|span| self.model.get(span.clone())),
            };
            if last != Some(value) {
                changes.push((number, value, kind.read(value)?));
            }
        }
        Some(changes)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::recording::VaryingKind;

    fn reader(pieces: &[&str], kinds: &[VaryingKind]) -> ChangeReader {
        let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
        ChangeReader::new(Pattern::new(pieces, kinds.to_vec()).unwrap())
    }

    fn read<'a>(reader: &mut ChangeReader, json: &'a str) -> Option<Vec<(usize, Varying<'a>)>> {
        let mut changed = Vec::new();
        reader.read(json.as_bytes(), |number, value| changed.push((number, value))).then_some(changed)
    }

    #[test]
    fn only_the_values_may_differ() {
        let mut text = reader(&[r#"{"a":"#, r#","b":null}"#], &[VaryingKind::String]);
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
        let mut read_on = reader(&[r#"{"id":"#, r#","a":"#, r#","b":"#, r#","c":"#, "}"], &kinds);
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
    fn reading_takes_time_linear_in_the_number_of_values_that_change() {
        const VALUES: usize = 150_000;
        let pieces = [&[r#"{"n":"#, r#","list":["#][..], &[","; VALUES - 1], &["]}"]].concat();
        let mut embedding = reader(&pieces, &[VaryingKind::Int; VALUES + 1]);
        let start = std::time::Instant::now();
        // All values of the list change, and then one that did not before.
        for (chunk, n, changed) in [(0, 0, VALUES + 1), (1, 0, VALUES), (2, 0, VALUES), (3, 3, VALUES + 1)] {
            let json = format!(r#"{{"n":{n},"list":[{}]}}"#, vec![chunk.to_string(); VALUES].join(","));
            assert_eq!(read(&mut embedding, &json).unwrap().len(), changed);
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn a_string_is_taken_whole_after_one_that_it_begins_with() {
        let mut text = reader(&["[", "]"], &[VaryingKind::String]);
        for json in ["[\"a\"]", "[\"a\\\"\"]", "[\"a\"]", "[\"\"]", "[\"a\"]"] {
            assert_eq!(read(&mut text, json).unwrap().len(), 1, "{json}");
        }
    }

    #[test]
    fn a_number_is_taken_whole() {
        let mut number = reader(&["[", "]"], &[VaryingKind::Int]);
        for value in [-12, 1, 12, 1, i64::MIN, i64::MAX] {
            assert_eq!(read(&mut number, &format!("[{value}]")), Some(vec![(0, Varying::Int(value))]));
        }
        for json in
            ["[]", "[1,2]", "[NaN]", "[01]", "[-]", "[1.0]", "[1e2]", "[\"1\"]", "[ 1]", "[9223372036854775808]"]
        {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
        let mut number = reader(&["[", "]"], &[VaryingKind::Float]);
        assert_eq!(read(&mut number, "[1e2]"), Some(vec![(0, Varying::Float(100.0))]));
        for json in ["[1]", "[1e999]", "[-Infinity]", "[1.]", "[1.5.2]"] {
            assert_eq!(read(&mut number, json), None, "{json}");
        }
    }
}
