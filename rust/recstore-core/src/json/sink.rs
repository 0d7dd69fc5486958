//! Where text is written to.

/// Text that is being written, with room behind it.
///
/// The room holds bytes already, so that a whole block can be put there of which only the beginning counts, and what a few
/// steps write is measured once. A `Vec` notes its length byte by byte, and each time waits for the time before.
#[derive(Debug)]
pub(crate) struct Sink {
    bytes: Vec<u8>,
    end: usize,
}

impl Sink {
    /// Begins with nothing, and with room for so many bytes.
    pub(crate) fn with_room(length: usize) -> Self {
        Self { bytes: vec![0; length], end: 0 }
    }

    /// Returns how much is written, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// Forgets all but the first bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// Returns the room behind what is written, of at least so many bytes.
    #[inline(always)]
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < length {
            self.grow(length);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Returns the first bytes of the room, as many as are known when this is compiled: what is put there needs no further
    /// check.
    #[inline(always)]
    pub(super) fn window<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.room(N).first_chunk_mut()
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        let room = (self.end + length).max(2 * self.bytes.len());
        self.bytes.resize(room, 0);
    }

    /// Takes so many bytes of the room for written.
    #[inline(always)]
    pub(super) fn advance(&mut self, length: usize) {
        self.end += length;
        debug_assert!(self.end <= self.bytes.len(), "more than the room");
    }

    /// Writes a few bytes, as many as are known when this is compiled.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        loop {
            if let Some(place) = self.bytes.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
                *place = bytes;
                self.end += N;
                return;
            }
            self.grow(N);
        }
    }

    /// Writes some bytes.
    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if let Some(place) = self.room(bytes.len()).get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.advance(bytes.len());
    }

    /// Forgets what is written, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.end = 0;
    }

    /// Returns how much room there is in all, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Returns what is written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    /// Returns what is written.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }
}
