//! The store over the real directory.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use common::{corpus, files};
use recstore_core::pack::Form;
use recstore_core::store::{Cache, CacheState, Options, Store, unpack};

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
    let options = Options::default();
    let store = Store::open(&copied, &options).unwrap();
    assert!(matches!(store.cache_state(), CacheState::Ready { .. }));
    for form in [Form::Fast, Form::Small] {
        let pack = temporary.path().join(form.name());
        store.export(&pack, form).unwrap();
        let unpacked = temporary.path().join(form.name().to_owned() + " unpacked");
        assert_eq!(unpack(&Store::open(&pack, &options).unwrap(), &unpacked).unwrap(), 1_588);
        assert!(tree(&folder) == tree(&unpacked), "unpacking gives other bytes");
    }
}

#[test]
fn a_store_and_its_pack_answer_alike() {
    let Some(folder) = corpus("ogx") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let options = Options { cache: Cache::Off, ..Options::default() };
    let loose = Store::open(&folder, &options).unwrap();
    let packed = [Form::Fast, Form::Small].map(|form| {
        let pack = temporary.path().join(form.name());
        loose.export(&pack, form).unwrap();
        Store::open(&pack, &options).unwrap()
    });
    let stores = [&loose, &packed[0], &packed[1]];
    assert!(stores.iter().all(|store| store.keys().unwrap() == loose.keys().unwrap()));
    for key in loose.keys().unwrap() {
        for test_id in [None, Some("tests/integration/responses/test_a.py::test")] {
            let [answer, fast, small] = stores.map(|store| {
                let found = store.get(&key, test_id).unwrap();
                found.map(|recording| (recording.path(), recording.view().unwrap().json().to_vec()))
            });
            assert!(answer == fast && answer == small, "{key} {test_id:?}");
        }
    }
}

#[test]
fn what_was_written_is_found_by_all_threads_at_once() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("recordings");
    fs::create_dir(&folder).unwrap();
    let store = Store::open(temporary.path(), &Options { cache: Cache::Off, ..Options::default() }).unwrap();
    let missed: usize = (0..120)
        .map(|number| {
            let key = format!("{number:064x}");
            fs::write(folder.join(format!("{key}.json")), r#"{"request": {}, "response": {"body": 1}}"#).unwrap();
            // Until the change shows in the folder's stamp for good, every look-up lists the folder.
            thread::sleep(Duration::from_millis(25));
            let (key, start) = (key.parse().unwrap(), Barrier::new(4));
            let is_missed = || {
                start.wait();
                store.get(&key, Some("test_a.py::test")).unwrap().is_none()
            };
            thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(is_missed)).collect();
                threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
            })
        })
        .sum();
    assert_eq!(missed, 0);
}

#[test]
fn a_pack_without_recordings_is_a_pack() {
    let temporary = tempfile::tempdir().unwrap();
    let pack = temporary.path().join("empty.pack");
    Store::open(temporary.path(), &Options::default()).unwrap().export(&pack, Form::Fast).unwrap();
    let store = Store::open(&pack, &Options::default()).unwrap();
    assert!(store.keys().unwrap().is_empty());
    assert!(store.get(&"0".repeat(64).parse().unwrap(), None).unwrap().is_none());
    assert!(store.verify().unwrap().findings.is_empty());
}
