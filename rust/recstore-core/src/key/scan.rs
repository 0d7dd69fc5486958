//! Runs of digits and of white space, as Python's `re` sees them in a `str`.

use super::digits::to_ascii_digit;
use crate::json::decode_wtf8;

/// Returns where a run of `\d` that begins at `at` ends.
pub(super) fn digits(text: &[u8], at: usize) -> usize {
    run(text, at, is_digit)
}

/// Returns where a run of `\d` that ends at `end` begins, not before `from`.
pub(super) fn digits_before(text: &[u8], from: usize, end: usize) -> usize {
    run_before(text, from, end, is_digit)
}

/// Returns where a run of `\s` that begins at `at` ends.
pub(super) fn spaces(text: &[u8], at: usize) -> usize {
    run(text, at, is_space)
}

/// Returns where a run of `\s` that ends at `end` begins, not before `from`.
pub(super) fn spaces_before(text: &[u8], from: usize, end: usize) -> usize {
    run_before(text, from, end, is_space)
}

fn is_digit(character: char) -> bool {
    to_ascii_digit(character).is_some_and(|digit| digit.is_ascii_digit())
}

/// The separators U+001C to U+001F are white space to Python, but not to Unicode.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1C}'..='\u{1F}')
}

fn run(text: &[u8], mut at: usize, belongs: impl Fn(char) -> bool) -> usize {
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (point, length) = decode_wtf8(rest);
        if !char::from_u32(point).is_some_and(&belongs) {
            break;
        }
        at += length;
    }
    at
}

fn run_before(text: &[u8], from: usize, end: usize, belongs: impl Fn(char) -> bool) -> usize {
    let mut rest = text.get(from..end).unwrap_or_default();
    // The last character begins with the last byte that does not continue one.
    while let Some(start) = rest.iter().rposition(|byte| byte & 0xC0 != 0x80) {
        let (before, last) = rest.split_at(start);
        if !char::from_u32(decode_wtf8(last).0).is_some_and(&belongs) {
            break;
        }
        rest = before;
    }
    from + rest.len()
}
