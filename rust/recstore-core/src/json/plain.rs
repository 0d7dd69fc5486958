//! Text that stands in a JSON string as it is.

use super::escape::write_escape;

/// Returns how many bytes of a string come before the first quote, backslash or control character; all, where there is
/// none.
#[inline]
pub(crate) fn plain_length(text: &[u8]) -> usize {
    // Most strings end in the first block.
    match text.first_chunk::<BLOCK>().map(first_special::<BLOCK, false>) {
        Some(Some(special)) => special,
        Some(None) => long_plain_length(text),
        None => plain_length_by::<BLOCK>(text),
    }
}

#[inline(never)]
fn long_plain_length(text: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        return super::wide::plain_length(text);
    }
    plain_length_by::<BLOCK>(text)
}

#[inline(always)]
pub(super) fn plain_length_by<const WIDTH: usize>(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<WIDTH>) {
        if let Some(special) = first_special::<WIDTH, false>(block) {
            return at + special;
        }
        at += WIDTH;
    }
    let mut rest = text.get(at..).unwrap_or_default();
    while let Some((word, after)) = rest.split_first_chunk() {
        let marks = specials::<false>(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += size_of_val(word);
        rest = after;
    }
    at + rest.iter().take_while(|byte| !is_special::<false>(**byte)).count()
}

/// Returns the text of JSON that is a string without escapes; `None` of any other.
#[inline]
pub(crate) fn plain_string(json: &[u8]) -> Option<&str> {
    let inside = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if plain_length(inside) < inside.len() { None } else { std::str::from_utf8(inside).ok() }
}

/// How much longer than the text the room for [`copy`] must be, in bytes: for a block and the longest escape.
pub(super) const ROOM: usize = WIDE + 12;

/// What is looked at at once, in bytes: a register of AVX2, and one that every processor has.
pub(super) const WIDE: usize = 32;
pub(super) const BLOCK: usize = 16;

/// How far [`copy`] came.
pub(super) struct Copied {
    /// How many bytes of the text are copied.
    pub(super) read: usize,
    /// How many bytes of the room they take.
    pub(super) written: usize,
    /// The signs of all pairs of bytes that stand side by side, and perhaps of some that only seem to.
    pub(super) signs: u8,
}

/// Copies a text and escapes what must be, as far as the room allows. What stands in the room behind it is anything.
#[inline(always)]
pub(super) fn copy<const ASCII: bool>(room: &mut [u8], text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> Copied {
    #[cfg(target_arch = "x86_64")]
    if text.len() > WIDE && is_x86_feature_detected!("avx2") {
        return super::wide::copy::<ASCII>(room, text, signs_of);
    }
    copy_by::<BLOCK, ASCII>(room, text, signs_of)
}

/// Copies in steps of so many bytes. Which of a block must be escaped, and which signs are in it, the compiler tells by
/// comparing all of them at once.
#[inline(always)]
pub(super) fn copy_by<const WIDTH: usize, const ASCII: bool>(
    room: &mut [u8],
    text: &[u8],
    signs_of: impl Fn(u8, u8) -> u8,
) -> Copied {
    let (mut signs, mut signs_of_blocks) = (0, [0; WIDTH]);
    let (mut read, mut written) = (0, 0);
    loop {
        let special = if let Some((block, after)) = pairs_at::<WIDTH>(text, read) {
            put(room, written, block);
            add_signs(&mut signs_of_blocks, block, after, &signs_of);
            first_special::<WIDTH, ASCII>(block).ok_or(WIDTH)
        } else if WIDTH > BLOCK
            && let Some((block, after)) = pairs_at::<BLOCK>(text, read)
        {
            put(room, written, block);
            signs |= all_signs(block, after, &signs_of);
            first_special::<BLOCK, ASCII>(block).ok_or(BLOCK)
        } else {
            let rest = text.get(read..).unwrap_or_default();
            copy_short::<ASCII>(room, written, rest).ok_or(rest.len())
        };
        let (Ok(plain) | Err(plain)) = special;
        read += plain;
        written += plain;
        if special.is_ok() {
            if room.len() - written < text.len() - read + ROOM {
                break;
            }
            let (taken, put) = write_escape(room, written, text.get(read..).unwrap_or_default());
            read += taken;
            written += put;
        } else if read == text.len() {
            break;
        }
    }
    // The end, which was not looked at in pairs. Where the room holds escapes, it is not the text.
    signs |= match text.len().checked_sub(BLOCK + 1).and_then(|end| text.get(end..)) {
        Some(last) => signs_at(last, signs_of),
        None if read == written => signs_at(room, signs_of),
        None => ALL_SIGNS,
    };
    signs = signs_of_blocks.iter().fold(signs, |all, signs| all | signs);
    Copied { read, written, signs }
}

/// Copies a text of at most a block to a place in the room, as two halves that overlap, which are moved and looked at
/// without a loop; returns where the first byte stands that must be escaped, if there is one.
#[inline(always)]
pub(super) fn copy_short<const ASCII: bool>(room: &mut [u8], at: usize, text: &[u8]) -> Option<usize> {
    let (low, high, half);
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        half = size_of_val(first);
        put(room, at, first);
        put(room, at + text.len() - half, last);
        (low, high) = (specials::<ASCII>(u64::from_le_bytes(*first)), specials::<ASCII>(u64::from_le_bytes(*last)));
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        half = size_of_val(first);
        put(room, at, first);
        put(room, at + text.len() - half, last);
        let both = u64::from(u32::from_le_bytes(*last)) << 32 | u64::from(u32::from_le_bytes(*first));
        let marks = specials::<ASCII>(both);
        (low, high) = (marks & u64::from(u32::MAX), marks >> 32);
    } else {
        let word = match text {
            [] => 0x20_2020,
            [first] => 0x20_2000 | u32::from(*first),
            [first, second, rest @ ..] => {
                let third = rest.first().unwrap_or(&b' ');
                u32::from(*first) | u32::from(*second) << 8 | u32::from(*third) << 16
            }
        };
        let word = word | u32::from(b' ') << 24;
        put(room, at, &word.to_le_bytes());
        (low, high, half) = (specials::<ASCII>(u64::from(word) << 32 | u64::from(word)), 0, 0);
    }
    let place = |marks: u64| (marks.trailing_zeros() / 8) as usize;
    match (low, high) {
        (0, 0) => None,
        (0, _) => Some(text.len() - half + place(high)),
        _ => Some(place(low)),
    }
}

/// Returns a block of a text, and the one that begins a byte later: together all pairs that begin in it.
#[inline(always)]
fn pairs_at<const WIDTH: usize>(text: &[u8], at: usize) -> Option<(&[u8; WIDTH], &[u8; WIDTH])> {
    let both = text.get(at..at + WIDTH + 1)?;
    Some((both.first_chunk()?, both.last_chunk()?))
}

#[inline(always)]
pub(super) fn put<const WIDTH: usize>(room: &mut [u8], at: usize, block: &[u8; WIDTH]) {
    if let Some(place) = room.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = *block;
    }
}

/// What stands for all signs, where they are not looked for.
const ALL_SIGNS: u8 = u8::MAX;

/// Adds the signs of the pairs of bytes that begin in a block; `after` is the text from its second byte on.
#[inline(always)]
fn add_signs<const WIDTH: usize>(
    signs: &mut [u8; WIDTH],
    block: &[u8; WIDTH],
    after: &[u8; WIDTH],
    signs_of: impl Fn(u8, u8) -> u8,
) {
    for ((signs, first), second) in signs.iter_mut().zip(block).zip(after) {
        *signs |= signs_of(*first, *second);
    }
}

#[inline(always)]
fn all_signs<const WIDTH: usize>(block: &[u8; WIDTH], after: &[u8; WIDTH], signs_of: impl Fn(u8, u8) -> u8) -> u8 {
    block.iter().zip(after).fold(0, |all, (first, second)| all | signs_of(*first, *second))
}

/// Returns the signs of the pairs that begin in the first block of a text.
#[inline(always)]
pub(super) fn signs_at(text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> u8 {
    pairs_at::<BLOCK>(text, 0).map_or(ALL_SIGNS, |(block, after)| all_signs(block, after, signs_of))
}

/// Returns which byte of a block is the first that must be escaped, if there is one.
#[inline(always)]
fn first_special<const WIDTH: usize, const ASCII: bool>(block: &[u8; WIDTH]) -> Option<usize> {
    let mut marks = [0; WIDTH];
    for (mark, byte) in marks.iter_mut().zip(block) {
        *mark = if is_special::<ASCII>(*byte) { u8::MAX } else { 0 };
    }
    if marks == [0; WIDTH] {
        return None;
    }
    let words = marks.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let (number, word) = words.enumerate().find(|(_, word)| *word != 0)?;
    Some(number * size_of_val(&word) + (word.trailing_zeros() / 8) as usize)
}

#[inline(always)]
fn is_special<const ASCII: bool>(byte: u8) -> bool {
    // As a signed number, what is beyond ASCII is below zero.
    let is_beyond = if ASCII { (byte.cast_signed() < 0x20) | (byte == 0x7F) } else { byte < 0x20 };
    is_beyond | (byte == b'"') | (byte == b'\\')
}

/// Marks the bytes of `word` that must be escaped. The lowest mark is always a true one; those above may be borrowed.
#[inline(always)]
fn specials<const ASCII: bool>(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let each = |byte: u8| ONES * u64::from(byte);
    let below_space = word.wrapping_sub(each(0x20)) & !word & HIGHS;
    let beyond_ascii = if ASCII { (word & HIGHS) | zero_in(word ^ each(0x7F)) } else { 0 };
    below_space | zero_in(word ^ each(b'"')) | zero_in(word ^ each(b'\\')) | beyond_ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_plain_up_to_the_first_byte_that_is_not() {
        for length in 0..100 {
            assert_eq!(plain_length("~".repeat(length).as_bytes()), length);
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    // A second one behind it, which must not be taken for the first.
                    let is_there = |at: usize| at == place || at == place + 7;
                    let text: Vec<u8> = (0..length).map(|at| if is_there(at) { byte } else { b'~' }).collect();
                    let expected = if byte < 0x20 || byte == b'"' || byte == b'\\' { place } else { length };
                    assert_eq!(plain_length(&text), expected, "{byte} at {place} of {length}");
                }
            }
        }
    }
}
