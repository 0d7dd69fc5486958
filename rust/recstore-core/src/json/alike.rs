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
    pub(super) span: Range<usize>,
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
    /// Skips a value as [`Reader::span`] does, the quicker where it is like the model; else it becomes the model. All that
    /// is read with one model must lie equally deep.
    pub(crate) fn span_like(&mut self, model: &mut Model) -> Result<Range<usize>, JsonError> {
        self.peek()?;
        let start = self.at;
        Compactor::<false>::new(0).value_like(self, model)?;
        Ok(start..self.at)
    }

    /// Skips an object if before and behind one value in it stands the same as in another; returns where that value stands.
    pub(crate) fn span_inside(&mut self, [before, behind]: [&[u8]; 2], model: &mut Model) -> Option<Range<usize>> {
        let start = self.clone();
        let found = self.rest().starts_with(before).then(|| {
            self.enter().ok()?;
            self.advance_by(before.len() - 1);
            let span = self.span_like(model).ok()?;
            self.rest().starts_with(behind).then(|| {
                self.advance_by(behind.len() - 1);
                self.leave();
                span
            })
        });
        let found = found.flatten();
        if found.is_none() {
            *self = start;
        }
        found
    }
}

/// Returns how many bytes two texts have in common, from their beginning.
pub(crate) fn common_len(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = size_of::<u128>();
    let blocks = one.as_chunks::<BLOCK>().0.iter().zip(other.as_chunks::<BLOCK>().0);
    let mut same = 0;
    for (one, other) in blocks {
        let differing = u128::from_le_bytes(*one) ^ u128::from_le_bytes(*other);
        if differing != 0 {
            return same + (differing.trailing_zeros() / 8) as usize;
        }
        same += BLOCK;
    }
    let (one, other) = (one.get(same..), other.get(same..));
    let rest = one.unwrap_or_default().iter().zip(other.unwrap_or_default());
    same + rest.take_while(|(one, other)| one == other).count()
}
