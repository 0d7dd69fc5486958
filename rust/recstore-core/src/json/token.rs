//! The tokens of JSON, one at a time: what [`Reader`] is made of.

use std::ops::Range;

use super::alike::common_len;
use super::escape::escape_length;
use super::layout::NEW_LINE;
use super::plain::plain_length;
use super::{Dialect, JsonError, JsonErrorKind as Wrong, Reader};

type Result<T, E = JsonError> = std::result::Result<T, E>;

impl<'a> Reader<'a> {
    #[inline(always)]
    pub(super) fn skip_white_space(&mut self) {
        while let Some(byte @ (b' ' | b'\n' | b'\t' | b'\r')) = self.byte() {
            if byte == b'\n' { self.skip_indent() } else { self.at += 1 }
        }
    }

    /// Passes over the end of a line and the indent behind it, all at once.
    #[inline(never)]
    fn skip_indent(&mut self) {
        self.at += common_len(&NEW_LINE, self.rest());
    }

    #[inline]
    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn slice(&self, span: Range<usize>) -> &'a [u8] {
        self.text.as_bytes().get(span).unwrap_or_default()
    }

    #[inline]
    pub(super) fn advance_by(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn wrong(&self, kind: Wrong) -> JsonError {
        JsonError::new(kind, self.at)
    }

    /// Steps over an opening bracket.
    pub(super) fn enter(&mut self) -> Result<()> {
        if self.depth == self.limits.depth {
            return Err(self.wrong(Wrong::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Steps over a closing bracket.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Passes over a member name and returns where it stands, with its quotes.
    pub(super) fn name_span(&mut self) -> Result<Range<usize>> {
        self.need(b'"', Wrong::ExpectedName)?;
        let start = self.at;
        self.string_span()?;
        Ok(start..self.at)
    }

    /// Passes over a colon.
    pub(super) fn colon(&mut self) -> Result<()> {
        self.need(b':', Wrong::ExpectedColon)?;
        self.at += 1;
        Ok(())
    }

    /// Makes sure that `wanted` comes next, and stays before it.
    #[inline]
    pub(super) fn need(&self, wanted: u8, else_wrong: Wrong) -> Result<()> {
        match self.byte() {
            Some(byte) if byte == wanted => Ok(()),
            Some(_) => Err(self.wrong(else_wrong)),
            None => Err(self.wrong(Wrong::UnexpectedEnd)),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Result<()> {
        let rest = self.rest();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else if word.as_bytes().starts_with(rest) {
            Err(JsonError::new(Wrong::UnexpectedEnd, self.text.len()))
        } else {
            Err(self.wrong(Wrong::ExpectedValue))
        }
    }

    pub(super) fn skip_number(&mut self) -> Result<()> {
        // No double of so few digits is out of range, so that it need not be computed.
        const SURELY_IN_RANGE: usize = 300;
        let start = self.clone();
        if self.number_span()?.is_some() {
            let digits = self.slice(start.at..self.at);
            if digits.len() < SURELY_IN_RANGE && memchr::memchr2(b'e', b'E', digits).is_none() {
                return Ok(());
            }
        }
        *self = start;
        self.number().map(|_| ())
    }

    /// Passes over the digits of a number and says whether it is a float; `None` where it is a word of Python's.
    pub(super) fn number_span(&mut self) -> Result<Option<bool>> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            Some(b'N' | b'I') => return Ok(None),
            Some(_) => return Err(self.wrong(Wrong::InvalidNumber)),
            None => return Err(self.wrong(Wrong::UnexpectedEnd)),
        }
        let mut is_float = false;
        if self.byte() == Some(b'.') {
            is_float = true;
            self.at += 1;
            self.need_digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            is_float = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.need_digits()?;
        }
        match self.byte() {
            // `01` and `1.5.2` would else be told as "expected ','".
            Some(b'0'..=b'9' | b'.') => Err(self.wrong(Wrong::InvalidNumber)),
            _ => Ok(Some(is_float)),
        }
    }

    #[inline]
    fn skip_digits(&mut self) {
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
    }

    fn need_digits(&mut self) -> Result<()> {
        match self.byte() {
            Some(b'0'..=b'9') => {
                self.skip_digits();
                Ok(())
            }
            Some(_) => Err(self.wrong(Wrong::InvalidNumber)),
            None => Err(self.wrong(Wrong::UnexpectedEnd)),
        }
    }

    pub(super) fn not_finite(&mut self) -> Result<f64> {
        let start = self.at;
        let (word, number) = match self.byte() {
            Some(b'-') => ("-Infinity", f64::NEG_INFINITY),
            Some(b'N') => ("NaN", f64::NAN),
            _ => ("Infinity", f64::INFINITY),
        };
        self.word(word)?;
        match self.dialect {
            Dialect::Python => Ok(number),
            Dialect::Strict => Err(JsonError::new(Wrong::NotFinite, start)),
        }
    }

    /// Passes over a string and returns what lies between its quotes and whether an escape is in it.
    pub(super) fn string_span(&mut self) -> Result<(Range<usize>, bool)> {
        self.need(b'"', Wrong::ExpectedValue)?;
        self.at += 1;
        let start = self.at;
        let mut has_escape = false;
        loop {
            self.at += plain_length(self.rest());
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escape = true;
                    self.at += escape_length(self.rest()).ok_or_else(|| self.wrong(Wrong::InvalidEscape))?;
                }
                Some(_) => return Err(self.wrong(Wrong::ControlCharacter)),
                None => return Err(JsonError::new(Wrong::UnexpectedEnd, self.text.len())),
            }
        }
        let end = self.at;
        self.at += 1;
        Ok((start..end, has_escape))
    }
}
