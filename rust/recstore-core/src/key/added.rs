//! The rules that a store's settings add to those of a profile.

use std::borrow::Cow;

use super::mask::Mask;
use super::pointer::Pointer;
use super::rule::{Applied, Drop};
use super::substitution::Substitution;
use crate::json::{Path, Rewrite, Step, Value};

/// What is done beside the rules of a profile that recstore brings along.
///
/// The order is the same whoever says it: what is dropped, what is replaced; then in string values the masks, the
/// substitutions, and last the rounding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Added {
    /// What is left out.
    pub drops: Vec<AddedDrop>,
    /// Which values are others. No further rule is for what takes their place.
    pub replaced: Vec<(Pointer, Value<'static>)>,
    /// To how many decimals numbers are rounded, if not as the profile says.
    pub decimals: Option<usize>,
    /// What is masked in string values, after the masks of the profile.
    pub masks: Vec<&'static Mask>,
    /// What is substituted then.
    pub rewrites: Vec<Substitution>,
}

/// What is left out of the body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum AddedDrop {
    /// A member or an element. The others keep the numbers by which they are told.
    At(Pointer),
    /// What a rule with a name says.
    Named(&'static Drop),
}

impl Added {
    /// Returns these rules and more, which come after them.
    pub(super) fn and(mut self, more: &Self) -> Self {
        self.drops.extend_from_slice(&more.drops);
        // The first that is for a place counts.
        self.replaced.splice(0..0, more.replaced.iter().cloned());
        self.decimals = more.decimals.or(self.decimals);
        self.masks.extend_from_slice(&more.masks);
        self.rewrites.extend_from_slice(&more.rewrites);
        self
    }
}

/// The rules of a profile and those that are added, about to be applied to the body of a request.
pub(super) struct WithAdded<'a> {
    pub(super) released: Applied<'a>,
    pub(super) added: &'a Added,
}

/// How long a text may become by substitutions, in the bytes that it had, and beside them: a few that repeat what they
/// match would else fill the memory.
const GROWTH: usize = 16;
const GROWTH_BESIDE: usize = 256;

impl Rewrite for WithAdded<'_> {
    const HAS_PATTERNS: bool = true;

    fn float(&self, number: f64) -> f64 {
        self.released.float(number)
    }

    fn signs(first: u8, second: u8) -> u8 {
        Applied::signs(first, second)
    }

    fn string(&self, path: &Path<'_>, text: &[u8], signs: u8) -> Option<Vec<u8>> {
        let longest = GROWTH * text.len() + GROWTH_BESIDE;
        let text = self.added.masks.iter().fold(self.released.mask(text, signs), |text, mask| mask.apply(text, signs));
        let rewrites = self.added.rewrites.iter();
        let rewrites = rewrites.filter(|rewrite| rewrite.within().is_none_or(|place| place.is_at(path)));
        let text = rewrites.fold(text, |text, rewrite| rewrite.apply(text, longest));
        match self.released.round(text, signs) {
            Cow::Borrowed(_) => None,
            Cow::Owned(other) => Some(other),
        }
    }

    fn replacement(&self, path: &Path<'_>) -> Option<&Value<'static>> {
        self.added.replaced.iter().find(|(place, _)| place.is_at(path)).map(|(_, value)| value)
    }

    fn may_drop(&self, path: &Path<'_>) -> bool {
        self.released.may_drop(path) || !self.added.drops.is_empty()
    }

    fn keeps(&self, path: &Path<'_>, step: Step<'_>) -> bool {
        let is_dropped = |drop: &AddedDrop| match drop {
            AddedDrop::At(place) => place.is_at(&path.then(step)),
            AddedDrop::Named(drop) => self.released.is_dropped(drop, path, step),
        };
        self.released.keeps(path, step) && !self.added.drops.iter().any(is_dropped)
    }
}
