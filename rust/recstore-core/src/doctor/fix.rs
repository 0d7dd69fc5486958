//! What can be repaired without asking what was meant: line ends, layout, and the tags of renamed packages.
//!
//! Nothing is lost by it: strings, numbers and names stay as they are spelled, but for characters beyond ASCII, which
//! become their escapes, and the tags.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Finding, FindingKind, Options};
use crate::error::Error;
use crate::json::{Dialect, Layout, Reader, compact, restore};
use crate::loose::{self, write_atomically};
use crate::parallel;
use crate::recording::{View, encode};
use crate::store::{Listed, Lock, Store};

/// What is repaired in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The file, relative to the root.
    pub path: PathBuf,
    /// What is repaired.
    pub kinds: Vec<FindingKind>,
    /// How many type tags are renamed.
    pub tags: usize,
    /// Its size before and after, in bytes.
    pub sizes: (u64, u64),
}

/// Repairs what `findings` say of the files of a tree and is safe to repair; `is_dry` only tells. Nothing is recorded while
/// this is done; files that other programs change meanwhile are left alone.
///
/// # Errors
/// Where the store is a pack, or a file cannot be read or written. What was repaired until then stays.
pub fn fix(store: &Store, options: &Options, findings: &[Finding], is_dry: bool) -> Result<Vec<Fix>, Error> {
    if store.is_read_only() {
        return Err(Error::ReadOnly { path: store.path().to_owned() });
    }
    let is_fixable = |kind| matches!(kind, FindingKind::LineEnds | FindingKind::Layout | FindingKind::RenamedType);
    let _lock = (!is_dry).then(|| Lock::alone(store.path()));
    let all = store.list()?;
    let mut kinds: HashMap<&Path, Vec<FindingKind>> = HashMap::new();
    for finding in findings.iter().filter(|finding| is_fixable(finding.kind)) {
        kinds.entry(&finding.path).or_default().push(finding.kind);
    }
    let files: Vec<_> = all.iter().filter_map(|file| Some((file, kinds.remove(&*file.path())?))).collect();
    let repair = |number: usize| files.get(number).map(|(file, kinds)| fix_file(store, options, file, kinds, is_dry));
    parallel::map(files.len(), repair).into_iter().flatten().filter_map(Result::transpose).collect()
}

fn fix_file(
    store: &Store,
    options: &Options,
    file: &Listed,
    kinds: &[FindingKind],
    is_dry: bool,
) -> Result<Option<Fix>, Error> {
    let path = store.path().join(file.path());
    let text = store.read_file(file)?;
    let mut kinds = kinds.to_vec();
    kinds.dedup();
    let renames = if kinds.contains(&FindingKind::RenamedType) { options.renamed_types.as_slice() } else { &[] };
    let Some((repaired, tags)) = repaired(&text, store, renames).filter(|(repaired, _)| *repaired != text) else {
        return Ok(None);
    };
    if !is_dry {
        let written = write_atomically(&path, true, |out: &mut File| {
            // On the disk before the file is looked at once more, as close to the replacement as can be.
            out.write_all(&repaired).and_then(|()| out.sync_all()).map_err(Error::io("write", &path))?;
            let (now, _) = loose::read(&path, store.limits())?;
            if now == text { Ok(()) } else { Err(Error::Conflict { path: path.clone() }) }
        });
        match written {
            // What somebody has written in the meantime is newer than what was repaired.
            Err(Error::Conflict { .. }) => return Ok(None),
            written => written?,
        }
    }
    Ok(Some(Fix { path: file.path(), kinds, tags, sizes: (text.len() as u64, repaired.len() as u64) }))
}

/// Returns the text of a file as it should be, and how many tags are renamed in it; `None` where it is no recording.
fn repaired(text: &[u8], store: &Store, renames: &[(String, String)]) -> Option<(Vec<u8>, usize)> {
    let (mut json, _) = compact(Reader::new(text).ok()?.dialect(Dialect::Python)).ok()?;
    // Tags count where the format puts them. The block of a file with a mapping of ids has other offsets than its text.
    let block = encode(&json, store.limits()).ok()?;
    let view = View::new(&block).ok()?;
    let mut tags = 0;
    if view.json() == json.as_slice() {
        let mut renamed = Vec::with_capacity(json.len());
        let mut done = 0;
        for chunk in 0..view.chunk_count() {
            let tag = view.chunk_span(chunk)?.tag;
            let spelled = json.get(tag.clone())?;
            let rename =
                renames.iter().find(|(old, _)| spelled.get(1..).is_some_and(|tag| tag.starts_with(old.as_bytes())));
            // Of members with one name the last counts; the chunks come in their order.
            if let Some((old, new)) = rename.filter(|_| tag.start >= done) {
                renamed.extend_from_slice(json.get(done..tag.start + 1)?);
                renamed.extend_from_slice(new.as_bytes());
                done = tag.start + 1 + old.len();
                tags += 1;
            }
        }
        renamed.extend_from_slice(json.get(done..)?);
        json = renamed;
    }
    let json = escaped(&json)?;
    Some((restore(&json, Layout::IndentedLine)?, tags))
}

/// The first character that `json.dumps` escapes wherever it stands.
const DELETE: char = '\u{7F}';

/// Says whether every character is spelled as `json.dumps` does, provided that the text is JSON.
pub(super) fn is_escaped(json: &[u8]) -> bool {
    json.iter().all(|byte| *byte < DELETE as u8)
}

/// Spells characters beyond ASCII, which stand in strings alone, as `json.dumps` does.
fn escaped(json: &[u8]) -> Option<Vec<u8>> {
    if is_escaped(json) {
        return Some(json.to_vec());
    }
    let mut out = Vec::with_capacity(json.len() * 2);
    for character in std::str::from_utf8(json).ok()?.chars() {
        if character < DELETE {
            out.push(character as u8);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
    Some(out)
}
