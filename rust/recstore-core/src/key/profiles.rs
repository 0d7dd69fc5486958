//! The profiles that a store knows: those that recstore brings along, and those that its settings declare.

use super::declare::{Declaration, declared};
use super::{Digest, Key, PROFILES, Profile, Request, Shape, UnknownProfile, request_key};
use crate::json::{Source, Text};

/// The profiles that a store knows, and which of them is its own.
#[derive(Clone, Copy, Debug)]
pub struct Profiles {
    own: &'static Profile,
    declared: &'static [&'static Profile],
    /// Those that were declared before.
    former: &'static [&'static Profile],
}

impl Default for Profiles {
    fn default() -> Self {
        Self::RELEASED
    }
}

impl Profiles {
    /// Those that recstore brings along.
    pub const RELEASED: Self = Self { own: PROFILES[0], declared: &[], former: &[] };

    /// Returns these and what is declared.
    ///
    /// # Errors
    /// The number of the declaration that cannot be, and why.
    pub fn declare(self, declarations: &[Declaration]) -> Result<Self, (usize, String)> {
        Ok(Self { declared: declared(declarations)?, ..self })
    }

    /// Returns these and what was declared before, which is named only by what has keys of it.
    #[must_use]
    pub fn with_former(self, declarations: &[Declaration]) -> Self {
        Self { former: declared(declarations).unwrap_or_default(), ..self }
    }

    /// Returns these, with that of SDK calls called `name` as the store's own.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn with_own(self, name: &str) -> Result<Self, UnknownProfile> {
        Ok(Self { own: self.of_calls(name)?, ..self })
    }

    /// Returns the profile under which the store records and looks up.
    #[must_use]
    pub fn own(&self) -> &'static Profile {
        self.own
    }

    /// Returns all: the store's own if it is a declared one, then of each shape the newest that recstore brings along first,
    /// then the others that are declared, and those that were.
    pub fn iter(&self) -> impl Iterator<Item = &'static Profile> + use<> {
        let Self { own, declared, former } = *self;
        let is_own = move |profile: &&Profile| profile.name == own.name;
        let declared = declared.iter().copied();
        let others = declared.clone().filter(move |profile| !is_own(profile));
        declared.filter(is_own).chain(PROFILES).chain(others).chain(former.iter().copied())
    }

    /// Returns the profile called `name`; of a declared one, that of SDK calls.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn named(&self, name: &str) -> Result<&'static Profile, UnknownProfile> {
        self.find(name, |_| true)
    }

    /// Returns the profile of SDK calls called `name`, which brings those of HTTP requests and tools with it.
    ///
    /// # Errors
    /// Where there is none; the error lists those that exist.
    pub fn of_calls(&self, name: &str) -> Result<&'static Profile, UnknownProfile> {
        self.find(name, |profile| profile.shape == Shape::Inference)
    }

    /// Returns the names, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.iter().map(|profile| profile.name).collect();
        names.dedup();
        names
    }

    /// Returns the first of all under which `request` has `key`.
    pub fn matching<S: Source>(
        &self,
        request: &Request<S>,
        test_id: Option<&Text<'_>>,
        key: &Key,
    ) -> Option<&'static Profile> {
        self.iter()
            .filter(|profile| profile.shape == request.shape)
            .find(|profile| request_key(request, test_id, profile).is_ok_and(|found| key.finds(&found)))
    }

    /// Says whether `one` came after `other`, so that nothing is named under it in a store under `other` but what asked for it:
    /// declared ones came last, before them recstore's own, before them those of OGX.
    #[must_use]
    pub fn is_newer(&self, one: &Profile, other: &Profile) -> bool {
        let age = |profile: &Profile| match PROFILES.iter().position(|known| known.name == profile.name) {
            None => (2, 0),
            Some(_) if profile.digest == Digest::Xxh3_128 => (1, 0),
            Some(place) => (0, PROFILES.len() - place),
        };
        let is_former = self.former.iter().any(|former| former.name == one.name);
        !is_former && age(one) > age(other)
    }

    fn find(&self, name: &str, fits: impl Fn(&Profile) -> bool) -> Result<&'static Profile, UnknownProfile> {
        self.iter().find(|profile| profile.name == name && fits(profile)).ok_or_else(|| {
            let mut known: Vec<_> = self.iter().filter(|profile| fits(profile)).map(|profile| profile.name).collect();
            known.dedup();
            UnknownProfile { name: name.to_owned(), known: known.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::DEFAULT_PROFILE;

    #[test]
    fn a_store_that_says_nothing_has_the_default_profile() {
        assert_eq!(Profiles::default().own().name, DEFAULT_PROFILE);
    }
}
