//! White space out of a document and back in.
//!
//! Half of a recording is the white space of `json.dumps(indent=2)`, which says nothing: it follows from the brackets.
//! A document in that layout is kept without it and given back byte for byte; one in any other layout is told apart.

use super::{JsonError, JsonErrorKind as Wrong, MAX_DEPTH, Reader};

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

/// A line's end and two spaces for each level that [`compact`] recognises and [`restore`] writes; deeper documents are not
/// indented ones.
static NEW_LINE: [u8; 1 + 2 * MAX_DEPTH] = {
    let mut line = [b' '; 1 + 2 * MAX_DEPTH];
    line[0] = b'\n';
    line
};

/// Checks the document that `reader` is about to read and returns it without white space, and how it was laid out.
///
/// The spelling of strings and numbers stays as it is, so that [`restore`] gives back the same bytes.
///
/// ```
/// use recstore_core::json::{Layout, Reader, compact, restore};
/// let text = b"{\n  \"a\": [\n    1.50,\n    {}\n  ]\n}\n";
/// let (document, layout) = compact(Reader::new(text)?)?;
/// assert_eq!(document, br#"{"a":[1.50,{}]}"#);
/// assert_eq!(layout, Layout::IndentedLine);
/// assert_eq!(restore(&document, layout).as_deref(), Some(&text[..]));
/// # Ok::<(), recstore_core::json::JsonError>(())
/// ```
///
/// # Errors
/// Where the text is not JSON in the reader's dialect and limits.
pub fn compact(mut reader: Reader<'_>) -> Result<(Vec<u8>, Layout), JsonError> {
    let mut compactor = Compactor { out: Vec::with_capacity(reader.rest().len() / 2), depth: 0, is_indented: true };
    compactor.gap(&mut reader, b"");
    compactor.value(&mut reader)?;
    let layout = match reader.rest() {
        b"" if compactor.is_indented => Layout::Indented,
        b"\n" if compactor.is_indented => Layout::IndentedLine,
        _ => Layout::Other,
    };
    reader.document(|_| Ok::<_, JsonError>(()))?;
    Ok((compactor.out, layout))
}

struct Compactor {
    out: Vec<u8>,
    depth: usize,
    is_indented: bool,
}

impl Compactor {
    /// Takes the value at which the reader stands.
    fn value(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        match reader.byte() {
            Some(b'[') => self.container(reader, b']', Wrong::ExpectedCommaOrBracket),
            Some(b'{') => self.container(reader, b'}', Wrong::ExpectedCommaOrBrace),
            _ => {
                let span = reader.span()?;
                self.out.extend_from_slice(reader.slice(span));
                Ok(())
            }
        }
    }

    fn container(&mut self, reader: &mut Reader<'_>, close: u8, unexpected: Wrong) -> Result<(), JsonError> {
        self.out.extend(reader.byte());
        reader.enter()?;
        self.depth += 1;
        if reader.byte() != Some(close) {
            self.gap(reader, self.new_line(self.depth));
            if reader.byte() == Some(close) {
                // White space between two brackets: well formed, but not what Python writes.
                self.is_indented = false;
            } else {
                self.items(reader, close, unexpected)?;
            }
        }
        self.depth -= 1;
        self.out.push(close);
        reader.leave();
        Ok(())
    }

    /// Takes the elements or members before `close`, at least one.
    fn items(&mut self, reader: &mut Reader<'_>, close: u8, unexpected: Wrong) -> Result<(), JsonError> {
        loop {
            if close == b'}' {
                self.name(reader)?;
            }
            self.value(reader)?;
            if reader.byte() != Some(b',') {
                self.gap(reader, self.new_line(self.depth - 1));
                // White space before a comma: well formed, but not what Python writes.
                self.is_indented &= reader.byte() != Some(b',');
            }
            match reader.byte() {
                Some(b',') => {
                    self.out.push(b',');
                    reader.advance_by(1);
                    self.gap(reader, self.new_line(self.depth));
                    if reader.byte() == Some(close) {
                        return Err(reader.wrong(Wrong::TrailingComma));
                    }
                }
                Some(byte) if byte == close => return Ok(()),
                Some(_) => return Err(reader.wrong(unexpected)),
                None => return Err(reader.wrong(Wrong::UnexpectedEnd)),
            }
        }
    }

    /// Takes a member name and the colon after it.
    fn name(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        let span = reader.name_span()?;
        self.out.extend_from_slice(reader.slice(span));
        self.gap(reader, b"");
        reader.colon()?;
        self.out.push(b':');
        self.gap(reader, b" ");
        Ok(())
    }

    /// Passes over white space and notes whether it is what an indented document has at this place.
    #[inline]
    fn gap(&mut self, reader: &mut Reader<'_>, expected: &[u8]) {
        if reader.rest().starts_with(expected) {
            reader.advance_by(expected.len());
        } else {
            self.is_indented = false;
        }
        if let Some(b' ' | b'\n' | b'\t' | b'\r') = reader.byte() {
            self.is_indented = false;
            reader.skip_white_space();
        }
    }

    fn new_line(&self, depth: usize) -> &'static [u8] {
        NEW_LINE.get(..1 + 2 * depth).unwrap_or(&NEW_LINE)
    }
}

/// Puts the white space of `layout` back into a document that [`compact`] returned.
///
/// `None` for [`Layout::Other`], and for bytes that [`compact`] cannot have returned. What it needs is up to 257 times
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
