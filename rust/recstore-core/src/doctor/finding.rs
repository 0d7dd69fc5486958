//! What can be found, by names that do not change.

use std::path::PathBuf;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The file, relative to the root.
    pub path: PathBuf,
    /// The line at which it is, counted from 1; `None` where it is the whole file.
    pub line: Option<usize>,
    /// What it means here.
    pub message: String,
    /// The profile under which the name is the key of the request, or last was; `None` where that is not known or not
    /// what it is about.
    pub profile: Option<&'static str>,
    /// The other files that it is about, relative to the root.
    pub related: Vec<PathBuf>,
}

impl Finding {
    /// Finds something about a whole file.
    pub(super) fn new(kind: FindingKind, path: PathBuf, message: impl Into<String>) -> Self {
        Self { kind, path, line: None, message: message.into(), profile: None, related: Vec::new() }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something to know.
    Notice,
    /// A recording does not do what it is there for.
    Warning,
    /// A file is of no use, or must not be there.
    Error,
}

impl Severity {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table says what each means")]
pub enum FindingKind {
    Unreadable,
    ConflictMarkers,
    Malformed,
    Secret,
    KeyMismatch,
    EditedRequest,
    NoKey,
    OldProfile,
    DuplicateRequest,
    InvalidChunk,
    IncompleteStream,
    LineEnds,
    UnfinishedRekey,
    OtherProfile,
    Layout,
    RenamedType,
    UnknownType,
    RecordedError,
    LargeFile,
    IdenticalAnswers,
    Chain,
}

impl FindingKind {
    /// All kinds, the worst first.
    pub const ALL: [Self; 21] = [
        Self::Unreadable,
        Self::ConflictMarkers,
        Self::Malformed,
        Self::Secret,
        Self::KeyMismatch,
        Self::EditedRequest,
        Self::NoKey,
        Self::OldProfile,
        Self::DuplicateRequest,
        Self::InvalidChunk,
        Self::IncompleteStream,
        Self::LineEnds,
        Self::UnfinishedRekey,
        Self::OtherProfile,
        Self::Layout,
        Self::RenamedType,
        Self::UnknownType,
        Self::RecordedError,
        Self::LargeFile,
        Self::IdenticalAnswers,
        Self::Chain,
    ];

    /// Returns its id, how bad it is, and what to do.
    #[rustfmt::skip]
    const fn entry(self) -> (&'static str, Severity, &'static str) {
        use Severity::{Error, Notice, Warning};
        match self {
            Self::Unreadable => ("unreadable", Error, "see to its rights, or to the disk"),
            Self::ConflictMarkers => ("conflict-markers", Error,
                "take one side whole (git checkout --ours or --theirs FILE): halves of two recordings make no third"),
            Self::Malformed => ("malformed", Error,
                "restore the file from version control, or delete it and record again"),
            Self::Secret => ("secret", Error,
                "revoke the credential, delete the file, and record again with on_secret=\"redact\""),
            Self::KeyMismatch => ("key-mismatch", Warning,
                "record the test again and delete this file, or keep it to be found by its name alone"),
            Self::EditedRequest => ("edited-request", Warning,
                "undo the edit in this file, or record the test again"),
            Self::NoKey => ("no-key", Warning, "delete it, or give it the name that `recstore key FILE` prints"),
            Self::OldProfile => ("old-profile", Warning,
                "bring all names to the rules of the store: `recstore rekey --to PROFILE`"),
            Self::DuplicateRequest => ("duplicate-request", Warning, "keep the answer that is right; delete the others"),
            Self::InvalidChunk => ("invalid-chunk", Warning,
                "it is replayed as the SDK builds unvalidated answers; record again with the SDK that is installed"),
            Self::IncompleteStream => ("incomplete-stream", Warning, "record again, and read the stream to its end"),
            Self::LineEnds => ("line-ends", Warning, "`recstore doctor --fix`; and `*.json text eol=lf` in .gitattributes"),
            Self::UnfinishedRekey => ("unfinished-rekey", Warning,
                "finish it with `recstore rekey` and the same --to, or go back with `recstore rekey --undo`"),
            Self::OtherProfile => ("other-profile", Notice,
                "none, where a test's marker or a session names that profile; else `recstore rekey --to PROFILE`"),
            Self::Layout => ("layout", Notice, "`recstore doctor --fix`; and keep formatters off the recordings"),
            Self::RenamedType => ("renamed-type", Notice, "`recstore doctor --fix`"),
            Self::UnknownType => ("unknown-type", Notice,
                "its data is replayed as plain values; name its class with recstore.registry.register, if there is one"),
            Self::RecordedError => ("recorded-error", Notice, "record again, if the test is not about the error"),
            Self::LargeFile => ("large-file", Notice, "ask for less in the test, or say --large BYTES if that is usual here"),
            Self::IdenticalAnswers => ("identical-answers", Notice,
                "look whether something in the requests changes from run to run, or the service answered all alike"),
            Self::Chain => ("chain", Notice,
                "where the text of one changes, all after it must be recorded again; make the test ask less, or fix the text"),
        }
    }

    /// Returns its id.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.entry().0
    }

    /// Returns how bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.entry().1
    }

    /// Returns what to do.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.entry().2
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_an_id_of_its_own_and_a_place_in_the_order() {
        let ids: HashSet<_> = FindingKind::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids.len(), FindingKind::ALL.len());
        assert!(FindingKind::ALL.is_sorted());
    }
}
