//! What a model says in a chunk: its text, and its calls of tools apart from that.
//!
//! The families are told by the names of members, which no two of them use differently: chunks and whole answers of
//! OpenAI (chat, completions, responses), Anthropic, Gemini and Ollama, and lines of server-sent events that hold them.
//! Reasoning is not text: it is not said to the user.
//!
//! Packs hold where texts lie: whoever changes what is text here makes a new version of their format.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::{Pattern, VaryingKind};
use crate::json::{Dialect, JsonError, Kind, Number, Reader, Text};

/// What a model says in one chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The text, in UTF-8 (WTF-8 where a surrogate stands alone). Of several choices or candidates, one after another.
    pub text: Vec<u8>,
    /// The calls of tools, or pieces of them.
    pub tool_calls: Vec<ToolCall>,
}

/// A call of a tool, or the piece of one that a chunk brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Which of the answers it belongs to, where several were asked for.
    pub choice: i64,
    /// Which of the calls the piece belongs to, where the chunk says so.
    pub index: Option<i64>,
    /// The id of the call, where the chunk says it.
    pub id: Option<Text<'static>>,
    /// The name of the tool, where the chunk says it.
    pub name: Option<Text<'static>>,
    /// The arguments as JSON text, or the piece of it that the chunk brings.
    pub arguments: Vec<u8>,
}

/// Reads what the chunk with this data says; nothing where the family is unknown.
///
/// ```
/// use recstore_core::recording::said;
/// let chunk = br#"{"choices":[{"delta":{"content":"Hel","tool_calls":null}}],"object":"chat.completion.chunk"}"#;
/// assert_eq!(said(chunk)?.text, b"Hel");
/// let event = br#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}"#;
/// assert_eq!(said(event)?.tool_calls[0].arguments, b"{");
/// # Ok::<(), recstore_core::json::JsonError>(())
/// ```
///
/// # Errors
/// Where the data is not JSON.
pub fn said(data: &[u8]) -> Result<Said, JsonError> {
    Listener::listen(data).map(|listener| listener.said)
}

/// Where in the data of a chunk its text lies.
pub(super) enum TextPlace<Place = Range<usize>> {
    /// It says none.
    Nowhere,
    /// In this string, quotes and all.
    String(Place),
    /// In several, or in JSON within a string.
    Elsewhere,
}

/// Finds where the text lies that a chunk says, given the data of a chunk, which must be JSON.
///
/// Of a chunk that differs from one before in nothing but its text, and in values that say nothing, no more is looked at
/// than where these end.
pub(super) fn text_place(data: &[u8]) -> TextPlace {
    thread_local! {
        static HEARD: RefCell<Vec<Heard>> = const { RefCell::new(Vec::new()) };
    }
    // So many are kept, those that were needed last before the others.
    const KEPT: usize = 16;
    HEARD.with_borrow_mut(|all| {
        for number in 0..all.len() {
            if let Some(place) = all.get_mut(number).and_then(|heard| heard.place_in(data)) {
                if let Some(newer) = all.get_mut(..=number) {
                    newer.rotate_right(1);
                }
                return place;
            }
        }
        let Ok(listener) = Listener::listen(data) else { return TextPlace::Elsewhere };
        let place = listener.place();
        if let Some(heard) = Heard::of(data, listener) {
            all.truncate(KEPT - 1);
            all.insert(0, heard);
        }
        place
    })
}

/// What was heard in one chunk, to be found in those like it.
struct Heard {
    pattern: Pattern,
    /// Which of the values of the pattern is the text.
    text: TextPlace<usize>,
    /// Where the values lie that may differ, in the last chunk.
    spans: Vec<Range<usize>>,
}

impl Heard {
    /// Takes the pattern of a chunk in which everything may differ that was passed over, and everything that was said.
    fn of(data: &[u8], listener: Listener) -> Option<Self> {
        // Hardly two large ones are alike, and a line of server-sent events says its text in escapes within escapes.
        const LARGEST: usize = 65_536;
        (data.len() <= LARGEST && data.starts_with(b"{")).then_some(())?;
        let place = listener.place();
        let mut spans = [listener.said_at, listener.passed].concat();
        spans.sort_unstable_by_key(|span| span.start);
        let is_number = |json: &[u8]| json.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
        let kind = |span: &Range<usize>| match data.get(span.clone())? {
            [b'"', ..] => Some(VaryingKind::String),
            [b'[', ..] => Some(VaryingKind::Array),
            [b'{', ..] => Some(VaryingKind::Object),
            json if is_number(json) => Some(VaryingKind::Int),
            _ => Some(VaryingKind::Float),
        };
        let kinds = spans.iter().map(kind).collect::<Option<_>>()?;
        let starts = std::iter::once(0).chain(spans.iter().map(|span| span.end));
        let ends = spans.iter().map(|span| span.start).chain([data.len()]);
        let pieces =
            starts.zip(ends).map(|(start, end)| data.get(start..end).map(<[u8]>::to_vec)).collect::<Option<_>>()?;
        let text = match place {
            TextPlace::Nowhere => TextPlace::Nowhere,
            TextPlace::String(text) => TextPlace::String(spans.iter().position(|span| *span == text)?),
            TextPlace::Elsewhere => TextPlace::Elsewhere,
        };
        Some(Self { pattern: Pattern::new(pieces, kinds)?, text, spans })
    }

    /// Finds where the text lies in a chunk like this one; `None` in any other.
    fn place_in(&mut self, data: &[u8]) -> Option<TextPlace> {
        self.pattern.find(data, &mut self.spans).then_some(())?;
        Some(match self.text {
            TextPlace::Nowhere => TextPlace::Nowhere,
            TextPlace::String(number) => TextPlace::String(self.spans.get(number)?.clone()),
            TextPlace::Elsewhere => TextPlace::Elsewhere,
        })
    }
}

/// Puts the pieces of calls together that the chunks of a stream bring.
///
/// Pieces with one index in one choice belong to one call, until a piece with another id begins the next.
#[must_use]
pub fn join_tool_calls(pieces: impl IntoIterator<Item = ToolCall>) -> Vec<ToolCall> {
    let mut calls: Vec<ToolCall> = Vec::new();
    let mut open: HashMap<(i64, i64), usize> = HashMap::new();
    for piece in pieces {
        let place = piece.index.map(|index| (piece.choice, index));
        let begins = |call: &ToolCall| piece.id.is_some() && call.id.is_some() && piece.id != call.id;
        let call = place.and_then(|place| calls.get_mut(*open.get(&place)?));
        match call.filter(|call| !begins(call)) {
            Some(call) => {
                call.id = call.id.take().or(piece.id);
                call.name = call.name.take().or(piece.name);
                call.arguments.extend_from_slice(&piece.arguments);
            }
            None => {
                open.extend(place.map(|place| (place, calls.len())));
                calls.push(piece);
            }
        }
    }
    calls
}

type Read = Result<(), JsonError>;

/// Reads a chunk, and remembers of which values its text does not depend.
#[derive(Default)]
struct Listener {
    said: Said,
    /// Where the strings lie that make the text, in their order.
    said_at: Vec<Range<usize>>,
    /// Where values lie that have nothing to do with the text, but for their kind.
    passed: Vec<Range<usize>>,
}

impl Listener {
    /// Returns where the text lies.
    fn place(&self) -> TextPlace {
        match self.said_at.as_slice() {
            [] if self.said.text.is_empty() => TextPlace::Nowhere,
            [text] => TextPlace::String(text.clone()),
            _ => TextPlace::Elsewhere,
        }
    }

    fn listen(data: &[u8]) -> Result<Self, JsonError> {
        let mut listener = Self::default();
        let mut reader = Reader::new(data)?.dialect(Dialect::Python);
        match reader.peek()? {
            Kind::Object => reader.document(|reader| listener.chunk(reader))?,
            Kind::String => {
                let line = reader.string()?;
                if let Some(event) = line.as_bytes().strip_prefix(b"data:").map(<[u8]>::trim_ascii)
                    && event.starts_with(b"{")
                    && let Ok(said) = said(event)
                {
                    listener.said = said;
                }
            }
            _ => {}
        }
        Ok(listener)
    }

    /// A chunk, an event, or a whole answer.
    fn chunk(&mut self, reader: &mut Reader<'_>) -> Read {
        let mut event = Text::from("");
        let mut index = None;
        let mut delta: Option<(Range<usize>, Text<'_>)> = None;
        members(reader, |reader, name, kind| {
            match (name, kind) {
                // OpenAI chat and completions
                (b"choices", Kind::Array) => each(reader, |reader| self.choice(reader))?,
                // Gemini
                (b"candidates", Kind::Array) => {
                    each(reader, |reader| members(reader, |reader, name, _| self.content_or_skip(reader, name)))?
                }
                // Ollama chat; Anthropic's first event holds an empty message
                (b"message", Kind::Object) => self.message(reader)?,
                // Ollama generate
                (b"response", Kind::String) => self.string(reader)?,
                // Anthropic, whole; OpenAI responses, whole; Gemini interactions, whole
                (b"content" | b"output" | b"outputs", Kind::Array) => each(reader, |reader| self.part(reader))?,
                // Anthropic: a block begins; OpenAI responses: an item begins
                (b"content_block" | b"item", Kind::Object) => self.part(reader)?,
                (b"type" | b"event_type", Kind::String) => event = reader.string()?,
                (b"index" | b"output_index", Kind::Number) => index = integer(reader)?,
                (b"delta", Kind::Object) => self.part(reader)?,
                (b"delta", Kind::String) => delta = Some(text_at(reader)?),
                _ => self.pass(reader)?,
            }
            Ok(())
        })?;
        // The events of OpenAI responses say in their type what the delta is of.
        match (delta, event.as_bytes()) {
            (Some((span, delta)), b"response.output_text.delta") => self.say(span, &delta),
            (Some((span, delta)), b"response.function_call_arguments.delta") => {
                self.passed.push(span);
                let arguments = delta.as_bytes().to_vec();
                self.said.tool_calls.push(ToolCall { arguments, ..ToolCall::default() });
            }
            // Anthropic begins a call with an empty object, and sends the arguments after it.
            (None, b"content_block_start") => self.said.tool_calls.iter_mut().for_each(|call| call.arguments.clear()),
            // The end of an item repeats what its pieces said.
            (None, b"response.output_item.done" | b"response.content_part.done") => {
                self.unsay(0, 0);
                self.said.tool_calls.clear();
            }
            _ => {}
        }
        for call in self.said.tool_calls.iter_mut().filter(|call| call.index.is_none()) {
            call.index = index;
        }
        Ok(())
    }

    /// A choice of OpenAI's.
    fn choice(&mut self, reader: &mut Reader<'_>) -> Read {
        let before = self.said.tool_calls.len();
        let mut choice = None;
        members(reader, |reader, name, kind| match (name, kind) {
            (b"delta" | b"message", Kind::Object) => self.message(reader),
            (b"text", Kind::String) => self.string(reader),
            (b"index", Kind::Number) => integer(reader).map(|index| choice = index),
            _ => self.pass(reader),
        })?;
        self.said.tool_calls.iter_mut().skip(before).for_each(|call| call.choice = choice.unwrap_or_default());
        Ok(())
    }

    /// A message or a piece of one, of OpenAI or Ollama.
    fn message(&mut self, reader: &mut Reader<'_>) -> Read {
        members(reader, |reader, name, kind| match (name, kind) {
            (b"tool_calls", Kind::Array) => each(reader, |reader| self.tool_call(reader)),
            (b"function_call", Kind::Object) => self.tool_call(reader),
            _ => self.content_or_skip(reader, name),
        })
    }

    /// The value of a member that may be content: a string, a list of parts, or Gemini's object with parts.
    fn content_or_skip(&mut self, reader: &mut Reader<'_>, name: &[u8]) -> Read {
        match (name, reader.peek()?) {
            (b"content", Kind::String) => self.string(reader),
            (b"content" | b"parts", Kind::Array) => each(reader, |reader| self.part(reader)),
            (b"content", Kind::Object) => members(reader, |reader, name, _| self.content_or_skip(reader, name)),
            _ => self.pass(reader),
        }
    }

    /// A part of a content, a block, an item, or a piece of one.
    fn part(&mut self, reader: &mut Reader<'_>) -> Read {
        let (before, places) = (self.said.text.len(), self.said_at.len());
        let mut is_reasoning = false;
        let mut is_call = false;
        let mut call = ToolCall::default();
        members(reader, |reader, name, kind| {
            match (name, kind) {
                (b"type", Kind::String) => match reader.string()?.as_bytes() {
                    b"thinking" | b"thinking_delta" | b"reasoning" | b"thought" | b"thought_summary" => {
                        is_reasoning = true;
                    }
                    b"tool_use" | b"function_call" | b"server_tool_use" | b"mcp_tool_use" => is_call = true,
                    _ => {}
                },
                (b"thought", Kind::Bool) => is_reasoning |= reader.bool()?,
                (b"text" | b"content", Kind::String) => self.string(reader)?,
                (b"content", Kind::Array) => each(reader, |reader| self.part(reader))?,
                (b"partial_json", Kind::String) => {
                    is_call = true;
                    call.arguments = self.unsaid(reader)?.as_bytes().to_vec();
                }
                (b"functionCall" | b"function_call", Kind::Object) => self.tool_call(reader)?,
                (b"call_id", Kind::String) => call.id = Some(self.unsaid(reader)?.into_owned()),
                (b"id", Kind::String) if call.id.is_none() => call.id = Some(self.unsaid(reader)?.into_owned()),
                (b"name", Kind::String) => call.name = Some(self.unsaid(reader)?.into_owned()),
                (b"arguments" | b"input", _) => call.arguments = self.arguments(reader)?,
                _ => self.pass(reader)?,
            }
            Ok(())
        })?;
        if is_reasoning {
            self.unsay(before, places);
        }
        if is_call {
            self.said.tool_calls.push(call);
        }
        Ok(())
    }

    /// A call of a tool, with its function inside (OpenAI, Ollama) or not (Gemini, OpenAI's oldest).
    fn tool_call(&mut self, reader: &mut Reader<'_>) -> Read {
        let mut call = ToolCall::default();
        self.members_of_call(reader, &mut call)?;
        self.said.tool_calls.push(call);
        Ok(())
    }

    fn members_of_call(&mut self, reader: &mut Reader<'_>, call: &mut ToolCall) -> Read {
        members(reader, |reader, name, kind| {
            match (name, kind) {
                (b"index", Kind::Number) => call.index = integer(reader)?,
                (b"id", Kind::String) => call.id = Some(self.unsaid(reader)?.into_owned()),
                (b"name", Kind::String) => call.name = Some(self.unsaid(reader)?.into_owned()),
                (b"arguments" | b"args", _) => call.arguments = self.arguments(reader)?,
                (b"function", Kind::Object) => self.members_of_call(reader, call)?,
                _ => self.pass(reader)?,
            }
            Ok(())
        })
    }

    /// Arguments: text as it is, `null` as nothing, other values as their JSON.
    fn arguments(&mut self, reader: &mut Reader<'_>) -> Result<Vec<u8>, JsonError> {
        Ok(match reader.peek()? {
            Kind::String => self.unsaid(reader)?.as_bytes().to_vec(),
            Kind::Null => {
                reader.null()?;
                Vec::new()
            }
            _ => {
                let span = reader.span()?;
                reader.slice(span).to_vec()
            }
        })
    }

    /// A string that is said.
    fn string(&mut self, reader: &mut Reader<'_>) -> Read {
        let (span, text) = text_at(reader)?;
        self.say(span, &text);
        Ok(())
    }

    /// A string that is not said.
    fn unsaid<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Text<'a>, JsonError> {
        let (span, text) = text_at(reader)?;
        self.passed.push(span);
        Ok(text)
    }

    /// A value that says nothing.
    fn pass(&mut self, reader: &mut Reader<'_>) -> Read {
        let kind = reader.peek()?;
        let span = reader.span()?;
        if !matches!(kind, Kind::Null | Kind::Bool) {
            self.passed.push(span);
        }
        Ok(())
    }

    fn say(&mut self, span: Range<usize>, text: &Text<'_>) {
        self.said.text.extend_from_slice(text.as_bytes());
        self.said_at.push(span);
    }

    /// Takes back what was said from a place on.
    fn unsay(&mut self, text: usize, places: usize) {
        self.said.text.truncate(text);
        self.passed.extend(self.said_at.drain(places..));
    }
}

/// Takes a string, and returns where it lies, too.
fn text_at<'a>(reader: &mut Reader<'a>) -> Result<(Range<usize>, Text<'a>), JsonError> {
    reader.peek()?;
    let start = reader.at();
    let text = reader.string()?;
    Ok((start..reader.at(), text))
}

fn integer(reader: &mut Reader<'_>) -> Result<Option<i64>, JsonError> {
    Ok(match reader.number()? {
        Number::Int(digits) => digits.parse().ok(),
        Number::Float(_) => None,
    })
}

fn members<'a>(reader: &mut Reader<'a>, mut member: impl FnMut(&mut Reader<'a>, &[u8], Kind) -> Read) -> Read {
    reader.object(|reader, name| {
        let kind = reader.peek()?;
        member(reader, name.as_bytes(), kind)
    })
}

/// Reads each object of an array; other elements say nothing.
fn each(reader: &mut Reader<'_>, mut element: impl FnMut(&mut Reader<'_>) -> Read) -> Read {
    reader.array(|reader| if reader.peek()? == Kind::Object { element(reader) } else { reader.skip() })
}
