//! Values that are like one that was read before.
//!
//! The chunks of a stream differ from each other in a few values only. Where the bytes between these are the same as in a
//! chunk that was found well formed, comparing them is all the checking they need, at many times the speed of reading.

use std::ops::Range;

use super::compact::Compactor;
use super::{JsonError, Reader};

/// A value that was found well formed.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    /// Where it stands in what was kept of the text.
    pub(super) kept: Range<usize>,
    /// All values in it that hold no others, in their order.
    pub(super) leaves: Vec<Leaf>,
}

/// A value in a model, in the place of which another may stand.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) span: Range<usize>,
    pub(super) kept: Range<usize>,
}

impl Reader<'_> {
    /// Skips a value as [`Reader::skip`] does, the quicker where it is like the model; else it becomes the model. All that
    /// is read with one model must be elements of one array.
    ///
    /// Returns from where to where in the model it differs from it; `None` where it is not like it.
    pub(crate) fn skip_like(&mut self, model: &mut Model) -> Result<Option<Range<usize>>, JsonError> {
        self.peek()?;
        Compactor::<false>::new(0).value_like(self, model)
    }
}

/// Returns how many bytes two texts have in common, from their beginning.
pub(super) fn common_len(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let (one_blocks, other_blocks) = (one.as_chunks::<BLOCK>().0, other.as_chunks::<BLOCK>().0);
    // Whether blocks are the same, and not where they differ, takes a few instructions.
    let blocks = one_blocks.iter().zip(other_blocks).take_while(|(one, other)| one == other).count();
    let (one, other) = (one.get(blocks * BLOCK..), other.get(blocks * BLOCK..));
    let rest = one.unwrap_or_default().iter().zip(other.unwrap_or_default());
    blocks * BLOCK + rest.take_while(|(one, other)| one == other).count()
}
