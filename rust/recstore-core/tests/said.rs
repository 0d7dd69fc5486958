//! The text of chunks, read the quick way and the plain one.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use recstore_core::recording::{said, text_of};
use recstore_core::store::{Cache, Options, Store};

/// Compares both ways over all chunks of a directory, and returns how many there are.
fn compare(folder: &Path) -> usize {
    let store = Store::open(folder, &Options { cache: Cache::Off, ..Options::default() }).unwrap();
    let mut count = 0;
    for file in store.list().unwrap() {
        let Ok(Some(recording)) = store.read(&file) else { continue };
        let view = recording.view().unwrap();
        for chunk in 0..view.chunk_count() {
            let data = view.chunk_data(chunk).unwrap();
            assert_eq!(text_of(data), said(data).map(|said| said.text), "{}", String::from_utf8_lossy(data));
            count += 1;
        }
    }
    count
}

#[test]
fn the_text_of_every_example_is_what_is_said() {
    assert!(compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/recordings")) > 100);
}

#[test]
fn the_text_of_every_chunk_of_the_corpus_is_what_is_said() {
    let Some(folder) = common::corpus("ogx") else { return };
    assert!(compare(&folder) > 50_000);
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
        r#"{"message":{"content":"g","images":[1,2]}}"#,
        r#"{"message":{"content":"h","images":[]}}"#,
        r#"{"response":"i","context":[1,2,3]}"#,
        r#"{"response":"j","context":null}"#,
        r#""data: {\"response\":\"k\"}""#,
        r#"{"choices":[{"delta":{"content":"x"}}"#,
        r#"{"response":"i","context":[1,2,}"#,
        "7",
    ];
    // Each after each, so that every one meets the pattern of every other.
    for first in chunks {
        for second in chunks {
            for data in [first, second] {
                let data = data.as_bytes();
                let plain = said(data).map(|said| said.text);
                assert_eq!(text_of(data), plain, "{}", String::from_utf8_lossy(data));
            }
        }
    }
}
