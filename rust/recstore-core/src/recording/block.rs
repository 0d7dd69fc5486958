//! The bytes of a block, and a look at them.
//!
//! `docs/format.md` shows them. A block may come from a stranger's pack: its spans are checked against its length at
//! the moment each is used.

use std::ops::Range;

use super::DamagedBlock;
use super::said::{TextPlace, text_place};
use crate::json::{Dialect, JsonError, Layout, Reader, Text, check, plain_string, restore, restored_len};

/// Size of the header, in bytes.
const HEADER: usize = 64;
/// Size of an entry of the chunk index, in bytes: the spans of its data, of its type tag and of its text.
const CHUNK: usize = 24;

// Where the fields of the header lie. Each is a little-endian u32; a span is two of them, offset and length in the JSON.
const JSON_LENGTH: usize = 0;
const CHUNK_COUNT: usize = 4;
const FLAGS: usize = 8;
const STATUS: usize = 12;
const VERBATIM_LENGTH: usize = 16;
const TEST_ID: usize = 24;
const REQUEST: usize = 32;
const BODY: usize = 40;
const ERROR: usize = 48;
const ERROR_MESSAGE: usize = 56;

pub(super) const IS_STREAMING: u32 = 1;
pub(super) const IS_ERROR: u32 = 2;
pub(super) const IS_BROKEN: u32 = 4;
pub(super) const HAS_DETAILS: u32 = 8;
pub(super) const HAS_EARLIER: u32 = 16;
const LAYOUT_SHIFT: u32 = 8;

/// The members of a response that have a field or a flag of their own.
pub(super) const RESPONSE: [&str; 6] =
    ["body", "is_streaming", "is_exception", "exception_data", "exception_message", "status"];
/// The member of a recording that holds the responses to the same request before the last.
pub(super) const EARLIER: &str = "earlier_responses";

/// Where the parts of a recording lie in its JSON; empty where there is none.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) flags: u32,
    pub(super) status: u32,
    pub(super) test_id: Range<usize>,
    pub(super) request: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) error: Range<usize>,
    pub(super) error_message: Range<usize>,
    /// Data and type tag of each chunk.
    pub(super) chunks: Vec<[Range<usize>; 2]>,
    pub(super) mapping: Range<usize>,
}

impl Parts {
    pub(super) fn assemble(&self, json: &[u8], layout: Layout, verbatim: &[u8]) -> Vec<u8> {
        let mut block = Vec::with_capacity(HEADER + CHUNK * self.chunks.len() + json.len() + verbatim.len());
        // The limit of a file's size keeps every number below 2^31.
        let mut put = |number: usize| block.extend_from_slice(&(number as u32).to_le_bytes());
        put(json.len());
        put(self.chunks.len());
        put((self.flags | u32::from(layout.number()) << LAYOUT_SHIFT) as usize);
        put(self.status as usize);
        put(verbatim.len());
        put(0);
        let parts = [&self.test_id, &self.request, &self.body, &self.error, &self.error_message];
        let mut put_span = |span: &Range<usize>| {
            put(span.start);
            put(span.len());
        };
        parts.into_iter().for_each(&mut put_span);
        for [data, tag] in &self.chunks {
            [data, tag, &text_span(json, data)].into_iter().for_each(&mut put_span);
        }
        block.extend_from_slice(json);
        block.extend_from_slice(verbatim);
        block
    }
}

/// Returns where in the JSON the text lies of the chunk with this data, as [`ChunkSpan::text`] has it.
fn text_span(json: &[u8], data: &Range<usize>) -> Range<usize> {
    let start = data.start;
    match json.get(data.clone()).map(text_place) {
        Some(TextPlace::Nowhere) => start..start,
        Some(TextPlace::String(text)) => start + text.start..start + text.end,
        Some(TextPlace::Elsewhere) | None => ChunkSpan::UNKNOWN,
    }
}

/// Looks at a block. All texts that it returns are JSON without white space.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    header: &'a [u8; HEADER],
    chunks: &'a [[u8; CHUNK]],
    json: &'a [u8],
    verbatim: &'a [u8],
}

/// Where a chunk lies in the JSON of its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkSpan {
    /// Its data.
    pub data: Range<usize>,
    /// Its type tag, with quotes; empty where it has none.
    pub tag: Range<usize>,
    /// The string that is its text, with quotes; empty where it says none, and [`ChunkSpan::UNKNOWN`] where its text is
    /// in no one string.
    pub text: Range<usize>,
}

impl ChunkSpan {
    /// Stands for the text of a chunk that must be read from its data.
    pub const UNKNOWN: Range<usize> = 0..0;
}

type Result<T, E = DamagedBlock> = std::result::Result<T, E>;

impl<'a> View<'a> {
    /// Looks at `block`, making sure that its parts fill it.
    ///
    /// # Errors
    /// Where they do not.
    pub fn new(block: &'a [u8]) -> Result<Self> {
        let (header, rest) = block.split_first_chunk().ok_or(DamagedBlock("header"))?;
        let length = |field| u32_at(header, field) as usize;
        let index_size = length(CHUNK_COUNT).checked_mul(CHUNK).ok_or(DamagedBlock("chunk index"))?;
        let (index, rest) = rest.split_at_checked(index_size).ok_or(DamagedBlock("chunk index"))?;
        let (json, verbatim) = rest.split_at_checked(length(JSON_LENGTH)).ok_or(DamagedBlock("text"))?;
        if verbatim.len() != length(VERBATIM_LENGTH) {
            return Err(DamagedBlock("file"));
        }
        Ok(Self { header, chunks: index.as_chunks().0, json, verbatim })
    }

    /// Returns the whole recording.
    #[must_use]
    pub fn json(&self) -> &'a [u8] {
        self.json
    }

    /// Returns the bytes of the file it was read from.
    ///
    /// # Errors
    /// Where the block is damaged; as all methods below.
    pub fn file(&self) -> Result<Vec<u8>> {
        match self.layout() {
            Layout::Other => Ok(self.verbatim.to_vec()),
            layout => restore(self.json, layout).ok_or(DamagedBlock("text")),
        }
    }

    /// Returns how many bytes [`View::file`] would return. White space makes a file longer than its block; in a block
    /// made by a stranger up to 257 times.
    pub fn file_len(&self) -> Result<u64> {
        match self.layout() {
            Layout::Other => Ok(self.verbatim.len() as u64),
            layout => restored_len(self.json, layout).ok_or(DamagedBlock("text")),
        }
    }

    /// Makes sure that every part is where the index says, that the file can be made again, and that each chunk says its
    /// text.
    pub fn check(&self) -> Result<()> {
        self.check_parts()?;
        self.check_text()?;
        let is_right = |chunk: &[u8; CHUNK]| text_span(self.json, &span_at(chunk, 0)) == span_at(chunk, 16);
        self.chunks.iter().all(is_right).then_some(()).ok_or(DamagedBlock("text of a chunk"))
    }

    /// Makes sure that every part is where the index says.
    pub fn check_parts(&self) -> Result<()> {
        self.test_id()?;
        self.request()?;
        self.body()?;
        self.error()?;
        self.error_message()?;
        // Each lies behind the one before, so that all together are no longer than the JSON.
        let (mut end, mut last_tag) = (0, None);
        for chunk in 0..self.chunk_count() {
            let ChunkSpan { data, tag, text } = self.chunk_span(chunk).ok_or(DamagedBlock("chunk"))?;
            let start = if tag.is_empty() { data.start } else { data.start.min(tag.start) };
            let is_inside = text == ChunkSpan::UNKNOWN || data.start <= text.start && text.end <= data.end;
            if start < end || !is_inside {
                return Err(DamagedBlock("chunk index"));
            }
            end = data.end.max(tag.end);
            self.chunk_data(chunk)?;
            // Most have the tag of the one before.
            let tag = self.chunk_type_json(chunk)?;
            if tag != last_tag {
                self.chunk_type(chunk)?;
                last_tag = tag;
            }
        }
        Ok(())
    }

    /// Makes sure that the file can be made of the JSON. All JSON without white space can be laid out; that it is well formed
    /// takes less time to see than what it would become.
    fn check_text(&self) -> Result<()> {
        if self.layout() == Layout::Other {
            return Ok(());
        }
        reader(self.json).and_then(check).map_err(|_| DamagedBlock("text"))
    }

    /// Returns the bytes of a file that is no recording, where they were kept; `None` where it is one. The other methods
    /// find nothing in such a file.
    #[must_use]
    pub fn broken_file(&self) -> Option<&'a [u8]> {
        (self.flags() & IS_BROKEN != 0).then_some(self.verbatim)
    }

    /// Returns the id of the test; `None` where it is `null`.
    pub fn test_id(&self) -> Result<Option<Text<'a>>> {
        let Some(json) = self.part(TEST_ID, "test id")? else { return Ok(None) };
        string(json).map(Some).ok_or(DamagedBlock("test id"))
    }

    /// Returns the id of the test, with quotes; `null` where there is none.
    pub fn test_id_json(&self) -> Result<&'a [u8]> {
        Ok(self.part(TEST_ID, "test id")?.unwrap_or(b"null"))
    }

    /// Returns the request.
    pub fn request(&self) -> Result<&'a [u8]> {
        Ok(self.part(REQUEST, "request")?.unwrap_or(b"null"))
    }

    /// Returns the body of the response; `null` where there is none.
    pub fn body(&self) -> Result<&'a [u8]> {
        Ok(self.part(BODY, "body")?.unwrap_or(b"null"))
    }

    /// Returns what was recorded of an exception, an object; `None` where there is none.
    pub fn error(&self) -> Result<Option<&'a [u8]>> {
        self.part(ERROR, "error")
    }

    /// Returns the text of a recorded exception; `None` where there is none.
    pub fn error_message(&self) -> Result<Option<Text<'a>>> {
        let Some(json) = self.part(ERROR_MESSAGE, "error message")? else { return Ok(None) };
        string(json).map(Some).ok_or(DamagedBlock("error message"))
    }

    /// Returns the members of the response beyond those that have a method here, each as JSON.
    pub fn details(&self) -> Result<Vec<(Text<'a>, &'a [u8])>> {
        if self.flags() & HAS_DETAILS == 0 {
            return Ok(Vec::new());
        }
        let mut details = Vec::new();
        let response = self.member("response")?;
        let mut reader = reader(response).map_err(|_| DamagedBlock("response"))?;
        let read = reader.object(|reader, name| {
            let span = reader.span()?;
            if !RESPONSE.contains(&name.as_str().unwrap_or_default()) {
                details.push((name, response.get(span).unwrap_or_default()));
            }
            Ok::<_, JsonError>(())
        });
        read.map(|()| details).map_err(|_| DamagedBlock("response"))
    }

    /// Returns the responses to the same request that came before, the first first.
    pub fn earlier(&self) -> Result<Vec<&'a [u8]>> {
        if self.flags() & HAS_EARLIER == 0 {
            return Ok(Vec::new());
        }
        let mut earlier = Vec::new();
        let responses = self.member(EARLIER)?;
        let mut reader = reader(responses).map_err(|_| DamagedBlock("earlier responses"))?;
        let read = reader.array(|reader| {
            earlier.push(responses.get(reader.span()?).unwrap_or_default());
            Ok::<_, JsonError>(())
        });
        read.map(|()| earlier).map_err(|_| DamagedBlock("earlier responses"))
    }

    /// Returns a member of the recording; of several with one name the last.
    fn member(&self, wanted: &'static str) -> Result<&'a [u8]> {
        let mut found = None;
        let mut find = || {
            reader(self.json)?.object(|reader, name| {
                let span = reader.span()?;
                if name.as_str() == Some(wanted) {
                    found = Some(span);
                }
                Ok::<_, JsonError>(())
            })
        };
        find().map_err(|_| DamagedBlock(wanted))?;
        found.and_then(|span| self.json.get(span)).ok_or(DamagedBlock(wanted))
    }

    /// Says whether the answer ended in an exception.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.flags() & IS_ERROR != 0
    }

    /// Says whether the answer is a stream.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.flags() & IS_STREAMING != 0
    }

    /// Returns the HTTP status; `None` where it was not recorded.
    #[must_use]
    pub fn status(&self) -> Option<u32> {
        Some(u32_at(self.header, STATUS)).filter(|status| *status != 0)
    }

    /// Returns the number of chunks.
    #[must_use]
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Returns where a chunk lies; `None` behind the last.
    #[must_use]
    pub fn chunk_span(&self, index: usize) -> Option<ChunkSpan> {
        let entry = self.chunks.get(index)?;
        Some(ChunkSpan { data: span_at(entry, 0), tag: span_at(entry, 8), text: span_at(entry, 16) })
    }

    /// Returns the data of a chunk.
    pub fn chunk_data(&self, index: usize) -> Result<&'a [u8]> {
        self.chunk_span(index).and_then(|span| self.json.get(span.data)).ok_or(DamagedBlock("chunk"))
    }

    /// Returns the type tag of a chunk; `None` where it has none.
    pub fn chunk_type(&self, index: usize) -> Result<Option<Text<'a>>> {
        self.chunk_type_json(index)?.map(|tag| string(tag).ok_or(DamagedBlock("type tag"))).transpose()
    }

    /// Returns the type tag of a chunk, with quotes; `None` where it has none.
    pub fn chunk_type_json(&self, index: usize) -> Result<Option<&'a [u8]>> {
        let tag = self.chunk_span(index).map(|span| span.tag).ok_or(DamagedBlock("chunk"))?;
        if tag.is_empty() {
            return Ok(None);
        }
        self.json.get(tag).map(Some).ok_or(DamagedBlock("type tag"))
    }

    /// Returns the text that the model says in a chunk; `None` where it must be read from the data, with
    /// [`said`](super::said).
    pub fn chunk_text(&self, index: usize) -> Result<Option<Text<'a>>> {
        let text = self.chunk_span(index).map(|span| span.text).ok_or(DamagedBlock("chunk"))?;
        if text == ChunkSpan::UNKNOWN {
            return Ok(None);
        }
        if text.is_empty() {
            return Ok(Some(Text::from("")));
        }
        self.json.get(text).and_then(string).map(Some).ok_or(DamagedBlock("text of a chunk"))
    }

    /// Returns all that [`rebuild`](super::rebuild) needs to make the block again: the JSON and how the file is laid
    /// out, or, where that does not say all, the file.
    #[must_use]
    pub fn source(&self) -> (Layout, &'a [u8]) {
        let layout = self.layout();
        (layout, if layout == Layout::Other { self.verbatim } else { self.json })
    }

    fn layout(&self) -> Layout {
        Layout::from_number(self.flags() >> LAYOUT_SHIFT)
    }

    fn flags(&self) -> u32 {
        u32_at(self.header, FLAGS)
    }

    fn part(&self, field: usize, name: &'static str) -> Result<Option<&'a [u8]>> {
        let span = span_at(self.header, field);
        if span.is_empty() {
            return Ok(None);
        }
        self.json.get(span).map(Some).ok_or(DamagedBlock(name))
    }
}

fn reader(json: &[u8]) -> Result<Reader<'_>, JsonError> {
    Ok(Reader::new(json)?.dialect(Dialect::Python))
}

fn string(json: &[u8]) -> Option<Text<'_>> {
    plain_string(json).map(Text::from).or_else(|| reader(json).ok()?.document(Reader::string).ok())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |number| u32::from_le_bytes(*number))
}

fn span_at(bytes: &[u8], at: usize) -> Range<usize> {
    let start = u32_at(bytes, at) as usize;
    start..start.saturating_add(u32_at(bytes, at + 4) as usize)
}
