//! The text of a file into a block.

use std::ops::Range;

use memchr::memmem::Finder;

use super::block::{EARLIER, HAS_DETAILS, HAS_EARLIER, IS_BROKEN, IS_ERROR, IS_STREAMING, Parts};
use super::{Limits, Malformed};
use crate::json::{Dialect, JsonError, Kind, Layout, Model, Number, Reader, Style, Text, Value, compact, to_vec};

/// Reads the text of a recording file into a block.
///
/// ```
/// use recstore_core::recording::{Limits, View, encode};
/// let file = br#"{"test_id": null, "request": {}, "response": {"body": [{"a": 1}, {"a": 2}], "is_streaming": true}}"#;
/// let block = encode(file, &Limits::default())?;
/// let view = View::new(&block).unwrap();
/// assert!(view.is_streaming());
/// assert_eq!(view.chunk_data(1).unwrap(), br#"{"a":2}"#);
/// assert_eq!(view.file().unwrap(), file);
/// # Ok::<(), recstore_core::recording::Malformed>(())
/// ```
///
/// # Errors
/// Where the text is no recording.
pub fn encode(text: &[u8], limits: &Limits) -> Result<Vec<u8>, Malformed> {
    let size = text.len() as u64;
    limits.check_size(size)?;
    let not_json = |error: JsonError| Malformed::Json { error, position: error.position(text) };
    let compact_text = |text| compact(Reader::new(text)?.dialect(Dialect::Python).limits(limits.json));
    let (mut json, mut layout) = compact_text(text).map_err(not_json)?;
    let mut parts = Parts::find(&json, limits)?;
    if !parts.mapping.is_empty() {
        let mapping = json.get(parts.mapping).unwrap_or_default();
        json = replace_ids(&json, mapping, limits)?;
        layout = Layout::Other;
        parts = Parts::find(&json, limits)?;
    }
    let verbatim = if layout == Layout::Other { text } else { &[] };
    Ok(parts.assemble(&json, layout, verbatim))
}

/// What the key of a recording is made of.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The id of the test; `None` where it is `null`.
    pub test_id: Option<Text<'a>>,
    /// The request, as JSON.
    pub request: &'a [u8],
}

/// Finds in the text of a recording file what its key is made of, and checks all of the text as [`encode`] does, in half
/// the time.
///
/// `None` where [`encode`] has more to say: of a text that is no recording what is wrong, and of one whose ids are replaced
/// what becomes of it.
#[must_use]
pub fn asked<'a>(text: &'a [u8], limits: &Limits) -> Option<Asked<'a>> {
    limits.check_size(text.len() as u64).ok()?;
    let parts = Parts::find(text, limits).ok().filter(|parts| parts.mapping.is_empty())?;
    let test_id = text.get(parts.test_id).filter(|json| !json.is_empty());
    let test_id = test_id.map(|json| Reader::new(json)?.string()).transpose().ok()?;
    Some(Asked { test_id, request: text.get(parts.request)? })
}

/// Makes a block of a file that is no recording, so that a pack can give it back.
#[must_use]
pub fn encode_broken(text: &[u8]) -> Vec<u8> {
    Parts { flags: IS_BROKEN, ..Parts::default() }.assemble(b"", Layout::Other, text)
}

/// Makes a block again of its [`View::source`](super::View::source).
///
/// ```
/// use recstore_core::recording::{Limits, View, encode, rebuild};
/// let limits = Limits::default();
/// let block = encode(b"{\"request\": {}, \"response\": {\"body\": 1}}", &limits)?;
/// let (layout, text) = View::new(&block).unwrap().source();
/// assert_eq!(rebuild(layout, text, &limits)?, block);
/// # Ok::<(), recstore_core::recording::Malformed>(())
/// ```
///
/// # Errors
/// Where the text is that of no recording, or of one beyond the limits. A file of another layout is never refused: a
/// block holds also files that are no recordings.
pub fn rebuild(layout: Layout, text: &[u8], limits: &Limits) -> Result<Vec<u8>, Malformed> {
    match layout {
        Layout::Other => Ok(encode(text, limits).unwrap_or_else(|_| encode_broken(text))),
        layout => Ok(Parts::find(text, limits)?.assemble(text, layout, &[])),
    }
}

impl Parts {
    /// Finds the parts of a recording in JSON, and checks all of it. Of members with one name the last counts.
    fn find(json: &[u8], limits: &Limits) -> Result<Self, Malformed> {
        let mut parts = Self::default();
        let (mut has_response, mut has_earlier) = (false, false);
        let mut reader = Reader::new(json)?.dialect(Dialect::Python).limits(limits.json);
        expect(&mut reader, Kind::Object, "the document")?;
        let mut member = |reader: &mut Reader<'_>, name: Text<'_>| {
            let is_null = reader.peek()? == Kind::Null;
            match name.as_bytes() {
                b"test_id" if is_null => parts.test_id = reader.null().map(|()| 0..0)?,
                b"test_id" => parts.test_id = skip(reader, Kind::String, "test_id")?,
                b"request" => parts.request = skip(reader, Kind::Object, "request")?,
                b"response" => {
                    expect(reader, Kind::Object, "response")?;
                    has_response = true;
                    parts.find_response(reader, limits)?;
                }
                b"id_normalization_mapping" if is_null => parts.mapping = reader.null().map(|()| 0..0)?,
                b"id_normalization_mapping" => {
                    let mapping = skip(reader, Kind::Object, "id_normalization_mapping")?;
                    parts.mapping = if mapping.len() > "{}".len() { mapping } else { 0..0 };
                }
                _ if name.as_str() == Some(EARLIER) => {
                    has_earlier = reader.peek()? == Kind::Array;
                    reader.skip()?;
                }
                _ => reader.skip()?,
            }
            Ok::<_, Malformed>(())
        };
        reader.document(|reader| reader.object(&mut member))?;
        parts.set_flag(HAS_EARLIER, has_earlier);
        let missing = |place| Err(Malformed::Shape { place, expected: "there", found: "missing" });
        match parts {
            _ if parts.request.is_empty() => missing("request"),
            _ if !has_response => missing("response"),
            _ if parts.body.is_empty() && parts.flags & IS_ERROR == 0 => missing("response.body"),
            _ => Ok(parts),
        }
    }

    fn find_response(&mut self, reader: &mut Reader<'_>, limits: &Limits) -> Result<(), Malformed> {
        let kept = std::mem::take(self);
        *self = Self { test_id: kept.test_id, request: kept.request, mapping: kept.mapping, ..Self::default() };
        reader.object(|reader, name| {
            let kind = reader.peek()?;
            match (name.as_bytes(), kind) {
                (b"body", _) => {
                    let start = reader.at();
                    self.find_chunks(reader, limits)?;
                    self.body = start..reader.at();
                }
                (b"is_streaming", _) => self.set_flag(IS_STREAMING, is_true(reader)?),
                (b"is_exception", _) => self.set_flag(IS_ERROR, is_true(reader)?),
                (b"exception_data", _) => self.error = span_of(reader, Kind::Object)?,
                (b"exception_message", _) => self.error_message = span_of(reader, Kind::String)?,
                (b"status", Kind::Number) => {
                    let number = reader.number()?;
                    self.status = if let Number::Int(digits) = number { digits.parse().unwrap_or(0) } else { 0 };
                }
                (b"status", _) => self.status = reader.skip().map(|()| 0)?,
                _ => {
                    self.set_flag(HAS_DETAILS, true);
                    reader.skip()?;
                }
            }
            Ok::<_, Malformed>(())
        })
    }

    fn find_chunks(&mut self, body: &mut Reader<'_>, limits: &Limits) -> Result<(), Malformed> {
        self.chunks.clear();
        match body.peek()? {
            Kind::Null => body.null()?,
            Kind::Array => {
                let mut last = LastChunk::default();
                body.array(|reader| {
                    if self.chunks.len() == limits.chunks {
                        return Err(Malformed::TooManyChunks { limit: limits.chunks });
                    }
                    self.chunks.push(last.next(reader)?);
                    Ok(())
                })?;
            }
            _ => self.chunks.push(chunk(body, &mut Model::default())?),
        }
        Ok(())
    }

    fn set_flag(&mut self, flag: u32, value: bool) {
        self.flags = if value { self.flags | flag } else { self.flags & !flag };
    }
}

/// A chunk, which the next ones may be like.
#[derive(Default)]
struct LastChunk {
    /// Its data, or those of an earlier one.
    model: Model,
    /// What stands before its data, type tag and all, and behind them; nothing where it has no tag there.
    around: Option<[Range<usize>; 2]>,
    /// Where its type tag lies, from its beginning.
    tag: Range<usize>,
}

impl LastChunk {
    /// Takes the next chunk and returns where its data and its type tag lie.
    fn next(&mut self, reader: &mut Reader<'_>) -> Result<[Range<usize>; 2], JsonError> {
        reader.peek()?;
        let start = reader.at();
        let around = self.around.clone().map(|around| around.map(|span| reader.slice(span)));
        if let Some(data) = around.and_then(|around| reader.span_inside(around, &mut self.model)) {
            return Ok([data, start + self.tag.start..start + self.tag.end]);
        }
        let [data, tag] = chunk(reader, &mut self.model)?;
        self.around = (tag.start > start && tag.end <= data.start).then(|| {
            self.tag = tag.start - start..tag.end - start;
            [start..data.start, data.end..reader.at()]
        });
        Ok([data, tag])
    }
}

/// Takes one chunk and returns where its data and its type tag lie.
///
/// A tag counts only where the format puts it: in an object of exactly `__type__` and `__data__`.
fn chunk(reader: &mut Reader<'_>, model: &mut Model) -> Result<[Range<usize>; 2], JsonError> {
    const UNTAGGED: Range<usize> = 0..0;
    if reader.peek()? != Kind::Object {
        return Ok([reader.span()?, UNTAGGED]);
    }
    let start = reader.at();
    let (mut tag, mut data, mut has_others) = (0..0, 0..0, false);
    reader.object(|reader, name| {
        match name.as_bytes() {
            b"__type__" => tag = span_of(reader, Kind::String)?,
            b"__data__" => data = reader.span_like(model)?,
            _ => {
                has_others = true;
                reader.skip()?;
            }
        }
        Ok::<_, JsonError>(())
    })?;
    let is_tagged = !has_others && !tag.is_empty() && !data.is_empty();
    Ok(if is_tagged { [data, tag] } else { [start..reader.at(), UNTAGGED] })
}

/// Does what the recorder of OGX does on reading with a mapping of new ids to old ones: in the text of the whole
/// document, every old one becomes the new one.
fn replace_ids(json: &[u8], mapping: &[u8], limits: &Limits) -> Result<Vec<u8>, Malformed> {
    // Each id costs a pass over the text, and may make it longer; in a hostile file both without end. One pass for all would
    // be another rule: what takes the place of one id may hold another, or make one with what stands beside it.
    const MAX_IDS: usize = 1_000;
    const MAX_SEARCHED: usize = 1 << 30;
    // To find and replace takes about as long as to pass over so many bytes.
    const EACH_FOUND: usize = 32;
    fn parse(json: &[u8]) -> Result<Value<'_>, JsonError> {
        Reader::new(json)?.dialect(Dialect::Python).document(Value::read)
    }
    // In a style of Python's, every value that was read has a spelling, and that is ASCII.
    let spell = |value: &Value<'_>, style| String::from_utf8(to_vec(value, style).unwrap_or_default());
    let mut text = spell(&parse(json)?, Style::PYTHON).unwrap_or_default();
    let mut searched = 0;
    if let Value::Object(members) = parse(mapping)? {
        let ids = members.len();
        if ids > MAX_IDS {
            return Err(Malformed::TooManyIds { found: ids, limit: MAX_IDS });
        }
        for (new, old) in members {
            if let Some(old) = old.as_str().filter(|old| !old.is_empty()) {
                let finder = Finder::new(old);
                let left = MAX_SEARCHED.saturating_sub(searched + text.len());
                let found = finder.find_iter(text.as_bytes()).take(left.div_ceil(EACH_FOUND)).count();
                searched += text.len() + found * EACH_FOUND;
                if searched >= MAX_SEARCHED {
                    return Err(Malformed::TooMuchSearched { ids, size: text.len(), limit: MAX_SEARCHED });
                }
                let new = new.to_lossy();
                let size = text.len() - found * old.len() + found * new.len();
                limits.check_size(size as u64)?;
                if found > 0 {
                    let (mut replaced, mut end) = (String::with_capacity(size), 0);
                    for at in finder.find_iter(text.as_bytes()) {
                        replaced.push_str(text.get(end..at).unwrap_or_default());
                        replaced.push_str(&new);
                        end = at + old.len();
                    }
                    replaced.push_str(text.get(end..).unwrap_or_default());
                    text = replaced;
                }
            }
        }
    }
    let mut mapped = parse(text.as_bytes())?;
    if let Some(mapping) = mapped.get_mut("id_normalization_mapping") {
        *mapping = Value::Object(Vec::new());
    }
    Ok(spell(&mapped, Style::COMPACT).unwrap_or_default().into_bytes())
}

/// Passes over a value and says whether it is `true`.
fn is_true(reader: &mut Reader<'_>) -> Result<bool, JsonError> {
    if reader.peek()? == Kind::Bool { reader.bool() } else { reader.skip().map(|()| false) }
}

/// Passes over a value and returns where it stands, or nothing where it is of another kind.
fn span_of(reader: &mut Reader<'_>, kind: Kind) -> Result<Range<usize>, JsonError> {
    let is_kind = reader.peek()? == kind;
    reader.span().map(|span| if is_kind { span } else { 0..0 })
}

fn skip(reader: &mut Reader<'_>, kind: Kind, place: &'static str) -> Result<Range<usize>, Malformed> {
    expect(reader, kind, place)?;
    Ok(reader.span()?)
}

fn expect(reader: &mut Reader<'_>, kind: Kind, place: &'static str) -> Result<(), Malformed> {
    let found = reader.peek()?;
    if found == kind { Ok(()) } else { Err(Malformed::Shape { place, expected: kind.name(), found: found.name() }) }
}
