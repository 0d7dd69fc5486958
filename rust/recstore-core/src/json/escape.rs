//! Strings: escapes into text and back.

/// Returns the length of the escape that `text` begins with, in bytes, or `None` where it is none that JSON knows.
#[inline]
pub(super) fn escape_length(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => hex4(text.get(2..)?).map(|_| 6),
        _ => None,
    }
}

/// Returns how many bytes of a string come before the first quote, backslash or control character; all, where there is
/// none.
#[inline]
pub(crate) fn plain_length(text: &[u8]) -> usize {
    let (words, last) = text.as_chunks();
    for (number, word) in words.iter().enumerate() {
        let marks = specials::<false>(u64::from_le_bytes(*word));
        if marks != 0 {
            return number * size_of_val(word) + (marks.trailing_zeros() / 8) as usize;
        }
    }
    text.len() - last.len() + last.iter().take_while(|byte| !is_special::<false>(**byte)).count()
}

/// Returns the text of JSON that is a string without escapes; `None` of any other.
#[inline]
pub(crate) fn plain_string(json: &[u8]) -> Option<&str> {
    let inside = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if plain_length(inside) < inside.len() { None } else { std::str::from_utf8(inside).ok() }
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

/// Writes `text` as a JSON string, ASCII only, as `json.dumps` does by default.
///
/// Says whether two bytes next to each other are suspect.
pub(super) fn write_ascii(out: &mut Vec<u8>, text: &[u8], is_suspect: impl Fn(u8, u8) -> bool) -> bool {
    write_string::<true>(out, text, is_suspect)
}

/// Writes `text` as a JSON string in UTF-8, escaping only what must be (RFC 8785, section 3.2.2.2).
///
/// Says whether two bytes next to each other are suspect.
pub(super) fn write_utf8(out: &mut Vec<u8>, text: &[u8], is_suspect: impl Fn(u8, u8) -> bool) -> bool {
    write_string::<false>(out, text, is_suspect)
}

const BLOCK: usize = 16;

/// Copies, escapes and looks for suspects in one pass, block by block. Whether any byte of a block needs an escape or any
/// pair of it is suspect, and not which, the compiler tells by comparing all of them at once.
#[inline]
fn write_string<const ASCII: bool>(out: &mut Vec<u8>, text: &[u8], is_suspect: impl Fn(u8, u8) -> bool) -> bool {
    let has_suspect = |block: &[u8; BLOCK], shifted: &[u8; BLOCK]| {
        block.iter().zip(shifted).fold(false, |any, (first, second)| any | is_suspect(*first, *second))
    };
    let mut found = false;
    let mut rest = text;
    out.push(b'"');
    while let (Some(block), Some(shifted)) = (rest.first_chunk(), rest.get(1..).and_then(<[u8]>::first_chunk)) {
        found |= has_suspect(block, shifted);
        out.extend_from_slice(block);
        let mut taken = BLOCK;
        if block.iter().fold(false, |any, byte| any | is_special::<ASCII>(*byte)) {
            taken = first_special::<ASCII>(block);
            out.truncate(out.len() + taken - BLOCK);
            taken += write_escape(out, rest.get(taken..).unwrap_or_default());
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    if has_special::<ASCII>(rest) {
        found |= rest.windows(2).any(|pair| matches!(pair, [first, second] if is_suspect(*first, *second)));
        while let Some((byte, after)) = rest.split_first() {
            if is_special::<ASCII>(*byte) {
                rest = rest.get(write_escape(out, rest)..).unwrap_or_default();
            } else {
                out.push(*byte);
                rest = after;
            }
        }
    } else {
        push_short(out, rest);
        // A whole block, of which the text may be but the end: what stands before it is no worse than a suspect too many.
        let last = if text.len() > BLOCK { text } else { out.as_slice() };
        found |= match (last.get(..last.len() - 1).and_then(<[u8]>::last_chunk), last.last_chunk()) {
            (Some(block), Some(shifted)) => has_suspect(block, shifted),
            _ => true,
        };
    }
    out.push(b'"');
    found
}

/// Appends a text of at most a block: as two halves that overlap, which are moved without a call.
#[inline]
fn push_short(out: &mut Vec<u8>, text: &[u8]) {
    fn halves<const HALF: usize>(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
        let (low, high) = (text.first_chunk::<HALF>()?, text.last_chunk::<HALF>()?);
        out.extend_from_slice(low);
        out.truncate(out.len() + text.len() - 2 * HALF);
        out.extend_from_slice(high);
        Some(())
    }
    if halves::<8>(out, text).or_else(|| halves::<4>(out, text)).is_none() {
        out.extend_from_slice(text);
    }
}

#[inline]
fn is_special<const ASCII: bool>(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (ASCII & (byte >= 0x7F))
}

/// Says whether a byte of a text of at most a block must be escaped.
///
/// Two words that overlap hold all bytes, in two loads and without a loop.
#[inline]
fn has_special<const ASCII: bool>(text: &[u8]) -> bool {
    let marks = if let (Some(low), Some(high)) = (text.first_chunk(), text.last_chunk()) {
        specials::<ASCII>(u64::from_le_bytes(*low)) | specials::<ASCII>(u64::from_le_bytes(*high))
    } else if let (Some(low), Some(high)) = (text.first_chunk(), text.last_chunk()) {
        specials::<ASCII>(u64::from(u32::from_le_bytes(*low)) << 32 | u64::from(u32::from_le_bytes(*high)))
    } else {
        const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
        specials::<ASCII>(text.iter().fold(SPACES, |word, byte| word << 8 | u64::from(*byte)))
    };
    marks != 0
}

/// Returns which byte of a block is the first that must be escaped.
fn first_special<const ASCII: bool>(block: &[u8; BLOCK]) -> usize {
    let (words, _) = block.as_chunks();
    let mut at = 0;
    for word in words {
        match specials::<ASCII>(u64::from_le_bytes(*word)) {
            0 => at += size_of_val(word),
            marks => return at + (marks.trailing_zeros() / 8) as usize,
        }
    }
    at
}

/// Marks the bytes of `word` that must be escaped. The lowest mark is always a true one; those above may be borrowed.
#[inline]
fn specials<const ASCII: bool>(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let each = |byte: u8| ONES * u64::from(byte);
    let below_space = word.wrapping_sub(each(0x20)) & !word & HIGHS;
    let beyond_ascii = if ASCII { (word & HIGHS) | zero_in(word ^ each(0x7F)) } else { 0 };
    below_space | zero_in(word ^ each(b'"')) | zero_in(word ^ each(b'\\')) | beyond_ascii
}

/// Writes the escape of the character that `text` begins with, and returns the character's length.
fn write_escape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let letter = match text.first() {
        Some(byte @ (b'"' | b'\\')) => *byte,
        Some(0x08) => b'b',
        Some(0x0C) => b'f',
        Some(b'\n') => b'n',
        Some(b'\r') => b'r',
        Some(b'\t') => b't',
        _ => return write_units(out, text),
    };
    out.extend_from_slice(&[b'\\', letter]);
    1
}

/// Writes the character that `text` begins with as one or two escapes of UTF-16 units, and returns its length.
fn write_units(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let (point, length) = decode_wtf8(text);
    if let Some(above) = point.checked_sub(0x1_0000) {
        write_unit(out, 0xD800 + (above >> 10));
        write_unit(out, 0xDC00 + (above & 0x3FF));
    } else {
        write_unit(out, point);
    }
    length
}

fn write_unit(out: &mut Vec<u8>, unit: u32) {
    let digit = |shift: u32| char::from_digit(unit >> shift & 0xF, 16).map_or(b'0', |digit| digit as u8);
    out.extend([b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
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

    #[test]
    fn every_byte_is_escaped_at_every_place() {
        for length in 1..50 {
            for place in 0..length {
                for byte in 0..0x80 {
                    // A second one beside it, which a quick look could miss, and one further on.
                    let is_there = |at: usize| at == place || at == place + 1 || at == place + 11;
                    let text: Vec<u8> = (0..length).map(|at| if is_there(at) { byte } else { b'~' }).collect();
                    let (mut ascii, mut utf8) = (Vec::new(), Vec::new());
                    write_ascii(&mut ascii, &text, |_, _| false);
                    write_utf8(&mut utf8, &text, |_, _| false);
                    assert_eq!(ascii, write_bytewise(&text, true), "{byte} at {place} of {length}");
                    assert_eq!(utf8, write_bytewise(&text, false), "{byte} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn characters_beyond_ascii_are_escaped_at_every_place() {
        for (character, escape) in [("é", "\\u00e9"), ("€", "\\u20ac"), ("😀", "\\ud83d\\ude00")] {
            for before in 0..40 {
                for after in 0..20 {
                    let around = |middle: &str| format!("{}{middle}{}", "x".repeat(before), "y".repeat(after));
                    let (mut ascii, mut utf8) = (Vec::new(), Vec::new());
                    write_ascii(&mut ascii, around(character).as_bytes(), |_, _| false);
                    write_utf8(&mut utf8, around(character).as_bytes(), |_, _| false);
                    assert_eq!(ascii, format!("\"{}\"", around(escape)).into_bytes());
                    assert_eq!(utf8, format!("\"{}\"", around(character)).into_bytes());
                }
            }
        }
    }
}
