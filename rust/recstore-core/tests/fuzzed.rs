//! Everything that fuzzing found worth keeping, as plain tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../fuzz/checks.rs"]
mod checks;

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(entries.len() > 20, "the corpus of {target} is there");
    entries.into_iter().for_each(|path| check(&std::fs::read(path).unwrap()));
}

#[test]
fn keys() {
    replay("key", checks::key);
}

#[test]
fn json() {
    replay("json", checks::json);
}

#[test]
fn recordings() {
    replay("recording", checks::recording);
}

#[test]
fn packs() {
    replay("pack", checks::pack);
}
