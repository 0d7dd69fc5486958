//! In which folder a test's recordings lie.
//!
//! The recordings of a test lie in the folder `recordings` beside the test's file, those shared by all tests in
//! `recordings` in the base folder. Test ids name files as seen from the root of the project; a store may be opened
//! there, or deeper: at `tests/integration`, the test `tests/integration/agents/test_a.py::test` has its recordings in
//! `agents/recordings`. What the end of the root's path and the beginning of the id have in common is counted once;
//! where it could be counted in two ways, that which leads to a folder that is there.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::loose::is_passed_over;
use crate::recent::Recent;

pub(super) const RECORDINGS: &str = "recordings";

/// Where a project of OGX's keeps recordings that are not one test's.
const OGX_BASE: &str = "tests/integration/common";

/// What is needed to say where recordings lie.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The parts of the root's path, or of what a pack knows of it.
    root: Vec<String>,
    /// The root on the disk; `None` for a pack.
    disk: Option<PathBuf>,
    /// The folders of recordings when the store last looked at all.
    known: HashSet<PathBuf>,
    /// The folder of shared recordings, relative to the root.
    base: PathBuf,
    /// The folders of recordings of the tests that were asked for last, by the folders of these.
    recent: Recent<String, Path, 8>,
}

impl Places {
    /// Takes the places of a store at `root`, in which the folders of recordings are `folders`; a pack has a root of
    /// which only the end is known, and no folders on the disk.
    pub(super) fn new<'f>(
        root: &Path,
        folders: impl IntoIterator<Item = &'f Path>,
        base: Option<&str>,
        is_on_disk: bool,
    ) -> Self {
        let parts = root.components().filter_map(|part| match part {
            Component::Normal(part) => part.to_str().map(str::to_owned),
            _ => None,
        });
        let disk = is_on_disk.then(|| root.to_owned());
        let known = folders.into_iter().map(Path::to_owned).collect();
        let mut places = Self { root: parts.collect(), disk, known, base: PathBuf::new(), recent: Recent::default() };
        places.base = match base {
            Some(base) => places.folder(base),
            None => places.folder(OGX_BASE).filter(|base| places.known.contains(base)),
        }
        .unwrap_or_else(|| if places.is_flat() { PathBuf::new() } else { PathBuf::from(RECORDINGS) });
        places
    }

    /// Says whether the root is itself the one folder of recordings.
    fn is_flat(&self) -> bool {
        self.known.contains(Path::new(""))
    }

    /// Takes a folder for that of the recordings that all tests share.
    pub(super) fn with_base(self, base: Option<PathBuf>) -> Self {
        Self { base: base.unwrap_or(self.base), ..self }
    }

    /// Returns the folder of the recordings that all tests share, relative to the root.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// Returns the folder of a test's own recordings, relative to the root; `None` where the id leads outside of it.
    pub(super) fn own(&self, test_id: &str) -> Option<Arc<Path>> {
        let file = test_id.split("::").next().unwrap_or_default();
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Tests of one file follow one another. What may change, as folders come, is not kept.
        let own = self.recent.get(folder.to_owned(), || match self.choose(folder) {
            Some((own, true)) => Ok(Arc::from(own)),
            other => Err(other.map(|(own, _)| Arc::from(own))),
        });
        own.map_or_else(|unsure| unsure, Some)
    }

    /// Says whether the test id or folder leads through one in which no recordings are looked for.
    pub(super) fn is_passed_over(folder: &Path) -> bool {
        folder.iter().any(|part| part.to_str().is_some_and(is_passed_over))
    }

    /// Returns the end of the root's path that the test id of a recording in `folder` begins with; `None` where the id
    /// does not name that folder.
    pub(super) fn root_in(&self, test_id: &str, folder: &Path) -> Option<String> {
        let file = Path::new(test_id.split("::").next()?);
        let shared = file.parent()?.join(RECORDINGS).iter().count().checked_sub(folder.iter().count())?;
        (*self.own(test_id)? == *folder && !self.is_flat())
            .then(|| file.iter().take(shared).filter_map(|part| part.to_str()).collect::<Vec<_>>().join("/"))
    }

    /// Returns the folder of recordings in a folder of the project.
    fn folder(&self, folder: &str) -> Option<PathBuf> {
        self.choose(folder).map(|(folder, _)| folder)
    }

    /// Returns the folder of recordings in a folder of the project, and whether it will always be that.
    fn choose(&self, folder: &str) -> Option<(PathBuf, bool)> {
        if self.is_flat() {
            return Some((PathBuf::new(), true));
        }
        let mut parts = Vec::new();
        for part in Path::new(folder).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str()?),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        let is_common = |length: &usize| self.root.iter().rev().take(*length).rev().eq(parts.iter().take(*length));
        let common: Vec<_> = (0..=parts.len().min(self.root.len())).rev().filter(is_common).collect();
        let inside = |length: &usize| parts.iter().skip(*length).collect::<PathBuf>();
        let is_known = |length: &&usize| self.known.contains(&inside(length).join(RECORDINGS));
        let is_there = |length: &&usize| self.disk.as_ref().is_some_and(|root| root.join(inside(length)).is_dir());
        let chosen = match common.as_slice() {
            [only] => Some(only),
            several => several.iter().find(is_known).or_else(|| several.iter().find(is_there)).or(several.first()),
        };
        chosen.map(|length| (inside(length).join(RECORDINGS), common.len() == 1))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn places(root: &str, folders: &[&str]) -> Places {
        Places::new(Path::new(root), folders.iter().map(Path::new), None, false)
    }

    #[test]
    fn a_test_finds_its_folder_from_whatever_depth_the_store_is_opened() {
        let id = "tests/integration/agents/test_a.py::test[x/y::z]";
        for (root, folder) in [
            ("/home/me/ogx", "tests/integration/agents/recordings"),
            ("/home/me/ogx/tests", "integration/agents/recordings"),
            ("/home/me/ogx/tests/integration", "agents/recordings"),
            ("/home/me/ogx/tests/integration/agents", "recordings"),
        ] {
            assert_eq!(places(root, &[]).own(id), Some(Path::new(folder).into()), "{root}");
        }
        assert_eq!(places("/tmp/x/recordings", &[""]).own(id), Some(Path::new("").into()));
        assert_eq!(places("/tmp/x", &[]).own("test_a.py::test"), Some(Path::new("recordings").into()));
    }

    #[test]
    fn a_root_that_is_called_like_a_folder_in_it_is_not_taken_for_that() {
        let id = "ogx/tests/test_a.py::test";
        assert_eq!(
            places("/home/me/ogx", &["ogx/tests/recordings"]).own(id),
            Some(Path::new("ogx/tests/recordings").into())
        );
        assert_eq!(places("/home/me/ogx", &["tests/recordings"]).own(id), Some(Path::new("tests/recordings").into()));
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("ogx");
        std::fs::create_dir_all(root.join("ogx/tests")).unwrap();
        let on_disk = || Places::new(&root, [], None, true);
        assert_eq!(on_disk().own(id), Some(Path::new("ogx/tests/recordings").into()));
        std::fs::create_dir_all(root.join("tests")).unwrap();
        assert_eq!(
            on_disk().own(id),
            Some(Path::new("tests/recordings").into()),
            "where both are there, the shorter way"
        );
    }

    #[test]
    fn an_id_that_leads_outside_has_no_folder() {
        for id in ["../x/test_a.py::test", "/etc/test_a.py::test", "tests/../../test_a.py::test"] {
            assert_eq!(places("/tmp/x", &[]).own(id), None, "{id}");
        }
    }

    #[test]
    fn the_base_is_ogxs_where_there_is_one_and_the_root_elsewhere() {
        let base = |root, folders: &[&str]| places(root, folders).base().to_owned();
        assert_eq!(
            base("/x", &["tests/integration/common/recordings"]),
            Path::new("tests/integration/common/recordings")
        );
        assert_eq!(base("/x/tests/integration", &["common/recordings"]), Path::new("common/recordings"));
        assert_eq!(base("/x", &["tests/recordings"]), Path::new("recordings"));
        assert_eq!(base("/x/recordings", &[""]), Path::new(""));
    }
}
