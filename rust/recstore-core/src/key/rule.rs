//! The named rules that profiles are made of.

use std::borrow::Cow;

use super::decimal;
use super::mask::Mask;
use super::suspect::has_suspect;
use crate::json::{Path, Rewrite, Step, round_decimals};

/// How the body of a request is changed before its key is taken.
#[derive(Debug)]
pub struct Rules {
    /// Which members are left out.
    pub drops: &'static [Drop],
    /// What is replaced in every string value, in this order.
    pub masks: &'static [&'static Mask],
    /// To how many decimals doubles are rounded, and then the numbers with four and more decimals in string values.
    pub decimals: Option<usize>,
}

/// A member that is left out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Drop {
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

impl Rules {
    /// No change.
    pub(super) const NONE: Self = Self { drops: &[], masks: &[], decimals: None };
}

/// The rules of a profile, about to be applied to the body of a request for one host.
pub(super) struct Applied<'a> {
    pub(super) rules: &'a Rules,
    pub(super) host: &'a str,
}

impl Rewrite for Applied<'_> {
    fn float(&self, number: f64) -> f64 {
        self.rules.decimals.map_or(number, |decimals| round_decimals(number, decimals))
    }

    fn string<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let text = Cow::Borrowed(text);
        if !has_suspect(&text) {
            return text;
        }
        let text = self.rules.masks.iter().fold(text, |text, mask| mask.apply(text));
        match self.rules.decimals {
            Some(decimals) => decimal::round_in_text(text, decimals),
            None => text,
        }
    }

    fn keeps(&self, path: &Path<'_>, name: &[u8]) -> bool {
        self.rules.drops.iter().all(|drop| match drop {
            Drop::ForHost { host, member } => {
                !(name == member.as_bytes() && is_root(path) && self.host.contains(host))
            }
            Drop::Inside { parents, member } => {
                !(name == member.as_bytes()
                    && path.parent.is_some_and(|outer| is_root(outer) || matches!(outer.step, Step::Element(_)))
                    && matches!(path.step, Step::Member(parent) if parents.iter().any(|name| name.as_bytes() == parent)))
            }
        })
    }
}

/// The body is one step into the request.
fn is_root(path: &Path<'_>) -> bool {
    path.parent.is_some_and(|request| request.parent.is_none())
}
