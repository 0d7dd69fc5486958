//! What is masked in the text of requests, because it differs from one run to the next.
//!
//! Each mask stands for a pattern of Python's `re` on `str`. Those of released profiles are looked for by hand, as on real
//! requests an engine for any pattern took more than twice the instructions; the pattern is told beside them, and the
//! tests compare them with it. Every byte is looked at a fixed number of times, so that hostile text takes time in
//! proportion to its length.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::scan::{digits, spaces, spaces_before};

/// Something that is replaced in the text of requests.
#[derive(Debug)]
pub struct Mask {
    /// The name by which settings take it.
    pub name: &'static str,
    find: Find,
    /// The text put in the place of each match; for a pattern, `$1` is what its first group matched.
    with: &'static str,
}

/// How matches are found.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "masks are statics, which are never moved")]
enum Find {
    /// By hand, around a word that every match contains, and that has a sign.
    Around { word: LazyLock<Finder<'static>>, sign: u8, look: Look },
    /// By an engine. What takes the place of a match is less than three times as long, so that a text does not grow much.
    Pattern(LazyLock<Regex>),
}

/// The sign of the words that end in a colon.
pub(super) const WORD: u8 = 1 << 0;
/// The sign of `<|`.
pub(super) const BAR: u8 = 1 << 1;

/// Says whether something that has a sign may be in a text that had these signs before it was changed: in one that was
/// changed, what came to stand side by side may be anything.
#[expect(clippy::ptr_arg, reason = "whether it is owned is the question")]
pub(super) fn may_be_in(text: &Cow<'_, [u8]>, signs: u8, sign: u8) -> bool {
    signs & sign != 0 || matches!(text, Cow::Owned(_))
}

/// Says what matches in a text around the word in a range of it, not before a place; in this order.
type Look = fn(&[u8], Range<usize>, usize) -> Found;

/// What is found around a word.
enum Found {
    /// A match.
    Match(Range<usize>),
    /// None here.
    Nothing,
    /// None here, and none further on.
    NothingMore,
}

impl Found {
    fn up_to(start: usize, end: Option<usize>) -> Self {
        end.map_or(Self::Nothing, |end| Self::Match(start..end))
    }
}

/// `score:\s*[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?`
pub(super) static SCORE: Mask = Mask {
    name: "score",
    find: Find::Around {
        word: LazyLock::new(|| Finder::new("score:")),
        sign: WORD,
        look: |text, word, _| Found::up_to(word.start, number(text, spaces(text, word.end))),
    },
    with: "score: __NORMALIZED__",
};

/// `,?\s*attributes:\s*\{[^}]*\}`
pub(super) static ATTRIBUTES: Mask = Mask {
    name: "attributes",
    find: Find::Around {
        word: LazyLock::new(|| Finder::new("attributes:")),
        sign: WORD,
        look: |text, word, from| {
            let Some(inside) = byte(text, spaces(text, word.end), b"{") else { return Found::Nothing };
            let Some(length) = text.get(inside..).and_then(|inside| memchr::memchr(b'}', inside)) else {
                return Found::NothingMore;
            };
            let before = spaces_before(text, from, word.start);
            let has_comma = before > from && text.get(before - 1) == Some(&b',');
            Found::Match(before - usize::from(has_comma)..inside + length + 1)
        },
    },
    with: "",
};

/// `document_id:\s*UUID`
pub(super) static DOCUMENT_ID: Mask = Mask {
    name: "document-id",
    find: Find::Around {
        word: LazyLock::new(|| Finder::new("document_id:")),
        sign: WORD,
        look: |text, word, _| Found::up_to(word.start, uuid(text, spaces(text, word.end))),
    },
    with: "document_id: __NORMALIZED__",
};

/// `<\|UUID\|>`
pub(super) static CITATION: Mask = Mask {
    name: "citation",
    find: Find::Around {
        word: LazyLock::new(|| Finder::new("<|")),
        sign: BAR,
        look: |text, word, _| {
            let end = uuid(text, word.end).and_then(|end| byte(text, end, b"|")).and_then(|end| byte(text, end, b">"));
            Found::up_to(word.start, end)
        },
    },
    with: "<|__NORMALIZED__|>",
};

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Mask {
    /// Makes a mask of a pattern, in which all classes are of bytes and those with names of ASCII.
    pub(super) const fn of_pattern(name: &'static str, pattern: fn() -> Regex, with: &'static str) -> Self {
        Self { name, find: Find::Pattern(LazyLock::new(pattern)), with }
    }

    /// Masks what is in a text; `signs` are all that were in it before anything was masked, and perhaps more.
    pub(super) fn apply<'t>(&self, text: Cow<'t, [u8]>, signs: u8) -> Cow<'t, [u8]> {
        let (word, look) = match &self.find {
            Find::Around { sign, .. } if !may_be_in(&text, signs, *sign) => return text,
            Find::Around { word, look, .. } => (word, look),
            Find::Pattern(pattern) => {
                let masked = pattern.replace_all(&text, self.with.as_bytes());
                return if let Cow::Owned(masked) = masked { Cow::Owned(masked) } else { text };
            }
        };
        let mut masked = Vec::new();
        let mut done = 0;
        for start in word.find_iter(&text) {
            if start < done {
                continue; // within what was replaced
            }
            match look(&text, start..start + word.needle().len(), done) {
                Found::Match(place) => {
                    if masked.is_empty() {
                        masked.reserve(text.len());
                    }
                    masked.extend_from_slice(text.get(done..place.start).unwrap_or_default());
                    masked.extend_from_slice(self.with.as_bytes());
                    done = place.end;
                }
                Found::Nothing => {}
                Found::NothingMore => break,
            }
        }
        if done == 0 {
            return text;
        }
        masked.extend_from_slice(text.get(done..).unwrap_or_default());
        Cow::Owned(masked)
    }
}

/// Returns the end of `[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?` at a place.
fn number(text: &[u8], at: usize) -> Option<usize> {
    let some_digits = |at: usize| Some(digits(text, at)).filter(|end| *end > at);
    let sign = |at: usize| byte(text, at, b"+-").unwrap_or(at);
    let whole = digits(text, sign(at));
    let fraction = byte(text, whole, b".").and_then(some_digits);
    let end = fraction.or(Some(whole).filter(|end| *end > sign(at)))?;
    let exponent = byte(text, end, b"eE").and_then(|at| some_digits(sign(at)));
    Some(exponent.unwrap_or(end))
}

/// Returns the end of `[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}` at a place.
fn uuid(text: &[u8], at: usize) -> Option<usize> {
    let end = at + 36;
    let fits = |(index, byte): (usize, &u8)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.get(at..end)?.iter().enumerate().all(fits).then_some(end)
}

/// Returns the place after one of some bytes, if that is there.
fn byte(text: &[u8], at: usize, any_of: &[u8]) -> Option<usize> {
    text.get(at).filter(|byte| any_of.contains(byte)).map(|_| at + 1)
}
