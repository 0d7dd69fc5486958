//! Everything that can go wrong with a store, with the place and the remedy.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use crate::json::WriteError;
use crate::key::UnknownProfile;
use crate::pack::PackError;
use crate::recording::Malformed;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no recording.
    #[error("{}: {problem}; {}", path.display(), problem.remedy())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Malformed,
    },
    /// A pack cannot be used.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Another answer is already recorded.
    #[error(
        "{} already holds another answer to this request; say on_conflict=\"replace\" to take the new one or \
         on_conflict=\"keep\" to keep the old one",
        path.display()
    )]
    Conflict {
        /// The file that was left as it is.
        path: PathBuf,
    },
    /// The settings file says something that cannot be.
    #[error("{}: {problem}", path.display())]
    Settings {
        /// The settings file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// No key profile has this name.
    #[error(transparent)]
    UnknownProfile(#[from] UnknownProfile),
    /// A pack is to be made of a pack.
    #[error("{} is a pack already; name the root of a tree of recordings", path.display())]
    AlreadyPacked {
        /// The pack.
        path: PathBuf,
    },
    /// Nothing can be recorded into a pack.
    #[error(
        "{} is a pack, which is never changed; unpack it with `recstore unpack`, record there, and pack again",
        path.display()
    )]
    ReadOnly {
        /// The pack.
        path: PathBuf,
    },
    /// Something that is no file is where a recording goes.
    #[error("{} is a link or a folder where a recording goes, and was left as it is; remove it", path.display())]
    InTheWay {
        /// The link or folder.
        path: PathBuf,
    },
    /// A recording would be written where no recordings are looked for.
    #[error(
        "{place} lies in a folder that is passed over when recordings are looked for (a hidden one, node_modules, \
         site-packages or __pycache__); move the test out of it"
    )]
    PassedOver {
        /// The test id or folder.
        place: String,
    },
    /// A recording would be written outside of its store.
    #[error("{place} leads outside of the store at {}; open the store at a folder that holds it", root.display())]
    Outside {
        /// The test id, folder or link that leads there.
        place: String,
        /// The root of the store.
        root: PathBuf,
    },
    /// What was to be recorded is no request.
    #[error("{0}")]
    InvalidRequest(String),
    /// What was to be recorded holds something that the profile cannot spell.
    #[error("request: {path} {problem}")]
    NoSpelling {
        /// Where in the request.
        path: String,
        /// Why.
        problem: WriteError<Infallible>,
    },
    /// What was to be recorded could not be read again.
    #[error("this cannot be recorded: {0}")]
    Unrecordable(Malformed),
    /// The name of a folder is not text.
    #[error("{} is not UTF-8, as the paths in a pack are; rename it", path.display())]
    NotUtf8 {
        /// The folder, relative to the root.
        path: PathBuf,
    },
    /// Recordings with different answers want one name.
    #[error(
        "recordings with different answers want one name under {profile} ({count} such names), so that nothing was renamed; \
         say on_collision=\"keep-both\" (--on-collision keep-both): one gets the name, the others keep theirs"
    )]
    Collision {
        /// How many names.
        count: usize,
        /// The profile.
        profile: &'static str,
    },
    /// A change of names was killed.
    #[error(
        "{}: a change of names to {to} was not finished; {} `recstore rekey --undo`", root.display(),
        if *is_undo { "it was being undone: finish that with" } else { "finish it with the same --to, or go back with" }
    )]
    Unfinished {
        /// The root of the store.
        root: PathBuf,
        /// The profile to which it went.
        to: String,
        /// Whether it was being undone.
        is_undo: bool,
    },
    /// No change of names is known.
    #[error("{}: no change of names is written down in .recstore/rekey, so that there is nothing to undo", root.display())]
    NothingToUndo {
        /// The root of the store.
        root: PathBuf,
    },
    /// What was to be undone cannot be read.
    #[error(
        "{} is no journal of a change of names in this tree, or of another release; delete it to go on without: each file \
         has one of its names or both, and `recstore doctor` says which are old", path.display()
    )]
    Journal {
        /// The journal.
        path: PathBuf,
    },
    /// Settings would be written where the store that they are meant for does not read them.
    #[error("{} lies in the store at {}, whose settings say how keys are made; name that", path.display(), root.display())]
    InsideStore {
        /// The folder that was named.
        path: PathBuf,
        /// The root of the store.
        root: PathBuf,
    },
    /// What was named is no folder of recordings.
    #[error(
        "{} is no folder of recordings in {}; name one as seen from there, such as tests/recordings", path.display(),
        root.display()
    )]
    NoFolder {
        /// What was named.
        path: PathBuf,
        /// The root of the store.
        root: PathBuf,
    },
    /// A folder that should be empty is not.
    #[error("{} is not empty; unpack into a new folder, so that nothing is overwritten", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    /// Makes an error of the system's into one that says what was tried on which path.
    pub(crate) fn io<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> Self + use<'p> {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Says whether the system refuses for want of permission.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Says whether something is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
