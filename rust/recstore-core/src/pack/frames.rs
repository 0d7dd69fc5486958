//! Recordings out of the frames of a pack in the small form.

use std::ops::Range;
use std::sync::Arc;

use zstd::bulk::Decompressor;
use zstd::dict::DecoderDictionary;

use super::compress::{DICTIONARY, GROUP};
use super::find::layout;
use super::format::{FRAME, FRAMES, damaged, u32_at, u64_at};
use super::{Pack, PackError, PackProblem};
use crate::recent::Recent;
use crate::recording::{DamagedBlock, rebuild};

/// How many groups are kept decompressed: 8 MiB of text at most, so that recordings that are asked for with their
/// neighbours cost little more than from memory.
const GROUPS_KEPT: usize = 16;
/// How many dictionaries are kept: 16 MiB at most, enough for half a gigabyte of recordings.
const DICTIONARIES_KEPT: usize = 4;

/// What of a pack in the small form is decompressed.
#[derive(Debug, Default)]
pub(super) struct Decompressed {
    groups: Recent<u32, [u8], GROUPS_KEPT>,
    dictionaries: Recent<u32, DecoderDictionary<'static>, DICTIONARIES_KEPT>,
}

/// A frame, as the section [`FRAMES`] describes it.
struct Frame {
    number: u32,
    /// Where its text lies among the texts of all frames, one after another.
    text: Range<u64>,
    /// Where it lies in the section [`TEXTS`].
    bytes: Range<u64>,
    /// Number of the frame that is its dictionary.
    dictionary: Option<u32>,
}

// Offsets in a row of frames.
const TEXT_END: usize = 0;
const BYTES_END: usize = 8;
/// One more than the number of the dictionary; zero for none.
const DICTIONARY_NUMBER: usize = 16;

/// A row of the section [`FRAMES`], as it is written.
pub(super) fn frame_row(text_end: u64, bytes_end: u64, dictionary: Option<u32>) -> [u8; FRAME] {
    let mut row = [0; FRAME];
    let dictionary = dictionary.map_or(0, |number| number + 1);
    let fields = text_end.to_le_bytes().into_iter().chain(bytes_end.to_le_bytes()).chain(dictionary.to_le_bytes());
    row.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
    row
}

impl<B: AsRef<[u8]>> Pack<B> {
    /// Makes the block of a row again, of a pack in the small form.
    ///
    /// At most the group in which it lies and the dictionary are decompressed, and both are checked against the limits
    /// before memory is taken for them.
    pub(super) fn rebuilt(&self, row: u32) -> Result<Vec<u8>, PackError> {
        let range = self.block_range(row)?;
        let refused = |problem| self.problem(PackProblem::Recording(problem));
        self.limits.check_size(range.end - range.start).map_err(refused)?;
        let layout = layout(self.fields(row)?);
        let rebuild = |text: &[u8]| {
            let block = rebuild(layout, text, &self.limits);
            block.map_err(|_| PackError::of_block(self.path(), DamagedBlock("text")))
        };
        if range.is_empty() {
            return rebuild(&[]);
        }
        let frame = self.frame_with(range.start)?;
        let is_group = frame.text.end - frame.text.start <= GROUP as u64;
        if !is_group && frame.text == range {
            // Alone in its frame, and as long as the limits allow.
            return rebuild(&self.decompressed(&frame)?);
        }
        if !is_group || range.end > frame.text.end {
            return Err(self.problem(damaged(range.start, "a recording does not lie in a group as groups are")));
        }
        let text = self.unpacked.groups.get(frame.number, || self.decompressed(&frame).map(Arc::from))?;
        let part = range.start - frame.text.start..range.end - frame.text.start;
        rebuild(text.get(part.start as usize..part.end as usize).unwrap_or_default())
    }

    /// Makes sure that every frame is as frames are.
    pub(super) fn check_frames(&self) -> Result<(), PackError> {
        (0..self.frame_count).try_for_each(|number| self.frame(number).map(drop))
    }

    /// Returns the frame in whose text a byte lies.
    fn frame_with(&self, at: u64) -> Result<Frame, PackError> {
        let (mut first, mut end) = (0, self.frame_count);
        while first < end {
            let middle = first.midpoint(end);
            let row = self.row::<FRAME>(self.section(FRAMES), middle)?;
            if u64_at(row, TEXT_END).is_some_and(|text_end| text_end <= at) { first = middle + 1 } else { end = middle }
        }
        self.frame(first)
    }

    fn frame(&self, number: u32) -> Result<Frame, PackError> {
        let ends = |number| {
            let row = self.row::<FRAME>(self.section(FRAMES), number)?;
            let field = |at| u64_at(row, at).unwrap_or_default();
            Ok((field(TEXT_END), field(BYTES_END), u32_at(row, DICTIONARY_NUMBER).unwrap_or_default()))
        };
        let (text_end, bytes_end, dictionary) = ends(number)?;
        let (text_start, bytes_start, _) = number.checked_sub(1).map_or(Ok((0, 0, 0)), ends)?;
        if text_end <= text_start || bytes_end <= bytes_start {
            return Err(self.problem(damaged(bytes_start, "a frame ends before it begins")));
        }
        let dictionary = dictionary.checked_sub(1);
        Ok(Frame { number, text: text_start..text_end, bytes: bytes_start..bytes_end, dictionary })
    }

    /// Decompresses a frame, the length of whose text is within the limits.
    fn decompressed(&self, frame: &Frame) -> Result<Vec<u8>, PackError> {
        let bytes = self.part(self.index.bodies, frame.bytes.start, frame.bytes.end - frame.bytes.start)?;
        let length = (frame.text.end - frame.text.start) as usize;
        let dictionary = frame.dictionary.map(|number| self.dictionary(number)).transpose()?;
        let decompressor = match &dictionary {
            None => Decompressor::new(),
            Some(dictionary) => Decompressor::with_prepared_dictionary(dictionary),
        };
        // Where the text is longer than the row of its frame says, there is an error, not more memory.
        let text = decompressor.and_then(|mut decompressor| decompressor.decompress(bytes, length));
        let text = text.ok().filter(|text| text.len() == length);
        text.ok_or_else(|| self.problem(damaged(frame.bytes.start, "a frame does not hold the text that it should")))
    }

    fn dictionary(&self, number: u32) -> Result<Arc<DecoderDictionary<'static>>, PackError> {
        self.unpacked.dictionaries.get(number, || {
            let wrong = |what| self.problem(damaged(0, what));
            let frame = self.frame(number)?;
            if frame.dictionary.is_some() || frame.text.end - frame.text.start > DICTIONARY as u64 {
                return Err(wrong("a dictionary is not as dictionaries are"));
            }
            let dictionary = DecoderDictionary::try_copy(&self.decompressed(&frame)?);
            dictionary.map(Arc::new).map_err(|_| wrong("a dictionary cannot be used"))
        })
    }
}
