//! What must hold for any bytes, as functions that panic where it does not.
//!
//! The fuzz targets call them with what libFuzzer makes up; the core's `tests/fuzzed.rs` calls them with what it found
//! worth keeping (`corpus`), so that no old crash comes back.
#![allow(dead_code, reason = "each target calls one of them")]

use std::path::Path;

use recstore_core::json::{Dialect, Layout, Reader, Style, Text, Value, compact, restore, to_vec};
use recstore_core::key::{Profile, Request, canonical};
use recstore_core::pack::Pack;
use recstore_core::recording::{Limits, View, encode, rebuild, said};

/// Any text is read or refused, by all readers alike; what is read survives being written and read again.
pub(crate) fn json(text: &[u8]) {
    for dialect in [Dialect::Strict, Dialect::Python] {
        let reader = || Reader::new(text).map(|reader| reader.dialect(dialect));
        let parsed = reader().and_then(|mut reader| reader.document(Value::read));
        let compacted = reader().and_then(compact);
        let skipped = reader().and_then(|mut reader| reader.document(Reader::skip));
        assert_eq!(parsed.as_ref().err(), compacted.as_ref().err(), "two readers disagree");
        assert_eq!(parsed.as_ref().err(), skipped.as_ref().err(), "two readers disagree");
        let (Ok(value), Ok((document, layout))) = (parsed, compacted) else { continue };
        if let Some(restored) = restore(&document, layout) {
            assert!(restored == text, "white space is restored differently");
        }
        for style in [Style::PYTHON, Style::INDENTED, Style::COMPACT] {
            let written = to_vec(&value, style).expect("what was read has a spelling");
            let again = Reader::new(&written).map(|reader| reader.dialect(dialect));
            let again = again.and_then(|mut reader| reader.document(Value::read)).expect("what was written is read");
            assert!(to_vec(&again, style).as_ref() == Ok(&written), "a value does not survive");
        }
        let _ = to_vec(&value, Style::RFC8785);
        let _ = said(text);
    }
}

/// Any text is a recording or none; one that is gives its bytes back, and each of its chunks.
pub(crate) fn recording(text: &[u8]) {
    let limits = Limits { chunks: 1000, ..Limits::default() };
    let Ok(block) = encode(text, &limits) else { return };
    let view = View::new(&block).expect("what was encoded is whole");
    assert!(view.file().expect("what was encoded is whole") == text, "the file comes back differently");
    for chunk in 0..view.chunk_count() {
        let data = view.chunk_data(chunk).expect("what was encoded is whole");
        let said = said(data).expect("a chunk is JSON");
        let text = view.chunk_text(chunk).expect("what was encoded is whole");
        assert!(text.is_none_or(|text| text.as_bytes() == said.text), "a text is found differently");
        view.chunk_type(chunk).expect("what was encoded is whole");
    }
    look(&view);
}

/// Any bytes are a pack or none, and any bytes of a block, or that a block is made of, are looked at without harm.
pub(crate) fn pack(bytes: &[u8]) {
    if let Ok(pack) = Pack::over(bytes, Path::new("")) {
        let pack = pack.limits(Limits { file_size: 1 << 20, ..Limits::default() });
        let _ = pack.verify();
        for row in 0..pack.len().min(1000) {
            if let Ok(entry) = pack.entry(row) {
                let _ = pack.find(entry.name.key().unwrap_or(&unlikely_key())).map(Iterator::count);
            }
            if let Ok(block) = pack.block(row)
                && let Ok(view) = View::new(&block)
            {
                look(&view);
            }
        }
    }
    if let Ok(view) = View::new(bytes) {
        look(&view);
    }
    for layout in [Layout::Other, Layout::Indented] {
        if let Ok(block) = rebuild(layout, bytes, &Limits::default()) {
            look(&View::new(&block).expect("what was made again is whole"));
        }
    }
}

/// Any text of a request is normalised as the regular expressions say that OGX's recorder has.
pub(crate) fn key(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    // Of what is a digit beyond ASCII, the versions of Unicode that two libraries know may differ.
    if text.chars().any(|character| !character.is_ascii() && character.is_numeric()) {
        return;
    }
    let member = |name: &'static str, value| (Text::from(name), value);
    let string = |text: &str| Value::String(Text::from(text.to_owned()));
    let request = Value::Object(vec![
        member("method", string("POST")),
        member("url", string("http://localhost/v1/completions")),
        member("body", Value::Object(vec![member("prompt", string(text))])),
    ]);
    let split = Request::split(&&request).expect("it has the members of a request");
    let form = canonical(&split, None, Profile::named("ogx-7").expect("it is released")).expect("it is JSON");
    let prompt = to_vec(&string(&normalised(text)), Style::PYTHON).expect("a string has a spelling");
    let expected =
        [br#"{"body": {"prompt": "#, &*prompt, br#"}, "endpoint": "/v1/completions", "method": "POST""#].concat();
    assert!(form.starts_with(&expected), "a text is normalised differently");
}

/// What OGX's recorder makes of a text: its own expressions, one after the other, by an engine.
fn normalised(text: &str) -> String {
    use regex::{Captures, Regex};
    use std::sync::LazyLock;

    // Python's `\s` has four more characters.
    const SPACE: &str = r"[\s\x1c-\x1f]";
    const UUID: &str = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}";
    static MASKS: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            (format!(r"score:{SPACE}*[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"), "score: __NORMALIZED__"),
            (format!(r",?{SPACE}*attributes:{SPACE}*\{{[^}}]*\}}"), ""),
            (format!("document_id:{SPACE}*{UUID}"), "document_id: __NORMALIZED__"),
            (format!(r"<\|{UUID}\|>"), "<|__NORMALIZED__|>"),
        ]
        .map(|(pattern, with)| (Regex::new(&pattern).expect("it compiles"), with))
    });
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"-?\d+\.\d{4,}").expect("it compiles"));
    let masked = MASKS.iter().fold(text.to_owned(), |text, (mask, with)| mask.replace_all(&text, *with).into_owned());
    let rounded = |number: &Captures<'_>| format!("{:.5}", number[0].parse::<f64>().expect("it is a number"));
    NUMBER.replace_all(&masked, rounded).into_owned()
}

fn unlikely_key() -> recstore_core::key::Key {
    recstore_core::key::Key::from_bytes(&[7; 32]).expect("32 bytes are a key")
}

fn look(view: &View<'_>) {
    let _ = (view.file(), view.test_id(), view.request(), view.body(), view.error(), view.error_message());
    let _ = (view.check(), view.status(), view.is_error(), view.is_streaming());
    for chunk in 0..view.chunk_count().min(1000) {
        let _ = (view.chunk_data(chunk).map(said), view.chunk_type(chunk), view.chunk_text(chunk));
    }
}
