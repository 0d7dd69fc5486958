//! What several groups of texts have in common.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Length of the runs of bytes that are compared. Shorter ones find more and longer ones take along what stands around;
/// measured, 32 gives packs larger by a fortieth, and 96 a dictionary longer by a sixth.
const RUN: usize = 64;
/// One run in 2^3 is looked at. Which is told by its bytes, so that it is the same ones in every group; runs overlap, so
/// that little more than one has to agree to be found.
const SAMPLE_BITS: u32 = 3;
/// Multiplier of the rolling hash: any large odd number does.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where a run comes for the first time.
struct First {
    group: usize,
    at: usize,
    is_shared: bool,
}

/// Returns what more than one group holds, each part once and in the order in which it comes first; at most `limit`
/// bytes.
///
/// What comes again in its own group alone is not in it: a compressor finds that by itself.
pub(super) fn shared(groups: &[Vec<u8>], limit: usize) -> Vec<u8> {
    let mut seen: HashMap<u64, First> = HashMap::new();
    let mut runs = Vec::new();
    for (group, text) in groups.iter().enumerate() {
        for (at, hash) in sampled_runs(text) {
            match seen.entry(hash) {
                Entry::Vacant(place) => drop(place.insert(First { group, at, is_shared: false })),
                Entry::Occupied(mut first) => {
                    let first = first.get_mut();
                    if first.group != group && !first.is_shared {
                        first.is_shared = true;
                        runs.push((first.group, first.at));
                    }
                }
            }
        }
    }
    runs.sort_unstable();
    let mut shared = Vec::new();
    let mut taken = (0, 0);
    for (group, at) in runs {
        let start = if taken.0 == group { at.max(taken.1) } else { at };
        taken = (group, at + RUN);
        let part = groups.get(group).and_then(|text| text.get(start..at + RUN)).unwrap_or_default();
        shared.extend_from_slice(part);
    }
    shared.truncate(limit);
    shared
}

/// Returns the beginnings and hashes of the runs of a text that are looked at.
///
/// Two runs with one hash are taken for the same: that costs a few bytes where it is wrong, once in 2^64.
fn sampled_runs(text: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    // No byte counts as nothing: zeros of different number differ.
    let value = |byte: &u8| u64::from(*byte) + 1;
    let leaving_factor = BASE.wrapping_pow(RUN as u32);
    let mut hash = 0_u64;
    text.iter().enumerate().filter_map(move |(index, byte)| {
        let leaving = index.checked_sub(RUN).and_then(|before| text.get(before)).map_or(0, value);
        hash = hash.wrapping_mul(BASE).wrapping_add(value(byte)).wrapping_sub(leaving.wrapping_mul(leaving_factor));
        let at = (index + 1).checked_sub(RUN)?;
        (hash >> (u64::BITS - SAMPLE_BITS) == 0).then_some((at, hash))
    })
}

#[cfg(test)]
mod tests {
    use super::shared;

    /// Bytes that do not come again.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn what_two_groups_hold_is_found_once_and_the_rest_is_not() {
        let common = noise(1, 1000);
        let groups: Vec<Vec<u8>> =
            (2..6).map(|seed| [noise(seed, 333), common.clone(), noise(seed + 10, 333)].concat()).collect();
        let found = shared(&groups, usize::MAX);
        assert!(common.windows(found.len()).any(|part| part == found), "it is a part of what is common");
        assert!(found.len() > 850, "and nearly all of it: {}", found.len());
        assert_eq!(Some(shared(&groups, 100).as_slice()), found.get(..100));
    }

    #[test]
    fn what_repeats_in_one_group_alone_is_not_shared() {
        let twice = noise(1, 500).repeat(2);
        assert!(shared(&[twice, noise(2, 500)], usize::MAX).is_empty());
        assert!(shared(&[], usize::MAX).is_empty());
        assert!(shared(&[b"short".to_vec(), b"short".to_vec()], usize::MAX).is_empty());
    }
}
