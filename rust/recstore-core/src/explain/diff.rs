//! What differs between two values.

use std::collections::{BTreeMap, BTreeSet};

use super::align::{Pair, align};
use super::volatile::{Volatile, volatile, volatile_in_url};
use super::words::{Place, places, readable};
use crate::json::{Path, Step, Style, Value, to_vec};
use crate::key::Pointer;

/// What became of a value of the recorded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is another.
    Changed,
    /// A member came.
    Added,
    /// An element came.
    Inserted,
    /// A member or an element went.
    Removed,
    /// An element stands elsewhere.
    Moved,
}

impl Kind {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Inserted => "inserted",
            Self::Removed => "removed",
            Self::Moved => "moved",
        }
    }
}

/// One difference.
#[derive(Debug)]
pub(super) struct Change<'v> {
    pub(super) kind: Kind,
    /// Where in the new value; of what went, where in the old.
    pub(super) path: String,
    /// The same in the body of the request, and in all elements beside it.
    pub(super) place: Option<Pointer>,
    /// Of what was moved, where it stood.
    pub(super) from: Option<String>,
    pub(super) old: Option<&'v Value<'v>>,
    pub(super) new: Option<&'v Value<'v>>,
    /// Of two texts, where they differ.
    pub(super) places: Vec<Place>,
    /// What kinds of values differ, where all of them change by themselves; else empty.
    pub(super) volatile: BTreeSet<Volatile>,
    /// How much it is: about the number of bytes that are not the same.
    pub(super) size: usize,
}

/// The members of a request beside its body: whom it asks. They are chosen, and change by themselves in little.
const ADDRESS: [&str; 5] = ["endpoint", "method", "provider", "tool_name", "url"];

/// What any difference counts beside its bytes, so that one large is nearer than many small.
const EACH: usize = 8;

/// Returns all differences between two values, in the order of the paths.
pub(super) fn diff<'v>(old: &'v Value<'v>, new: &'v Value<'v>) -> Vec<Change<'v>> {
    let mut changes = Vec::new();
    walk(old, new, &Path::ROOT, &Path::ROOT, "", &mut changes);
    changes
}

fn walk<'v>(
    old: &'v Value<'v>,
    new: &'v Value<'v>,
    old_path: &Path<'_>,
    new_path: &Path<'_>,
    member: &str,
    changes: &mut Vec<Change<'v>>,
) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let mut pairs: BTreeMap<_, (Option<_>, Option<_>)> = BTreeMap::new();
            old.iter().for_each(|(name, value)| pairs.entry(name).or_default().0 = Some(value));
            new.iter().for_each(|(name, value)| pairs.entry(name).or_default().1 = Some(value));
            for (name, pair) in pairs {
                let step = Step::Member(name.as_bytes());
                let (old_path, new_path) = (old_path.then(step), new_path.then(step));
                match pair {
                    (Some(old), Some(new)) => walk(old, new, &old_path, &new_path, &name.to_lossy(), changes),
                    (None, Some(new)) => changes.push(Change::one_sided(Kind::Added, &new_path, None, Some(new))),
                    (Some(old), None) => changes.push(Change::one_sided(Kind::Removed, &old_path, Some(old), None)),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for pair in align(old, new) {
                let old_at = |index| old_path.then(Step::Element(index));
                let new_at = |index| new_path.then(Step::Element(index));
                match pair {
                    Pair::Changed(from, to) => {
                        if let (Some(old), Some(new)) = (old.get(from), new.get(to)) {
                            walk(old, new, &old_at(from), &new_at(to), member, changes);
                        }
                    }
                    Pair::Inserted(to) => {
                        changes.push(Change::one_sided(Kind::Inserted, &new_at(to), None, new.get(to)));
                    }
                    Pair::Removed(from) => {
                        changes.push(Change::one_sided(Kind::Removed, &old_at(from), old.get(from), None));
                    }
                    Pair::Moved(from, to) => {
                        let mut change = Change::new(Kind::Moved, &new_at(to), old.get(from), new.get(to));
                        change.from = Some(old_at(from).to_string());
                        changes.push(change);
                    }
                }
            }
        }
        _ if is_same(old, new) => {}
        _ => changes.push(Change::of_scalars(old, new, new_path, member)),
    }
}

/// NaN is recorded, and equals itself here.
fn is_same(old: &Value<'_>, new: &Value<'_>) -> bool {
    match (old, new) {
        (Value::Float(old), Value::Float(new)) => old.to_bits() == new.to_bits() || (old.is_nan() && new.is_nan()),
        _ => old == new,
    }
}

/// Returns the JSON of a value, by which it is compared and measured.
pub(super) fn json(value: &Value<'_>) -> Vec<u8> {
    to_vec(value, Style::COMPACT).unwrap_or_default()
}

impl<'v> Change<'v> {
    fn new(kind: Kind, path: &Path<'_>, old: Option<&'v Value<'v>>, new: Option<&'v Value<'v>>) -> Self {
        let (place, path, volatile) = (Pointer::like(path), path.to_string(), BTreeSet::new());
        Self { kind, path, place, from: None, old, new, places: Vec::new(), volatile, size: EACH }
    }

    fn one_sided(kind: Kind, path: &Path<'_>, old: Option<&'v Value<'v>>, new: Option<&'v Value<'v>>) -> Self {
        let size = EACH + old.or(new).map_or(0, |value| json(value).len());
        Self { size, ..Self::new(kind, path, old, new) }
    }

    fn of_scalars(old: &'v Value<'v>, new: &'v Value<'v>, path: &Path<'_>, member: &str) -> Self {
        let mut change = Self::new(Kind::Changed, path, Some(old), Some(new));
        match (old, new) {
            (Value::String(old), Value::String(new)) => {
                let (old, new) = (readable(old), readable(new));
                change.places = places(&old, &new);
                let kinds = change.places.iter().map(|place| {
                    let part = |text, range| str::get(text, range).unwrap_or_default();
                    let before = part(&old, 0..place.old.start);
                    volatile(member, before, part(&old, place.old.clone()), part(&new, place.new.clone()))
                });
                change.volatile = if ADDRESS.contains(&change.path.as_str()) {
                    volatile_in_url(&old, &new).into_iter().collect()
                } else {
                    kinds.collect::<Option<_>>().unwrap_or_default()
                };
                let sizes = change.places.iter().map(|place| EACH + place.old.len().max(place.new.len()));
                change.size = sizes.sum();
            }
            _ => {
                let spelled = |value| String::from_utf8(json(value)).unwrap_or_default();
                change.volatile = volatile(member, "", &spelled(old), &spelled(new)).into_iter().collect();
                change.size = EACH + json(old).len().max(json(new).len());
            }
        }
        change
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> Vec<String> {
        let (old, new) = (Value::parse(old.as_bytes()).unwrap(), Value::parse(new.as_bytes()).unwrap());
        let say = |change: Change<'_>| match change.from {
            Some(from) => format!("{} {from} {}", change.kind.name(), change.path),
            None => format!("{} {}", change.kind.name(), change.path),
        };
        diff(&old, &new).into_iter().map(say).collect()
    }

    #[test]
    fn members_are_compared_by_name() {
        assert_eq!(
            told(
                r#"{"a": 1, "b": {"c": [1, {"d": "x"}]}, "e": 1}"#,
                r#"{"b": {"c": [1, {"d": "y"}]}, "a": 1, "f": 1}"#
            ),
            ["changed b.c[1].d", "removed e", "added f"]
        );
        assert_eq!(told(r#"{"a": 1}"#, r#"{"a": 1.0}"#), ["changed a"]);
        assert!(told(r#"{"a": [1, null, {"b": 1e300}]}"#, r#"{"a": [1, null, {"b": 1e300}]}"#).is_empty());
    }

    #[test]
    fn elements_are_inserted_removed_and_moved() {
        let message = |role: &str, text: &str| format!(r#"{{"role": "{role}", "content": "{text}"}}"#);
        let (a, b) = (message("system", "You are helpful."), message("user", "Which planet has rings?"));
        let (c, d) = (message("assistant", "Saturn does."), message("user", "Thank you very much!"));
        let list = |elements: &[&String]| {
            format!("[{}]", elements.iter().map(|element| element.as_str()).collect::<Vec<_>>().join(","))
        };
        assert_eq!(told(&list(&[&a, &b, &c]), &list(&[&a, &d, &b, &c])), ["inserted [1]"]);
        assert_eq!(told(&list(&[&a, &b, &c]), &list(&[&b, &c])), ["removed [0]"]);
        assert_eq!(told(&list(&[&a, &b, &c]), &list(&[&c, &a, &b])), ["moved [2] [0]"]);
        assert_eq!(told(&list(&[&a, &b]), &list(&[&b, &a])), ["moved [0] [1]"]);
        let changed = message("user", "Which planet has moons?");
        assert_eq!(told(&list(&[&a, &b, &c]), &list(&[&d, &a, &changed, &c])), ["inserted [0]", "changed [2].content"]);
        assert_eq!(told(&list(&[&a, &b]), &list(&[&a, &d])), ["changed [1].content"]);
        assert_eq!(told("[1, 2, 3]", "[1, 5, 3]"), ["changed [1]"]);
        assert_eq!(told(r#"["a", "a"]"#, r#"["a"]"#), ["removed [1]"]);
    }

    #[test]
    fn what_changes_by_itself_is_told() {
        let (old, new) =
            (r#"{"a": "on 2026-04-01 at 10:00, call_8f3k2mQ1"}"#, r#"{"a": "on 2026-04-02 at 10:01, call_9f3k2mQ1"}"#);
        let (old, new) = (Value::parse(old.as_bytes()).unwrap(), Value::parse(new.as_bytes()).unwrap());
        let changes = diff(&old, &new);
        let [change] = changes.as_slice() else { unreachable!("{changes:?}") };
        assert_eq!(change.volatile, BTreeSet::from([Volatile::Id, Volatile::Date]));
    }
}
