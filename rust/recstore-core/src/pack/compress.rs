//! Texts into frames of zstd.
//!
//! Recordings repeat each other, near and far: a test asks again what another has asked, and gets nearly the same answer.
//! Neighbours lie in one frame, a group, so that they share what they have in common. What several groups share stands
//! in a dictionary that they all refer to. So a reader decompresses one group for a recording, and the dictionary once.

use std::io;

use zstd::bulk::Compressor;
use zstd::dict::EncoderDictionary;

use super::shared::shared;
use crate::parallel;

/// The level from which on more work gains next to nothing.
const LEVEL: i32 = 19;
/// A group is filled up to so many bytes of text: it takes about 0.1 ms to decompress. A longer text is alone in its own.
pub(super) const GROUP: usize = 512 << 10;
/// So many bytes of text share a dictionary, and are in memory while they are compressed. All recordings of a large project
/// fit in; to share more would make the dictionary longer, which has to be decompressed before the first group.
pub(super) const VOLUME: usize = 128 << 20;
/// The longest dictionary, in bytes: it takes a few milliseconds to decompress, once for an open pack.
pub(super) const DICTIONARY: usize = 4 << 20;

/// Texts that will be compressed together, one after another.
#[derive(Debug, Default)]
pub(super) struct Volume {
    groups: Vec<Vec<u8>>,
}

/// A text in compressed form.
#[derive(Debug)]
pub(super) struct Frame {
    /// Length of the text, in bytes.
    pub(super) text_len: usize,
    pub(super) bytes: Vec<u8>,
}

impl Volume {
    /// Adds a text to the last group, or to a new one where it is full.
    pub(super) fn add(&mut self, text: &[u8]) {
        match self.groups.last_mut() {
            Some(group) if group.len() + text.len() <= GROUP => group.extend_from_slice(text),
            _ if text.is_empty() => {}
            _ => self.groups.push(text.to_vec()),
        }
    }

    /// Compresses the texts; returns the groups in their order, and the dictionary that they need, if they do.
    pub(super) fn compress(&self) -> io::Result<(Vec<Frame>, Option<Frame>)> {
        let dictionary = shared(&self.groups, DICTIONARY);
        let prepared = (!dictionary.is_empty()).then(|| EncoderDictionary::try_copy(&dictionary, LEVEL)).transpose()?;
        let frames = parallel::map(self.groups.len(), |index| {
            let group = self.groups.get(index).map(Vec::as_slice).unwrap_or_default();
            Frame::of(group, prepared.as_ref())
        });
        let groups = frames.into_iter().collect::<io::Result<_>>()?;
        let dictionary = prepared.is_some().then(|| Frame::of(&dictionary, None)).transpose()?;
        Ok((groups, dictionary))
    }
}

impl Frame {
    fn of(text: &[u8], dictionary: Option<&EncoderDictionary<'_>>) -> io::Result<Self> {
        let mut compressor = dictionary.map_or_else(|| Compressor::new(LEVEL), Compressor::with_prepared_dictionary)?;
        Ok(Self { text_len: text.len(), bytes: compressor.compress(text)? })
    }
}
