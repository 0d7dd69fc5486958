//! What several test files need.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Returns a folder of the real corpus, or `None`, saying so, where `RECSTORE_CORPUS` is not set.
pub(crate) fn corpus(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("RECSTORE_CORPUS") else {
        eprintln!("skipped: RECSTORE_CORPUS is not set, so there is no {folder}");
        return None;
    };
    // Tests run in the folder of their crate; the variable may be relative to the repository.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let path = repository.join(root).join(folder);
    assert!(path.is_dir(), "RECSTORE_CORPUS is set, but {} is no folder", path.display());
    Some(path)
}

/// Returns all files below `folder` that end in `.extension`, in the order of their paths.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}
