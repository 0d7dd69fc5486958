//! A store, opened.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::place::Places;
use super::settings::check_base;
use super::state::{State, from_portable};
use super::{CacheState, Settings, cache};
use crate::error::Error;
use crate::fork::Held;
use crate::key::{Profile, Profiles};
use crate::loose::{self, Names, sync_folder};
use crate::pack::{Meta, Pack};
use crate::recording::Limits;

/// What a store does with the pack beside its recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Makes it where it is missing or has fallen behind, if it can be written.
    Keep,
    /// Uses it as it is, if it is there.
    Use,
    /// Leaves it alone.
    Off,
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key profile, in the place of the one in the settings file.
    pub profile: Option<String>,
    /// The folder of shared recordings, in the place of the one in the settings file.
    pub base: Option<String>,
    /// What to do with the pack in `.recstore/` beside the recordings.
    pub cache: Cache,
    /// Makes the folder where there is none.
    pub create: bool,
    /// How much a recording file may ask of its reader.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: None, base: None, cache: Cache::Keep, create: false, limits: Limits::default() }
    }
}

/// Recordings, found by key: those of a tree of folders, or those of a pack.
///
/// A store may be shared by threads. In a tree, every look-up compares the file with what the pack was made of; the
/// file wins. What is asked of the whole ([`Store::keys`], [`Store::list`]) is answered as of the last
/// [`Store::refresh`], of which opening is the first.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    pub(super) is_tree: bool,
    pub(super) settings: Settings,
    /// Whether the profile is another than that of the settings file because that was asked for.
    has_own_profile: bool,
    pub(super) limits: Limits,
    cache: Cache,
    state: RwLock<State>,
    cache_state: RwLock<CacheState>,
}

impl Store {
    /// Opens the tree of recordings at `path`, or the pack.
    ///
    /// In a tree, all folders of recordings are listed and every file is compared with what the pack in `.recstore/`
    /// was made of. The pack is made, or made again, where it is missing or has fallen behind.
    ///
    /// # Errors
    /// Where there is neither, or the settings file is wrong, or the pack cannot be used.
    pub fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let root = absolute(path).map_err(Error::io("find", path))?;
        // The end of its path is compared with test ids.
        let root = if root.iter().any(|part| part == "..") {
            root.canonicalize().map_err(Error::io("find", path))?
        } else {
            root
        };
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_file() => return Self::open_pack(root, options),
            Err(error) if error.kind() == ErrorKind::NotFound && options.create => {
                make_root(&root)?;
            }
            Ok(_) => {}
            Err(error) => return Err(Error::io("open the store", &root)(error)),
        }
        let settings = options.over(Settings::load(&root)?, &root)?;
        let store = Self {
            root,
            is_tree: true,
            settings,
            has_own_profile: options.profile.is_some(),
            limits: options.limits,
            cache: options.cache,
            state: RwLock::default(),
            cache_state: RwLock::new(CacheState::Off("it was not asked for".to_owned())),
        };
        store.look(store.known_pack())?;
        Ok(store)
    }

    fn open_pack(path: PathBuf, options: &Options) -> Result<Self, Error> {
        let pack = Pack::open(&path).map_err(Error::io("map", &path))??.limits(options.limits);
        let Meta { profile, base, root, settings: text } = pack.meta()?;
        // The settings of the tree that it was made of may have been overruled.
        let settings = Settings::parse(text).map_err(|problem| Error::Settings { path: path.clone(), problem })?;
        let profiles = if profile.is_empty() { settings.profiles } else { settings.profiles.with_own(&profile)? };
        let settings = options.over(Settings { profiles, base: None, ..settings }, &path)?;
        let mut state = State::of_pack(Arc::new(pack))?;
        let folders = state.pack_folders.iter().map(|folder| &**folder);
        let places = Places::new(Path::new(&root), folders, settings.base.as_deref(), false);
        let places = if settings.base.is_none() { places.with_base(from_portable(&base)) } else { places };
        state.places = Arc::new(places);
        Ok(Self {
            root: path,
            is_tree: false,
            settings,
            has_own_profile: options.profile.is_some(),
            limits: options.limits,
            cache: Cache::Off,
            state: RwLock::new(state),
            cache_state: RwLock::new(CacheState::Ready { stale: 0 }),
        })
    }

    /// Looks at all files again, as opening does. A pack alone does not change.
    ///
    /// # Errors
    /// Where a folder cannot be read.
    pub fn refresh(&self) -> Result<(), Error> {
        if !self.is_tree {
            return Ok(());
        }
        self.look(self.known_pack())
    }

    fn known_pack(&self) -> Option<Arc<Pack>> {
        if self.cache == Cache::Off { None } else { cache::open(&self.root) }
    }

    /// Makes the pack beside the tree again, unless that was done already; where it cannot be made, goes on without.
    pub(super) fn replace_damaged(&self, pack: &Arc<Pack>) -> Result<(), Error> {
        let is_used = self.state().pack.as_ref().is_some_and(|used| Arc::ptr_eq(used, pack));
        if is_used { self.look(None) } else { Ok(()) }
    }

    /// Looks at all files, with the pack that knows some of them.
    fn look(&self, known: Option<Arc<Pack>>) -> Result<(), Error> {
        let folders = loose::find_folders(&self.root)?.folders;
        let places = self.places_of(&folders);
        let listings = loose::list_all(&self.root, folders)?;
        let (mut state, mut stale) = match known.map(|pack| State::of_pack(pack)?.with_listings(&listings)) {
            // A pack that cannot be read is made again.
            Some(Ok(known)) => known,
            Some(Err(_)) | None => State::default().with_listings(&listings)?,
        };
        state.places = places.clone();
        let mut cache_state = match (&state.pack, self.cache) {
            (Some(_), _) => CacheState::Ready { stale },
            (None, Cache::Use) => CacheState::Off("there is none".to_owned()),
            (None, _) => CacheState::Off("it was not asked for".to_owned()),
        };
        if self.cache == Cache::Keep {
            if cache::has_fallen_behind(&state, stale, &listings) {
                match cache::build(self, &state, &listings) {
                    Ok(pack) => {
                        (state, stale) = State::of_pack(pack)?.with_listings(&listings)?;
                        cache_state = CacheState::Ready { stale };
                    }
                    Err(error) if state.pack.is_none() => cache_state = CacheState::Off(error.to_string()),
                    Err(_) => {}
                }
            } else if state.pack.is_none() {
                cache_state = CacheState::Off("there are no recordings yet".to_owned());
            }
        }
        state.places = places;
        let mut current = self.state_mut();
        state.listings = current.listings + 1;
        let old = std::mem::replace(&mut *current, state);
        drop(current);
        drop(old); // while nobody waits for the lock: it may be large
        *Held::new(|| self.cache_state.write().unwrap_or_else(PoisonError::into_inner)) = cache_state;
        Ok(())
    }

    /// Returns where recordings lie in a tree with these folders.
    pub(super) fn places_of(&self, folders: &[(PathBuf, Names)]) -> Arc<Places> {
        let folders = folders.iter().map(|(folder, _)| &**folder);
        Arc::new(Places::new(&self.root, folders, self.settings.base.as_deref(), true))
    }

    /// Returns the folders of recordings of a tree as they are now.
    ///
    /// # Errors
    /// Where a folder cannot be read, also for want of permission: [`Store::list`] leaves out what may lie in it.
    pub(super) fn all_folders(&self) -> Result<Vec<(PathBuf, Names)>, Error> {
        let found = loose::find_folders(&self.root)?;
        found.denied.map_or(Ok(found.folders), Err)
    }

    /// Makes sure that no folder was left out because it may not be looked into. A pack alone has left out none.
    pub(crate) fn check_folders(&self) -> Result<(), Error> {
        if self.is_tree { self.all_folders().map(drop) } else { Ok(()) }
    }

    /// Returns the root of the tree, or the path of the pack.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Returns the key profile under which it records and looks up.
    #[must_use]
    pub fn profile(&self) -> &'static Profile {
        self.settings.profile()
    }

    /// Says whether that is so because it was asked for, whatever the settings file says.
    #[must_use]
    pub fn has_own_profile(&self) -> bool {
        self.has_own_profile
    }

    /// Returns what it follows.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the text of the settings at the time when the pack beside the tree was made; `None` without one.
    pub(crate) fn packed_settings(&self) -> Option<String> {
        Some(cache::open(&self.root).filter(|_| self.is_tree)?.meta().ok()?.settings)
    }

    /// Returns the key profiles that it knows: those that recstore brings along and those that its settings declare.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        self.settings.profiles
    }

    /// Returns the profile of SDK calls with this name, which brings those of HTTP requests and tools with it.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn named_profile(&self, name: &str) -> Result<&'static Profile, Error> {
        Ok(self.profiles().of_calls(name)?)
    }

    /// Returns how much a recording file may ask of its reader.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the folder of shared recordings, relative to the root.
    #[must_use]
    pub fn base(&self) -> PathBuf {
        self.places().base().to_owned()
    }

    pub(super) fn places(&self) -> Arc<Places> {
        self.state().places.clone()
    }

    /// Says whether it is a pack alone, into which nothing can be recorded.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !self.is_tree
    }

    /// Says what became of the pack beside the recordings.
    #[must_use]
    pub fn cache_state(&self) -> CacheState {
        Held::new(|| self.cache_state.read().unwrap_or_else(PoisonError::into_inner)).clone()
    }

    // A panic while the lock was held cannot leave a state half changed: a state is replaced as a whole, or by steps
    // that each leave it sound. So a poisoned lock is as good as another.
    pub(super) fn state(&self) -> Held<RwLockReadGuard<'_, State>> {
        Held::new(|| self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn state_mut(&self) -> Held<RwLockWriteGuard<'_, State>> {
        Held::new(|| self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes the root of a tree, and the folders on the way to it, so that their names are on the disk when recordings are.
fn make_root(root: &Path) -> Result<(), Error> {
    let missing: Vec<_> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(root).map_err(Error::io("make the folder", root))?;
    missing.iter().rev().filter_map(|folder| folder.parent()).try_for_each(sync_folder)
}

impl Options {
    fn over(&self, mut settings: Settings, root: &Path) -> Result<Settings, Error> {
        if let Some(name) = &self.profile {
            settings.profiles = settings.profiles.with_own(name)?;
        }
        if let Some(base) = &self.base {
            let base = check_base(base).map_err(|problem| Error::Settings { path: root.to_owned(), problem })?;
            settings.base = Some(base.to_owned());
        }
        Ok(settings)
    }
}
