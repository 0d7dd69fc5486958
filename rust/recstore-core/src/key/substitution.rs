//! Regular expressions, and what takes the place of their matches.

use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

use super::pointer::Pointer;

/// A pattern of a store's settings, and what takes the place of its matches in string values.
#[derive(Clone, Debug)]
pub struct Substitution {
    pattern: Regex,
    with: String,
    within: Option<Pointer>,
}

/// The longest pattern and replacement, in bytes, and the largest automaton of one, about: together with the number of
/// patterns that settings may have they bound what a hostile file makes of the time and the memory of its reader.
const MAX_PATTERN: usize = 1024;
const MAX_WITH: usize = 256;
const MAX_AUTOMATON: usize = 512 << 10;
/// How deep groups may nest.
const MAX_NESTING: u32 = 50;
/// How often a replacement may repeat what was matched.
const MAX_REFERENCES: usize = 8;

impl Substitution {
    /// Compiles a pattern in the syntax of the crate `regex`; in `with`, `$1` and `${name}` are what a group matched and `$$`
    /// is a dollar sign. `within` is the place of the only values it is for.
    ///
    /// # Errors
    /// What is wrong with the pattern or the replacement.
    pub fn new(pattern: &str, with: &str, within: Option<Pointer>) -> Result<Self, String> {
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            return Err(format!("a pattern has 1 to {MAX_PATTERN} bytes, not {}", pattern.len()));
        }
        if with.len() > MAX_WITH {
            return Err(format!("what takes the place of matches has at most {MAX_WITH} bytes, not {}", with.len()));
        }
        let mut builder = RegexBuilder::new(pattern);
        let builder = builder.size_limit(MAX_AUTOMATON).dfa_size_limit(MAX_AUTOMATON).nest_limit(MAX_NESTING);
        let compiled = builder.build().map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!("the pattern needs more than {MAX_AUTOMATON} bytes; say less in braces, or write [0-9] for \\d")
            }
            error => format!(
                "no pattern of Rust's regex, which has neither look-around nor backreferences, so that its time grows with \
                 the text alone: {error}"
            ),
        })?;
        check_references(&compiled, with)?;
        Ok(Self { pattern: compiled, with: with.to_owned(), within })
    }

    /// Returns the pattern.
    pub(crate) fn pattern(&self) -> &str {
        self.pattern.as_str()
    }

    /// Returns what takes the place of matches.
    pub(crate) fn with(&self) -> &str {
        &self.with
    }

    /// Returns the place of the only values it is for.
    pub(crate) fn within(&self) -> Option<&Pointer> {
        self.within.as_ref()
    }

    /// Replaces every match that is not empty. A text that would grow beyond `longest` bytes stays as it is.
    pub(super) fn apply<'t>(&self, text: Cow<'t, [u8]>, longest: usize) -> Cow<'t, [u8]> {
        let mut replaced = Vec::new();
        let mut done = 0;
        for groups in self.pattern.captures_iter(&text) {
            let Some(found) = groups.get(0).filter(|found| !found.is_empty()) else { continue };
            replaced.extend_from_slice(text.get(done..found.start()).unwrap_or_default());
            groups.expand(self.with.as_bytes(), &mut replaced);
            done = found.end();
            if replaced.len() > longest {
                return text;
            }
        }
        let rest = text.get(done..).unwrap_or_default();
        if done == 0 || replaced.len() + rest.len() > longest {
            return text;
        }
        replaced.extend_from_slice(rest);
        Cow::Owned(replaced)
    }
}

impl PartialEq for Substitution {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern(), &self.with, &self.within) == (other.pattern(), &other.with, &other.within)
    }
}

/// What refers to no group would be replaced by nothing, which nobody means.
fn check_references(pattern: &Regex, with: &str) -> Result<(), String> {
    let mut rest = with;
    let mut count = 0;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let name = match rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}').map_or("", |(name, _)| name),
            None => rest.get(..rest.find(|character| !is_part(character)).unwrap_or(rest.len())).unwrap_or_default(),
        };
        let is_number = name.parse::<usize>().is_ok_and(|number| number < pattern.captures_len());
        if !is_number && !pattern.capture_names().flatten().any(|group| group == name) {
            return Err(format!(
                "{with:?} refers to a group ${name} that the pattern does not have; a dollar sign is $$, and ${{1}}x the \
                 first group before an x"
            ));
        }
        count += 1;
    }
    if count > MAX_REFERENCES {
        return Err(format!("{with:?} refers to groups {count} times, where {MAX_REFERENCES} are the most"));
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, with: &str, text: &[u8]) -> String {
        let longest = 100 + 16 * text.len();
        let changed = Substitution::new(pattern, with, None).unwrap().apply(Cow::Borrowed(text), longest).into_owned();
        String::from_utf8_lossy(&changed).into_owned()
    }

    #[test]
    fn matches_are_replaced_and_empty_ones_are_none() {
        assert_eq!(replaced(r"(\w+)@(?<host>\w+)", "${host}.$1 $$", b"a b@c d@e"), "a c.b $ e.d $");
        assert_eq!(replaced("x*", "-", b"axxb"), "a-b");
        assert_eq!(replaced(r"\b", "-", b"a b"), "a b");
        assert_eq!(replaced("(?i)É+", "e", "xéÉx".as_bytes()), "xex");
        assert_eq!(replaced("a.c", "-", b"a\xED\xA0\x80c abc"), "a\u{FFFD}\u{FFFD}\u{FFFD}c -");
    }

    #[test]
    fn a_text_never_grows_beyond_its_bound() {
        let double = Substitution::new("(.*)", "$1$1$1$1$1$1$1$1", None).unwrap();
        assert_eq!(double.apply(Cow::Borrowed(b"ab"), 16).len(), 16);
        assert_eq!(double.apply(Cow::Borrowed(b"ab"), 15).as_ref(), b"ab");
    }

    #[test]
    fn what_cannot_be_compiled_is_told_with_the_remedy() {
        for (pattern, with, problem) in [
            (r"(a)\1", "", "backreferences are not supported"),
            ("a(?=b)", "", "neither look-around"),
            ("(", "", "unclosed group"),
            ("", "", "1 to 1024 bytes"),
            (&"a".repeat(1025), "", "not 1025"),
            (r"\pL{1000}", "", "needs more than 524288 bytes"),
            (r"((((\w{9}){9}){9}){9}){9}", "", "needs more than 524288 bytes"),
            (&"(".repeat(200), "", "Rust's regex"),
            ("a", "$1", "a group $1 that"),
            ("(a)", "$1a", "a group $1a that"),
            ("(a)", "${b", "a group $ that"),
            ("(a)", "cost: $", "a dollar sign is $$"),
            ("(a)", &"$1".repeat(9), "9 times"),
            ("a", &"b".repeat(257), "at most 256 bytes"),
        ] {
            let told = Substitution::new(pattern, with, None).unwrap_err();
            assert!(told.contains(problem), "{pattern:?} {with:?}: {told}");
        }
    }
}
