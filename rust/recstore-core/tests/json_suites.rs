//! The public suites: JSONTestSuite and the vectors of RFC 8785.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{corpus, files};
use recstore_core::json::{Dialect, JsonError, Reader, Style, Value, compact, restore, to_vec};

fn parse(text: &[u8], dialect: Dialect) -> Result<Value<'_>, JsonError> {
    Reader::new(text)?.dialect(dialect).document(Value::read)
}

#[test]
fn every_valid_document_is_accepted_and_every_invalid_one_refused_with_a_place() {
    let Some(folder) = corpus("json/JSONTestSuite/test_parsing") else { return };
    let mut counts = [0; 3];
    for path in files(&folder, "json") {
        let text = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let parsed = parse(&text, Dialect::Strict);
        let compacted = Reader::new(&text).and_then(compact);
        assert_eq!(parsed.is_ok(), compacted.is_ok(), "{name}: the two readers disagree");
        match name.as_bytes().first() {
            Some(b'y') => {
                counts[0] += 1;
                assert!(parsed.is_ok(), "{name} is valid: {parsed:?}");
            }
            Some(b'n') => {
                counts[1] += 1;
                let error = parsed.expect_err(name);
                assert!(error.at <= text.len(), "{name}: {error:?}");
                assert_eq!(Some(error), compacted.err(), "{name}: the two readers disagree");
            }
            _ => counts[2] += 1,
        }
    }
    assert_eq!(counts, [95, 188, 35], "valid, invalid and free documents of the suite");
}

#[test]
fn documents_without_white_space_mean_the_same() {
    let Some(folder) = corpus("json/JSONTestSuite") else { return };
    for path in files(&folder, "json") {
        let text = std::fs::read(&path).unwrap();
        let Ok(value) = parse(&text, Dialect::Strict) else { continue };
        let (document, _) = Reader::new(&text).and_then(compact).unwrap();
        assert_eq!(Value::parse(&document).unwrap(), value, "{}", path.display());
    }
}

#[test]
fn rfc_8785_vectors_come_out_to_the_byte() {
    let Some(folder) = corpus("json/rfc8785/testdata") else { return };
    let inputs = files(&folder.join("input"), "json");
    assert_eq!(inputs.len(), 6);
    for input in inputs {
        let text = std::fs::read(&input).unwrap();
        let expected = std::fs::read(folder.join("output").join(input.file_name().unwrap())).unwrap();
        let written = to_vec(&Value::parse(&text).unwrap(), Style::RFC8785).unwrap();
        assert_eq!(String::from_utf8(written), String::from_utf8(expected), "{}", input.display());
    }
}

#[test]
fn every_real_recording_parses_and_writes_back_to_the_same_bytes() {
    let Some(folder) = corpus("ogx") else { return };
    let recordings = files(&folder, "json");
    assert_eq!(recordings.len(), 1_588);
    for path in recordings {
        let text = std::fs::read(&path).unwrap();
        let mut written = to_vec(&Value::parse(&text).unwrap(), Style::INDENTED).unwrap();
        written.push(b'\n');
        assert!(written == text, "{} is written differently", path.display());
        let (document, layout) = Reader::new(&text).and_then(compact).unwrap();
        assert!(restore(&document, layout).as_deref() == Some(&text), "{} is restored differently", path.display());
    }
}
