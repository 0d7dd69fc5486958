//! Numbers in the text of requests, rounded as those outside of it are.

use std::borrow::Cow;
use std::io::Write;

use super::digits::to_ascii_digits;
use super::scan::{digits, digits_before};

/// Rounds every match of Python's `-?\d+\.\d{4,}`.
///
/// A match has one point, so each point is looked at: before it digits that are not part of the match before, after it
/// four or more.
pub(super) fn round_in_text(text: Cow<'_, [u8]>, decimals: usize) -> Cow<'_, [u8]> {
    let mut rounded = Vec::new();
    let mut done = 0;
    for point in memchr::memchr_iter(b'.', &text) {
        let Some((start, end)) = number_around(&text, done, point) else { continue };
        let digits = text.get(start..end).unwrap_or_default();
        let Some(number) = to_ascii_digits(digits).and_then(|digits| digits.parse::<f64>().ok()) else { continue };
        rounded.extend_from_slice(text.get(done..start).unwrap_or_default());
        let _ = write!(rounded, "{number:.decimals$}"); // a vector takes all that is written to it
        done = end;
    }
    if done == 0 {
        return text;
    }
    rounded.extend_from_slice(text.get(done..).unwrap_or_default());
    Cow::Owned(rounded)
}

fn number_around(text: &[u8], from: usize, point: usize) -> Option<(usize, usize)> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte >= 0x80;
    text.get(point + 1).filter(|byte| is_digit(byte))?;
    let whole = digits_before(text, from, point);
    let end = digits(text, point + 1);
    let has_four = || std::str::from_utf8(text.get(point + 1..end)?).ok()?.chars().nth(3);
    if whole >= point || has_four().is_none() {
        return None;
    }
    let has_sign = whole > from && text.get(whole - 1) == Some(&b'-');
    Some((whole - usize::from(has_sign), end))
}
