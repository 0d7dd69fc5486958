//! White space out of a document.

use std::ops::Range;

use super::alike::{Leaf, Model, common_len};
use super::layout::NEW_LINE;
use super::{JsonError, JsonErrorKind as Wrong, Kind, Layout, Reader};

/// Checks the document that `reader` is about to read and returns it without white space, and how it was laid out.
///
/// The spelling of strings and numbers stays as it is, so that [`restore`](super::restore) gives back the same bytes.
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
pub fn compact(reader: Reader<'_>) -> Result<(Vec<u8>, Layout), JsonError> {
    // Room for all of it, so that nothing is moved: memory that is not written to costs nothing.
    Compactor::<true>::new(reader.rest().len()).document(reader)
}

/// Checks the document that `reader` is about to read as [`compact`] does, and keeps nothing of it.
pub(crate) fn check(reader: Reader<'_>) -> Result<(), JsonError> {
    Compactor::<false>::new(0).document(reader).map(drop)
}

/// A value with more leaves than this is no model: a leaf takes many times the memory of a digit in the text.
const MAX_LEAVES: usize = 8192;

/// Reads values and checks them; with `KEEPS`, what is no white space is kept.
pub(super) struct Compactor<const KEEPS: bool> {
    out: Vec<u8>,
    is_indented: bool,
    /// The leaves of the value that is read, while it is read to be a model.
    leaves: Option<Vec<Leaf>>,
}

impl<const KEEPS: bool> Compactor<KEEPS> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), is_indented: true, leaves: None }
    }

    fn document(mut self, mut reader: Reader<'_>) -> Result<(Vec<u8>, Layout), JsonError> {
        self.gap(&mut reader, 0);
        self.value(&mut reader)?;
        let layout = match reader.rest() {
            b"" if self.is_indented => Layout::Indented,
            b"\n" if self.is_indented => Layout::IndentedLine,
            _ => Layout::Other,
        };
        reader.document(|_| Ok::<_, JsonError>(()))?;
        Ok((self.out, layout))
    }

    #[inline]
    fn keep(&mut self, bytes: &[u8]) {
        if KEEPS {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Takes the value at which the reader stands.
    fn value(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        match reader.byte() {
            Some(b'[') => self.container(reader, b']', Wrong::ExpectedCommaOrBracket),
            Some(b'{') => self.container(reader, b'}', Wrong::ExpectedCommaOrBrace),
            _ => {
                let span = reader.span()?;
                let start = self.out.len();
                self.keep(reader.slice(span.clone()));
                if let Some(leaves) = &mut self.leaves
                    && leaves.len() <= MAX_LEAVES
                {
                    leaves.push(Leaf { span, kept: start..self.out.len() });
                }
                Ok(())
            }
        }
    }

    fn container(&mut self, reader: &mut Reader<'_>, close: u8, unexpected: Wrong) -> Result<(), JsonError> {
        self.keep(reader.rest().get(..1).unwrap_or_default());
        reader.enter()?;
        if reader.byte() != Some(close) {
            self.line(reader, reader.depth);
            if reader.byte() == Some(close) {
                // White space between two brackets: well formed, but not what Python writes.
                self.is_indented = false;
            } else {
                self.items(reader, close, unexpected)?;
            }
        }
        self.keep(&[close]);
        reader.leave();
        Ok(())
    }

    /// Takes the elements or members before `close`, at least one.
    fn items(&mut self, reader: &mut Reader<'_>, close: u8, unexpected: Wrong) -> Result<(), JsonError> {
        let mut model = Model::default();
        loop {
            if close == b'}' {
                self.name(reader)?;
                self.value(reader)?;
            } else {
                self.value_like(reader, &mut model)?;
            }
            if reader.byte() != Some(b',') {
                self.line(reader, reader.depth - 1);
                // White space before a comma: well formed, but not what Python writes.
                self.is_indented &= reader.byte() != Some(b',');
            }
            match reader.byte() {
                Some(b',') => {
                    self.keep(b",");
                    reader.advance_by(1);
                    self.line(reader, reader.depth);
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

    /// Takes the value at which the reader stands, which may be like the model; else it becomes the model.
    pub(super) fn value_like(&mut self, reader: &mut Reader<'_>, model: &mut Model) -> Result<(), JsonError> {
        // No models in models: the elements of the outermost array are those that are like each other, and so nothing is
        // read more than twice.
        if !matches!(reader.byte(), Some(b'{' | b'[')) || self.leaves.is_some() {
            return self.value(reader);
        }
        let (start, kept) = (reader.at, self.out.len());
        if self.try_like(reader, model).is_some() {
            return Ok(());
        }
        reader.at = start;
        self.out.truncate(kept);

        model.leaves.clear();
        self.leaves = Some(std::mem::take(&mut model.leaves));
        self.value(reader)?;
        model.leaves = self.leaves.take().unwrap_or_default();
        (model.span, model.kept) = (start..reader.at, kept..self.out.len());
        if model.leaves.len() > MAX_LEAVES {
            *model = Model::default();
        }
        Ok(())
    }

    /// Takes a value that differs from the model only in leaves: what is the same to the byte was found well formed, and
    /// in the place of one leaf any other may stand. `None` where it differs elsewhere; then the reader stands somewhere
    /// inside of it.
    fn try_like(&mut self, reader: &mut Reader<'_>, model: &Model) -> Option<()> {
        // Up to here the model was found again.
        let (mut at, mut kept) = (model.span.start, model.kept.start);
        let mut leaves = model.leaves.iter();
        while at < model.span.end {
            let same = at + common_len(reader.slice(at..model.span.end), reader.rest());
            if same == model.span.end {
                reader.advance_by(same - at);
                self.keep_again(kept..model.kept.end);
                return Some(());
            }
            // They part in a leaf, or right behind it, where the other goes on.
            let leaf = leaves.find(|leaf| leaf.span.end >= same).filter(|leaf| leaf.span.start <= same)?;
            reader.advance_by(leaf.span.start - at);
            self.keep_again(kept..leaf.kept.start);
            let (start, kind) = (reader.at, reader.peek().ok()?);
            if start < reader.at || matches!(kind, Kind::Array | Kind::Object) {
                return None;
            }
            reader.skip().ok()?;
            self.keep(reader.slice(start..reader.at));
            (at, kept) = (leaf.span.end, leaf.kept.end);
        }
        None
    }

    #[inline]
    fn keep_again(&mut self, kept: Range<usize>) {
        if KEEPS {
            self.out.extend_from_within(kept);
        }
    }

    /// Takes a member name and the colon after it.
    fn name(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        let span = reader.name_span()?;
        self.keep(reader.slice(span));
        self.gap(reader, 0);
        reader.colon()?;
        self.keep(b":");
        let has_space = reader.byte() == Some(b' ');
        self.is_indented &= has_space;
        self.gap(reader, usize::from(has_space));
        Ok(())
    }

    /// Passes over white space before an element, a member or a closing bracket.
    #[inline]
    fn line(&mut self, reader: &mut Reader<'_>, depth: usize) {
        let length = common_len(&NEW_LINE, reader.rest());
        self.is_indented &= length == 1 + 2 * depth;
        self.gap(reader, length);
    }

    /// Passes over white space, of which so many bytes are known, and notes whether there is more.
    #[inline]
    fn gap(&mut self, reader: &mut Reader<'_>, known: usize) {
        reader.advance_by(known);
        if let Some(b' ' | b'\n' | b'\t' | b'\r') = reader.byte() {
            self.is_indented = false;
            reader.skip_white_space();
        }
    }
}
