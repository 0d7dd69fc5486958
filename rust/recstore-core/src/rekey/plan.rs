//! What would be renamed, and what stands against it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::former::former;
use crate::error::Error;
use crate::json::{Dialect, Reader, Value};
use crate::key::{Key, Profile, Profiles, Request, request_key};
use crate::parallel;
use crate::recording::{FileName, View, answer_digest, encode, recorded_under};
use crate::store::{Listed, Store};

/// What re-keying a tree would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The profile to which all keys go.
    pub to: &'static Profile,
    /// How many recordings have their key under which profile, the newest that fits.
    pub profiles: BTreeMap<&'static str, usize>,
    /// How many recordings have the right name already.
    pub unchanged: usize,
    /// What is renamed, in the order of paths.
    pub renames: Vec<Rename>,
    /// Where several files want one name.
    pub collisions: Vec<Collision>,
    /// The files that are left as they are, because nothing tells their key.
    pub left: Vec<Left>,
}

/// One file gets another name in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The folder, relative to the root.
    pub folder: PathBuf,
    /// Its name.
    pub old: FileName,
    /// Its name, then.
    pub new: FileName,
}

/// Several files want one name. One has it or gets it; the others keep their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The path that they want, relative to the root.
    pub path: PathBuf,
    /// The file that has or gets the name, relative to the root.
    pub winner: PathBuf,
    /// The files that keep their names, relative to the root.
    pub others: Vec<PathBuf>,
    /// Whether all answers are the same.
    pub are_equal: bool,
}

/// A file that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The file, relative to the root.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A file that has a key under the new profile.
struct Candidate<'a> {
    file: &'a Listed,
    profile: &'static Profile,
    new: FileName,
    answer: u128,
    /// Whether its answer was recorded under the new key, as its ids tell.
    is_original: bool,
}

/// Says what re-keying the store would do; reads every file and writes nothing.
///
/// `former_settings` are what the settings file said before it was edited, as far as that is known: a recording whose name is
/// the key under a profile as it was declared then has a new one.
///
/// # Errors
/// Where the store is a pack, or a folder may not be looked into.
pub fn plan(store: &Store, to: &'static Profile, former_settings: &[String]) -> Result<Plan, Error> {
    if store.is_read_only() {
        return Err(Error::ReadOnly { path: store.path().to_owned() });
    }
    store.check_folders()?;
    let files = store.list()?;
    let profiles = former(store, former_settings);
    let mut plan = Plan {
        to,
        profiles: BTreeMap::new(),
        unchanged: 0,
        renames: Vec::new(),
        collisions: Vec::new(),
        left: Vec::new(),
    };
    let mut wanted: BTreeMap<(&Path, FileName), Vec<Candidate<'_>>> = BTreeMap::new();
    let mut answers = HashMap::new();
    let look = |number: usize| files.get(number).map(|file| (file, candidate(store, &profiles, file, to)));
    for (file, looked) in parallel::map(files.len(), look).into_iter().flatten() {
        match looked {
            Ok(candidate) => {
                *plan.profiles.entry(candidate.profile.name).or_default() += 1;
                answers.insert((file.folder(), file.name().clone()), candidate.answer);
                wanted.entry((file.folder(), candidate.new.clone())).or_default().push(candidate);
            }
            Err((reason, answer)) => {
                answers.insert((file.folder(), file.name().clone()), answer);
                plan.left.push(Left { path: file.path(), reason });
            }
        }
    }
    for ((folder, new), mut group) in wanted {
        let occupant = answers.get_key_value(&(folder, new.clone()));
        let newest = |profile: &Profile| profiles.iter().position(|other| other.name == profile.name);
        group.sort_by_key(|one| {
            (*one.file.name() != new, !one.is_original, newest(one.profile), one.file.name().clone())
        });
        let has_it = group.first().is_some_and(|first| *first.file.name() == new);
        // A name that another file has is not taken, though that file may be about to get another.
        let is_taken = occupant.is_some() && !has_it;
        let path = folder.join(new.to_string());
        let rename =
            |one: &Candidate<'_>| Rename { folder: folder.to_owned(), old: one.file.name().clone(), new: new.clone() };
        plan.unchanged += usize::from(has_it);
        if let Some(first) = group.first().filter(|_| !has_it && !is_taken) {
            plan.renames.push(rename(first));
        }
        let others: Vec<_> = group.iter().skip(usize::from(!is_taken)).map(|one| one.file.path()).collect();
        if let Some(first) = group.first().filter(|_| !others.is_empty()) {
            let winner = if is_taken { path.clone() } else { first.file.path() };
            let answer = if is_taken { occupant.map_or(0, |(_, answer)| *answer) } else { first.answer };
            let are_equal = answer != 0 && group.iter().all(|one| one.answer == answer);
            plan.collisions.push(Collision { path, winner, others, are_equal });
        }
    }
    plan.renames.sort_by(|a, b| (&a.folder, &a.old).cmp(&(&b.folder, &b.old)));
    Ok(plan)
}

/// Returns the name of a file under the new profile, or why it has none, and its answer, if it has one.
fn candidate<'a>(
    store: &Store,
    profiles: &Profiles,
    file: &'a Listed,
    to: &'static Profile,
) -> Result<Candidate<'a>, (String, u128)> {
    let text = store.read_file(file).map_err(|error| (error.to_string(), 0))?;
    let block = encode(&text, store.limits()).map_err(|problem| (format!("it is no recording: {problem}"), 0))?;
    let damaged = |_| ("it is no recording".to_owned(), 0);
    let view = View::new(&block).map_err(damaged)?;
    let answer = answer_digest(&view).map_err(damaged)?;
    let test_id = view.test_id().map_err(damaged)?;
    let request = view.request().map_err(damaged)?;
    let request = Reader::new(request).and_then(|reader| reader.dialect(Dialect::Python).document(Value::read));
    let request = request.map_err(|problem| (problem.to_string(), answer))?;
    let request = Request::split(&&request).map_err(|problem| (problem.to_string(), answer))?;
    let Some(name) = file.name().key() else { return Err(("no key is in its name".to_owned(), answer)) };
    let Some(profile) = profiles.matching(&request, test_id.as_ref(), name) else {
        return Err(("its name is the key of its request under no profile".to_owned(), answer));
    };
    let Some(to) = to.for_shape(request.shape) else {
        return Err((format!("the profile {} has no keys for such requests", to.name), answer));
    };
    let key = request_key(&request, test_id.as_ref(), to);
    let key = key.map_err(|(path, problem)| (format!("request: {path} {problem}"), answer))?;
    let new = match file.name() {
        FileName::Models { digest, .. } => FileName::Models { key, digest: *digest },
        _ => FileName::Key(key),
    };
    let is_original = recorded_under(&view).is_some_and(|digits| digits.parse::<Key>().is_ok_and(|it| it.finds(&key)));
    Ok(Candidate { file, profile, new, answer, is_original })
}
