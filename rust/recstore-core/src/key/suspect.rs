//! Which strings may be left alone: nearly all of them.

/// Says whether a mask or the rounding could change `text`: two bytes next to each other that each pattern needs, looked
/// for in one pass.
pub(super) fn has_suspect(text: &[u8]) -> bool {
    match text.last_chunk() {
        Some(last) => {
            let mut blocks = text.windows(BLOCK).step_by(PAIRS).filter_map(<[u8]>::first_chunk);
            blocks.any(block_has_suspect) || block_has_suspect(last)
        }
        None if text.len() < SHORTEST_MATCH => false,
        None => {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
            block_has_suspect(&block)
        }
    }
}

/// `0.1234`
const SHORTEST_MATCH: usize = 6;
const PAIRS: usize = 16;
const BLOCK: usize = PAIRS + 1;

/// Whether any pair of a block is suspect, and not which, the compiler tells by comparing all of them at once.
fn block_has_suspect(block: &[u8; BLOCK]) -> bool {
    let (Some(first), Some(second)) = (block.first_chunk::<PAIRS>(), block.last_chunk::<PAIRS>()) else { return true };
    first.iter().zip(second).fold(false, |any, (first, second)| any | is_suspect(*first, *second))
}

/// The ends of `score:`, `attributes:` and `document_id:`; `<|`; a point and a digit, which beyond ASCII begins with a
/// byte from 0x80 on.
fn is_suspect(first: u8, second: u8) -> bool {
    (second == b':') & ((first == b'e') | (first == b's') | (first == b'd'))
        | (first == b'<') & (second == b'|')
        | (first == b'.') & (second.is_ascii_digit() | (second >= 0x80))
}
