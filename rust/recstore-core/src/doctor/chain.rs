//! Recordings of one test that hang on one another's text.
//!
//! Two recordings hang together where one asks with what the other answered (a text, or the id of a tool's call), or where
//! one request is the other with text put in at one place: a conversation that goes on, an answer that is checked while it
//! grows. Where such a text changes, every request after it does, and with it the key.

use std::collections::{BTreeMap, HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::compare::of_group;
use super::examine::Facts;
use super::finding::{Finding, FindingKind};
use crate::json::{Dialect, JsonError, Kind, Reader, common_len};
use crate::parallel;
use crate::recording::{View, encode, said};
use crate::store::Store;

/// From so many recordings on a chain is told.
const LONG: usize = 10;
/// Shorter texts are said by chance.
const SHORTEST_TEXT: usize = 8;
/// A request is compared with so many that are shorter, the longest first: in a chain the one before is near.
const NEAR: usize = 256;

/// What one recording of a test asks and answers.
struct Turn {
    request: Vec<u8>,
    asks: HashSet<u64>,
    says: Vec<u64>,
}

pub(super) fn find(store: &Store, all: &[Facts], findings: &mut Vec<Finding>) {
    let mut tests: BTreeMap<u128, Vec<&Facts>> = BTreeMap::new();
    for facts in all.iter().filter(|facts| !facts.is_model_list) {
        if let Some(test) = facts.test {
            tests.entry(test).or_default().push(facts);
        }
    }
    let tests: Vec<_> = tests.into_values().filter(|group| group.len() >= LONG).collect();
    let look = |number: usize| tests.get(number).map(|group| linked(store, group));
    for (group, linked) in tests.iter().zip(parallel::map(tests.len(), look).into_iter().flatten()) {
        if linked.len() >= LONG {
            let message =
                format!("{} of the {} recordings of this test hang on one another's text", linked.len(), group.len());
            findings.extend(of_group(FindingKind::Chain, &linked, message));
        }
    }
}

/// Returns the recordings of a test that hang on another of it, or another on them.
fn linked<'a>(store: &Store, group: &[&'a Facts]) -> Vec<&'a Facts> {
    let turns: Vec<_> = group.iter().map(|facts| turn(store, facts)).collect();
    let mut is_linked = vec![false; group.len()];
    let mut link = |one: usize, other: usize| {
        for number in [one, other] {
            if let Some(linked) = is_linked.get_mut(number) {
                *linked = true;
            }
        }
    };
    let mut sayers: HashMap<u64, Vec<usize>> = HashMap::new();
    for (number, turn) in turns.iter().enumerate() {
        for said in turn.iter().flat_map(|turn| &turn.says) {
            sayers.entry(*said).or_default().push(number);
        }
    }
    for (number, turn) in turns.iter().enumerate() {
        for asked in turn.iter().flat_map(|turn| &turn.asks) {
            for sayer in sayers.get(asked).into_iter().flatten().filter(|sayer| **sayer != number) {
                link(number, *sayer);
            }
        }
    }
    let mut by_length: Vec<_> =
        turns.iter().enumerate().filter_map(|(number, turn)| Some((number, &turn.as_ref()?.request))).collect();
    by_length.sort_by_key(|(_, request)| request.len());
    for (place, (number, request)) in by_length.iter().enumerate() {
        let shorter = by_length.get(place.saturating_sub(NEAR)..place).unwrap_or_default();
        if let Some((other, _)) = shorter.iter().rev().find(|(_, shorter)| is_grown(shorter, request)) {
            link(*number, *other);
        }
    }
    group.iter().zip(is_linked).filter_map(|(facts, is_linked)| is_linked.then_some(*facts)).collect()
}

/// Says whether `long` is `short` with text put in at one place.
fn is_grown(short: &[u8], long: &[u8]) -> bool {
    short.len() < long.len() && short.get(common_len(short, long)..).is_some_and(|rest| long.ends_with(rest))
}

/// Reads a recording again: of most tests nobody needs what is kept of it here. `None` where it has gone.
fn turn(store: &Store, facts: &Facts) -> Option<Turn> {
    let text = store.read_file(&facts.file).ok()?;
    let block = encode(&text, store.limits()).ok()?;
    let view = View::new(&block).ok()?;
    let request = view.request().ok()?.to_vec();
    let mut asks = HashSet::new();
    let mut reader = Reader::new(&request).ok()?.dialect(Dialect::Python);
    strings(&mut reader, &mut |text| asks.extend(digest(text))).ok()?;
    let (mut answer, mut says) = (Vec::new(), Vec::new());
    for chunk in 0..view.chunk_count() {
        let said = said(view.chunk_data(chunk).ok()?).ok()?;
        answer.extend_from_slice(&said.text);
        says.extend(said.tool_calls.iter().filter_map(|call| digest(call.id.as_ref()?.as_bytes())));
    }
    says.extend(digest(&answer));
    Some(Turn { request, asks, says })
}

/// Gives every string of a value, but not the names of members.
fn strings(reader: &mut Reader<'_>, take: &mut impl FnMut(&[u8])) -> Result<(), JsonError> {
    match reader.peek()? {
        Kind::String => reader.string().map(|text| take(text.as_bytes())),
        Kind::Array => reader.array(|reader| strings(reader, take)),
        Kind::Object => reader.object(|reader, _| strings(reader, take)),
        _ => reader.skip(),
    }
}

fn digest(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    (text.len() >= SHORTEST_TEXT).then(|| xxh3_64(text))
}

#[cfg(test)]
mod tests {
    use super::is_grown;

    #[test]
    fn a_request_that_goes_on_is_told_from_another() {
        assert!(is_grown(b"[1,2]x", b"[1,2,3]x"));
        assert!(is_grown(b"aab", b"aaab"), "what comes before and after may overlap");
        assert!(!is_grown(b"[1,2]x", b"[1,2]x"), "the same is no growth");
        assert!(!is_grown(b"[1,2]x", b"[3,4,5]x"));
        assert!(!is_grown(b"[1,2]x", b"[1,3,2]y"));
    }
}
