//! What was renamed, written down before it is: to go on after a kill, and to go back.
//!
//! Journals lie in `.recstore/rekey/` and are numbered. The name says how far it came: `1.running.json` while names change,
//! `1.json` when they have, `1.undoing.json` while they change back.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Rename;
use crate::error::Error;
use crate::json::{Dialect, Reader, Style, Text, Value, to_vec};
use crate::loose::{find_folders, read, sync_folder, write_atomically};
use crate::recording::{FileName, Limits};
use crate::store::{from_portable, make_folder, own_folder, to_portable};

const FOLDER: &str = ".recstore/rekey";
const VERSION: i64 = 1;

/// How far a change of names came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    Done,
    Undoing,
}

impl Stage {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Running, ".running.json"), (Self::Undoing, ".undoing.json"), (Self::Done, ".json")];

    fn suffix(self) -> &'static str {
        Self::ALL.iter().find(|(stage, _)| *stage == self).map_or("", |(_, suffix)| suffix)
    }
}

/// What is changed, and how it was.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    pub(super) from: String,
    pub(super) to: String,
    /// The text of the settings file before and after, where it changes; `None` before where there was none.
    pub(super) settings: Option<(Option<String>, String)>,
    pub(super) renames: Vec<Rename>,
}

/// A journal on the disk.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    number: u64,
    pub(super) stage: Stage,
    pub(super) path: PathBuf,
}

/// Returns the path of the journal of a change of names that was killed; `None` where there is none.
#[must_use]
pub fn unfinished(root: &Path) -> Option<PathBuf> {
    last(root).filter(|entry| entry.stage != Stage::Done).map(|entry| entry.path)
}

/// Returns the journal of the last change of names that was not undone.
pub(super) fn last(root: &Path) -> Option<Entry> {
    entries(root).into_iter().max_by_key(|entry| entry.number)
}

pub(super) fn count(root: &Path) -> usize {
    entries(root).len()
}

fn entries(root: &Path) -> Vec<Entry> {
    let folder = root.join(FOLDER);
    // A link in the place of one of the folders could lead to what others own.
    let mut own = folder.ancestors().take_while(|part| *part != root);
    let is_own = own.all(|part| fs::symlink_metadata(part).is_ok_and(|metadata| metadata.is_dir()));
    let names = is_own.then(|| fs::read_dir(&folder)).into_iter().flatten().flatten().flatten();
    let parse = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let (stage, number) = Stage::ALL
            .iter()
            .find_map(|(stage, suffix)| Some((*stage, name.to_str()?.strip_suffix(suffix)?.parse::<u32>().ok()?)))?;
        Some(Entry { number: number.into(), stage, path: entry.path() })
    };
    names.filter_map(parse).collect()
}

/// Returns the texts of the settings that journals keep, the newest first.
pub(super) fn settings(root: &Path) -> Vec<String> {
    let mut entries = entries(root);
    entries.sort_by_key(|entry| Reverse(entry.number));
    let journals = entries.iter().filter_map(|entry| entry.read(root).ok()?.settings);
    journals.flat_map(|(before, after)| [Some(after), before]).flatten().collect()
}

impl Journal {
    /// Writes a new journal; when this returns it is on the disk.
    pub(super) fn write(&self, root: &Path) -> Result<Entry, Error> {
        own_folder(root)?;
        let folder = root.join(FOLDER);
        make_folder(&folder)?;
        folder.ancestors().skip(1).take(2).try_for_each(sync_folder)?;
        let number = last(root).map_or(1, |entry| entry.number + 1);
        let path = folder.join(format!("{number}{}", Stage::Running.suffix()));
        let text = self.spell()?;
        // Of two that begin at once, one does.
        write_atomically(&path, false, |file| file.write_all(&text).map_err(Error::io("write", &path)))?;
        Ok(Entry { number, stage: Stage::Running, path })
    }

    fn spell(&self) -> Result<Vec<u8>, Error> {
        let text = |text: &str| Value::String(Text::from(text.to_owned()));
        let object = |members: Vec<(&'static str, Value<'static>)>| {
            Value::Object(members.into_iter().map(|(name, value)| (Text::from(name), value)).collect())
        };
        let settings = self.settings.as_ref().map_or(Value::Null, |(before, after)| {
            let before = before.as_deref().map_or(Value::Null, text);
            object(vec![("before", before), ("after", text(after))])
        });
        let rename = |rename: &Rename| {
            let folder = to_portable(&rename.folder).ok_or_else(|| Error::NotUtf8 { path: rename.folder.clone() })?;
            let (old, new) = (rename.old.to_string(), rename.new.to_string());
            Ok(Value::Array(vec![text(&folder), text(&old), text(&new)]))
        };
        let renames = self.renames.iter().map(rename).collect::<Result<_, Error>>()?;
        let journal = object(vec![
            ("version", Value::Int(VERSION)),
            ("from", text(&self.from)),
            ("to", text(&self.to)),
            ("settings", settings),
            ("renames", Value::Array(renames)),
        ]);
        // Texts, integers and lists of them have a spelling.
        Ok(to_vec(&journal, Style::INDENTED).unwrap_or_default())
    }
}

impl Entry {
    /// Reads the journal. It may come from a stranger: what it names are files named by keys, in folders of the tree;
    /// those in folders that have gone are left out.
    pub(super) fn read(&self, root: &Path) -> Result<Journal, Error> {
        let (text, _) = read(&self.path, &Limits { file_size: u64::MAX, ..Limits::default() })?;
        let parsed = Reader::new(&text).and_then(|reader| reader.dialect(Dialect::Python).document(Value::read));
        let folders = find_folders(root)?.folders;
        let wrong = || Error::Journal { path: self.path.clone() };
        let value = parsed.map_err(|_| wrong())?;
        let string = |value: &Value<'_>| value.as_str().map(str::to_owned);
        let read = || {
            if value.get("version") != Some(&Value::Int(VERSION)) {
                return None;
            }
            let rename = |rename: &Value<'_>| {
                let [folder, old, new] = rename.as_array()? else { return None };
                let folder = from_portable(folder.as_str()?)?;
                let name = |name: &Value<'_>| FileName::parse(name.as_str()?).filter(|name| name.key().is_some());
                let rename = Rename { folder, old: name(old)?, new: name(new)? };
                match folders.binary_search_by(|(folder, _)| folder.cmp(&rename.folder)) {
                    Ok(_) => Some(Some(rename)),
                    Err(_) => fs::symlink_metadata(root.join(&rename.folder)).is_err().then_some(None),
                }
            };
            let settings = match value.get("settings")? {
                Value::Null => None,
                settings => Some((string(settings.get("before")?), string(settings.get("after")?)?)),
            };
            let renames: Option<Vec<_>> = value.get("renames")?.as_array()?.iter().map(rename).collect();
            let renames = renames?.into_iter().flatten().collect();
            Some(Journal { from: string(value.get("from")?)?, to: string(value.get("to")?)?, settings, renames })
        };
        read().ok_or_else(wrong)
    }

    /// Notes how far the change came.
    pub(super) fn set(&mut self, stage: Stage) -> Result<(), Error> {
        let path = self.path.with_file_name(format!("{}{}", self.number, stage.suffix()));
        if path != self.path {
            fs::rename(&self.path, &path).map_err(Error::io("rename", &self.path))?;
            sync_folder(path.parent().unwrap_or(&path))?;
        }
        (self.path, self.stage) = (path, stage);
        Ok(())
    }

    /// Removes the journal of a change that is undone; with the last, the folder and what a kill has left in it.
    pub(super) fn remove(self, root: &Path) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(Error::io("delete", &self.path))?;
        if count(root) == 0 {
            let _ = fs::remove_dir_all(root.join(FOLDER));
        }
        Ok(())
    }
}

/// Writes the settings file as a whole; when this returns, it is on the disk. A kill leaves nothing beside it: it is written
/// in the folder of the journals, which git ignores.
pub(super) fn write_settings(root: &Path, path: &Path, text: &str) -> Result<(), Error> {
    let new = root.join(FOLDER).join("settings");
    let fail = || Error::io("write", &new);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail()(error)),
        _ => {}
    }
    let mut file = File::create_new(&new).map_err(fail())?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail())?;
    fs::rename(&new, path).map_err(Error::io("write", path))?;
    sync_folder(root)
}
