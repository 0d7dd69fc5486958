//! One file by itself.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use xxhash_rust::xxh3::xxh3_128;

use super::finding::{Finding, FindingKind};
use super::fix::is_escaped;
use super::{Options, cause, stream};
use crate::error::Error;
use crate::json::{Dialect, JsonError, Layout, Reader, Value, compact};
use crate::key::{Key, MODEL_LIST_ENDPOINTS, Profile, Profiles, Request, path_of, request_key};
use crate::recording::{Malformed, View, answer_digest, encode, said};
use crate::rekey::former;
use crate::store::{Listed, Store};

/// What was found in one file.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    /// What is to be compared with other files; `None` where the file is no recording.
    pub(super) facts: Option<Facts>,
}

/// What is known of one recording.
pub(super) struct Facts {
    pub(super) file: Listed,
    /// The newest profile under which it has its name.
    pub(super) profile: Option<&'static Profile>,
    /// The key of its request under the store's profile.
    pub(super) key: Option<Key>,
    /// Whether that is its name.
    pub(super) is_found: bool,
    pub(super) is_model_list: bool,
    /// The id of its test, as a digest; `None` outside of tests.
    pub(super) test: Option<u128>,
    /// Its request and its answer, as digests.
    pub(super) request: u128,
    pub(super) answer: u128,
    /// The bytes of the file, where they hold a sign of a credential.
    pub(super) suspect: Option<Vec<u8>>,
}

pub(super) struct Examiner<'a> {
    store: &'a Store,
    options: &'a Options,
    signs: Vec<Finder<'a>>,
    profiles: Profiles,
}

impl<'a> Examiner<'a> {
    pub(super) fn new(store: &'a Store, options: &'a Options) -> Self {
        let signs = options.signs.iter().map(|sign| Finder::new(sign.as_bytes())).collect();
        Self { store, options, signs, profiles: former(store, &options.former_settings) }
    }

    pub(super) fn examine(&self, file: &Listed) -> Examined {
        let mut findings = Vec::new();
        let facts = self.facts(file, &mut findings);
        Examined { findings, facts }
    }

    fn facts(&self, file: &Listed, findings: &mut Vec<Finding>) -> Option<Facts> {
        let path = file.path();
        let text = match self.store.read_file(file) {
            Ok(text) => text,
            Err(error) => {
                findings.push(unreadable(path, &error));
                return None;
            }
        };
        let block = match encode(&text, self.store.limits()) {
            Ok(block) => block,
            Err(problem) => {
                findings.push(malformed(path, &text, &problem));
                return None;
            }
        };
        let view = View::new(&block).ok()?;
        self.find_in_text(&path, &text, &view, findings);
        self.find_in_answer(&path, &view, findings);
        let request_json = view.request().ok()?;
        let value = Reader::new(request_json).ok()?.dialect(Dialect::Python).document(Value::read).ok()?;
        let test_id = view.test_id().ok()?;
        let request = Request::split(&&value);
        let (mut profile, mut key, mut is_found) = (None, None, false);
        let endpoint = value.get("endpoint").and_then(Value::as_str).map(str::to_owned);
        let endpoint =
            endpoint.unwrap_or_else(|| path_of(value.get("url").and_then(Value::as_str).unwrap_or_default()));
        match (file.name().key(), &request) {
            (Some(name), Ok(request)) => {
                let wanted = self.store.profile().for_shape(request.shape);
                key = wanted.and_then(|profile| request_key(request, test_id.as_ref(), profile).ok());
                is_found = key.is_some_and(|key| name.finds(&key));
                // Most stores look up under the profile that is asked first, whose key is known by now.
                let first = self.profiles.iter().find(|profile| profile.shape == request.shape);
                let is_first = wanted.map(|profile| profile.name) == first.map(|profile| profile.name);
                let matching = || self.profiles.matching(request, test_id.as_ref(), name);
                profile = if is_found && is_first { wanted } else { matching() };
                match profile {
                    None => cause::find(&self.profiles, &path, name, &view, request, test_id.as_ref(), findings),
                    Some(_) if is_found => {}
                    Some(profile) => {
                        let store = wanted.map_or("none for such requests", |profile| profile.name);
                        let is_newer = wanted.is_some_and(|wanted| self.profiles.is_newer(profile, wanted));
                        let (kind, who) = if is_newer {
                            (
                                FindingKind::OtherProfile,
                                "only a look-up that asks for that profile, or by name, finds it",
                            )
                        } else {
                            (FindingKind::OldProfile, "no look-up by request finds it, only one by name")
                        };
                        let name = profile.name;
                        let message =
                            format!("the name is the key under {name}, but this store looks up under {store}: {who}");
                        let found = Finding::new(kind, path.clone(), message);
                        findings.push(Finding { profile: Some(profile.name), ..found });
                    }
                }
            }
            (Some(_), Err(problem)) => {
                let message = format!("no profile has a key for this request: {problem}");
                findings.push(Finding::new(FindingKind::KeyMismatch, path.clone(), message));
            }
            (None, _) => {
                let message = "the file is not named by a key, so that no look-up finds it";
                findings.push(Finding::new(FindingKind::NoKey, path.clone(), message));
            }
        }
        Some(Facts {
            file: file.clone(),
            profile,
            key,
            is_found,
            is_model_list: MODEL_LIST_ENDPOINTS.contains(&endpoint.as_str()),
            test: test_id.map(|id| xxh3_128(id.as_bytes())),
            request: xxh3_128(request_json),
            answer: answer_digest(&view).ok()?,
            suspect: (self.has_sign(&text) || self.has_sign_in_pieces(&view)).then_some(text),
        })
    }

    fn has_sign(&self, text: &[u8]) -> bool {
        self.signs.iter().any(|sign| sign.find(text).is_some())
    }

    /// Says whether what the chunks of a stream say together holds a sign of a credential.
    fn has_sign_in_pieces(&self, view: &View<'_>) -> bool {
        if !view.is_streaming() {
            return false;
        }
        let (mut text, mut arguments) = (Vec::new(), Vec::new());
        for said in (0..view.chunk_count()).filter_map(|number| said(view.chunk_data(number).ok()?).ok()) {
            text.extend(said.text);
            arguments.extend(said.tool_calls.into_iter().flat_map(|call| call.arguments));
        }
        self.has_sign(&text) || self.has_sign(&arguments)
    }

    /// What the bytes of a file say of it that its values do not.
    fn find_in_text(&self, path: &Path, text: &[u8], view: &View<'_>, findings: &mut Vec<Finding>) {
        let mut find = |kind, line, message: String| {
            findings.push(Finding { line, ..Finding::new(kind, path.to_owned(), message) });
        };
        let size = text.len() as u64;
        if size > self.options.large {
            let message = format!("{size} bytes, where up to {} are usual", self.options.large);
            find(FindingKind::LargeFile, None, message);
        }
        if let Some(at) = memchr::memchr(b'\r', text) {
            let line = memchr::memchr_iter(b'\n', text.get(..at).unwrap_or_default()).count() + 1;
            let message = "lines end in CR LF, as no recorder writes them: every line shows as changed";
            find(FindingKind::LineEnds, Some(line), message.to_owned());
            return;
        }
        // The block of a file with a mapping of ids does not say how the file is laid out.
        let layout = match view.source() {
            (Layout::Other, _) => Reader::new(text)
                .and_then(|reader| compact(reader.dialect(Dialect::Python)))
                .map_or(Layout::Other, |(_, layout)| layout),
            (layout, _) => layout,
        };
        let odd = match layout {
            Layout::IndentedLine if is_escaped(text) => return,
            Layout::IndentedLine => "characters beyond ASCII are not escaped",
            Layout::Indented => "the newline at the end is missing",
            Layout::Other => "it is not indented by two spaces as json.dumps(indent=2) does",
        };
        let message = format!("{odd}, as the recorder writes it: recording again will change every such line");
        find(FindingKind::Layout, None, message);
    }

    fn find_in_answer(&self, path: &Path, view: &View<'_>, findings: &mut Vec<Finding>) {
        let mut find = |kind, message: String| findings.push(Finding::new(kind, path.to_owned(), message));
        if view.is_error() {
            let message = view.error_message().ok().flatten();
            let message = message.as_ref().map(|text| text.to_lossy()).unwrap_or_default();
            find(FindingKind::RecordedError, format!("the answer is an exception: {}", excerpt(&message)));
        } else if let Some(message) = stream::incomplete(view) {
            find(FindingKind::IncompleteStream, message.to_owned());
        }
        for (tag, count) in tags(view) {
            let renamed = self.options.renamed_types.iter().find(|(old, _)| tag.starts_with(old));
            if let Some((old, new)) = renamed {
                let message = format!("{count} of its type tags name a package by its old name: {old} is {new} now");
                find(FindingKind::RenamedType, message);
            } else if !self.options.known_types.iter().any(|known| tag.starts_with(known)) {
                let message = format!("no class is known for {count} chunks of the type {}", excerpt(&tag));
                find(FindingKind::UnknownType, message);
            }
        }
    }
}

/// Returns what is quoted of a text from a recording.
fn excerpt(text: &str) -> &str {
    const LONGEST: usize = 120;
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

fn unreadable(path: PathBuf, error: &Error) -> Finding {
    match error {
        Error::Malformed { problem, .. } => Finding::new(FindingKind::Malformed, path, problem.to_string()),
        error => Finding::new(FindingKind::Unreadable, path, error.to_string()),
    }
}

fn malformed(path: PathBuf, text: &[u8], problem: &Malformed) -> Finding {
    if let Some(line) = conflict_line(text) {
        let message = "the markers of a merge that was not resolved are in it";
        return Finding { line: Some(line), ..Finding::new(FindingKind::ConflictMarkers, path, message) };
    }
    let line = if let Malformed::Json { position, .. } = problem { Some(position.line) } else { None };
    Finding { line, ..Finding::new(FindingKind::Malformed, path, format!("it is no recording: {problem}")) }
}

/// Returns the first line that begins as git marks a side of a conflict.
fn conflict_line(text: &[u8]) -> Option<usize> {
    let is_marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
    text.split(|byte| *byte == b'\n').position(is_marker).map(|index| index + 1)
}

/// Returns the type tags, and how often each comes.
fn tags(view: &View<'_>) -> BTreeMap<String, usize> {
    // Most recordings have one: the spelling is compared, and made text once.
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    for number in 0..view.chunk_count() {
        if let Ok(Some(tag)) = view.chunk_type_json(number) {
            *counts.entry(tag).or_default() += 1;
        }
    }
    let text = |tag| {
        let tag = Reader::new(tag)?.dialect(Dialect::Python).document(Reader::string)?;
        Ok::<_, JsonError>(tag.to_lossy().into_owned())
    };
    counts.into_iter().filter_map(|(tag, count)| Some((text(tag).ok()?, count))).collect()
}
