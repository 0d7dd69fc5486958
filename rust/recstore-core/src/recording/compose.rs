//! A new recording into the text of its file.

use std::convert::Infallible;

use super::block::EARLIER;
use super::{DamagedBlock, View};
use crate::json::{Dialect, JsonError, Reader, Style, Text, Value, WriteError, to_vec};
use crate::key::Key;

/// What answered a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The HTTP status, for requests caught at the HTTP client.
    pub status: Option<u32>,
    /// The answer: of a stream the list of its chunks. Typed objects as `{"__type__": …, "__data__": …}`.
    pub body: Value<'a>,
    /// Whether it came as a stream.
    pub is_streaming: bool,
    /// What the answer ended in, where that is an exception.
    pub error: Option<RecordedError<'a>>,
    /// What else is recorded of the response, as members of it.
    pub details: Vec<(Text<'a>, Value<'a>)>,
    /// Whether the file has the member `id_normalization_mapping`, which early files lack.
    pub has_mapping: bool,
}

/// What is recorded of an exception.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedError<'a> {
    /// Its class, status and body; early files have none.
    pub data: Option<Value<'a>>,
    /// Its text.
    pub message: Text<'a>,
}

impl<'a> Answer<'a> {
    /// Returns the answer of a recording, to be recorded again.
    ///
    /// # Errors
    /// Where its block is damaged.
    pub fn recorded(recording: &View<'a>) -> Result<Self, DamagedBlock> {
        let parse = |json| Reader::new(json)?.dialect(Dialect::Python).document(Value::read);
        let parse = |json| parse(json).map_err(|_: JsonError| DamagedBlock("text"));
        let error = if recording.is_error() {
            let data = recording.error()?.map(parse).transpose()?;
            Some(RecordedError { data, message: recording.error_message()?.unwrap_or_else(|| Text::from("")) })
        } else {
            None
        };
        let details = recording.details()?.into_iter().map(|(name, value)| Ok((name, parse(value)?)));
        Ok(Self {
            details: details.collect::<Result<_, _>>()?,
            status: recording.status(),
            body: parse(recording.body()?)?,
            is_streaming: recording.is_streaming(),
            error,
            has_mapping: parse(recording.json())?.get("id_normalization_mapping").is_some(),
        })
    }
}

/// Returns the text of the file for the answers to a request, as the recorder of OGX writes it: indented, with a newline at
/// the end. The last answer is the response; the others, which that recorder does not know, come behind all else.
///
/// What differs from one run to the next is made the same in typed objects (ids, times, durations), so that recording
/// again changes only what has changed.
///
/// # Errors
/// Where a value nests too deeply, with its path.
pub fn compose(
    test_id: Option<&Text<'_>>,
    request: &Value<'_>,
    last: Answer<'_>,
    earlier: Vec<Answer<'_>>,
    key: &Key,
) -> Result<Vec<u8>, (String, WriteError<Infallible>)> {
    let has_mapping = last.has_mapping;
    let mut recording = vec![
        ("test_id", test_id.map_or(Value::Null, |id| Value::String(id.clone()))),
        ("request", request.clone()),
        ("response", response(last, key)),
    ];
    if has_mapping {
        recording.push(("id_normalization_mapping", object([])));
    }
    if !earlier.is_empty() {
        let earlier = earlier.into_iter().map(|answer| response(answer, key));
        recording.push((EARLIER, Value::Array(earlier.collect())));
    }
    let mut text = to_vec(&object(recording), Style::INDENTED)?;
    text.push(b'\n');
    Ok(text)
}

fn response<'a>(mut answer: Answer<'a>, key: &Key) -> Value<'a> {
    match &mut answer.body {
        Value::Array(chunks) => chunks.iter_mut().for_each(|chunk| normalise(chunk, key)),
        whole => normalise(whole, key),
    }
    let mut response = Vec::new();
    if let Some(status) = answer.status {
        response.push(("status", Value::Int(i64::from(status))));
    }
    response.push(("body", answer.body));
    response.push(("is_streaming", Value::Bool(answer.is_streaming)));
    if let Some(RecordedError { data, message }) = answer.error {
        response.push(("is_exception", Value::Bool(true)));
        response.extend(data.map(|data| ("exception_data", data)));
        response.push(("exception_message", Value::String(message)));
    }
    let mut response: Vec<_> = response.into_iter().map(|(name, value)| (Text::from(name), value)).collect();
    response.extend(answer.details);
    Value::Object(response)
}

/// Makes the same in a typed object what differs between runs, at its top level only.
fn normalise(object: &mut Value<'_>, key: &Key) {
    if object.get("__type__").is_none() {
        return;
    }
    let Some(data) = object.get_mut("__data__") else { return };
    let is_model = data.get("object").and_then(Value::as_str) == Some("model");
    let mut set = |name: &str, keeps_null: bool, new: Value<'static>| {
        if let Some(old) = data.get_mut(name)
            && !(keeps_null && *old == Value::Null)
        {
            *old = new;
        }
    };
    if !is_model {
        set("id", false, Value::String(Text::from(format!("rec-{:.12}", key.to_string()))));
        set("created", false, Value::Int(0));
    }
    set("created_at", false, Value::String(Text::from("1970-01-01T00:00:00.000000Z")));
    for duration in ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] {
        set(duration, true, Value::Int(0));
    }
}

fn object<'a>(members: impl IntoIterator<Item = (&'static str, Value<'a>)>) -> Value<'a> {
    Value::Object(members.into_iter().map(|(name, value)| (Text::from(name), value)).collect())
}
