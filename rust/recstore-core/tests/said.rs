//! The text of chunks: where blocks say that it lies, against what the chunk says.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use recstore_core::recording::{Limits, View, encode, said};
use recstore_core::store::{Cache, Options, Store};

/// Compares both for all chunks of a recording; returns how many there are, and how many must be read for their text.
fn compare(view: &View<'_>) -> (usize, usize) {
    let mut unknown = 0;
    for chunk in 0..view.chunk_count() {
        let data = view.chunk_data(chunk).unwrap();
        match view.chunk_text(chunk).unwrap() {
            Some(text) => {
                assert_eq!(text.as_bytes(), said(data).unwrap().text, "{}", String::from_utf8_lossy(data));
            }
            None => unknown += 1,
        }
    }
    (view.chunk_count(), unknown)
}

fn compare_all(folder: &Path) -> (usize, usize) {
    let store = Store::open(folder, &Options { cache: Cache::Off, ..Options::default() }).unwrap();
    let recordings = store.list().unwrap().into_iter().filter_map(|file| store.read(&file).ok().flatten());
    let counts = recordings.map(|recording| compare(&recording.view().unwrap()));
    counts.fold((0, 0), |(chunks, unknown), (more, more_unknown)| (chunks + more, unknown + more_unknown))
}

#[test]
fn the_text_of_every_example_is_what_is_said() {
    let (chunks, unknown) = compare_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/recordings"));
    assert!(chunks > 100 && unknown < chunks / 10, "{unknown} of {chunks}");
}

#[test]
fn the_text_of_every_chunk_of_the_corpus_is_what_is_said() {
    let Some(folder) = common::corpus("ogx") else { return };
    let (chunks, unknown) = compare_all(&folder);
    assert!(chunks > 50_000 && unknown < chunks / 100, "{unknown} of {chunks}");
}

#[test]
fn chunks_that_differ_where_it_matters_are_told_apart() {
    let chunks = [
        r#"{"id":"a","choices":[{"delta":{"content":"x","role":"assistant"},"index":0}]}"#,
        r#"{"id":"b","choices":[{"delta":{"content":"","role":"assistant"},"index":1}]}"#,
        r#"{"id":"b","choices":[{"delta":{"content":null,"role":"assistant"},"index":1}]}"#,
        r#"{"id":1,"choices":[{"delta":{"content":"\ud800","role":"x"},"index":0}]}"#,
        r#"{"id":"c","choices":[{"delta":{"content":[{"type":"text","text":"y"}],"role":"assistant"},"index":0}]}"#,
        r#"{"id":"c","choices":[{"delta":{"content":[{"type":"thinking","text":"y"}],"role":"assistant"},"index":0}]}"#,
        r#"{"id":"c","choices":[{"delta":{"content":[{"text":"y","type":"thinking"}],"role":"assistant"},"index":0}]}"#,
        r#"{"id":"d","choices":[{"delta":{"tool_calls":[{"id":"t","function":{"arguments":"{}"}}]},"index":0}]}"#,
        r#"{"id":"d","choices":[{"delta":{"tool_calls":"none","content":"z"},"index":0}]}"#,
        r#"{"type":"response.output_text.delta","delta":"said"}"#,
        r#"{"type":"response.reasoning_text.delta","delta":"thought"}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#,
        r#"{"type":"response.output_item.done","item":{"content":[{"type":"output_text","text":"again"}]}}"#,
        r#"{"type":"response.output_item.added","item":{"content":[{"type":"output_text","text":"first"}]}}"#,
        r#"{"delta":"said","type":"response.output_text.delta"}"#,
        r#"{"delta":{"type":"text_delta","text":"said"},"type":"content_block_delta","index":0}"#,
        r#"{"delta":{"type":"thinking_delta","thinking":"hm"},"type":"content_block_delta","index":0}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b","thought":true},{"text":"c"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"d"},{"text":"e","thought":false},{"text":"f"}]}}]}"#,
        r#"{"delta":[{"text":"no delta is a list"}],"id":"a"}"#,
        r#"{"delta":{"text":"said"},"id":"a"}"#,
        r#"{"message":{"content":"g","images":[1,2]}}"#,
        r#"{"message":{"content":"h","images":[]}}"#,
        r#"{"response":"i","context":[1,2,3]}"#,
        r#"{"response":"j","context":null}"#,
        r#""data: {\"response\":\"k\"}""#,
        r#"{"choices":[{"index":0,"delta":{"content":"one"}},{"index":1,"delta":{"content":"two"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"three"}},{"index":1,"delta":{"content":null}}]}"#,
        r#"{"choices":[],"usage":{"total_tokens":7}}"#,
        "7",
    ];
    // Each after each, so that every one meets the pattern of every other.
    for first in chunks {
        for second in chunks {
            let file = format!(r#"{{"request":{{}},"response":{{"body":[{first},{second}],"is_streaming":true}}}}"#);
            let block = encode(file.as_bytes(), &Limits::default()).unwrap();
            compare(&View::new(&block).unwrap());
        }
    }
}

#[test]
fn what_must_be_read_for_its_text_is_told() {
    let text = |chunk: &str| {
        let file = format!(r#"{{"request":{{}},"response":{{"body":[{chunk}],"is_streaming":true}}}}"#);
        let block = encode(file.as_bytes(), &Limits::default()).unwrap();
        View::new(&block).unwrap().chunk_text(0).unwrap().map(|text| text.to_lossy().into_owned())
    };
    assert_eq!(text(r#"{"response": "a\n\u00e9"}"#).as_deref(), Some("a\né"));
    assert_eq!(text(r#"{"response": ""}"#).as_deref(), Some(""));
    assert_eq!(text(r#"{"response": null}"#).as_deref(), Some(""));
    assert_eq!(text("7").as_deref(), Some(""));
    assert_eq!(text(r#"{"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}"#), None);
    assert_eq!(text(r#""data: {\"response\": \"a\"}""#), None);
}
