//! Strings: escapes into text and back.

use super::plain::{BLOCK, ROOM, copy, copy_short, put, signs_at};
use super::sink::Sink;

/// Returns the length of the escape that `text` begins with, in bytes, or `None` where it is none that JSON knows.
#[inline]
pub(super) fn escape_length(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => hex4(text.get(2..)?).map(|_| 6),
        _ => None,
    }
}

/// Turns what lies between the quotes of a well-formed JSON string into text.
///
/// A lone surrogate (`"\ud800"`) is kept in the three bytes that UTF-8 would use for it (WTF-8), as Python keeps it in
/// a `str`; a pair of them becomes the one character it stands for.
pub(super) fn unescape(inside: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(plain) = memchr::memchr(b'\\', rest) {
        let (before, escape) = rest.split_at(plain);
        text.extend_from_slice(before);
        let mut taken = 2;
        match escape.get(1) {
            Some(b'b') => text.push(0x08),
            Some(b'f') => text.push(0x0C),
            Some(b'n') => text.push(b'\n'),
            Some(b'r') => text.push(b'\r'),
            Some(b't') => text.push(b'\t'),
            Some(b'u') => {
                let unit_at = |at: usize| escape.get(at..).and_then(hex4);
                let low = escape.get(6..8).filter(|next| *next == b"\\u").and_then(|_| unit_at(8));
                let (point, length) = match (unit_at(2).unwrap_or(0xFFFD), low) {
                    (high @ 0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                        (0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12)
                    }
                    (unit, _) => (unit, 6),
                };
                push_code_point(&mut text, point);
                taken = length;
            }
            other => text.extend(other),
        }
        rest = escape.get(taken..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}

fn hex4(digits: &[u8]) -> Option<u32> {
    let digits = digits.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

fn push_code_point(text: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(character) => text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        // A lone surrogate, in the bytes that UTF-8's scheme gives: 1110xxxx 10xxxxxx 10xxxxxx.
        None => text.extend([0xE0 | (point >> 12) as u8, 0x80 | (point >> 6) as u8 & 0x3F, 0x80 | point as u8 & 0x3F]),
    }
}

/// Writes `text` as a JSON string: ASCII only, as `json.dumps` does by default; or in UTF-8, escaping only what must be
/// (RFC 8785, section 3.2.2.2).
///
/// Returns the signs of all pairs of bytes that stand side by side, and perhaps of some that only seem to.
#[inline(always)]
pub(super) fn write_string<const ASCII: bool>(sink: &mut Sink, text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> u8 {
    // Most are so short, and as they are.
    if text.len() <= BLOCK
        && let Some(window) = sink.window::<{ 2 * BLOCK }>()
    {
        put(window, 0, b"\"");
        if copy_short::<ASCII>(window, 1, text).is_none() {
            put(window, 1 + text.len(), b"\"");
            let signs = signs_at(window, signs_of);
            sink.advance(text.len() + 2);
            return signs;
        }
    }
    write_long::<ASCII>(sink, text, signs_of)
}

/// Writes a string that may be long, and hold what must be escaped.
fn write_long<const ASCII: bool>(sink: &mut Sink, text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> u8 {
    sink.put([b'"']);
    let mut signs = 0;
    let mut rest = text;
    loop {
        let copied = copy::<ASCII>(sink.room(rest.len() + ROOM), rest, &signs_of);
        sink.advance(copied.written);
        signs |= copied.signs;
        rest = rest.get(copied.read..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
    }
    sink.put([b'"']);
    signs
}

/// Writes the escape of the character that `text` begins with to a place in the room; returns how long both are, in bytes.
#[inline(always)]
pub(super) fn write_escape(room: &mut [u8], at: usize, text: &[u8]) -> (usize, usize) {
    match text.first().and_then(|byte| short_escape(*byte)) {
        Some(escape) => {
            put(room, at, &escape);
            (1, escape.len())
        }
        None => write_units(room, at, text),
    }
}

/// Writes it as one or two escapes of UTF-16 units.
fn write_units(room: &mut [u8], at: usize, text: &[u8]) -> (usize, usize) {
    let (point, length) = decode_wtf8(text);
    let escape = |unit: u32| {
        let digit = |shift: u32| char::from_digit(unit >> shift & 0xF, 16).map_or(b'0', |digit| digit as u8);
        [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
    };
    let Some(above) = point.checked_sub(0x1_0000) else {
        put(room, at, &escape(point));
        return (length, 6);
    };
    put(room, at, &escape(0xD800 + (above >> 10)));
    put(room, at + 6, &escape(0xDC00 + (above & 0x3FF)));
    (length, 12)
}

/// Returns the escape of a character that has one of two bytes.
#[inline(always)]
fn short_escape(byte: u8) -> Option<[u8; 2]> {
    /// A table, since what comes next in a text is hard to foretell.
    #[expect(clippy::indexing_slicing, reason = "a panic would be one of the compiler's")]
    static LETTERS: [u8; 256] = {
        let mut letters = [0; 256];
        letters[b'"' as usize] = b'"';
        letters[b'\\' as usize] = b'\\';
        letters[0x08] = b'b';
        letters[0x0C] = b'f';
        letters[b'\n' as usize] = b'n';
        letters[b'\r' as usize] = b'r';
        letters[b'\t' as usize] = b't';
        letters
    };
    match LETTERS.get(usize::from(byte)) {
        None | Some(0) => None,
        Some(letter) => Some([b'\\', *letter]),
    }
}

/// Returns the first code point of a WTF-8 text and its length in bytes.
pub(crate) fn decode_wtf8(text: &[u8]) -> (u32, usize) {
    let tail = |index: usize| text.get(index).map_or(0, |byte| u32::from(*byte) & 0x3F);
    match text.first().map_or(0, |first| u32::from(*first)) {
        first @ 0x00..0x80 => (first, 1),
        first @ 0x80..0xE0 => ((first & 0x1F) << 6 | tail(1), 2),
        first @ 0xE0..0xF0 => ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3),
        first => ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes one byte after the other, of ASCII.
    fn write_bytewise(text: &[u8], ascii: bool) -> Vec<u8> {
        let escape = |byte: &u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            0x08 => "\\b".to_owned(),
            0x0C => "\\f".to_owned(),
            0x00..0x20 => format!("\\u{byte:04x}"),
            0x7F if ascii => "\\u007f".to_owned(),
            _ => char::from(*byte).to_string(),
        };
        format!("\"{}\"", text.iter().map(escape).collect::<String>()).into_bytes()
    }

    fn written<const ASCII: bool>(text: &[u8]) -> Vec<u8> {
        let mut sink = Sink::with_room(0);
        write_string::<ASCII>(&mut sink, text, |_, _| 0);
        sink.into_bytes()
    }

    #[test]
    fn every_byte_is_escaped_at_every_place() {
        for length in 1..100 {
            for place in 0..length {
                for byte in 0..0x80 {
                    // A second one beside it, which a quick look could miss, and one further on.
                    let is_there = |at: usize| at == place || at == place + 1 || at == place + 11;
                    let text: Vec<u8> = (0..length).map(|at| if is_there(at) { byte } else { b'~' }).collect();
                    assert_eq!(written::<true>(&text), write_bytewise(&text, true), "{byte} at {place} of {length}");
                    assert_eq!(written::<false>(&text), write_bytewise(&text, false), "{byte} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn characters_beyond_ascii_are_escaped_at_every_place() {
        for (character, escape) in [("é", "\\u00e9"), ("€", "\\u20ac"), ("😀", "\\ud83d\\ude00")] {
            for before in 0..80 {
                for after in 0..40 {
                    let around = |middle: &str| format!("{}{middle}{}", "x".repeat(before), "y".repeat(after));
                    assert_eq!(
                        written::<true>(around(character).as_bytes()),
                        format!("\"{}\"", around(escape)).into_bytes()
                    );
                    assert_eq!(
                        written::<false>(around(character).as_bytes()),
                        format!("\"{}\"", around(character)).into_bytes()
                    );
                }
            }
        }
    }

    #[test]
    fn signs_are_found_at_every_place() {
        for (first, last) in [("", ""), ("\n", ""), ("", "\n"), ("é", "é")] {
            for before in 0..100 {
                for after in 0..70 {
                    let text = format!("{}{first}<|{last}{}", "x".repeat(before), "y".repeat(after));
                    let mut sink = Sink::with_room(0);
                    let signs_of = |first, second| u8::from((first == b'<') & (second == b'|')) << 3;
                    assert_ne!(write_string::<true>(&mut sink, text.as_bytes(), signs_of) & 1 << 3, 0, "{text:?}");
                }
            }
        }
    }
}
