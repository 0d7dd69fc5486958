//! Recording.

use std::convert::Infallible;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::place::Places;
use super::{Lock, SETTINGS_FILE, Settings, Store};
use crate::error::Error;
use crate::json::{Text, Value, WriteError};
use crate::key::{Key, Profile, Request, request_key, without_databricks_host};
use crate::loose::{OnConflict, Outcome, publish, sync_folder};
use crate::recording::{Answer, compose, encode, file_name};

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its key.
    pub key: Key,
    /// The path of its file, relative to the root of the store.
    pub path: PathBuf,
    /// Whether the file was written.
    pub outcome: Outcome,
}

impl Store {
    /// Records what answered a request: one answer, or several to equal requests, the last of which is what readers get
    /// that know of one only.
    ///
    /// The file goes to the folder of the test, or to the base folder where there is no test; it is named by the key
    /// under the store's profile: that which the settings file names now, where no other was asked for. When this
    /// returns, it is complete and on the disk.
    ///
    /// # Errors
    /// Where the store is a pack, the request is none, the recording could not be read again, the test id leads outside of
    /// the store, another answer is there and `on_conflict` says that this is an error, or the system refuses. Nothing is
    /// written then, unless the system only refuses to make durable what is.
    pub fn put(
        &self,
        request: &Value<'_>,
        mut answers: Vec<Answer<'_>>,
        test_id: Option<&Text<'_>>,
        on_conflict: OnConflict,
    ) -> Result<Written, Error> {
        if !self.is_tree {
            return Err(Error::ReadOnly { path: self.root.clone() });
        }
        let request = &recorded(request);
        let _lock = Lock::share(&self.root);
        let key = key_under(self.profile_now(), request, test_id)?;
        let folder = self.folder(test_id.map(Text::to_lossy).as_deref())?;
        if Places::is_passed_over(&folder) {
            return Err(Error::PassedOver { place: folder.display().to_string() });
        }
        let no_answer = || Error::InvalidRequest("there is no answer to record".to_owned());
        let last = answers.pop().ok_or_else(no_answer)?;
        let name = file_name(key, request, &last.body);
        let text = compose(test_id, request, last, answers, &key).map_err(no_spelling)?;
        encode(&text, &self.limits).map_err(Error::Unrecordable)?;
        self.make_folder(&folder)?;
        let path = folder.join(name.to_string());
        let outcome = publish(&self.root.join(&path), &text, on_conflict)?;
        // It is recorded, whatever the pack says; one that cannot be used is found out by the next look-up.
        let _ = self.state_mut().add(&folder, name);
        Ok(Written { key, path, outcome })
    }

    /// Returns the folder in which the recordings of a test lie, or those that all tests share, relative to the root.
    ///
    /// # Errors
    /// Where the test id leads outside of the store.
    pub fn folder(&self, test_id: Option<&str>) -> Result<PathBuf, Error> {
        let Some(test_id) = test_id else { return Ok(self.base()) };
        self.places().own(test_id).map(|own| own.to_path_buf()).ok_or_else(|| self.outside(test_id))
    }

    /// Returns the key of a request under the profile of the store, or its companion for the shape of the request.
    ///
    /// # Errors
    /// Where it is no request.
    pub fn key_of(&self, request: &Value<'_>, test_id: Option<&Text<'_>>) -> Result<Key, Error> {
        key_under(self.profile(), request, test_id)
    }

    /// Returns the profile that the settings name at this moment: the store may have been re-keyed since it was opened.
    fn profile_now(&self) -> &'static Profile {
        if self.has_own_profile() {
            return self.profile();
        }
        let text = fs::read_to_string(self.root.join(SETTINGS_FILE)).unwrap_or_default();
        if text == self.settings.text {
            return self.profile();
        }
        // Settings that cannot be read any more are no reason to lose an answer.
        Settings::load(&self.root).map_or(self.profile(), |settings| settings.profiles.own())
    }

    /// Makes a folder below the root, through no link.
    fn make_folder(&self, folder: &Path) -> Result<(), Error> {
        let mut path = self.root.clone();
        for part in folder.components() {
            let Component::Normal(part) = part else { return Err(self.outside(&folder.display().to_string())) };
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let metadata = fs::symlink_metadata(&path).map_err(Error::io("look at", &path))?;
                    if !metadata.is_dir() {
                        return Err(self.outside(&path.display().to_string()));
                    }
                }
                made => {
                    made.map_err(Error::io("make the folder", &path))?;
                    // So that the name of the folder is on the disk when the recording is.
                    sync_folder(path.parent().unwrap_or(&path))?;
                }
            }
        }
        Ok(())
    }

    fn outside(&self, place: &str) -> Error {
        Error::Outside { place: place.to_owned(), root: self.root.clone() }
    }
}

fn key_under(profile: &'static Profile, request: &Value<'_>, test_id: Option<&Text<'_>>) -> Result<Key, Error> {
    let request = Request::split(&request).map_err(|error| Error::InvalidRequest(error.to_string()))?;
    let no_keys = || Error::InvalidRequest(format!("the profile {} has no keys for such requests", profile.name));
    let profile = profile.for_shape(request.shape).ok_or_else(no_keys)?;
    request_key(&request, test_id, profile).map_err(no_spelling)
}

fn no_spelling((path, problem): (String, WriteError<Infallible>)) -> Error {
    Error::NoSpelling { path, problem }
}

/// Returns the request as it is recorded.
fn recorded<'a>(request: &Value<'a>) -> Value<'a> {
    let mut request = request.clone();
    if request.get("body").is_some()
        && let Some(Value::String(url)) = request.get_mut("url")
    {
        let public = url.as_str().map(|url| without_databricks_host(url).into_owned());
        if let Some(public) = public {
            *url = Text::from(public);
        }
    }
    request
}
