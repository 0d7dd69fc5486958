//! The text of a file into a block.

use std::ops::Range;

use super::block::{IS_BROKEN, IS_ERROR, IS_STREAMING, Parts};
use super::{Limits, Malformed, View};
use crate::json::{self, Dialect, JsonError, Kind, Layout, Number, Reader, Style, Value, compact, to_vec};

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
    let limit = limits.file_size.min(i32::MAX as u64);
    if size > limit {
        return Err(Malformed::TooLarge { size, limit });
    }
    let not_json = |error: JsonError| Malformed::Json { error, position: error.position(text) };
    let compact_text = |text| compact(Reader::new(text)?.dialect(Dialect::Python).limits(limits.json));
    let (mut json, mut layout) = compact_text(text).map_err(not_json)?;
    let mut parts = Parts::find(&json, limits)?;
    if !parts.mapping.is_empty() {
        let mapping = json.get(parts.mapping).unwrap_or_default();
        json = replace_ids(&json, mapping)?;
        layout = Layout::Other;
        parts = Parts::find(&json, limits)?;
    }
    let verbatim = if layout == Layout::Other { text } else { &[] };
    Ok(parts.assemble(&json, layout, verbatim))
}

/// Makes a block of a file that is no recording, so that a pack can give it back.
#[must_use]
pub fn encode_broken(text: &[u8]) -> Vec<u8> {
    Parts { flags: IS_BROKEN, ..Parts::default() }.assemble(b"", Layout::Other, text)
}

impl View<'_> {
    /// Says why the file is no recording, if it is none. The other methods find nothing in such a file.
    #[must_use]
    pub fn problem(&self, limits: &Limits) -> Option<Malformed> {
        self.broken_file().and_then(|text| encode(text, limits).err())
    }
}

impl Parts {
    /// Finds the parts of a recording in JSON that [`compact`] has checked. Of members with one name the last counts.
    fn find(json: &[u8], limits: &Limits) -> Result<Self, Malformed> {
        let mut parts = Self::default();
        let mut has_response = false;
        let mut reader = Reader::new(json)?.dialect(Dialect::Python).limits(json::Limits { depth: limits.json.depth });
        expect(&mut reader, Kind::Object, "the document")?;
        reader.object(|reader, name| {
            let is_null = reader.peek()? == Kind::Null;
            match name.as_bytes() {
                b"test_id" if !is_null => parts.test_id = skip(reader, Kind::String, "test_id")?,
                b"request" => parts.request = skip(reader, Kind::Object, "request")?,
                b"response" => {
                    expect(reader, Kind::Object, "response")?;
                    has_response = true;
                    parts.find_response(reader, limits)?;
                }
                b"id_normalization_mapping" if !is_null => {
                    let mapping = skip(reader, Kind::Object, "id_normalization_mapping")?;
                    parts.mapping = if mapping.len() > "{}".len() { mapping } else { 0..0 };
                }
                _ => reader.skip()?,
            }
            Ok::<_, Malformed>(())
        })?;
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
                (b"is_streaming", Kind::Bool) => self.set_flag(IS_STREAMING, reader.bool()?),
                (b"is_exception", Kind::Bool) => self.set_flag(IS_ERROR, reader.bool()?),
                (b"exception_data", Kind::Object) => self.error = reader.span()?,
                (b"exception_message", Kind::String) => self.error_message = reader.span()?,
                (b"status", Kind::Number) => {
                    let number = reader.number()?;
                    self.status = if let Number::Int(digits) = number { digits.parse().unwrap_or(0) } else { 0 };
                }
                _ => reader.skip()?,
            }
            Ok::<_, Malformed>(())
        })
    }

    fn find_chunks(&mut self, body: &mut Reader<'_>, limits: &Limits) -> Result<(), Malformed> {
        self.chunks.clear();
        match body.peek()? {
            Kind::Null => body.null()?,
            Kind::Array => body.array(|reader| {
                if self.chunks.len() == limits.chunks {
                    return Err(Malformed::TooManyChunks { limit: limits.chunks });
                }
                self.chunks.push(chunk(reader)?);
                Ok(())
            })?,
            _ => self.chunks.push(chunk(body)?),
        }
        Ok(())
    }

    fn set_flag(&mut self, flag: u32, value: bool) {
        self.flags = if value { self.flags | flag } else { self.flags & !flag };
    }
}

/// Takes one chunk and returns where its data and its type tag lie.
///
/// A tag counts only where the format puts it: in an object of exactly `__type__` and `__data__`.
fn chunk(reader: &mut Reader<'_>) -> Result<[Range<usize>; 2], JsonError> {
    const UNTAGGED: Range<usize> = 0..0;
    if reader.peek()? != Kind::Object {
        return Ok([reader.span()?, UNTAGGED]);
    }
    let start = reader.at();
    let (mut tag, mut data, mut members) = (0..0, 0..0, 0);
    reader.object(|reader, name| {
        members += 1;
        match (name.as_bytes(), reader.peek()?) {
            (b"__type__", Kind::String) => tag = reader.span()?,
            (b"__data__", _) => data = reader.span()?,
            _ => reader.skip()?,
        }
        Ok::<_, JsonError>(())
    })?;
    let is_tagged = members == 2 && !tag.is_empty() && !data.is_empty();
    Ok(if is_tagged { [data, tag] } else { [start..reader.at(), UNTAGGED] })
}

/// Does what the recorder of OGX does on reading with a mapping of new ids to old ones: in the text of the whole
/// document, every old one becomes the new one.
fn replace_ids(json: &[u8], mapping: &[u8]) -> Result<Vec<u8>, JsonError> {
    fn parse(json: &[u8]) -> Result<Value<'_>, JsonError> {
        Reader::new(json)?.dialect(Dialect::Python).document(Value::read)
    }
    // In a style of Python's, every value that was read has a spelling, and that is ASCII.
    let spell = |value: &Value<'_>, style| String::from_utf8(to_vec(value, style).unwrap_or_default());
    let mut text = spell(&parse(json)?, Style::PYTHON).unwrap_or_default();
    if let Value::Object(members) = parse(mapping)? {
        for (new, old) in members {
            if let Some(old) = old.as_str().filter(|old| !old.is_empty()) {
                text = text.replace(old, &new.to_lossy());
            }
        }
    }
    let mut mapped = parse(text.as_bytes())?;
    if let Some(mapping) = mapped.get_mut("id_normalization_mapping") {
        *mapping = Value::Object(Vec::new());
    }
    Ok(spell(&mapped, Style::COMPACT).unwrap_or_default().into_bytes())
}

fn skip(reader: &mut Reader<'_>, kind: Kind, place: &'static str) -> Result<Range<usize>, Malformed> {
    expect(reader, kind, place)?;
    Ok(reader.span()?)
}

fn expect(reader: &mut Reader<'_>, kind: Kind, place: &'static str) -> Result<(), Malformed> {
    let found = reader.peek()?;
    if found == kind { Ok(()) } else { Err(Malformed::Shape { place, expected: kind.name(), found: found.name() }) }
}
