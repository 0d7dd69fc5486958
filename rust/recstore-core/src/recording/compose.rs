//! A new recording into the text of its file.

use crate::json::{Style, Text, Value, WriteError, to_vec};
use crate::key::Key;

/// What answered a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The HTTP status, for requests caught at the HTTP client.
    pub status: Option<u16>,
    /// The answer: of a stream the list of its chunks. Typed objects as `{"__type__": …, "__data__": …}`.
    pub body: Value<'a>,
    /// Whether it came as a stream.
    pub is_streaming: bool,
    /// What the answer ended in, where that is an exception: what is recorded of it, and its text.
    pub error: Option<(Value<'a>, Text<'a>)>,
}

/// Returns the text of the file for an answer, as the recorder of OGX writes it: indented, with a newline at the end.
///
/// What differs from one run to the next is made the same in typed objects (ids, times, durations), so that recording
/// again changes only what has changed.
///
/// # Errors
/// Where a value nests too deeply, with its path.
pub fn compose(
    test_id: Option<&Text<'_>>,
    request: &Value<'_>,
    mut answer: Answer<'_>,
    key: &Key,
) -> Result<Vec<u8>, String> {
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
    if let Some((data, message)) = answer.error {
        response.push(("is_exception", Value::Bool(true)));
        response.push(("exception_data", data));
        response.push(("exception_message", Value::String(message)));
    }
    let recording = object([
        ("test_id", test_id.map_or(Value::Null, |id| Value::String(id.clone()))),
        ("request", request.clone()),
        ("response", object(response)),
        ("id_normalization_mapping", object([])),
    ]);
    let mut text = to_vec(&recording, Style::INDENTED).map_err(|(path, error)| match error {
        WriteError::TooDeep => format!("{path} nests too deeply"),
        WriteError::NotFinite | WriteError::LoneSurrogate | WriteError::Source(_) => path,
    })?;
    text.push(b'\n');
    Ok(text)
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
