//! White space back into a document.
//!
//! Half of a recording is the white space of `json.dumps(indent=2)`, which says nothing: it follows from the brackets.
//! A document in that layout is kept without it and given back byte for byte; one in any other layout is told apart.

use super::MAX_DEPTH;

/// How the white space of a document is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As `json.dumps(value, indent=2)`, with nothing after it.
    Indented,
    /// As `json.dumps(value, indent=2)` and a newline: what the recorder of OGX writes.
    IndentedLine,
    /// In some other way, which cannot be told from the document alone.
    Other,
}

impl Layout {
    /// Returns the number that packs hold for it.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Other => 0,
            Self::Indented => 1,
            Self::IndentedLine => 2,
        }
    }

    /// Returns the layout with a number; the one that says nothing of a document for a number that none has.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        [Self::Indented, Self::IndentedLine]
            .into_iter()
            .find(|layout| u32::from(layout.number()) == number)
            .unwrap_or(Self::Other)
    }
}

/// A line's end and two spaces for each level that [`compact`](super::compact()) recognises and [`restore`] writes; deeper
/// documents are not indented ones.
pub(super) static NEW_LINE: [u8; 1 + 2 * MAX_DEPTH] = {
    let mut line = [b' '; 1 + 2 * MAX_DEPTH];
    line[0] = b'\n';
    line
};

/// Puts the white space of `layout` back into a document that [`compact`](super::compact()) returned.
///
/// `None` for [`Layout::Other`], and for bytes that it cannot have returned. What it needs is up to 257 times
/// as much as the document; see [`restored_len`].
#[must_use]
pub fn restore(document: &[u8], layout: Layout) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(document.len() * 2);
    spread(document, layout, |bytes| out.extend_from_slice(bytes))?;
    Some(out)
}

/// Returns how many bytes [`restore`] would return, without the memory for them.
///
/// `None` as there.
#[must_use]
pub fn restored_len(document: &[u8], layout: Layout) -> Option<u64> {
    let mut length = 0;
    spread(document, layout, |bytes| length += bytes.len() as u64)?;
    Some(length)
}

/// Hands the document out piece by piece, with its white space.
fn spread(document: &[u8], layout: Layout, mut out: impl FnMut(&[u8])) -> Option<()> {
    if layout == Layout::Other {
        return None;
    }
    let mut depth: usize = 0;
    let mut rest = document;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => {
                out(&[byte]);
                if let Some(&close @ (b'}' | b']')) = rest.first() {
                    out(&[close]);
                    rest = rest.get(1..)?;
                } else {
                    depth += 1;
                    out(NEW_LINE.get(..1 + 2 * depth)?);
                }
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                out(NEW_LINE.get(..1 + 2 * depth)?);
                out(&[byte]);
            }
            b',' => {
                out(b",");
                out(NEW_LINE.get(..1 + 2 * depth)?);
            }
            b':' => out(b": "),
            b'"' => {
                let length = string_length(rest)?;
                out(b"\"");
                out(rest.get(..length)?);
                rest = rest.get(length..)?;
            }
            _ => out(&[byte]),
        }
    }
    if layout == Layout::IndentedLine {
        out(b"\n");
    }
    (depth == 0).then_some(())
}

/// Returns the length of a string from after its first quote to after its last.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at) {
            Some(b'"') => return Some(at + 1),
            _ => at += 2,
        }
    }
}
