//! Whether a stream was recorded to its end.

use crate::json::{Dialect, JsonError, Kind, Reader, Text};
use crate::recording::View;

/// Says what is missing of a stream; nothing where it is whole, is none, or ends in an exception, and where the family of
/// its chunks is not known.
pub(super) fn incomplete(view: &View<'_>) -> Option<&'static str> {
    if !view.is_streaming() || view.is_error() {
        return None;
    }
    let is_marked = |(name, value): &(Text<'_>, &[u8])| name == "is_incomplete" && *value == b"true";
    if view.details().ok()?.iter().any(is_marked) {
        return Some("its reader stopped before the end of the stream, and what came after is not recorded");
    }
    if view.chunk_count() == 0 {
        return Some("the stream has no chunk at all");
    }
    // The end is mostly in one of the last chunks.
    let mut is_known = false;
    for number in (0..view.chunk_count()).rev() {
        match ends(view.chunk_data(number).ok()?) {
            Ok(Some(true)) => return None,
            Ok(Some(false)) => is_known = true,
            Ok(None) | Err(_) => {}
        }
    }
    is_known.then_some("no chunk says that the stream has ended, as the last of such a stream does")
}

/// Says whether a chunk ends its stream; `None` where its family is not known.
fn ends(data: &[u8]) -> Result<Option<bool>, JsonError> {
    let mut reader = Reader::new(data)?.dialect(Dialect::Python);
    match reader.peek()? {
        Kind::Object => {}
        // A line of server-sent events.
        Kind::String => {
            let line = reader.string()?;
            let event = line.as_bytes().strip_prefix(b"data:").map(<[u8]>::trim_ascii);
            return event.map_or(Ok(None), |event| if event == b"[DONE]" { Ok(Some(true)) } else { ends(event) });
        }
        _ => return Ok(None),
    }
    let mut found = None;
    let mut note = |is_end: bool| found = Some(found.unwrap_or(false) || is_end);
    reader.object(|reader, name| {
        match (name.as_bytes(), reader.peek()?) {
            // OpenAI; Gemini
            (b"choices" | b"candidates", Kind::Array) => note(has_reason(reader)?),
            // Ollama
            (b"done", Kind::Bool) => note(reader.bool()?),
            // Anthropic; OpenAI responses
            (b"type", Kind::String) => match reader.string()?.as_bytes() {
                b"message_stop" | b"error" | b"response.completed" | b"response.failed" | b"response.incomplete" => {
                    note(true);
                }
                b"message_start" | b"response.created" => note(false),
                _ => {}
            },
            _ => reader.skip()?,
        }
        Ok::<_, JsonError>(())
    })?;
    Ok(found)
}

/// Says whether one of the choices has ended.
fn has_reason(reader: &mut Reader<'_>) -> Result<bool, JsonError> {
    let mut has_reason = false;
    reader.array(|reader| {
        if reader.peek()? != Kind::Object {
            return reader.skip();
        }
        reader.object(|reader, name| {
            let is_reason = matches!(name.as_bytes(), b"finish_reason" | b"finishReason");
            has_reason |= is_reason && reader.peek()? != Kind::Null;
            reader.skip()
        })
    })?;
    Ok(has_reason)
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::ends;

    #[test]
    fn the_last_chunk_of_each_family_is_known() {
        for (chunk, expected) in [
            (r#"{"choices":[{"delta":{},"finish_reason":null}]}"#, Some(false)),
            (r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, Some(true)),
            (r#"{"candidates":[{"finish_reason":"STOP"}]}"#, Some(true)),
            (r#"{"done":false}"#, Some(false)),
            (r#"{"done":true}"#, Some(true)),
            (r#"{"type":"message_start"}"#, Some(false)),
            (r#"{"type":"message_stop"}"#, Some(true)),
            (r#"{"type":"response.created"}"#, Some(false)),
            (r#"{"type":"response.completed"}"#, Some(true)),
            (r#""data: [DONE]""#, Some(true)),
            (r#""data: {\"choices\":[{\"finish_reason\":null}]}""#, Some(false)),
            (r#""event: ping""#, None),
            (r#"{"something":"else"}"#, None),
            ("1", None),
        ] {
            assert_eq!(ends(chunk.as_bytes()).unwrap(), expected, "{chunk}");
        }
    }
}
