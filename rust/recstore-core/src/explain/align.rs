//! Which element of a list became which of another.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet, VecDeque};

use xxhash_rust::xxh3::xxh3_128;

use super::common::common;
use super::diff::json;
use super::sketch::Sketch;
use crate::json::Value;

/// What became of an element; elements that stay as they are have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// It is another now.
    Changed(usize, usize),
    /// It stands elsewhere.
    Moved(usize, usize),
    /// It went.
    Removed(usize),
    /// It came.
    Inserted(usize),
}

impl Pair {
    /// Where it is shown: at its place in the new list, or what went before what stands in its place.
    fn place(&self) -> (usize, bool) {
        match self {
            Self::Changed(_, to) | Self::Moved(_, to) | Self::Inserted(to) => (*to, true),
            Self::Removed(from) => (*from, false),
        }
    }
}

/// From so much in common on, of 1, an element that differs is the same one, changed.
const ALIKE: f32 = 0.4;
/// Among so many elements it is looked for which became which; of more, the first became the first.
const FEW: usize = 32;

/// Returns what became of the elements of `old`, in the order of `new`.
pub(super) fn align(old: &[Value<'_>], new: &[Value<'_>]) -> Vec<Pair> {
    let texts = |values: &[Value<'_>]| values.iter().map(json).collect::<Vec<_>>();
    let (old_texts, new_texts) = (texts(old), texts(new));
    let digests = |texts: &[Vec<u8>]| texts.iter().map(|text| xxh3_128(text)).collect::<Vec<_>>();
    let (old_digests, new_digests) = (digests(&old_texts), digests(&new_texts));
    let mut pairs = Vec::new();
    // What is left between the elements that stay.
    let mut gaps = Vec::new();
    let (mut from, mut to) = (0, 0);
    for (stays_from, stays_to) in common(&old_digests, &new_digests).into_iter().chain([(old.len(), new.len())]) {
        gaps.push(((from..stays_from).collect::<Vec<_>>(), (to..stays_to).collect::<Vec<_>>()));
        (from, to) = (stays_from + 1, stays_to + 1);
    }
    let moved = moves(&gaps, &old_digests, &new_digests);
    let (moved_from, moved_to): (HashSet<_>, HashSet<_>) = moved.iter().copied().unzip();
    let mut likeness = HashMap::new();
    for (left, right) in &mut gaps {
        left.retain(|from| !moved_from.contains(from));
        right.retain(|to| !moved_to.contains(to));
        pairs.extend(in_gap(left, right, old, new, &old_texts, &new_texts, &mut likeness));
    }
    pairs.extend(moved.into_iter().map(|(from, to)| Pair::Moved(from, to)));
    pairs.sort_by_key(Pair::place);
    pairs
}

/// Returns the elements that are left over in one gap of the old list and in another of the new.
fn moves(gaps: &[(Vec<usize>, Vec<usize>)], old: &[u128], new: &[u128]) -> Vec<(usize, usize)> {
    let mut left: HashMap<_, VecDeque<usize>> = HashMap::new();
    for from in gaps.iter().flat_map(|(left, _)| left) {
        left.entry(old.get(*from)).or_default().push_back(*from);
    }
    let right = gaps.iter().flat_map(|(_, right)| right);
    right.filter_map(|to| Some((left.get_mut(&new.get(*to))?.pop_front()?, *to))).collect()
}

/// Returns what became of the elements between two that stay.
fn in_gap(
    left: &[usize],
    right: &[usize],
    old: &[Value<'_>],
    new: &[Value<'_>],
    old_texts: &[Vec<u8>],
    new_texts: &[Vec<u8>],
    known: &mut HashMap<(usize, usize), f32>,
) -> Vec<Pair> {
    let is_scalar = |value: Option<&Value<'_>>| !matches!(value, Some(Value::Object(_) | Value::Array(_)));
    let is_one_value = |from: &usize, to: &usize| is_scalar(old.get(*from)) && is_scalar(new.get(*to));
    let all_pairs = || left.iter().zip(right);
    let is_in_turn = left.len() == right.len() && all_pairs().all(|(from, to)| is_one_value(from, to));
    let is_same_role = |from: &usize, to: &usize| {
        let role =
            |values: &[Value<'_>], index: &usize| values.get(*index).and_then(|value| value.get("role")).map(json);
        role(old, from).is_some() && role(old, from) == role(new, to)
    };
    let is_reply = left.len() == 1 && right.len() == 1 && all_pairs().all(|(from, to)| is_same_role(from, to));
    if is_in_turn || is_reply || left.len() > FEW || right.len() > FEW {
        let rest = left.len().min(right.len());
        let changed = all_pairs().map(|(from, to)| Pair::Changed(*from, *to));
        let removed = left.iter().skip(rest).map(|from| Pair::Removed(*from));
        return changed.chain(removed).chain(right.iter().skip(rest).map(|to| Pair::Inserted(*to))).collect();
    }
    // The two that are most alike are one; then those before them, and those behind.
    let mut best: Option<(f32, usize, usize)> = None;
    for (at, from) in left.iter().enumerate() {
        let sketch = OnceCell::new();
        for (other, to) in right.iter().enumerate() {
            let sketch = || sketch.get_or_init(|| Sketch::of(text_at(old_texts, *from)));
            let likeness = *known.entry((*from, *to)).or_insert_with(|| sketch().likeness(text_at(new_texts, *to)));
            if likeness >= ALIKE && best.is_none_or(|(most, _, _)| likeness > most) {
                best = Some((likeness, at, other));
            }
        }
    }
    let Some((_, at, other)) = best else {
        let removed = left.iter().map(|from| Pair::Removed(*from));
        return removed.chain(right.iter().map(|to| Pair::Inserted(*to))).collect();
    };
    let (left_before, left_from) = left.split_at(at);
    let (right_before, right_from) = right.split_at(other);
    let mut pairs = in_gap(left_before, right_before, old, new, old_texts, new_texts, known);
    if let (Some((from, left_behind)), Some((to, right_behind))) = (left_from.split_first(), right_from.split_first()) {
        pairs.push(Pair::Changed(*from, *to));
        pairs.extend(in_gap(left_behind, right_behind, old, new, old_texts, new_texts, known));
    }
    pairs
}

fn text_at(texts: &[Vec<u8>], index: usize) -> &[u8] {
    texts.get(index).map_or(&[], Vec::as_slice)
}
