//! The named rules that profiles are made of.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::{Captures, Regex};

use super::digits::to_ascii_digits;
use crate::json::{Path, Rewrite, Step, round_decimals};

/// One way in which a request is changed before its key is taken. A profile applies its rules in their order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rule {
    /// Drops a member at the root of the body where the URL's host contains a word.
    DropForHost {
        /// The word.
        host: &'static str,
        /// The member.
        member: &'static str,
    },
    /// Drops a member of the objects `parents`, where these are members of the body's root or of an object that is an
    /// element of an array, at any depth.
    DropInside {
        /// Names of the objects.
        parents: &'static [&'static str],
        /// The member.
        member: &'static str,
    },
    /// Rewrites every string value by a regular expression.
    RewriteStrings(Rewriting),
    /// Rounds every double.
    RoundFloats {
        /// How many decimals are kept.
        decimals: usize,
    },
    /// Rounds the numbers with four and more decimals that stand in string values.
    RoundFloatsInStrings {
        /// How many decimals are kept.
        decimals: usize,
    },
}

/// A pattern and what is put in its place.
#[derive(Debug)]
pub struct Rewriting {
    /// Text that every match contains; strings without it are not searched.
    pub needs: &'static str,
    /// The pattern, compiled when the first string needs it.
    pub pattern: LazyLock<Regex>,
    /// The text put in the place of each match.
    pub with: &'static str,
}

impl Rewriting {
    fn apply<'t>(&self, text: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
        if memmem::find(&text, self.needs.as_bytes()).is_none() {
            return text;
        }
        replace(&self.pattern, text, |_| self.with.as_bytes().to_vec())
    }
}

/// What Python's `-?\d+\.\d{4,}` matches in a `str`.
static LONG_DECIMAL: LazyLock<Regex> = LazyLock::new(|| compile(r"-?\d+\.\d{4,}"));

pub(super) fn compile(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are constants of this crate, each compiled by a test")]
    Regex::new(pattern).expect("a constant pattern compiles")
}

/// The rules of a profile, about to be applied to the body of a request for one host.
pub(super) struct Applied<'a> {
    pub(super) rules: &'a [&'static Rule],
    pub(super) host: &'a str,
}

impl Rewrite for Applied<'_> {
    fn float(&self, number: f64) -> f64 {
        self.rules.iter().fold(number, |number, rule| match rule {
            Rule::RoundFloats { decimals } => round_decimals(number, *decimals),
            _ => number,
        })
    }

    fn string<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        self.rules.iter().fold(Cow::Borrowed(text), |text, rule| match rule {
            Rule::RewriteStrings(rewriting) => rewriting.apply(text),
            Rule::RoundFloatsInStrings { decimals } => round_in_string(text, *decimals),
            _ => text,
        })
    }

    fn keeps(&self, path: &Path<'_>, name: &[u8]) -> bool {
        self.rules.iter().all(|rule| match rule {
            Rule::DropForHost { host, member } => {
                !(name == member.as_bytes() && is_root(path) && self.host.contains(host))
            }
            Rule::DropInside { parents, member } => {
                !(name == member.as_bytes()
                    && path.parent.is_some_and(|outer| is_root(outer) || matches!(outer.step, Step::Element(_)))
                    && matches!(path.step, Step::Member(parent) if parents.iter().any(|name| name.as_bytes() == parent)))
            }
            _ => true,
        })
    }
}

/// The body is one step into the request.
fn is_root(path: &Path<'_>) -> bool {
    path.parent.is_some_and(|request| request.parent.is_none())
}

fn round_in_string(text: Cow<'_, [u8]>, decimals: usize) -> Cow<'_, [u8]> {
    // Digits beyond ASCII count too, as in Python; they begin with a byte from 0x80 on.
    let may_be_digit = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || *byte >= 0x80);
    let may_match = memchr::memchr_iter(b'.', &text)
        .any(|point| may_be_digit(text.get(point + 1)) && point > 0 && may_be_digit(text.get(point - 1)));
    if !may_match {
        return text;
    }
    replace(&LONG_DECIMAL, text, |number| {
        let rounded = to_ascii_digits(number).and_then(|digits| digits.parse::<f64>().ok());
        rounded.map_or_else(|| number.to_vec(), |number| format!("{number:.decimals$}").into_bytes())
    })
}

fn replace<'t>(pattern: &Regex, text: Cow<'t, [u8]>, with: impl Fn(&[u8]) -> Vec<u8>) -> Cow<'t, [u8]> {
    let replacement = |found: &Captures<'_>| with(found.get(0).map_or(b"", |whole| whole.as_bytes()));
    match pattern.replace_all(&text, replacement) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}
