//! Names of recording files.

use std::fmt;

use crate::key::Key;

/// What the name of a recording file says.
///
/// Ordered by key, then by name, as packs are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileName {
    /// `<key>.json`
    Key(Key),
    /// `models-<key>-<digest>.json`: a list of models, of which several share a key.
    Models {
        /// The key of the request.
        key: Key,
        /// The first four bytes of a digest of the models' names.
        digest: [u8; 4],
    },
    /// Some other name that ends in `.json`; kept, but found by no key.
    Other(String),
}

impl FileName {
    /// Reads a file name; `None` where it does not end in `.json`, is hidden, or would lead into another folder.
    ///
    /// ```
    /// use recstore_core::recording::FileName;
    /// let name = FileName::parse("b24590574a85.json").unwrap();
    /// assert_eq!(name.key().unwrap().to_string(), "b24590574a85");
    /// assert_eq!(name.to_string(), "b24590574a85.json");
    /// assert!(FileName::parse("notes.json").unwrap().key().is_none());
    /// assert!(FileName::parse(".recstore-x.tmp").is_none());
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_plain = |stem: &&str| !stem.is_empty() && !stem.starts_with('.') && !stem.contains(['/', '\0']);
        let stem = name.strip_suffix(".json").filter(is_plain)?;
        let models = || {
            let (key, digest) = stem.strip_prefix("models-")?.split_once('-')?;
            let is_digest = digest.len() == 8 && digest.bytes().all(|digit| b"0123456789abcdef".contains(&digit));
            let digest = u32::from_str_radix(digest, 16).ok().filter(|_| is_digest)?.to_be_bytes();
            Some(Self::Models { key: key.parse().ok()?, digest })
        };
        Some(stem.parse().map(Self::Key).ok().or_else(models).unwrap_or_else(|| Self::Other(name.to_owned())))
    }

    /// Returns the key by which the recording is found, or none.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Key(key) | Self::Models { key, .. } => Some(key),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key}.json"),
            Self::Models { key, digest } => write!(f, "models-{key}-{:08x}.json", u32::from_be_bytes(*digest)),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Ord for FileName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |name: &Self| match name {
            Self::Key(_) => (0, [0; 4]),
            Self::Models { digest, .. } => (1, *digest),
            Self::Other(_) => (2, [0; 4]),
        };
        let text = |name: &Self| if let Self::Other(text) = name { text.clone() } else { String::new() };
        let others = || rank(self).cmp(&rank(other)).then_with(|| text(self).cmp(&text(other)));
        self.key().cmp(&other.key()).then_with(others)
    }
}

impl PartialOrd for FileName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
