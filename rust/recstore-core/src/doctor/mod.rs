//! What is wrong with a directory of recordings, what it means and what to do.
//!
//! Every file is read once, by itself, on all cores (`examine`); then files are compared with each other (`compare`) and
//! the requests of each test (`chain`). What is safe to repair is repaired by `fix`. `docs/doctor.md` lists the findings.

mod cause;
mod chain;
mod compare;
mod examine;
mod finding;
mod fix;
mod stream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::parallel;
use crate::rekey;
use crate::store::Store;

pub use finding::{Finding, FindingKind, Severity};
pub use fix::{Fix, fix};

/// What an examination should know beside the recordings.
#[derive(Clone, Debug)]
pub struct Options {
    /// From how many bytes on a file is unusually large.
    pub large: u64,
    /// How the type tags begin for which there may be a class.
    pub known_types: Vec<String>,
    /// How the tags of renamed packages begin, and how they begin now.
    pub renamed_types: Vec<(String, String)>,
    /// Texts of which every credential holds one.
    pub signs: Vec<String>,
    /// What the settings file said before it was edited, the newest first, as far as that is known.
    pub former_settings: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            large: 1 << 20,
            known_types: Vec::new(),
            renamed_types: Vec::new(),
            signs: Vec::new(),
            former_settings: Vec::new(),
        }
    }
}

/// What an examination found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many files were looked at.
    pub files: usize,
    /// How many recordings have their key under which profile, the newest that fits.
    pub profiles: BTreeMap<&'static str, usize>,
    /// How many recordings have theirs under none.
    pub unmatched: usize,
    /// What is not as it should be, in the order of paths.
    pub findings: Vec<Finding>,
    /// The files that hold a sign of a credential and are to be looked through for one: path relative to the root, bytes.
    pub suspects: Vec<(PathBuf, Vec<u8>)>,
}

/// Reads every file of a store, not the pack in its place, and says what is not as it should be.
///
/// # Errors
/// Where a folder may not be looked into, or the store is a pack and so damaged that its files cannot be listed.
pub fn examine(store: &Store, options: &Options) -> Result<Report, Error> {
    store.check_folders()?;
    let files = store.list()?;
    let examiner = examine::Examiner::new(store, options);
    let look = |number: usize| files.get(number).map(|file| examiner.examine(file));
    let mut report = Report { files: files.len(), ..Report::default() };
    let mut all = Vec::with_capacity(files.len());
    for examined in parallel::map(files.len(), look).into_iter().flatten() {
        report.findings.extend(examined.findings);
        let Some(mut facts) = examined.facts else { continue };
        match facts.profile {
            Some(profile) => *report.profiles.entry(profile.name).or_default() += 1,
            None => report.unmatched += 1,
        }
        if let Some(text) = facts.suspect.take() {
            report.suspects.push((facts.file.path(), text));
        }
        all.push(facts);
    }
    compare::compare(&all, &mut report.findings);
    chain::find(store, &all, &mut report.findings);
    if let Some(path) = rekey::unfinished(store.path()).filter(|_| !store.is_read_only()) {
        let path = path.strip_prefix(store.path()).map(Path::to_owned).unwrap_or(path);
        let message = "a change of names was killed: recordings may have an old and a new name, and are found by both";
        report.findings.push(Finding::new(FindingKind::UnfinishedRekey, path, message));
    }
    report.findings.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    Ok(report)
}
