//! Profiles, as data.

use sha2::{Digest as _, Sha256};

use super::Key;
use super::mask::{self, Mask};
use super::request::Shape;
use super::rule::{Drop, Rules};
use crate::json::Style;

/// Which requests get which key.
///
/// The canonical form is an object of the members that [`Shape`] names, the test id where [`TestId`] says so; its body
/// is changed by the rules, the whole is spelled in the style, and the digest of that text is the key.
#[derive(Debug)]
pub struct Profile {
    /// The name under which users choose it.
    pub name: &'static str,
    /// The requests it is for.
    pub shape: Shape,
    /// Whether two tests share an answer.
    pub test_id: TestId,
    /// How the body is changed.
    pub rules: Rules,
    /// How the whole is spelled.
    pub style: Style,
    /// What is taken of the spelling.
    pub digest: Digest,
    /// For a profile of SDK calls: the profiles that the same recorder used for HTTP requests and for tools.
    pub companions: [&'static str; 2],
}

/// Whether the test id is part of the canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestId {
    /// Never.
    Absent,
    /// Always; `null` outside of tests.
    Present,
    /// Always but for these paths, whose answers all tests share.
    ExceptFor(&'static [&'static str]),
}

/// The digest that is a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256, 32 bytes.
    Sha256,
    /// XXH3 with 128 bits, 16 bytes, the high ones first.
    Xxh3_128,
}

/// The profile of new stores: the current rules of OGX, whose tools can read what is written under it.
pub const DEFAULT_PROFILE: &str = "ogx-7";

const DROP_BEDROCK_STREAM_OPTIONS: Drop = Drop::ForHost { host: "bedrock", member: "stream_options" };
const DROP_PROJECT_ID: Drop = Drop::Inside { parents: &["extra_body", "extra_query"], member: "project_id" };

const ROUNDED: Rules = Rules { decimals: Some(5), ..Rules::NONE };
const ROUNDED_BEDROCK: Rules = Rules { drops: &[DROP_BEDROCK_STREAM_OPTIONS], ..ROUNDED };
const ROUNDED_PROJECT: Rules = Rules { drops: &[DROP_PROJECT_ID], ..ROUNDED };
const ROUNDED_BEDROCK_PROJECT: Rules = Rules { drops: &[DROP_BEDROCK_STREAM_OPTIONS, DROP_PROJECT_ID], ..ROUNDED };

const MASKS: &[&Mask] = &[&mask::SCORE, &mask::ATTRIBUTES, &mask::DOCUMENT_ID, &mask::CITATION];
const CURRENT: Rules = Rules { masks: MASKS, ..ROUNDED_BEDROCK_PROJECT };
// No host is named bedrock in a rule of HTTP requests: the recorder never looked at theirs.
const HTTP_CURRENT: Rules = Rules { masks: MASKS, ..ROUNDED_PROJECT };

const EARLY_LISTS: TestId = TestId::ExceptFor(&["/api/tags", "/v1/models"]);
const LISTS: TestId = TestId::ExceptFor(&super::MODEL_LIST_ENDPOINTS);

/// Every profile there is; of each shape the newest first.
pub static PROFILES: [Profile; 14] = [
    ogx("ogx-7", LISTS, CURRENT, "ogx-http-7"),
    ogx("ogx-6", LISTS, ROUNDED_BEDROCK_PROJECT, "ogx-http-6"),
    ogx("ogx-5", LISTS, ROUNDED_BEDROCK, "ogx-http-5"),
    ogx("ogx-4", LISTS, ROUNDED, "ogx-http-5"),
    ogx("ogx-3", EARLY_LISTS, ROUNDED, "ogx-http-5"),
    ogx("ogx-2", EARLY_LISTS, Rules::NONE, "ogx-http-5"),
    ogx("ogx-1", TestId::Absent, Rules::NONE, "ogx-http-5"),
    ogx_other("ogx-http-7", Shape::Http, TestId::Present, HTTP_CURRENT),
    ogx_other("ogx-http-6", Shape::Http, TestId::Present, ROUNDED_PROJECT),
    ogx_other("ogx-http-5", Shape::Http, TestId::Present, ROUNDED),
    ogx_other("ogx-tool", Shape::Tool, TestId::Absent, Rules::NONE),
    recstore("recstore-1", Shape::Inference, LISTS, ["recstore-http-1", "recstore-tool-1"]),
    recstore("recstore-http-1", Shape::Http, TestId::Present, NO_COMPANIONS),
    recstore("recstore-tool-1", Shape::Tool, TestId::Present, NO_COMPANIONS),
];

const NO_COMPANIONS: [&str; 2] = ["", ""];

const fn ogx(name: &'static str, test_id: TestId, rules: Rules, http: &'static str) -> Profile {
    Profile { companions: [http, "ogx-tool"], ..ogx_other(name, Shape::Inference, test_id, rules) }
}

const fn ogx_other(name: &'static str, shape: Shape, test_id: TestId, rules: Rules) -> Profile {
    let (style, digest) = (Style::SORTED, Digest::Sha256);
    Profile { name, shape, test_id, rules, style, digest, companions: NO_COMPANIONS }
}

const fn recstore(name: &'static str, shape: Shape, test_id: TestId, companions: [&'static str; 2]) -> Profile {
    Profile { name, shape, test_id, rules: Rules::NONE, style: Style::RFC8785, digest: Digest::Xxh3_128, companions }
}

/// No profile has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key profile '{name}'; there are {known}")]
pub struct UnknownProfile {
    /// The name.
    pub name: String,
    /// Those that there are, for the purpose.
    pub known: String,
}

impl UnknownProfile {
    /// Says that `name` is none of the profiles that are `fit`.
    pub(crate) fn among(name: &str, fit: impl Fn(&Profile) -> bool) -> Self {
        let known: Vec<_> = PROFILES.iter().filter(|profile| fit(profile)).map(|profile| profile.name).collect();
        Self { name: name.to_owned(), known: known.join(", ") }
    }
}

impl Profile {
    /// Returns the profile called `name`.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn named(name: &str) -> Result<&'static Self, UnknownProfile> {
        PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| UnknownProfile::among(name, |_| true))
    }

    /// Returns this profile or its companion for requests of `shape`; `None` where it has none.
    #[must_use]
    pub fn for_shape(&'static self, shape: Shape) -> Option<&'static Self> {
        let [http, tool] = self.companions;
        let companion = |name| Self::named(name).ok();
        match shape {
            _ if shape == self.shape => Some(self),
            Shape::Http => companion(http),
            Shape::Tool => companion(tool),
            Shape::Inference => None,
        }
    }

    /// Returns the key whose canonical form is `canonical`.
    #[must_use]
    pub fn digest(&self, canonical: &[u8]) -> Key {
        let key = match self.digest {
            Digest::Sha256 => Key::from_bytes(&Sha256::digest(canonical)),
            Digest::Xxh3_128 => Key::from_bytes(&xxhash_rust::xxh3::xxh3_128(canonical).to_be_bytes()),
        };
        #[expect(clippy::expect_used, reason = "both digests have one of the lengths of keys")]
        key.expect("a digest of 16 or 32 bytes is a key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_companion_exists_and_has_the_right_shape() {
        for profile in PROFILES.iter().filter(|profile| profile.shape == Shape::Inference) {
            for shape in [Shape::Http, Shape::Tool] {
                assert_eq!(profile.for_shape(shape).map(|companion| companion.shape), Some(shape), "{}", profile.name);
            }
        }
    }
}
