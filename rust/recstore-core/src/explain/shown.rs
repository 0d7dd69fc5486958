//! Values and differences as people can read them: short, and with everything visible.

use std::ops::Range;

use super::words::{Place, readable};
use crate::json::{Style, Value, to_vec};

/// So many characters are shown before and after a difference.
const AROUND: usize = 24;
/// So many characters of a difference, or of a value, are shown.
const WIDTH: usize = 60;
/// So many differing characters are told by their code points.
const FEW: usize = 4;

/// How much of a text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What differs, and a few characters around it.
    Short,
    /// All of it.
    Full,
}

/// Returns one line for a value: the beginning of its JSON.
pub(super) fn value(value: &Value<'_>, extent: Extent) -> String {
    let json = match value {
        Value::String(text) => return quoted(&cut(&readable(text), extent, visible)),
        // The order of members does not count; what is plain text should be read as that.
        _ => to_vec(value, Style { ascii: false, ..Style::PYTHON }).or_else(|_| to_vec(value, Style::PYTHON)),
    };
    cut(&String::from_utf8_lossy(&json.unwrap_or_default()), extent, visible)
}

/// Returns both sides of a place at which two texts differ, with a little around it.
pub(super) fn place(old: &str, new: &str, place: &Place) -> (String, String) {
    let (old_part, new_part) = (part(old, &place.old), part(new, &place.new));
    let is_space = |text: &str| text.chars().all(char::is_whitespace);
    let spell = if is_space(old_part) && is_space(new_part) { visible_space } else { visible };
    let (front, back) = common_characters(old_part, new_part);
    let differing = |part: &str| part.get(front..part.len() - back).unwrap_or_default().to_owned();
    let points = code_points(&differing(old_part), &differing(new_part));
    let side = |whole: &str, range: &Range<usize>, points: &str| {
        // Of a long word, what differs.
        let range = if part(whole, range).chars().count() > WIDTH {
            range.start + front..range.end - back
        } else {
            range.clone()
        };
        let (before, after) = (part(whole, &(0..range.start)), part(whole, &(range.end..whole.len())));
        let (before, is_cut_before) = last_characters(before);
        let (after, is_cut_after) = first_characters(after);
        let ellipsis = |is_cut: bool| if is_cut { "…" } else { "" };
        let middle = cut(part(whole, &range), Extent::Short, spell);
        let text = format!(
            "{}{}{middle}{}{}",
            ellipsis(is_cut_before),
            visible(before),
            visible(after),
            ellipsis(is_cut_after)
        );
        format!("{}{points}", quoted(&text))
    };
    (side(old, &place.old, &points.0), side(new, &place.new, &points.1))
}

fn part<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    text.get(range.clone()).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Spells a text out, up to the width.
fn cut(text: &str, extent: Extent, spell: fn(&str) -> String) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) if extent == Extent::Short => {
            let more = part(text, &(end..text.len())).chars().count();
            format!("{}… ({more} more characters)", spell(part(text, &(0..end))))
        }
        _ => spell(text),
    }
}

fn last_characters(text: &str) -> (&str, bool) {
    match text.char_indices().rev().nth(AROUND - 1) {
        Some((start, _)) if start > 0 => (part(text, &(start..text.len())), true),
        _ => (text, false),
    }
}

fn first_characters(text: &str) -> (&str, bool) {
    match text.char_indices().nth(AROUND) {
        Some((end, _)) => (part(text, &(0..end)), true),
        None => (text, false),
    }
}

/// Returns the lengths of the beginning and the end that two texts share, in whole characters.
fn common_characters(old: &str, new: &str) -> (usize, usize) {
    let same = |(old, new): &(char, char)| old == new;
    let front: usize = old.chars().zip(new.chars()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    let rest = |text| part(text, &(front..str::len(text)));
    let back =
        rest(old).chars().rev().zip(rest(new).chars().rev()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    (front, back)
}

/// Returns the code points of what differs, where that is little and something in it may look like something else.
fn code_points(old: &str, new: &str) -> (String, String) {
    let both = || old.chars().chain(new.chars());
    if old.chars().count() > FEW || new.chars().count() > FEW || both().all(|character| character.is_ascii()) {
        return Default::default();
    }
    let points = |text: &str| {
        let points: Vec<_> = text.chars().map(|character| format!("U+{:04X}", u32::from(character))).collect();
        if points.is_empty() { String::new() } else { format!(" ({})", points.join(" ")) }
    };
    (points(old), points(new))
}

/// Spells out what a terminal would not show, or obey.
pub(super) fn visible(text: &str) -> String {
    spell(text, false)
}

/// Spells out plain spaces too.
fn visible_space(text: &str) -> String {
    spell(text, true)
}

fn spell(text: &str, with_spaces: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' ' if with_spaces => out.push('·'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..' ' | '\x7F' => out.push_str(&format!("\\x{:02x}", u32::from(character))),
            _ if is_invisible(character) => out.push_str(&format!("<U+{:04X}>", u32::from(character))),
            _ => out.push(character),
        }
    }
    out
}

/// Says whether a character shows nothing, or changes how others are shown: spaces other than the plain one, controls,
/// joiners, marks of direction, variation selectors, tags, private use and what stands for nothing.
fn is_invisible(character: char) -> bool {
    let is_other_space = character.is_whitespace() && character != ' ';
    is_other_space
        || character.is_control()
        || matches!(
            u32::from(character),
            0xAD | 0x034F
                | 0x061C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x2028..=0x202F
                | 0x2060..=0x206F
                | 0x2800
                | 0x3164
                | 0xE000..=0xF8FF
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0xE0000..=0xE0FFF
                | 0xF_0000..=0x10_FFFF
        )
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::super::words::places;
    use super::*;

    fn sides(old: &str, new: &str) -> (String, String) {
        place(old, new, places(old, new).first().unwrap())
    }

    fn pair(old: &str, new: &str) -> (String, String) {
        (old.to_owned(), new.to_owned())
    }

    #[test]
    fn a_difference_is_shown_with_a_little_around_it() {
        let long = "many words that are the same ".repeat(9);
        let (old, new) = sides(&format!("{long}hello {long}"), &format!("{long}hullo {long}"));
        assert_eq!(old, "\"…words that are the same hello many words that are the…\"");
        assert_eq!(new, "\"…words that are the same hullo many words that are the…\"");
        assert_eq!(sides("hello", "hullo"), pair("\"hello\"", "\"hullo\""));
        let (old, _) = sides(&"x".repeat(500), &"y".repeat(500));
        assert_eq!(old, format!("\"{}… (440 more characters)\"", "x".repeat(60)));
        let (old, new) = sides(&format!("{}a{}", "x".repeat(99), "x".repeat(99)), &"x".repeat(198));
        assert_eq!((old.contains("xax"), new.contains('a')), (true, false), "{old} {new}");
    }

    #[test]
    fn white_space_is_made_visible() {
        assert_eq!(sides("one two", "one  two"), pair("\"one·two\"", "\"one··two\""));
        assert_eq!(sides("one", "one\n"), pair("\"one\"", "\"one\\n\""));
        assert_eq!(sides("a b", "a\u{A0}b"), pair("\"a·b\" (U+0020)", "\"a<U+00A0>b\" (U+00A0)"));
        assert_eq!(sides("a\tb", "a\u{200B}b"), pair("\"a\\tb\" (U+0009)", "\"a<U+200B>b\" (U+200B)"));
    }

    #[test]
    fn what_looks_alike_is_told_by_its_code_points() {
        assert_eq!(sides("café", "cafe\u{301}"), pair("\"café\" (U+00E9)", "\"cafe\u{301}\" (U+0065 U+0301)"));
        assert_eq!(sides("it's", "it’s"), pair("\"it's\" (U+0027)", "\"it’s\" (U+2019)"));
        assert_eq!(sides("paypal", "p\u{430}ypal"), pair("\"paypal\" (U+0061)", "\"p\u{430}ypal\" (U+0430)"));
    }

    #[test]
    fn nothing_plays_with_the_terminal() {
        let text = visible("\x1b]0;x\x07 \u{9b}31m \u{202e}gnp.exe \u{2066}\u{feff}\u{e0041}\u{7f}\r\u{2028}");
        assert_eq!(text, "\\x1b]0;x\\x07 <U+009B>31m <U+202E>gnp.exe <U+2066><U+FEFF><U+E0041>\\x7f\\r<U+2028>");
        let evil = Value::parse("{\"\\u001b[2J\": \"\\u202e\"}".as_bytes()).unwrap();
        assert_eq!(value(&evil, Extent::Full), "{\"\\u001b[2J\": \"<U+202E>\"}");
    }
}
