//! In which order the members of an object are written.

use super::Sorting;
use super::escape::decode_wtf8;

/// As many members as most objects have.
pub(super) const USUAL_MEMBERS: usize = 8;

/// The numbers of the first members, in the order in which they are written: the lowest byte of each.
pub(super) type Order = [u64; USUAL_MEMBERS];

const AS_THEY_LIE: Order = [0, 1, 2, 3, 4, 5, 6, 7];

/// Returns in which order members are written; many are moved into it.
#[inline(always)]
pub(super) fn order_members<T: AsRef<[u8]>, S>(members: &mut [(T, S)], sorting: Sorting) -> Order {
    match sorting {
        Sorting::CodePoint if members.len() <= USUAL_MEMBERS => return order_of_few(members),
        Sorting::CodePoint => members.sort_unstable_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref())),
        Sorting::Utf16 => members.sort_unstable_by(|(a, _), (b, _)| utf16(a.as_ref()).cmp(utf16(b.as_ref()))),
        Sorting::None => {}
    }
    AS_THEY_LIE
}

/// Returns the order of a few members by the bytes of their names.
///
/// They are not moved: what was just stored in parts is not quickly moved as a whole. Most names differ in their first
/// seven bytes, which with the member's number are a number that tells the order.
#[inline(always)]
fn order_of_few<T: AsRef<[u8]>, S>(members: &[(T, S)]) -> Order {
    let mut order = [u64::MAX; USUAL_MEMBERS];
    for ((own, (name, _)), number) in order.iter_mut().zip(members).zip(0..) {
        *own = beginning(name.as_ref()) & !0xFF | number;
    }
    if members.len() <= 4 {
        // Most objects: a network of comparisons, without a branch that would have to be foretold.
        let [a, b, c, d, ..] = &mut order;
        let sort = |low: &mut u64, high: &mut u64| (*low, *high) = ((*low).min(*high), (*low).max(*high));
        sort(a, b);
        sort(c, d);
        sort(a, c);
        sort(b, d);
        sort(b, c);
    } else {
        order.sort_unstable();
    }
    let few = order.get_mut(..members.len()).unwrap_or_default();
    if few.windows(2).any(|pair| matches!(pair, [first, second] if (first ^ second) >> 8 == 0)) {
        few.sort_unstable_by_key(|number| members.get((number & 0xFF) as usize).map(|(name, _)| name.as_ref()));
    }
    order
}

/// Returns the first eight bytes of a text as a number, the first the highest; zeros follow a shorter one.
#[inline(always)]
fn beginning(text: &[u8]) -> u64 {
    let length = text.len();
    if let Some(first) = text.first_chunk() {
        u64::from_be_bytes(*first)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u64::from(u32::from_be_bytes(*first)) << 32 | u64::from(u32::from_be_bytes(*last)) << (8 * (8 - length))
    } else {
        text.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) << (8 * (8 - length)).min(63)
    }
}

/// The UTF-16 units of a text.
fn utf16(text: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (point, length) = (!rest.is_empty()).then(|| decode_wtf8(rest))?;
        rest = rest.get(length..).unwrap_or_default();
        // One number in the place of a surrogate pair sorts as the pair does: before U+E000 and after U+D7FF.
        Some(if point < 0x1_0000 { point << 16 } else { 0xD800_0000 + (point - 0x1_0000) })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn members_are_written_in_the_order_of_all_bytes_of_their_names(
            names in prop::collection::vec("(|descri|max_tok|\0)[a-c\0é]{0,4}", 0..2 * USUAL_MEMBERS),
        ) {
            let mut members: Vec<_> = names.iter().map(|name| (name.as_str(), ())).collect();
            let order = order_members(&mut members, Sorting::CodePoint);
            let place = |number: usize| order.get(number).map_or(number, |number| (*number & 0xFF) as usize);
            let written: Vec<_> = (0..names.len()).filter_map(|number| members.get(place(number))).map(|(name, ())| *name).collect();
            let mut expected: Vec<_> = names.iter().map(String::as_str).collect();
            expected.sort_unstable();
            prop_assert_eq!(written, expected);
        }
    }
}
