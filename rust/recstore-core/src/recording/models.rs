//! Lists of models: their answers lie in several files under one key, and are given as one.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{FileName, Limits, View, encode};
use crate::json::{Dialect, Reader, Style, Text, Value, to_vec};
use crate::key::{Key, MODEL_LIST_ENDPOINTS, path_of};

/// The endpoint of Ollama's lists, whose body is an object with the list in it.
const OLLAMA: &str = "/api/tags";

/// Names the file for an answer: lists of models carry a digest of the models in their name, as several share a key.
///
/// The digest is the beginning of the SHA-256 of the sorted distinct ids, with `|` between them, as OGX has it.
#[must_use]
pub fn file_name(key: Key, request: &Value<'_>, body: &Value<'_>) -> FileName {
    let endpoint = endpoint_of(request);
    let is_list = MODEL_LIST_ENDPOINTS.contains(&endpoint.as_str());
    let Some(models) = models_of(body, endpoint == OLLAMA).filter(|_| is_list) else { return FileName::Key(key) };
    let ids: Option<BTreeSet<_>> = models.iter().map(|(id, _)| id.as_ref().map(Text::as_bytes)).collect();
    let Some(ids) = ids else { return FileName::Key(key) };
    let ids: Vec<_> = ids.into_iter().collect();
    let digest = Sha256::digest(ids.join(&b"|"[..]));
    FileName::Models { key, digest: digest.first_chunk().copied().unwrap_or_default() }
}

/// Makes one recording of several lists of models: the request of the first, and every model once, sorted by id; of
/// models with one id, the one of the last list; those without an id first. `None` where one of them is no list of models.
#[must_use]
pub fn unite(lists: &[View<'_>]) -> Option<Vec<u8>> {
    let parse = |json| Reader::new(json).ok()?.dialect(Dialect::Python).document(Value::read).ok();
    let mut recording = parse(lists.first()?.json())?;
    let bodies: Vec<_> = lists.iter().map(|list| parse(list.body().ok()?)).collect::<Option<_>>()?;
    let is_ollama = endpoint_of(recording.get("request")?) == OLLAMA;
    let (mut models, mut by_id) = (Vec::new(), BTreeMap::new());
    for (id, model) in
        bodies.iter().map(|body| models_of(body, is_ollama)).collect::<Option<Vec<_>>>()?.into_iter().flatten()
    {
        match id {
            Some(id) => {
                by_id.insert(id, model);
            }
            None if models.contains(model) => {}
            None => models.push(model.clone()),
        }
    }
    models.extend(by_id.into_values().cloned());
    let models = Value::Array(models);
    let body = recording.get_mut("response")?.get_mut("body")?;
    if is_ollama {
        let has_tag = body.get("__data__").is_some();
        let data = if has_tag { body.get_mut("__data__")? } else { body };
        *data.get_mut("models")? = models;
    } else {
        *body = models;
    }
    let mut text = to_vec(&recording, Style::INDENTED).ok()?;
    text.push(b'\n');
    encode(&text, &Limits { file_size: u64::MAX, ..Limits::default() }).ok()
}

/// Returns the endpoint of a request: as it was recorded, else the path of the URL.
fn endpoint_of(request: &Value<'_>) -> String {
    let text = |name| request.get(name).and_then(Value::as_str);
    text("endpoint").map_or_else(|| path_of(text("url").unwrap_or_default()), str::to_owned)
}

/// Returns the models of a list, each with its id; `None` where there is no list.
fn models_of<'v, 'a>(body: &'v Value<'a>, is_ollama: bool) -> Option<Vec<(Option<Text<'a>>, &'v Value<'a>)>> {
    let models = data_of(body).get("models").unwrap_or(body).as_array()?;
    let id_of = |model: &'v Value<'a>| match data_of(model).get(if is_ollama { "model" } else { "id" }) {
        Some(Value::String(id)) => Some(id.clone()),
        _ => None,
    };
    Some(models.iter().map(|model| (id_of(model), model)).collect())
}

/// Returns what a typed object holds, or the value itself.
fn data_of<'v, 'a>(value: &'v Value<'a>) -> &'v Value<'a> {
    value.get("__type__").and_then(|_| value.get("__data__")).unwrap_or(value)
}
