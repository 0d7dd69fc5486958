//! The store over the real directory.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{corpus, files};
use recstore_core::store::{Options, Store, unpack};

/// Copies a tree, so that a pack can be made beside it.
fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let relative = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    files(root, "json").into_iter().map(|path| (relative(&path), fs::read(&path).unwrap())).collect()
}

#[test]
fn the_real_directory_packs_and_unpacks_to_the_same_bytes() {
    let Some(folder) = corpus("ogx") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let copied = temporary.path().join("ogx");
    copy(&folder, &copied);
    let start = std::time::Instant::now();
    let store = Store::open(&copied, &Options::default()).unwrap();
    eprintln!("first open {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let again = Store::open(&copied, &Options::default()).unwrap();
    eprintln!("later open {:?} {:?}", start.elapsed(), again.cache_state());
    assert_eq!(
        store.list().unwrap().iter().filter(|file| store.read(file).unwrap().unwrap().is_packed()).count(),
        1_588
    );

    let pack = temporary.path().join("ogx.pack");
    store.export(&pack).unwrap();
    eprintln!("pack {}", fs::metadata(&pack).unwrap().len());
    let packed = Store::open(&pack, &Options::default()).unwrap();
    let unpacked = temporary.path().join("unpacked");
    assert_eq!(unpack(&packed, &unpacked).unwrap(), 1_588);
    assert!(tree(&folder) == tree(&unpacked));

    let start = std::time::Instant::now();
    let report = again.verify().unwrap();
    eprintln!("verify {:?} {:?} {}", start.elapsed(), report.profiles, report.findings.len());
    let start = std::time::Instant::now();
    let keys = store.keys().unwrap();
    for key in &keys {
        assert!(store.get(key, None).unwrap().is_some());
    }
    eprintln!("{} gets {:?}", keys.len(), start.elapsed());
    let start = std::time::Instant::now();
    for key in &keys {
        assert!(packed.get(key, None).unwrap().is_some());
    }
    eprintln!("{} gets from a pack alone {:?}", keys.len(), start.elapsed());
}
