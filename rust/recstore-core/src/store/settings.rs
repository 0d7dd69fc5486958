//! The small committed file that says which rules a store follows.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::key::{DEFAULT_PROFILE, Profile, Shape, UnknownProfile};

/// The name of the settings file, in the root of a store.
pub const SETTINGS_FILE: &str = "recstore.toml";

/// What a store follows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key profile under which it records and looks up.
    pub profile: &'static Profile,
    /// The folder beside whose tests the shared recordings lie, as in a test id: relative, with `/` between its parts.
    /// `None` for the store's own choice.
    pub base: Option<String>,
    /// The text of the file, to go with the recordings; empty without one.
    pub text: String,
}

/// The largest settings file, in bytes.
const MAX_SIZE: u64 = 64 << 10;

impl Settings {
    /// Reads the settings file in `root`; without one, the defaults.
    ///
    /// ```toml
    /// profile = "ogx-7"                  # how keys are made
    /// base = "tests/integration/common"  # where recordings shared by all tests lie
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be read, is not TOML, or says something unknown.
    pub fn load(root: &Path) -> Result<Self, Error> {
        let path = root.join(SETTINGS_FILE);
        let fail = |problem: String| Error::Settings { path: path.clone(), problem };
        let text = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= MAX_SIZE => {
                fs::read_to_string(&path).map_err(Error::io("read", &path))?
            }
            Ok(_) => return Err(fail(format!("no file of at most {MAX_SIZE} bytes, as settings are"))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => String::new(),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let table = DeTable::parse(&text).map_err(|error| fail(error.to_string().trim_end().to_owned()))?;
        let mut settings = Self { profile: default_profile(), base: None, text: String::new() };
        for (name, value) in table.get_ref() {
            let DeValue::String(value) = value.get_ref() else {
                return Err(fail(format!("'{}' must be a text in quotes", name.get_ref())));
            };
            match name.get_ref().as_ref() {
                "profile" => settings.profile = profile_of_store(value).map_err(|error| fail(error.to_string()))?,
                "base" => settings.base = Some(check_base(value).map_err(fail)?.to_owned()),
                other => return Err(fail(format!("there is no setting '{other}'; there are 'profile' and 'base'"))),
            }
        }
        settings.text = text;
        Ok(settings)
    }
}

impl Settings {
    /// Returns the text of the settings file with another profile in it, and all else as it is.
    pub(crate) fn with_profile(&self, name: &str) -> String {
        let table = DeTable::parse(&self.text);
        let place = table.ok().and_then(|table| table.get_ref().get("profile").map(|value| value.span()));
        match place.and_then(|place| Some((self.text.get(..place.start)?, self.text.get(place.end..)?))) {
            Some((before, after)) => format!("{before}\"{name}\"{after}"),
            None => format!("profile = \"{name}\"\n{}", self.text),
        }
    }
}

/// Returns the folder of a setting, or what is wrong with it.
pub(super) fn check_base(base: &str) -> Result<&str, String> {
    let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if Path::new(base).components().all(is_inside) {
        Ok(base)
    } else {
        Err(format!("the base {base:?} leads outside of the project; name a folder in it, relative to its root"))
    }
}

/// Returns the profile of stores that say nothing.
pub(super) fn default_profile() -> &'static Profile {
    #[expect(clippy::expect_used, reason = "a constant of this crate")]
    Profile::named(DEFAULT_PROFILE).expect("the default profile exists")
}

/// Returns the profile a store can have: one of SDK calls, which brings those of HTTP requests and tools with it.
pub(super) fn profile_of_store(name: &str) -> Result<&'static Profile, UnknownProfile> {
    let fits = |profile: &Profile| profile.shape == Shape::Inference;
    Profile::named(name).ok().filter(|profile| fits(profile)).ok_or_else(|| UnknownProfile::among(name, fits))
}
