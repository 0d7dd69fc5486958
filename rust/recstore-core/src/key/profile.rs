//! Profiles, as data.

use sha2::{Digest as _, Sha256};

use super::Key;
use super::added::Added;
use super::mask::{self, Mask};
use super::profiles::Profiles;
use super::request::Shape;
use super::rule::{BEDROCK_STREAM_OPTIONS, PROJECT_ID, Rules};
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
    /// How a store's settings change the body beside that; `None` in every profile that recstore brings along.
    pub added: Option<Box<Added>>,
    /// How the whole is spelled.
    pub style: Style,
    /// What is taken of the spelling.
    pub digest: Digest,
    /// For a profile of SDK calls: the profiles that the same recorder used for HTTP requests and for tools.
    pub companions: [Option<&'static Self>; 2],
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

const ROUNDED: Rules = Rules { decimals: Some(5), ..Rules::NONE };
const ROUNDED_BEDROCK: Rules = Rules { drops: &[&BEDROCK_STREAM_OPTIONS], ..ROUNDED };
const ROUNDED_PROJECT: Rules = Rules { drops: &[&PROJECT_ID], ..ROUNDED };
const ROUNDED_BEDROCK_PROJECT: Rules = Rules { drops: &[&BEDROCK_STREAM_OPTIONS, &PROJECT_ID], ..ROUNDED };

const MASKS: &[&Mask] = &[&mask::SCORE, &mask::ATTRIBUTES, &mask::DOCUMENT_ID, &mask::CITATION];
const CURRENT: Rules = Rules { masks: MASKS, ..ROUNDED_BEDROCK_PROJECT };
// No host is named bedrock in a rule of HTTP requests: the recorder never looked at theirs.
const HTTP_CURRENT: Rules = Rules { masks: MASKS, ..ROUNDED_PROJECT };

const EARLY_LISTS: TestId = TestId::ExceptFor(&["/api/tags", "/v1/models"]);
const LISTS: TestId = TestId::ExceptFor(&super::MODEL_LIST_ENDPOINTS);

/// Every profile that recstore brings along; of each shape the newest first.
pub static PROFILES: [&Profile; 14] = [
    &ogx("ogx-7", LISTS, CURRENT, &OGX_HTTP_7),
    &ogx("ogx-6", LISTS, ROUNDED_BEDROCK_PROJECT, &OGX_HTTP_6),
    &ogx("ogx-5", LISTS, ROUNDED_BEDROCK, &OGX_HTTP_5),
    &ogx("ogx-4", LISTS, ROUNDED, &OGX_HTTP_5),
    &ogx("ogx-3", EARLY_LISTS, ROUNDED, &OGX_HTTP_5),
    &ogx("ogx-2", EARLY_LISTS, Rules::NONE, &OGX_HTTP_5),
    &ogx("ogx-1", TestId::Absent, Rules::NONE, &OGX_HTTP_5),
    &OGX_HTTP_7,
    &OGX_HTTP_6,
    &OGX_HTTP_5,
    &OGX_TOOL,
    &recstore("recstore-1", Shape::Inference, LISTS, [Some(&RECSTORE_HTTP_1), Some(&RECSTORE_TOOL_1)]),
    &RECSTORE_HTTP_1,
    &RECSTORE_TOOL_1,
];

static OGX_HTTP_7: Profile = ogx_other("ogx-http-7", Shape::Http, TestId::Present, HTTP_CURRENT, ALONE);
static OGX_HTTP_6: Profile = ogx_other("ogx-http-6", Shape::Http, TestId::Present, ROUNDED_PROJECT, ALONE);
static OGX_HTTP_5: Profile = ogx_other("ogx-http-5", Shape::Http, TestId::Present, ROUNDED, ALONE);
static OGX_TOOL: Profile = ogx_other("ogx-tool", Shape::Tool, TestId::Absent, Rules::NONE, ALONE);
static RECSTORE_HTTP_1: Profile = recstore("recstore-http-1", Shape::Http, TestId::Present, ALONE);
static RECSTORE_TOOL_1: Profile = recstore("recstore-tool-1", Shape::Tool, TestId::Present, ALONE);

type Companions = [Option<&'static Profile>; 2];

const ALONE: Companions = [None, None];

const fn ogx(name: &'static str, test_id: TestId, rules: Rules, http: &'static Profile) -> Profile {
    ogx_other(name, Shape::Inference, test_id, rules, [Some(http), Some(&OGX_TOOL)])
}

const fn ogx_other(name: &'static str, shape: Shape, test_id: TestId, rules: Rules, companions: Companions) -> Profile {
    let (style, digest) = (Style::SORTED, Digest::Sha256);
    Profile { name, shape, test_id, rules, added: None, style, digest, companions }
}

const fn recstore(name: &'static str, shape: Shape, test_id: TestId, companions: Companions) -> Profile {
    let (style, digest) = (Style::RFC8785, Digest::Xxh3_128);
    Profile { name, shape, test_id, rules: Rules::NONE, added: None, style, digest, companions }
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

impl Profile {
    /// Returns the profile called `name` of those that recstore brings along.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn named(name: &str) -> Result<&'static Self, UnknownProfile> {
        Profiles::RELEASED.named(name)
    }

    /// Returns this profile or its companion for requests of `shape`; `None` where it has none.
    #[must_use]
    pub fn for_shape(&'static self, shape: Shape) -> Option<&'static Self> {
        let [http, tool] = self.companions;
        match shape {
            _ if shape == self.shape => Some(self),
            Shape::Http => http,
            Shape::Tool => tool,
            Shape::Inference => None,
        }
    }

    /// Returns a profile without companions that changes the body by the rules of this one and by `added`.
    #[must_use]
    pub fn with(&self, name: &'static str, added: &Added) -> Self {
        let mut rules = self.rules;
        rules.decimals = added.decimals.or(rules.decimals);
        let all = self.added.as_deref().cloned().unwrap_or_default().and(added);
        let (shape, test_id, style, digest) = (self.shape, self.test_id, self.style, self.digest);
        Self { name, shape, test_id, rules, added: Some(Box::new(all)), style, digest, companions: ALONE }
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
