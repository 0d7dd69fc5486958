//! Chunks that are like the one before are compared with it instead of read; what comes of it is the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;

use recstore_core::json::{Dialect, JsonError, Reader, Value, compact};
use recstore_core::recording::{Limits, View, asked, encode};

fn reader(text: &[u8]) -> Result<Reader<'_>, JsonError> {
    Ok(Reader::new(text)?.dialect(Dialect::Python))
}

fn parse(text: &[u8]) -> Value<'_> {
    reader(text).unwrap().document(Value::read).unwrap()
}

/// Takes the white space out of JSON, byte by byte.
fn without_white_space(text: &[u8]) -> Vec<u8> {
    let (mut is_inside, mut is_escaped) = (false, false);
    let is_kept = |byte: &u8| {
        let is_kept = is_inside || !b" \n\t\r".contains(byte);
        is_inside ^= *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_kept
    };
    text.iter().copied().filter(is_kept).collect()
}

/// Compares the ways to read a text with each other: with models, and token by token.
fn check(text: &[u8]) {
    let limits = Limits::default();
    let shown = || String::from_utf8_lossy(text).into_owned();
    let plain = reader(text).and_then(|mut reader| reader.document(Reader::skip));
    let compacted = reader(text).and_then(compact).map(|(json, _)| json);
    assert_eq!(compacted, plain.map(|()| without_white_space(text)), "{}", shown());

    let asked = asked(text, &limits);
    let Ok(block) = encode(text, &limits) else {
        assert!(asked.is_none(), "{}", shown());
        return;
    };
    let view = View::new(&block).unwrap();
    view.check().unwrap();
    assert_eq!(view.file().unwrap(), text);
    match asked {
        Some(asked) => {
            assert_eq!(asked.test_id, view.test_id().unwrap(), "{}", shown());
            assert!(parse(asked.request).same(&parse(view.request().unwrap())), "{}", shown());
        }
        None => assert!(parse(text).get("id_normalization_mapping").is_some(), "{}", shown()),
    }
    if let Value::Array(chunks) = parse(view.body().unwrap()) {
        assert_eq!(view.chunk_count(), chunks.len());
        for (index, chunk) in chunks.iter().enumerate() {
            let tag = chunk.get("__type__").and_then(Value::as_str);
            let tag = tag.filter(|_| matches!(chunk, Value::Object(members) if members.len() == 2));
            let data = chunk.get("__data__").filter(|_| tag.is_some());
            let tag = tag.filter(|_| data.is_some());
            assert!(parse(view.chunk_data(index).unwrap()).same(data.unwrap_or(chunk)), "{}", shown());
            assert_eq!(view.chunk_type(index).unwrap().as_ref().and_then(|found| found.as_str()), tag, "{}", shown());
        }
    }
}

trait Same {
    /// Equality by which a number that is none equals itself.
    fn same(&self, other: &Self) -> bool;
}

impl Same for Value<'_> {
    fn same(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

#[test]
fn every_recording_is_read_as_token_by_token() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/recordings");
    let folders = common::corpus("ogx").into_iter().chain([examples]);
    for path in folders.flat_map(|folder| common::files(&folder, "json")) {
        let text = std::fs::read(path).unwrap();
        check(&text);
    }
}

#[test]
fn a_stream_with_any_byte_replaced_is_read_as_token_by_token() {
    let chunk = |text: &str, rest: &str| {
        format!(r#"{{"__type__": "a.B", "__data__": {{"t": "{text}", "l": [1, {{}}], "n": null{rest}}}}}"#)
    };
    let chunks =
        [chunk("a", ""), chunk("b\\n", ""), chunk("a", ""), chunk("", r#", "u": [{"n": 1.5}]"#), chunk("é", "")];
    let flat = format!(
        r#"{{"test_id": "t", "request": {{"m": [{{"r": 1}}, {{"r": 22}}]}}, "response": {{"body": [{}]}}}}"#,
        chunks.join(", ")
    );
    let indented = recstore_core::json::to_vec(&parse(flat.as_bytes()), recstore_core::json::Style::INDENTED).unwrap();
    for text in [flat.into_bytes(), indented] {
        check(&text);
        for at in 0..text.len() {
            let mut damaged = text.clone();
            for byte in *b"\"\\,:{}[] \n01-eNx\x01\xFF" {
                damaged[at] = byte;
                check(&damaged);
                damaged[at] = text[at];
            }
            damaged.remove(at);
            check(&damaged);
            check(&text[..at]);
        }
    }
}
