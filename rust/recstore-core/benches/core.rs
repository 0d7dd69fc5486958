//! The core alone, on the recordings that the Python benchmarks use too (`make bench-micro` makes them).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recstore_core::json::{Reader, Style, Value, compact, restore, to_vec};
use recstore_core::key::{Key, Profile, Request, Shape, request_key};
use recstore_core::pack::Form;
use recstore_core::recording::{Limits, View, encode, said};
use recstore_core::store::{Options, Store};
use sha2::{Digest, Sha256};

fn tree() -> PathBuf {
    let folder = std::env::var_os("RECSTORE_BENCH").expect("RECSTORE_BENCH names the folder; run `make bench-micro`");
    PathBuf::from(folder)
}

fn files() -> Vec<Vec<u8>> {
    let entries = walkdir::WalkDir::new(tree()).sort_by_file_name().into_iter().map(|entry| entry.unwrap().into_path());
    let files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!files.is_empty(), "there are no recordings; run `make bench-micro`");
    files
}

fn json(criterion: &mut Criterion) {
    let files = files();
    let bytes = files.iter().map(Vec::len).sum::<usize>() as u64;
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Bytes(bytes));
    group.sample_size(20);
    let each = |work: &dyn Fn(&[u8])| files.iter().for_each(|file| work(file));
    group.bench_function("check", |b| {
        b.iter(|| {
            each(&|file| {
                let _ = black_box(Reader::new(file).and_then(|mut reader| reader.document(Reader::skip)));
            })
        });
    });
    group.bench_function("parse", |b| b.iter(|| each(&|file| drop(black_box(Value::parse(file))))));
    group.bench_function("compact", |b| b.iter(|| each(&|file| drop(black_box(Reader::new(file).and_then(compact))))));
    let compacted: Vec<_> = files.iter().map(|file| Reader::new(file).and_then(compact).unwrap()).collect();
    group.bench_function("restore", |b| {
        b.iter(|| compacted.iter().for_each(|(json, layout)| drop(black_box(restore(json, *layout)))));
    });
    let values: Vec<_> = files.iter().map(|file| Value::parse(file).unwrap()).collect();
    group.bench_function("write", |b| {
        b.iter(|| values.iter().for_each(|value| drop(black_box(to_vec(value, Style::INDENTED)))));
    });
    group.finish();
}

fn key(criterion: &mut Criterion) {
    let files = files();
    let recordings: Vec<_> = files.iter().map(|file| Value::parse(file).unwrap()).collect();
    let requests = recordings.iter().filter_map(|recording| recording.get("request"));
    let is_inference = |request: &&Value| Request::split(request).is_ok_and(|split| split.shape == Shape::Inference);
    let requests: Vec<_> = requests.filter(is_inference).collect();
    let mut group = criterion.benchmark_group("key");
    group.throughput(Throughput::Elements(requests.len() as u64));
    group.sample_size(20);
    for name in ["ogx-7", "ogx-2", "recstore-1"] {
        let profile = Profile::named(name).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| {
                for request in &requests {
                    black_box(request_key(&Request::split(request).unwrap(), None, profile).unwrap());
                }
            });
        });
    }
    let forms: Vec<_> = requests.iter().map(|request| to_vec(request, Style::SORTED).unwrap()).collect();
    group.bench_function("floor: SHA-256 alone", |b| {
        b.iter(|| {
            forms.iter().for_each(|form| {
                black_box(Sha256::digest(form));
            })
        });
    });
    group.finish();
}

fn recording(criterion: &mut Criterion) {
    let files = files();
    let limits = Limits::default();
    let blocks: Vec<_> = files.iter().map(|file| encode(file, &limits).unwrap()).collect();
    let chunks: usize = blocks.iter().map(|block| View::new(block).unwrap().chunk_count()).sum();
    let mut group = criterion.benchmark_group("recording");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(files.iter().map(Vec::len).sum::<usize>() as u64));
    group.bench_function("encode", |b| {
        b.iter(|| files.iter().for_each(|file| drop(black_box(encode(file, &limits)))));
    });
    group.throughput(Throughput::Elements(chunks as u64));
    group.bench_function("text of chunks", |b| {
        b.iter(|| {
            for block in &blocks {
                let view = View::new(block).unwrap();
                for chunk in 0..view.chunk_count() {
                    black_box(said(view.chunk_data(chunk).unwrap()).unwrap());
                }
            }
        });
    });
    group.finish();
}

fn store(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("a.pack");
    let tree = Store::open(&tree(), &Options::default()).unwrap();
    tree.export(&pack, Form::Fast).unwrap();
    let small = folder.path().join("small.pack");
    tree.export(&small, Form::Small).unwrap();
    let small = Store::open(&small, &Options::default()).unwrap();
    let store = Store::open(&pack, &Options::default()).unwrap();
    let keys = store.keys().unwrap();
    let misses: Vec<Key> =
        (0..keys.len()).map(|number| Key::from_bytes(&Sha256::digest(number.to_le_bytes())).unwrap()).collect();
    let mut group = criterion.benchmark_group("store");
    group.bench_function("open a pack", |b| b.iter(|| black_box(Store::open(&pack, &Options::default()).unwrap())));
    group.throughput(Throughput::Elements(keys.len() as u64));
    group.bench_function("look up in a pack", |b| {
        b.iter(|| keys.iter().for_each(|key| assert!(black_box(store.get(key, None).unwrap()).is_some())));
    });
    group.bench_function("look up in a small pack", |b| {
        b.iter(|| keys.iter().for_each(|key| assert!(black_box(small.get(key, None).unwrap()).is_some())));
    });
    group.bench_function("miss in a pack", |b| {
        b.iter(|| misses.iter().for_each(|key| assert!(black_box(store.get(key, None).unwrap()).is_none())));
    });
    group.bench_function("look up in a tree", |b| {
        b.iter(|| keys.iter().for_each(|key| assert!(black_box(tree.get(key, None).unwrap()).is_some())));
    });
    group.bench_function("open a tree", |b| b.iter(|| tree.refresh().unwrap()));
    group.bench_function("pack a tree", |b| b.iter(|| tree.export(&pack, Form::Fast).unwrap()));
    group.finish();
}

criterion_group!(benches, json, key, recording, store);
criterion_main!(benches);
