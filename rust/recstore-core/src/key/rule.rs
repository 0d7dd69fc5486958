//! The named rules that profiles are made of.

use std::borrow::Cow;

use super::decimal;
use super::mask::{self, Mask, may_be_in};
use super::pointer::is_body;
use crate::json::{Path, Rewrite, Step, round_decimals};

/// How the body of a request is changed before its key is taken.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Which members are left out.
    pub drops: &'static [&'static Drop],
    /// What is replaced in every string value, in this order.
    pub masks: &'static [&'static Mask],
    /// To how many decimals doubles are rounded, and then the numbers with four and more decimals in string values.
    pub decimals: Option<usize>,
}

/// A member that is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Drop {
    /// The name by which settings take it.
    pub name: &'static str,
    what: What,
}

/// Where members are left out.
#[derive(Debug, PartialEq, Eq)]
enum What {
    /// At the root of the body, where the URL's host contains a word.
    ForHost {
        /// The word.
        host: &'static str,
        /// The member.
        member: &'static str,
    },
    /// In the objects `parents`, where these are members of the body's root or of an object that is an element of an
    /// array, at any depth.
    Inside {
        /// Names of the objects.
        parents: &'static [&'static str],
        /// The member.
        member: &'static str,
    },
}

/// The drops that settings can take by name.
pub static DROPS: [&Drop; 2] = [&BEDROCK_STREAM_OPTIONS, &PROJECT_ID];

/// Of calls of Amazon's Bedrock, the body's own `stream_options`.
pub(super) static BEDROCK_STREAM_OPTIONS: Drop =
    Drop { name: "bedrock-stream-options", what: What::ForHost { host: "bedrock", member: "stream_options" } };

/// The project that an account is charged by.
pub(super) static PROJECT_ID: Drop =
    Drop { name: "project-id", what: What::Inside { parents: &["extra_body", "extra_query"], member: "project_id" } };

impl Rules {
    /// No change.
    pub(super) const NONE: Self = Self { drops: &[], masks: &[], decimals: None };
}

/// The sign of a number with decimals.
const DECIMAL: u8 = 1 << 2;

/// The rules of a profile, about to be applied to the body of a request for one host.
pub(super) struct Applied<'a> {
    pub(super) rules: &'a Rules,
    pub(super) host: &'a str,
}

impl Rewrite for Applied<'_> {
    fn float(&self, number: f64) -> f64 {
        self.rules.decimals.map_or(number, |decimals| round_decimals(number, decimals))
    }

    /// Two bytes of each pattern: the ends of `score:`, `attributes:` and `document_id:`; `<|`; a point and a digit, which
    /// beyond ASCII begins with a byte from 0x80 on.
    fn signs(first: u8, second: u8) -> u8 {
        let is_word = (second == b':') & ((first == b'e') | (first == b's') | (first == b'd'));
        let is_bar = (first == b'<') & (second == b'|');
        let is_decimal = (first == b'.') & (second.is_ascii_digit() | (second >= 0x80));
        (u8::from(is_word) * mask::WORD) | (u8::from(is_bar) * mask::BAR) | (u8::from(is_decimal) * DECIMAL)
    }

    fn string(&self, _: &Path<'_>, text: &[u8], signs: u8) -> Option<Vec<u8>> {
        match self.round(self.mask(text, signs), signs) {
            Cow::Borrowed(_) => None,
            Cow::Owned(other) => Some(other),
        }
    }

    fn may_drop(&self, path: &Path<'_>) -> bool {
        self.rules.drops.iter().any(|drop| drop.concerns(path))
    }

    fn keeps(&self, path: &Path<'_>, step: Step<'_>) -> bool {
        !self.rules.drops.iter().any(|drop| self.is_dropped(drop, path, step))
    }
}

impl Applied<'_> {
    /// Masks what is in a text of these signs.
    pub(super) fn mask<'t>(&self, text: &'t [u8], signs: u8) -> Cow<'t, [u8]> {
        self.rules.masks.iter().fold(Cow::Borrowed(text), |text, mask| mask.apply(text, signs))
    }

    /// Rounds the numbers that are in a text of these signs.
    pub(super) fn round<'t>(&self, text: Cow<'t, [u8]>, signs: u8) -> Cow<'t, [u8]> {
        match self.rules.decimals {
            Some(decimals) if may_be_in(&text, signs, DECIMAL) => decimal::round_in_text(text, decimals),
            _ => text,
        }
    }

    /// Says whether `drop` leaves out what is one step from the object at `path`.
    pub(super) fn is_dropped(&self, drop: &Drop, path: &Path<'_>, step: Step<'_>) -> bool {
        let (What::ForHost { member, .. } | What::Inside { member, .. }) = drop.what;
        let is_for_host = || match drop.what {
            What::ForHost { host, .. } => self.host.contains(host),
            What::Inside { .. } => true,
        };
        step == Step::Member(member.as_bytes()) && drop.concerns(path) && is_for_host()
    }
}

impl Drop {
    /// Says whether the object at `path` may be one that a member is left out of.
    fn concerns(&self, path: &Path<'_>) -> bool {
        match (&self.what, path.step) {
            (What::ForHost { .. }, _) => is_body(path),
            (What::Inside { .. }, Step::Element(_)) => false,
            (What::Inside { parents, .. }, Step::Member(parent)) => {
                path.parent.is_some_and(|outer| is_body(outer) || matches!(outer.step, Step::Element(_)))
                    && parents.iter().any(|name| name.as_bytes() == parent)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::super::scan;
    use super::*;
    use crate::json::{Style, Text, Value, write};

    const UUID: &str = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}";
    static MASKS: [&Mask; 4] = [&mask::SCORE, &mask::ATTRIBUTES, &mask::DOCUMENT_ID, &mask::CITATION];
    static CURRENT: Rules = Rules { drops: &[], masks: &MASKS, decimals: Some(5) };

    /// The rules for strings as an engine for any pattern applies them, to every string.
    fn rewritten_by_patterns(text: &[u8]) -> Vec<u8> {
        // Python's \s takes U+001C to U+001F for white space too; and [^}] there takes lone surrogates.
        let space = r"[\s\x1C-\x1F]*";
        let masks = [
            (format!(r"score:{space}[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"), "score: __NORMALIZED__"),
            (format!(r",?{space}attributes:{space}\{{(?-u:[^}}])*\}}"), ""),
            (format!("document_id:{space}{UUID}"), "document_id: __NORMALIZED__"),
            (format!(r"<\|{UUID}\|>"), "<|__NORMALIZED__|>"),
        ];
        let masked = masks.iter().fold(text.to_vec(), |text, (pattern, with)| {
            Regex::new(pattern).unwrap().replace_all(&text, with.as_bytes()).into_owned()
        });
        let round = |found: &regex::bytes::Captures<'_>| {
            let digits = super::super::digits::to_ascii_digits(&found[0]).unwrap();
            format!("{:.5}", digits.parse::<f64>().unwrap()).into_bytes()
        };
        Regex::new(r"-?\d+\.\d{4,}").unwrap().replace_all(&masked, round).into_owned()
    }

    fn assert_same(text: &[u8]) {
        let rules = Applied { rules: &CURRENT, host: "" };
        let written = write(&&Value::String(Text::from_wtf8(text)), Style::PYTHON, &rules).unwrap();
        let expected = Value::String(Text::from(rewritten_by_patterns(text)));
        assert_eq!(Value::parse(&written).unwrap(), expected, "{:?}", Text::from(text.to_vec()));
    }

    #[test]
    fn strings_are_rewritten_as_the_patterns_would() {
        let pieces = prop_oneof![
            prop::sample::select(vec![
                "score:",
                "attributes:",
                "document_id:",
                "<|",
                "|>",
                "{",
                "}",
                ",",
                " ",
                "\u{1F}",
                "\u{2003}",
                "\u{85}",
                "-",
                "+",
                ".",
                "e",
                "E5",
                "1",
                "0.12345",
                "12345",
                "9.99999",
                "\u{661}",
                "\u{1D7D9}",
                "\u{B2}",
                "e:",
                "s:",
                "d:",
                "0123abcd-0123-abcd-0123-0123456789ab",
                "0123abcd-0123-abcd-0123-0123456789aB",
                "some words between ",
            ])
            .prop_map(|piece| piece.as_bytes().to_vec()),
            Just(b"\xED\xA0\x80".to_vec()), // a lone surrogate
            "\\PC{0,4}".prop_map(String::into_bytes),
        ];
        let texts = prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat());
        proptest!(ProptestConfig::with_cases(3000), |(text in texts)| assert_same(&text));
    }

    #[test]
    fn a_match_is_found_wherever_it_begins() {
        for text in
            ["score:1", "attributes:{}", "document_id:0123abcd-0123-abcd-0123-0123456789ab", "0.1234", "\u{661}.1234"]
        {
            for before in 0..40 {
                for after in 0..20 {
                    assert_same(format!("{}{text}{}", "x".repeat(before), "y".repeat(after)).as_bytes());
                }
            }
        }
    }

    #[test]
    fn digits_and_white_space_are_those_of_the_patterns() {
        let (digit, space) = (Regex::new(r"^\d$").unwrap(), Regex::new(r"^[\s\x1C-\x1F]$").unwrap());
        for character in '\0'..=char::MAX {
            let text = character.to_string().into_bytes();
            let length = |is_one: bool| if is_one { text.len() } else { 0 };
            assert_eq!(scan::digits(&text, 0), length(digit.is_match(&text)), "{character:?}");
            assert_eq!(scan::spaces(&text, 0), length(space.is_match(&text)), "{character:?}");
            assert_eq!(text.len() - scan::digits_before(&text, 0, text.len()), scan::digits(&text, 0), "{character:?}");
            assert_eq!(text.len() - scan::spaces_before(&text, 0, text.len()), scan::spaces(&text, 0), "{character:?}");
        }
    }
}
