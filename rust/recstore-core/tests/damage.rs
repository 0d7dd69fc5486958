//! Damage: every flipped bit and every cut of a pack gives an error or the right answer, never a wrong one or a panic.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Cursor;
use std::path::Path;

use recstore_core::key::Key;
use recstore_core::pack::{Form, Meta, Pack, PackError, Writer};
use recstore_core::recording::{FileName, Limits, View, encode};

fn recording(number: usize) -> Vec<u8> {
    let chunk =
        format!(r#"{{"__type__": "a.B", "__data__": {{"n": {number}, "text": "{}"}}}}"#, "x".repeat(number * 40));
    let text = format!(
        r#"{{"test_id": "t.py::t{number}", "request": {{"n": {number}}}, "response": {{"body": [{chunk}, {chunk}], "is_streaming": true}}}}"#
    );
    text.into_bytes()
}

fn key(number: usize) -> Key {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = (number * 37 + index * 11) as u8;
    }
    Key::from_bytes(&bytes).unwrap()
}

const COUNT: usize = 12;

fn pack(form: Form) -> Vec<u8> {
    let out = Cursor::new(Vec::new());
    let mut writer = if form == Form::Fast { Writer::new(out, false) } else { Writer::small(out) }.unwrap();
    for number in 0..COUNT {
        let block = encode(&recording(number), &Limits::default()).unwrap();
        writer.add(0, FileName::Key(key(number)), None, &block).unwrap();
    }
    writer.finish(&["a/recordings".to_owned()], &Meta::default()).unwrap().into_inner()
}

/// Looks at everything in a pack; all of it is right, or there is an error.
fn look(bytes: &[u8]) -> Result<(), PackError> {
    let pack = Pack::over(bytes, Path::new("a.pack"))?;
    assert_eq!(pack.len() as usize, COUNT);
    assert_eq!(pack.folders()?, ["a/recordings"]);
    pack.meta()?;
    for number in 0..COUNT {
        let found: Vec<_> = pack.find(&key(number))?.collect::<Result<_, _>>()?;
        let [(row, entry)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(entry.name, FileName::Key(key(number)));
        assert_eq!(pack.entry(*row)?, *entry);
        let block = pack.block(*row)?;
        let view = View::new(&block).unwrap();
        assert_eq!(view.file().unwrap(), recording(number));
        assert_eq!(view.chunk_count(), 2);
        assert_eq!(view.chunk_type(1).unwrap().unwrap().as_str(), Some("a.B"));
    }
    assert!(pack.find(&key(COUNT + 1))?.next().is_none());
    Ok(())
}

#[test]
fn every_flipped_bit_is_found_out_before_a_byte_of_it_is_used() {
    [Form::Fast, Form::Small].map(pack).iter().for_each(|whole| flip_every_bit(whole));
}

fn flip_every_bit(whole: &[u8]) {
    look(whole).unwrap();
    let mut damaged = whole.to_vec();
    let mut unnoticed = 0;
    for byte in 0..whole.len() {
        for bit in 0..8 {
            damaged[byte] ^= 1 << bit;
            // What is not used need not be right: the zeros that fill up the last page.
            unnoticed += usize::from(look(&damaged).is_ok());
            assert!(
                !Pack::over(&damaged[..], Path::new("")).is_ok_and(|pack| pack.verify().is_empty()),
                "{byte}:{bit}"
            );
            damaged[byte] = whole[byte];
        }
    }
    eprintln!("{} bits flipped, {unnoticed} of them where nothing looks", whole.len() * 8);
    assert!(unnoticed < 8 * 4096);
}

#[test]
fn every_cut_is_refused_at_open() {
    for whole in [Form::Fast, Form::Small].map(pack) {
        for length in 0..whole.len() {
            assert!(Pack::over(&whole[..length], Path::new("a.pack")).is_err(), "{length}");
        }
        let longer = [&whole[..], b"\0"].concat();
        assert!(Pack::over(&longer[..], Path::new("a.pack")).is_err());
    }
}

#[test]
fn every_flipped_bit_of_a_block_is_survived() {
    // In a pack the checksums find it out; here nothing does, and nothing may panic.
    let whole = encode(&recording(3), &Limits::default()).unwrap();
    let mut damaged = whole.clone();
    for byte in 0..whole.len() {
        for bit in 0..8 {
            damaged[byte] ^= 1 << bit;
            if let Ok(view) = View::new(&damaged) {
                let _ = (view.file(), view.test_id(), view.request(), view.body(), view.error(), view.error_message());
                let _ = (view.check(), view.status(), view.is_error());
                for chunk in 0..view.chunk_count().min(100) {
                    let _ = (view.chunk_data(chunk), view.chunk_type(chunk));
                }
            }
            damaged[byte] = whole[byte];
        }
    }
}

#[test]
fn every_cut_of_a_recording_is_refused_or_read() {
    let whole = recording(2);
    for length in 0..whole.len() {
        assert!(encode(&whole[..length], &Limits::default()).is_err(), "{length}");
    }
}

#[test]
fn more_chunks_than_the_limit_are_refused() {
    let text = br#"{"request": {}, "response": {"body": [1, 2, 3]}}"#;
    let limits = |chunks| Limits { chunks, ..Limits::default() };
    assert!(encode(text, &limits(3)).is_ok());
    assert_eq!(encode(text, &limits(2)).unwrap_err().to_string(), "more chunks than the limit of 2 for one recording");
}

#[test]
fn more_texts_than_share_a_dictionary_are_read_again() {
    // Each is 8.4 MB long, so that fifteen fill a volume of 128 MiB.
    let text = |number: usize| {
        format!(r#"{{"request":{{}},"response":{{"body":["{}",{number}]}}}}"#, "a long text ".repeat(700_000))
            .into_bytes()
    };
    let mut writer = Writer::small(Cursor::new(Vec::new())).unwrap();
    for number in 0..18 {
        let block = encode(&text(number), &Limits::default()).unwrap();
        writer.add(0, FileName::Key(key(number)), None, &block).unwrap();
    }
    let bytes = writer.finish(&[String::new()], &Meta::default()).unwrap().into_inner();
    assert!(bytes.len() < 100_000);
    let pack = Pack::over(&bytes[..], Path::new("a.pack")).unwrap();
    for number in 0..18 {
        let (row, _) = pack.find(&key(number)).unwrap().next().unwrap().unwrap();
        let block = pack.block(row).unwrap();
        assert!(View::new(&block).unwrap().file().unwrap() == text(number), "{number}");
    }
    assert_eq!(pack.verify(), []);
}
