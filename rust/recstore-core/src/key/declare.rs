//! Profiles that settings declare.

use std::sync::{Mutex, PoisonError};

use super::{Added, Profile, Profiles, Shape};
use crate::fork::Held;

/// A profile as settings declare it: what is added to which.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Its name, which stands for requests of all shapes.
    pub name: String,
    /// The name of the profile that it adds rules to: one that recstore brings along, or one declared beside it.
    pub from: String,
    /// What it adds.
    pub added: Added,
}

/// So many profiles may be declared together.
pub const MAX_DECLARED: usize = 16;
/// Every set of declarations that was ever asked for, and what became of it.
///
/// Profiles live as long as the process, so that a recording, an explanation or a pack can name one at no cost. What is
/// declared is no exception: it is kept once for each set of declarations that differs, of which a process sees as many as
/// it opens stores with settings of their own, and again after each edit. One is no larger than a settings file may be
/// and the automata of its patterns, both bounded.
static DECLARED: Mutex<Vec<(Vec<Declaration>, &'static [&'static Profile])>> = Mutex::new(Vec::new());

/// Returns the profiles that are declared, of all shapes.
///
/// # Errors
/// The number of the declaration that cannot be, and why.
pub(super) fn declared(declarations: &[Declaration]) -> Result<&'static [&'static Profile], (usize, String)> {
    if declarations.is_empty() {
        return Ok(&[]);
    }
    // A panic cannot leave it half changed: what is pushed is whole.
    let mut known = Held::new(|| DECLARED.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some((_, profiles)) = known.iter().find(|(others, _)| others == declarations) {
        return Ok(profiles);
    }
    let order = order(declarations)?;
    let mut profiles: Vec<&'static Profile> = Vec::new();
    for declaration in order {
        let is_base =
            |profile: &&&'static Profile| profile.name == declaration.from && profile.shape == Shape::Inference;
        let Some(base) = profiles.iter().find(is_base).copied().or_else(|| Profile::named(&declaration.from).ok())
        else {
            continue; // which the order has ruled out
        };
        let name: &'static str = declaration.name.clone().leak();
        let leak = |profile| &*Box::leak(Box::new(profile));
        let [http, tool] =
            [Shape::Http, Shape::Tool].map(|shape| Some(leak(base.for_shape(shape)?.with(name, &declaration.added))));
        let calls = leak(Profile { companions: [http, tool], ..base.with(name, &declaration.added) });
        profiles.extend([Some(calls), http, tool].into_iter().flatten());
    }
    let profiles: &'static [_] = profiles.leak();
    known.push((declarations.to_vec(), profiles));
    Ok(profiles)
}

/// Returns the declarations in an order in which each comes after that which it adds to.
fn order(declarations: &[Declaration]) -> Result<Vec<&Declaration>, (usize, String)> {
    let find = |name: &str| declarations.iter().find(|other| other.name == name);
    let mut depths = Vec::new();
    for (number, declaration) in declarations.iter().enumerate() {
        let mut chain = vec![declaration.name.as_str()];
        let mut at = declaration;
        while let Some(base) = find(&at.from) {
            let comes_round = chain.contains(&base.name.as_str());
            chain.push(&base.name);
            if comes_round {
                let chain = chain.join(" → ");
                return Err((
                    number,
                    format!("what it adds to comes round ({chain}); name a profile of recstore's own"),
                ));
            }
            at = base;
        }
        let released = Profiles::RELEASED.of_calls(&at.from).map_err(|error| error.to_string());
        released.map_err(|problem| (number, format!("{problem}, and those that are declared here")))?;
        depths.push((chain.len(), declaration));
    }
    depths.sort_by_key(|(depth, _)| *depth);
    Ok(depths.into_iter().map(|(_, declaration)| declaration).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn declaration(name: &str, from: &str) -> Declaration {
        Declaration { name: name.to_owned(), from: from.to_owned(), added: Added::default() }
    }

    fn problem(declarations: &[Declaration]) -> (usize, String) {
        declared(declarations).unwrap_err()
    }

    #[test]
    fn a_declared_profile_is_there_for_requests_of_all_shapes_and_made_once() {
        let declarations = [declaration("b", "a"), declaration("a", "recstore-1")];
        let profiles = declared(&declarations).unwrap();
        let b = profiles.iter().find(|profile| profile.name == "b").unwrap();
        for shape in [Shape::Inference, Shape::Http, Shape::Tool] {
            let of_shape = b.for_shape(shape).unwrap();
            assert_eq!((of_shape.name, of_shape.shape), ("b", shape));
        }
        assert!(std::ptr::eq(profiles, declared(&declarations).unwrap()));
        assert!(!std::ptr::eq(profiles, declared(&declarations[..0]).unwrap()));
    }

    #[test]
    fn what_cannot_be_declared_is_told() {
        assert!(problem(&[declaration("a", "b"), declaration("b", "a")]).1.contains("(a → b → a)"));
        assert!(problem(&[declaration("a", "a")]).1.contains("(a → a)"));
        let (number, told) = problem(&[declaration("ours", "ogx-7"), declaration("x", "ogx-tool")]);
        assert!(number == 1 && told.contains("no key profile 'ogx-tool'; there are ogx-7"), "{told}");
    }
}
