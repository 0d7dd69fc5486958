//! The nearest recordings.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::PathBuf;

use super::diff::{Change, diff};
use super::outline::Outline;
use super::remedy::remedy;
use super::sketch::Sketch;
use super::words::{Place, readable};
use super::{Difference, Explanation, Extent, Near, Obstacle, shown};
use crate::error::Error;
use crate::json::{Dialect, Reader, Style, Text, Value, to_vec};
use crate::key::{Key, Profile, Profiles, Request, canonical, request_key};
use crate::parallel;
use crate::recording::View;
use crate::store::{Listed, Recording, Store};

/// So many recordings are compared in full: of those that stand nearest by test, endpoint and model the most alike, …
const FULL: usize = 16;
/// … and so many of the most alike of all.
const FULL_OF_ALL: usize = 8;
/// From so much in common on, of 1, another endpoint is no reason to look further than the same test.
const ALIKE: f32 = 0.5;
/// So many differences are told, and so many places of one, unless all are asked for.
const DIFFERENCES: usize = 8;
const PLACES: usize = 3;

/// A request that was made, and the store in which it is not found.
pub(super) struct Asked<'a> {
    store: &'a Store,
    request: Request<&'a Value<'a>>,
    test_id: Option<&'a Text<'a>>,
    profile: &'static Profile,
    /// Its JSON, spelled as recordings are.
    json: Vec<u8>,
    /// Its canonical form outside of any test.
    form: Vec<u8>,
    key: Key,
    /// Its key under every profile.
    keys: Vec<(&'static Profile, Key)>,
}

/// How near a recording stands: what the same test asked of the same endpoint, then what was asked of the same model
/// there, then all else.
type Circle = u8;

/// A recording that was compared in full.
struct Compared {
    recording: Recording,
    obstacles: Vec<Obstacle>,
    is_same: bool,
    circle: Circle,
    size: usize,
}

impl<'a> Asked<'a> {
    pub(super) fn new(store: &'a Store, request: &'a Value<'a>, test_id: Option<&'a Text<'a>>) -> Result<Self, Error> {
        let key = store.key_of(request, test_id)?;
        let json = to_vec(request, Style::COMPACT).map_err(|(path, problem)| Error::NoSpelling { path, problem })?;
        let invalid = |error: String| Error::InvalidRequest(error);
        let request = Request::split(&request).map_err(|error| invalid(error.to_string()))?;
        let profile = store.profile();
        let profile = profile.for_shape(request.shape).unwrap_or(profile);
        let form = form(&request, profile).unwrap_or_default();
        let keys = keys(store.profiles(), &request, test_id);
        Ok(Self { store, request, test_id, profile, json, form, key, keys })
    }

    pub(super) fn explain(&self, limit: usize, extent: Extent) -> Result<Explanation, Error> {
        let test_id = self.test_id.map(Text::to_lossy);
        let answer = self.store.get(&self.key, test_id.as_deref())?.map(|recording| recording.path());
        let folders = self.store.folders(test_id.as_deref());
        let files = self.store.stored()?;
        let outline = Outline::of(&self.json);
        let sketch = Sketch::of(&self.json);
        let look = |index: usize| {
            let recording = self.store.glance(files.get(index)?)?;
            self.likeness(&recording.view().ok()?, &outline, &sketch)
        };
        let likeness = parallel::map(files.len(), look);
        let mut candidates: Vec<&Listed> =
            most_alike(&likeness).into_iter().filter_map(|index| files.get(index)).collect();
        let mut named = Vec::new();
        for (_, key) in &self.keys {
            named.extend(self.store.named(key)?);
        }
        candidates.extend(&named);
        let mut seen = HashSet::new();
        candidates.retain(|file| seen.insert(file.path()));
        let compare =
            |index: usize| candidates.get(index).and_then(|file| self.compare(file, &folders, &outline, &sketch));
        let mut compared: Vec<_> = parallel::map(candidates.len(), compare).into_iter().flatten().collect();
        compared.sort_by_cached_key(|near| (near.rank(), near.circle, near.size, near.recording.path()));
        Ok(Explanation {
            key: self.key,
            profile: self.profile,
            endpoint: outline.endpoint(),
            model: outline.model(),
            folders,
            answer,
            compared: likeness.iter().flatten().count(),
            nearest: compared.into_iter().take(limit).filter_map(|near| self.tell(near, extent)).collect(),
        })
    }

    /// Returns how near a recording stands, and how much of its request is the same.
    fn likeness(&self, view: &View<'_>, outline: &Outline<'_>, sketch: &Sketch) -> Option<(Circle, f32)> {
        let request = view.request().ok()?;
        let likeness = sketch.likeness(request);
        let other = Outline::of(request);
        let is_same_endpoint = outline.is_same_endpoint(&other);
        let circle = if self.is_same_test(view) && (is_same_endpoint || likeness >= ALIKE) {
            0
        } else if is_same_endpoint && outline.is_same_model(&other) {
            1
        } else {
            2
        };
        Some((circle, likeness))
    }

    fn is_same_test(&self, view: &View<'_>) -> bool {
        matches!((self.test_id, view.test_id()), (Some(ours), Ok(Some(theirs))) if *ours == theirs)
    }

    /// Compares a recording, as its file is now.
    fn compare(&self, file: &Listed, folders: &[PathBuf], outline: &Outline<'_>, sketch: &Sketch) -> Option<Compared> {
        let recording = self.store.read(file).ok()??;
        let view = recording.view().ok()?;
        let (circle, _) = self.likeness(&view, outline, sketch)?;
        let theirs = read(view.request().ok()?)?;
        let their_request = Request::split(&&theirs).ok()?;
        let their_form = self.form_of(&their_request)?;
        let (old, new) = (read(&their_form)?, read(&self.form)?);
        let changes = differences(&old, &new);
        let size = changes.iter().map(|change| change.size).sum();
        let obstacles = self.obstacles(&recording, &view, &their_request, folders, changes.is_empty());
        let is_same = changes.is_empty();
        Some(Compared { recording: recording.clone(), obstacles, is_same, circle, size })
    }

    fn form_of(&self, request: &Request<&Value<'_>>) -> Option<Vec<u8>> {
        form(request, self.store.profile().for_shape(request.shape)?)
    }

    /// Says what besides the request keeps a recording from answering, if nothing in the request does.
    fn obstacles(
        &self,
        recording: &Recording,
        view: &View<'_>,
        their_request: &Request<&Value<'_>>,
        folders: &[PathBuf],
        is_same: bool,
    ) -> Vec<Obstacle> {
        let Some(key) = recording.key() else { return if is_same { vec![Obstacle::Name] } else { Vec::new() } };
        let matching = |keys: &[(&'static Profile, Key)]| {
            let matching =
                |profile: &Profile| keys.iter().any(|(other, found)| other.name == profile.name && key.finds(found));
            Some(self.profile)
                .filter(|profile| matching(profile))
                .or_else(|| keys.iter().find(|(_, found)| key.finds(found)).map(|(profile, _)| *profile))
        };
        let profile =
            |profile: &'static Profile| (profile.name != self.profile.name).then_some(Obstacle::Profile(profile));
        let is_elsewhere =
            || recording.path().parent().is_none_or(|folder| folders.iter().all(|other| other != folder));
        if let Some(found) = matching(&self.keys) {
            let folder = (!folders.is_empty() && is_elsewhere()).then_some(Obstacle::Folder);
            return profile(found).into_iter().chain(folder).collect();
        }
        if !is_same {
            return Vec::new();
        }
        let is_same_test = self.is_same_test(view) || self.test_id.is_none() && matches!(view.test_id(), Ok(None));
        let test = (!is_same_test).then_some(Obstacle::TestId);
        // Their request is the same under the store's profile alone, perhaps: under the one that named it, it is another.
        let keys_of = |request| {
            view.test_id().map(|test_id| keys(self.store.profiles(), request, test_id.as_ref())).unwrap_or_default()
        };
        let name = match matching(&keys_of(&self.request)).or_else(|| matching(&keys_of(their_request))) {
            Some(found) => profile(found),
            None => Some(Obstacle::Name),
        };
        test.into_iter().chain(name).collect()
    }

    /// Says what differs.
    fn tell(&self, near: Compared, extent: Extent) -> Option<Near> {
        let view = near.recording.view().ok()?;
        let request = view.request().ok()?;
        let theirs = read(request)?;
        let their_request = Request::split(&&theirs).ok()?;
        let their_form = self.form_of(&their_request)?;
        let (old, new) = (read(&their_form)?, read(&self.form)?);
        let changes = differences(&old, &new);
        let is_volatile = !changes.is_empty() && changes.iter().all(|change| !change.volatile.is_empty());
        let mut volatile: Vec<_> = changes.iter().flat_map(|change| change.volatile.iter().copied()).collect();
        volatile.sort_unstable();
        volatile.dedup();
        let is_closed = |profile: &Profile| {
            profile.shape == self.request.shape
                && profile.shape == their_request.shape
                && form(&self.request, profile) == form(&their_request, profile)
        };
        let closed_by = self.store.profiles().iter().filter(|_| !changes.is_empty()).find(|profile| is_closed(profile));
        let test_id = view.test_id().ok()?;
        let remedy = || {
            // A recording under a key that is not its request's would not get another.
            self.store.profiles().matching(&their_request, test_id.as_ref(), near.recording.key()?)?;
            remedy(self.store.profiles(), (&self.request, self.test_id), (&their_request, test_id.as_ref()), &changes)
        };
        let remedy = if is_volatile && closed_by.is_none() { remedy() } else { None };
        let shown = if extent == Extent::Full { usize::MAX } else { DIFFERENCES };
        let outline = Outline::of(request);
        Some(Near {
            key: near.recording.key().copied(),
            path: near.recording.path(),
            test_id: test_id.clone().map(Text::into_owned),
            endpoint: outline.endpoint(),
            model: outline.model(),
            is_same_test: self.is_same_test(&view),
            obstacles: near.obstacles,
            differences: changes.iter().take(shown).map(|change| told(change, extent)).collect(),
            more: changes.len().saturating_sub(shown),
            volatile: if is_volatile { volatile } else { Vec::new() },
            closed_by,
            remedy,
        })
    }
}

impl Compared {
    /// What would answer if it were looked for otherwise comes first, then the same request of another test.
    fn rank(&self) -> u8 {
        let is_named_otherwise =
            self.obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::TestId | Obstacle::Name));
        match (self.is_same || !self.obstacles.is_empty(), is_named_otherwise) {
            (true, false) => 0,
            (true, true) => 1,
            (false, _) => 2,
        }
    }
}

/// Returns the indexes of those to compare in full.
fn most_alike(likeness: &[Option<(Circle, f32)>]) -> Vec<usize> {
    let mut all: Vec<_> =
        likeness.iter().enumerate().filter_map(|(index, near)| near.map(|near| (near, index))).collect();
    // Of 0 to 1, in whole steps, which have an order.
    let rough = |likeness: f32| Reverse((likeness * 1e6) as u32);
    all.sort_unstable_by_key(|((_, likeness), index)| (rough(*likeness), *index));
    let of_all: Vec<_> = all.iter().take(FULL_OF_ALL).copied().collect();
    all.sort_by_key(|((circle, _), _)| *circle);
    all.into_iter().take(FULL).chain(of_all).map(|(_, index)| index).collect()
}

/// Returns a difference as it is shown.
pub(super) fn told(change: &Change<'_>, extent: Extent) -> Difference {
    let mut more_places = 0;
    let places = match (change.old, change.new) {
        (Some(Value::String(old)), Some(Value::String(new))) if change.from.is_none() => {
            let (old, new) = (readable(old), readable(new));
            let shown = if extent == Extent::Full { usize::MAX } else { PLACES };
            let together = together(&change.places);
            more_places = together.len().saturating_sub(shown);
            together.iter().take(shown).map(|place| shown::place(&old, &new, place)).collect()
        }
        _ => Vec::new(),
    };
    Difference {
        kind: change.kind,
        path: shown::visible(&change.path),
        from: change.from.as_deref().map(shown::visible),
        recorded: change.old.map(|value| shown::value(value, extent)),
        requested: change.new.map(|value| shown::value(value, extent)),
        places,
        more_places,
        volatile: change.volatile.iter().copied().collect(),
    }
}

/// Makes one of places that stand so close that they would be shown around each other.
fn together(places: &[Place]) -> Vec<Place> {
    const CLOSE: usize = 12;
    let mut together: Vec<Place> = Vec::new();
    for place in places {
        match together.last_mut() {
            Some(last) if place.old.start - last.old.end <= CLOSE => {
                (last.old.end, last.new.end) = (place.old.end, place.new.end);
            }
            _ => together.push(place.clone()),
        }
    }
    together
}

/// Reads JSON that was recorded, or is canonical.
pub(super) fn read(json: &[u8]) -> Option<Value<'_>> {
    Reader::new(json).ok()?.dialect(Dialect::Python).document(Value::read).ok()
}

/// Returns the canonical form of a request outside of any test, so that the test's id makes no difference.
fn form(request: &Request<&Value<'_>>, profile: &Profile) -> Option<Vec<u8>> {
    canonical(request, None, profile).ok()
}

/// Returns what differs between two canonical forms; that the one has a place for a test's id is no difference either.
fn differences<'v>(old: &'v Value<'v>, new: &'v Value<'v>) -> Vec<Change<'v>> {
    let mut changes = diff(old, new);
    changes.retain(|change| change.path != "test_id");
    changes
}

/// Returns the key of a request under every profile that has one for it.
fn keys(profiles: Profiles, request: &Request<&Value<'_>>, test_id: Option<&Text<'_>>) -> Vec<(&'static Profile, Key)> {
    let profiles = profiles.iter().filter(|profile| profile.shape == request.shape);
    profiles.filter_map(|profile| Some((profile, request_key(request, test_id, profile).ok()?))).collect()
}
