//! Renaming, so that whoever looks finds everything at every moment.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::journal::{self, Journal, Stage};
use super::plan::{Plan, Rename, plan};
use crate::error::Error;
use crate::loose::{sync_folder, write_atomically};
use crate::store::{Lock, SETTINGS_FILE, Settings, Store};

/// What happens where recordings with different answers want one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCollision {
    /// Nothing is renamed at all.
    #[default]
    Stop,
    /// One gets the name, the others keep theirs.
    KeepBoth,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The profile whose keys the names are now.
    pub profile: String,
    /// How many files were renamed.
    pub renamed: usize,
    /// The files that kept their names because something changed them meanwhile, relative to the root.
    pub kept: Vec<PathBuf>,
    /// How many changes of names before this one can be undone.
    pub undoable: usize,
}

/// Brings all names to the profile of `plan`, or goes on where a killed process with the same aim stopped.
///
/// # Errors
/// [`Error::Collision`] where answers differ and `on_collision` does not say to keep both; nothing is changed then. Where a
/// change to another profile was killed, or the system refuses; every recording is found then, and this can be called again.
pub fn rekey(store: &Store, to: &str, former_settings: &[String], on_collision: OnCollision) -> Result<Done, Error> {
    let to = store.named_profile(to)?;
    let root = store.path();
    let _lock = Lock::alone(root);
    // While this waited, somebody may have recorded or changed names.
    store.refresh()?;
    if let Some(mut entry) = journal::last(root).filter(|entry| entry.stage != Stage::Done) {
        let journal = entry.read(root)?;
        if entry.stage != Stage::Running || journal.to != to.name {
            return Err(unfinished(root, entry.stage, &journal));
        }
        let kept = change(root, &journal.renames, &journal.settings.clone().map(|(_, after)| Some(after)))?;
        entry.set(Stage::Done)?;
        return Ok(done(root, &journal.to, &journal.renames, kept));
    }
    let plan: Plan = plan(store, to, former_settings)?;
    let differing = plan.collisions.iter().filter(|collision| !collision.are_equal).count();
    if differing > 0 && on_collision == OnCollision::Stop {
        return Err(Error::Collision { count: differing, profile: to.name });
    }
    let from = Settings::load(root)?;
    let settings = if from.profile().name == to.name { None } else { Some(from.with_profile(to.name)) };
    if plan.renames.is_empty() && settings.is_none() {
        return Ok(Done { profile: to.name.to_owned(), renamed: 0, kept: Vec::new(), undoable: journal::count(root) });
    }
    if settings.is_some()
        && let Some(outer) = root.ancestors().skip(1).find(|outer| outer.join(SETTINGS_FILE).is_file())
    {
        return Err(Error::InsideStore { path: root.to_owned(), root: outer.to_owned() });
    }
    if settings.is_some() {
        refuse_link(root)?;
    }
    let before = root.join(SETTINGS_FILE).is_file().then(|| from.text.clone());
    let journal = Journal {
        from: from.profile().name.to_owned(),
        to: to.name.to_owned(),
        settings: settings.map(|after| (before, after)),
        renames: plan.renames,
    };
    let mut entry = journal.write(root)?;
    let kept = change(root, &journal.renames, &journal.settings.clone().map(|(_, after)| Some(after)))?;
    entry.set(Stage::Done)?;
    Ok(done(root, &journal.to, &journal.renames, kept))
}

/// Gives all files the names that they had before the last change, also one that was killed.
///
/// What was recorded since keeps its name.
///
/// # Errors
/// Where there is nothing to undo, or the system refuses; every recording is found then, and this can be called again.
pub fn undo(root: &Path) -> Result<Done, Error> {
    let _lock = Lock::alone(root);
    let Some(mut entry) = journal::last(root) else {
        return Err(Error::NothingToUndo { root: root.to_owned() });
    };
    let journal = entry.read(root)?;
    let back = |rename: &Rename| Rename { old: rename.new.clone(), new: rename.old.clone(), ..rename.clone() };
    let renames: Vec<_> = journal.renames.iter().map(back).collect();
    let settings = match &journal.settings {
        None => None,
        Some((before, after)) => {
            refuse_link(root)?;
            let now = Settings::load(root)?;
            // What was edited since stays, but for the profile.
            let is_own = now.text == *after || Some(&now.text) == before.as_ref() || now.text.is_empty();
            Some(if is_own { before.clone() } else { Some(now.with_profile(&journal.from)) })
        }
    };
    if let Some(Some(text)) = &settings
        && let Err(problem) = Settings::parse(text.clone())
    {
        let problem = format!("the profile would be '{}' again, but {problem}; declare it again first", journal.from);
        return Err(Error::Settings { path: root.join(SETTINGS_FILE), problem });
    }
    entry.set(Stage::Undoing)?;
    let kept = change(root, &renames, &settings)?;
    entry.remove(root)?;
    Ok(done(root, &journal.from, &renames, kept))
}

/// A link in the place of the settings file would be replaced by a file, and could not be given back.
fn refuse_link(root: &Path) -> Result<(), Error> {
    let path = root.join(SETTINGS_FILE);
    let problem = "it is a link, which a change of names would replace; put the file itself in its place".to_owned();
    if path.is_symlink() { Err(Error::Settings { path, problem }) } else { Ok(()) }
}

fn done(root: &Path, profile: &str, renames: &[Rename], kept: Vec<PathBuf>) -> Done {
    let renamed = renames.len() - kept.len();
    Done { profile: profile.to_owned(), renamed, kept, undoable: journal::count(root) }
}

fn unfinished(root: &Path, stage: Stage, journal: &Journal) -> Error {
    Error::Unfinished { root: root.to_owned(), to: journal.to.clone(), is_undo: stage == Stage::Undoing }
}

/// Gives every file its new name, then writes the settings file (or removes it, for `Some(None)`), then takes the old names
/// away; returns the files that keep theirs. Each step is on the disk before the next begins, and finds done what was done
/// before a kill.
fn change(root: &Path, renames: &[Rename], settings: &Option<Option<String>>) -> Result<Vec<PathBuf>, Error> {
    let folders: BTreeSet<_> = renames.iter().map(|rename| root.join(&rename.folder)).collect();
    for rename in renames {
        let [old, new] = rename.paths(root);
        add_name(&old, &new)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    let path = root.join(SETTINGS_FILE);
    match settings {
        Some(Some(text)) => journal::write_settings(root, &path, text)?,
        Some(None) => {
            remove(&path)?;
            sync_folder(root)?;
        }
        None => {}
    }
    let mut kept = Vec::new();
    for rename in renames {
        let [old, new] = rename.paths(root);
        match is_same_file(&old, &new)? {
            Some(true) => remove(&old)?,
            // Somebody wrote to one of the names: it may be another answer.
            Some(false) => kept.push(rename.folder.join(rename.old.to_string())),
            None => {}
        }
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    Ok(kept)
}

impl Rename {
    fn paths(&self, root: &Path) -> [PathBuf; 2] {
        let folder = root.join(&self.folder);
        [folder.join(self.old.to_string()), folder.join(self.new.to_string())]
    }
}

/// Gives the file `old` the name `new` beside its own. Nothing is done where there is no such file, or another has the name.
fn add_name(old: &Path, new: &Path) -> Result<(), Error> {
    let metadata = match fs::symlink_metadata(old) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("look at", old)(error)),
    };
    if !metadata.is_file() {
        return Ok(());
    }
    match fs::hard_link(old, new) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // The file system knows no second names.
        Err(_) => {
            let text = fs::read(old).map_err(Error::io("read", old))?;
            let copied = write_atomically(new, false, |file| file.write_all(&text).map_err(Error::io("write", new)));
            match copied {
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => Ok(()),
                copied => copied,
            }
        }
    }
}

/// Says whether two names are of one file, or of two with the same bytes; `None` where the old one is gone.
fn is_same_file(old: &Path, new: &Path) -> Result<Option<bool>, Error> {
    let look = |path: &Path| match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("look at", path)(error)),
    };
    let Some(one) = look(old)? else { return Ok(None) };
    let Some(other) = look(new)? else { return Ok(Some(false)) };
    if (one.dev(), one.ino()) == (other.dev(), other.ino()) {
        return Ok(Some(one.is_file()));
    }
    if !one.is_file() || !other.is_file() || one.len() != other.len() {
        return Ok(Some(false));
    }
    let read = |path: &Path| fs::read(path).map_err(Error::io("read", path));
    Ok(Some(read(old)? == read(new)?))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("delete", path)(error)),
        _ => Ok(()),
    }
}
