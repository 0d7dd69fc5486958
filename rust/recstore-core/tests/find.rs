//! Look-ups in a pack find what a look at every row finds, also where keys crowd together.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;
use recstore_core::key::Key;
use recstore_core::pack::{Entry, Meta, Pack, Writer};
use recstore_core::recording::{FileName, Limits, encode};

/// Keys of all lengths that begin alike, more than one place of the index is made for.
fn crowded_key() -> impl Strategy<Value = Key> {
    let bytes = (0..3_u8, 0..3_u8, 0..4_u8, prop::sample::select(vec![6, 16, 32]));
    bytes.prop_map(|(first, sixth, seventh, length)| {
        let mut bytes = [first; 32];
        (bytes[5], bytes[6]) = (sixth, seventh);
        Key::from_bytes(bytes.get(..length).unwrap()).unwrap()
    })
}

fn name() -> impl Strategy<Value = FileName> {
    prop_oneof![
        8 => crowded_key().prop_map(FileName::Key),
        2 => (crowded_key(), any::<[u8; 4]>()).prop_map(|(key, digest)| FileName::Models { key, digest }),
        1 => "[a-c]{1,3}\\.json".prop_map(FileName::Other),
    ]
}

proptest! {
    #[test]
    fn a_look_up_finds_what_a_look_at_every_row_finds(
        names in prop::collection::btree_set(name(), 0..60),
        asked in prop::collection::vec(crowded_key(), 1..20),
    ) {
        let text = br#"{"test_id": null, "request": {}, "response": {"body": 1, "is_streaming": false}}"#;
        let block = encode(text, &Limits::default()).unwrap();
        let mut writer = Writer::new(Cursor::new(Vec::new()), false).unwrap();
        for name in names.iter().cloned() {
            writer.add(0, name, None, &block).unwrap();
        }
        let bytes = writer.finish(&[String::new()], &Meta::default()).unwrap().into_inner();
        let pack = Pack::over(bytes, Path::new("a.pack")).unwrap();
        let rows: Vec<(u32, Entry)> = (0..pack.len()).map(|row| (row, pack.entry(row).unwrap())).collect();
        prop_assert_eq!(rows.len(), names.len());
        for key in &asked {
            let found: Vec<_> = pack.find(key).unwrap().collect::<Result<_, _>>().unwrap();
            let is_found = |entry: &Entry| entry.name.key().is_some_and(|other| key.finds(other));
            let expected: Vec<_> = rows.iter().filter(|(_, entry)| is_found(entry)).cloned().collect();
            prop_assert_eq!(found, expected, "{}", key);
        }
    }
}
