//! What a processor with AVX2 does with twice as many bytes at once.
//!
//! A place of the core with `unsafe`: the language lets code for some processors be called from code for all of them in no
//! other way. Keys would else take a seventh longer (docs/performance.md).

#![allow(unsafe_code)]

use super::plain::{Copied, WIDE, copy_by, plain_length_by};

/// As [`copy`](super::plain::copy), which alone calls it.
#[inline(always)]
pub(super) fn copy<const ASCII: bool>(room: &mut [u8], text: &[u8], signs_of: impl Fn(u8, u8) -> u8) -> Copied {
    // SAFETY: the caller has asked the processor whether it has AVX2. What is called is safe code otherwise.
    unsafe { copy_by_avx2::<ASCII, _>(room, text, signs_of) }
}

#[target_feature(enable = "avx2")]
fn copy_by_avx2<const ASCII: bool, S: Fn(u8, u8) -> u8>(room: &mut [u8], text: &[u8], signs_of: S) -> Copied {
    copy_by::<WIDE, ASCII>(room, text, signs_of)
}

/// As [`plain_length`](super::plain::plain_length), which alone has it called.
pub(super) fn plain_length(text: &[u8]) -> usize {
    // SAFETY: the caller has asked the processor whether it has AVX2. What is called is safe code otherwise.
    unsafe { plain_length_by_avx2(text) }
}

#[target_feature(enable = "avx2")]
fn plain_length_by_avx2(text: &[u8]) -> usize {
    plain_length_by::<WIDE>(text)
}
