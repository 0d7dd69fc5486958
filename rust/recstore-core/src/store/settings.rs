//! The small committed file that says which rules a store follows.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use toml::de::DeTable;

use super::rules;
use crate::error::Error;
use crate::key::{Declaration, Profile, Profiles};

/// The name of the settings file, in the root of a store.
pub const SETTINGS_FILE: &str = "recstore.toml";

/// What a store follows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key profiles that it knows, and that under which it records and looks up.
    pub profiles: Profiles,
    /// The profiles that the file declares.
    pub declarations: Vec<Declaration>,
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
    ///
    /// [profiles.ours-1]                  # a profile of the users' own
    /// from = "ogx-7"                     # that to which it adds rules
    /// drop = ["/metadata"]               # what is left out of the body
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
        Self::parse(text).map_err(fail)
    }

    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        if text.len() as u64 > MAX_SIZE {
            return Err(format!("settings have at most {MAX_SIZE} bytes, not {}", text.len()));
        }
        let table = DeTable::parse(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let (mut profile, mut base) = (None, None);
        let (mut declarations, mut profiles) = (Vec::new(), Profiles::default());
        for (name, value) in table.get_ref() {
            let string =
                || value.get_ref().as_str().ok_or_else(|| format!("'{}' must be a text in quotes", name.get_ref()));
            match name.get_ref().as_ref() {
                "profile" => profile = Some(string()?),
                "base" => base = Some(check_base(string()?)?.to_owned()),
                "profiles" => (declarations, profiles) = rules::declare(&text, value)?,
                other => {
                    let known = "'profile', 'base' and 'profiles'";
                    return Err(format!("there is no setting '{}'; there are {known}", other.escape_debug()));
                }
            }
        }
        if let Some(name) = profile {
            profiles = profiles.with_own(name).map_err(|error| error.to_string())?;
        }
        Ok(Self { profiles, declarations, base, text })
    }

    /// Returns the key profile under which the store records and looks up.
    #[must_use]
    pub fn profile(&self) -> &'static Profile {
        self.profiles.own()
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
