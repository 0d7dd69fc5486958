//! Whether every file is what its name says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::recording::profile;
use super::state::Listed;
use super::{Recording, Store};
use crate::error::Error;
use crate::key::Profile;
use crate::loose;
use crate::parallel;
use crate::recording::asked;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The file, relative to the root; of a damaged pack its own path.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub message: String,
}

/// Kinds of findings, by a name that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The file cannot be read.
    Unreadable,
    /// The file is no recording.
    Malformed,
    /// The file's name is not the key of its request under any profile.
    KeyMismatch,
    /// The file is not named by a key, so that no look-up finds it.
    NoKey,
    /// The pack is damaged.
    DamagedPack,
}

impl FindingKind {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::KeyMismatch => "key-mismatch",
            Self::NoKey => "no-key",
            Self::DamagedPack => "damaged-pack",
        }
    }
}

/// What [`Store::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many files were looked at.
    pub files: usize,
    /// How many recordings have their key under which profile, the newest that fits.
    pub profiles: BTreeMap<&'static str, usize>,
    /// What is not as it should be, in the order of paths.
    pub findings: Vec<Finding>,
}

impl Store {
    /// Reads every file, not the pack in its place, and looks whether it is a recording and named by the key of its
    /// request; and whether the pack is sound.
    ///
    /// # Errors
    /// Where a folder may not be looked into, or the store is a pack and so damaged that its files cannot be listed.
    pub fn verify(&self) -> Result<Report, Error> {
        self.check_folders()?;
        let files = self.list()?;
        let mut report = Report { files: files.len(), ..Report::default() };
        let verify = |index: usize| files.get(index).map(|file| self.verify_file(file));
        for looked in parallel::map(files.len(), verify).into_iter().flatten() {
            match looked {
                Ok(profile) => *report.profiles.entry(profile).or_default() += 1,
                Err(finding) => report.findings.push(finding),
            }
        }
        let pack = self.state().pack.clone();
        if let Some(pack) = pack {
            let damage = pack.verify().into_iter().map(|error| Finding {
                kind: FindingKind::DamagedPack,
                path: error.path.clone(),
                message: error.problem.to_string(),
            });
            report.findings.extend(damage);
        }
        Ok(report)
    }

    fn verify_file(&self, file: &Listed) -> Result<&'static str, Finding> {
        let path = file.path();
        let finding = |kind, message: &str| Finding { kind, path: path.clone(), message: message.to_owned() };
        let profile = self.profile_of(file).map_err(|error| match error {
            Error::Malformed { problem, .. } => {
                finding(FindingKind::Malformed, &format!("{problem}; {}", problem.remedy()))
            }
            error => finding(FindingKind::Unreadable, &error.to_string()),
        })?;
        if file.name.key().is_none() {
            let message = "no look-up finds a file that is not named by a key; delete or rename it";
            return Err(finding(FindingKind::NoKey, message));
        }
        profile.map(|profile| profile.name).ok_or_else(|| {
            let message = "the name is not the key of the request under any profile: the request was edited after \
                           recording, or keyed by rules unknown here; record again, or keep it to be found by name";
            finding(FindingKind::KeyMismatch, message)
        })
    }

    /// Reads a file and returns the newest key profile under which its request has the key that names it, if there is one.
    fn profile_of(&self, file: &Listed) -> Result<Option<&'static Profile>, Error> {
        if !self.is_tree
            && let Some(recording) = self.read(file)?
        {
            return Ok(recording.profile());
        }
        let path = self.root.join(file.path());
        let (text, _) = loose::read(&path, &self.limits)?;
        if let Some(asked) = asked(&text, &self.limits) {
            return Ok(file.name.key().and_then(|key| profile(&self.profiles(), &asked, key)));
        }
        let recording = Recording::read(self, file, &text);
        recording.map(|recording| recording.profile()).map_err(|problem| Error::Malformed { path, problem })
    }
}
