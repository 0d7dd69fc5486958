//! Where two texts differ, word by word.

use std::borrow::Cow;
use std::ops::Range;

use super::common::common;
use crate::json::{Text, common_len, decode_wtf8};

/// A place at which two texts differ: the bytes of the one and of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// Returns the places at which two texts differ, in their order; none where they are equal.
///
/// A place holds whole words, numbers, dates, ids and paths: what people change as one.
pub(super) fn places(old: &str, new: &str) -> Vec<Place> {
    let (front, back) = common_ends(old, new);
    let inside = |text: &str| front..text.len() - back;
    let (old_words, new_words) = (words(old, inside(old)), words(new, inside(new)));
    let text = |all: &[Range<usize>], from: &str| -> Vec<u64> {
        let hash =
            |word: &Range<usize>| xxhash_rust::xxh3::xxh3_64(from.get(word.clone()).unwrap_or_default().as_bytes());
        all.iter().map(hash).collect()
    };
    let pairs = common(&text(&old_words, old), &text(&new_words, new));
    let between = |words: &[Range<usize>], whole: &str, from: usize, to: usize| {
        let start = words.get(from).map_or(inside(whole).end, |word| word.start);
        start
            ..to.checked_sub(1)
                .filter(|last| *last >= from)
                .and_then(|last| words.get(last))
                .map_or(start, |word| word.end)
    };
    let mut places = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    for (at_old, at_new) in pairs.into_iter().chain([(old_words.len(), new_words.len())]) {
        if (from_old, from_new) != (at_old, at_new) {
            places.push(Place {
                old: between(&old_words, old, from_old, at_old),
                new: between(&new_words, new, from_new, at_new),
            });
        }
        (from_old, from_new) = (at_old + 1, at_new + 1);
    }
    places
}

/// Returns the lengths of the beginning and the end that two texts have in common, in whole words.
fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let front = common_len(old.as_bytes(), new.as_bytes());
    let shorter = old.len().min(new.len());
    if front == old.len() && front == new.len() {
        return (front, 0);
    }
    let start = |text: &str| start_of_word(text, front);
    let front = start(old).min(start(new));
    let back =
        old.bytes().rev().zip(new.bytes().rev()).take(shorter - front).take_while(|(old, new)| old == new).count();
    let end = |text: &str| text.len() - end_of_word(text, text.len() - back);
    (front, end(old).min(end(new)))
}

/// Returns where the word begins that a place lies in or behind.
fn start_of_word(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // The word may go on here.
    let before = text.get(..at).unwrap_or_default();
    let kind = before.chars().next_back().map(Kind::of);
    match kind {
        None | Some(Kind::Mark) => at,
        Some(kind) => {
            at - before
                .chars()
                .rev()
                .take_while(|character| Kind::of(*character) == kind)
                .map(char::len_utf8)
                .sum::<usize>()
        }
    }
}

/// Returns where the word ends that a place lies in or before.
fn end_of_word(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let after = text.get(at..).unwrap_or_default();
    match after.chars().next().map(Kind::of) {
        None | Some(Kind::Mark) => at,
        Some(kind) => {
            at + after.chars().take_while(|character| Kind::of(*character) == kind).map(char::len_utf8).sum::<usize>()
        }
    }
}

/// What characters belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters and digits, and what holds numbers, dates, ids and paths together.
    Word,
    Space,
    /// Everything else, each character by itself.
    Mark,
}

impl Kind {
    fn of(character: char) -> Self {
        if character.is_alphanumeric() || "_-:./+@\\~%".contains(character) {
            Self::Word
        } else if character.is_whitespace() {
            Self::Space
        } else {
            Self::Mark
        }
    }
}

fn words(text: &str, inside: Range<usize>) -> Vec<Range<usize>> {
    let start = inside.start;
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut last = Kind::Mark;
    for (at, character) in text.get(inside).unwrap_or_default().char_indices() {
        let (at, kind) = (start + at, Kind::of(character));
        let end = at + character.len_utf8();
        match words.last_mut() {
            Some(word) if kind == last && kind != Kind::Mark => word.end = end,
            _ => words.push(at..end),
        }
        last = kind;
    }
    words
}

/// Returns a text, with lone surrogates spelled out as `<U+D800>`, so that two of them differ.
pub(super) fn readable<'t>(text: &'t Text<'_>) -> Cow<'t, str> {
    if let Some(text) = text.as_str() {
        return Cow::Borrowed(text);
    }
    let mut rest = text.as_bytes();
    let mut spelled = String::new();
    while !rest.is_empty() {
        let (point, length) = decode_wtf8(rest);
        match char::from_u32(point) {
            Some(character) => spelled.push(character),
            None => spelled.push_str(&format!("<U+{point:04X}>")),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(spelled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn differing<'t>(old: &'t str, new: &'t str) -> Vec<(&'t str, &'t str)> {
        places(old, new)
            .into_iter()
            .map(|place| (old.get(place.old).unwrap_or("?"), new.get(place.new).unwrap_or("?")))
            .collect()
    }

    #[test]
    fn places_hold_what_people_change_as_one() {
        for (old, new, expected) in [
            ("Say hello.", "Say hullo.", vec![("hello.", "hullo.")]),
            ("a b c", "a c", vec![("b ", "")]),
            ("one two", "one  two", vec![(" ", "  ")]),
            (
                "on 2026-04-01, at 10:00",
                "on 2026-04-02, at 10:30",
                vec![("2026-04-01", "2026-04-02"), ("10:00", "10:30")],
            ),
            ("cafe\u{301}", "caf\u{e9}", vec![("cafe\u{301}", "caf\u{e9}")]),
            ("{\"id\": \"call_1\"}", "{\"id\": \"call_2\"}", vec![("call_1", "call_2")]),
            ("same", "same", vec![]),
            ("", "x", vec![("", "x")]),
            ("日本", "日木", vec![("日本", "日木")]),
        ] {
            assert_eq!(differing(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn what_lies_between_the_places_is_equal() {
        let text = || {
            prop::collection::vec(
                prop::sample::select(vec!["a", "b ", " ", "é", "日", ".", "\"", "\u{301}", "12"]),
                0..20,
            )
        };
        proptest!(ProptestConfig::with_cases(3000), |(old in text(), new in text())| {
            let (old, new) = (old.concat(), new.concat());
            let (mut at_old, mut at_new) = (0, 0);
            for place in places(&old, &new) {
                prop_assert_eq!(old.get(at_old..place.old.start), new.get(at_new..place.new.start));
                prop_assert!(old.get(at_old..place.old.start).is_some());
                prop_assert!(old.get(place.old.clone()) != new.get(place.new.clone()));
                (at_old, at_new) = (place.old.end, place.new.end);
            }
            prop_assert!(old.get(at_old..).is_some());
            prop_assert_eq!(old.get(at_old..), new.get(at_new..));
        });
    }

    #[test]
    fn lone_surrogates_are_told_apart() {
        let text = |bytes: &[u8]| Text::from(bytes.to_vec());
        assert_eq!(readable(&text(b"a\xED\xA0\x80b")), "a<U+D800>b");
        assert_eq!(readable(&Text::from("plain")), "plain");
    }
}
