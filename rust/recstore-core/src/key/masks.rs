//! The masks that settings can take by name.

use regex::bytes::{Regex, RegexBuilder};

use super::mask::{ATTRIBUTES, CITATION, DOCUMENT_ID, Mask, SCORE};

/// All masks: those of released profiles, then those for settings alone.
pub static MASKS: [&Mask; 12] =
    [&SCORE, &ATTRIBUTES, &DOCUMENT_ID, &CITATION, &UUID, &ID, &HEX, &DATE, &TIME, &WEEKDAY, &TIMESTAMP, &PATH];

/// `0123abcd-0123-abcd-0123-0123456789ab`, in either case.
static UUID: Mask = Mask::of_pattern(
    "uuid",
    || pattern("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
    "__UUID__",
);

/// A word, `_` or `-`, and either 16 and more letters and digits or a digit among the first eight of them with five and
/// more behind it: `call_8f3k2mQ1`, `chatcmpl-Ax9dKq0s1LmN4pTz`. Words of a language are none.
static ID: Mask = Mask::of_pattern(
    "id",
    || pattern(r"\b[A-Za-z]{2,16}[_-](?:[A-Za-z0-9]{16,}|[A-Za-z]{0,7}[0-9][A-Za-z0-9]{5,})\b"),
    "__ID__",
);

/// A run of twelve and more hexadecimal digits, in lower case.
static HEX: Mask = Mask::of_pattern("hex", || pattern(r"\b[0-9a-f]{12,}\b"), "__HEX__");

/// `2026-04-01`, with a time of day behind it or not; `2026/4/1`, `1.4.2026`, `4/1/2026`; `April 1`, `1 April 2026`,
/// `April 2026`, in English.
static DATE: Mask = Mask::of_pattern(
    "date",
    || {
        const MONTH: &str = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|\
                             Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
        const DAY: &str = "[0-9]{1,2}(?:st|nd|rd|th)?";
        const CLOCK: &str = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?";
        let forms = [
            format!("[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?:[T ]{CLOCK})?"),
            "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}".to_owned(),
            "[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}".to_owned(),
            format!("{MONTH} {DAY}(?:,? [0-9]{{4}})?"),
            format!("{DAY} {MONTH}(?:,? [0-9]{{4}})?"),
            format!("{MONTH},? [0-9]{{4}}"),
        ];
        pattern(&format!(r"\b(?:{})\b", forms.join("|")))
    },
    "__DATE__",
);

/// `10:30`, `10:30:00.5`, `7:05 pm`.
static TIME: Mask = Mask::of_pattern(
    "time",
    || pattern(r"\b[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?\b"),
    "__TIME__",
);

/// `Monday` to `Sunday`.
static WEEKDAY: Mask =
    Mask::of_pattern("weekday", || pattern(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"), "__WEEKDAY__");

/// Seconds since 1970 from 2001 to 2096, whole or with decimals, and milli-, micro- and nanoseconds.
static TIMESTAMP: Mask =
    Mask::of_pattern("timestamp", || pattern(r"\b[1-3][0-9]{9}(?:[0-9]{3}){0,3}(?:\.[0-9]+)?\b"), "__TIMESTAMP__");

/// A path from the root of the file system, with two parts and more: `/tmp/x/y`, `C:\x`, `file:///x/y`. The paths of URLs are
/// none.
static PATH: Mask = Mask::of_pattern(
    "path",
    || {
        const PART: &str = r#"[^\s/\\"'`<>|,;:*?()\[\]{}]+"#;
        pattern(&format!(
            r#"(^|[\s"'`<>|,;:=(\[{{])(?:(?:file://)?(?:/{PART}){{2,}}/?|[A-Za-z]:(?:[/\\]{PART})+[/\\]?)"#
        ))
    },
    "${1}__PATH__",
);

/// Compiles one of the patterns above. Without Unicode a class is one of bytes, and `\b` and `\s` are those of ASCII.
fn pattern(pattern: &str) -> Regex {
    let compiled = RegexBuilder::new(pattern).unicode(false).build();
    #[expect(clippy::expect_used, reason = "each is compiled by the tests")]
    compiled.expect("the patterns of this file compile")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn each_mask_matches_what_it_is_for_and_nothing_like_it() {
        type Examples = (&'static Mask, &'static [(&'static str, &'static str)], &'static [&'static str]);
        #[rustfmt::skip]
        let examples: [Examples; 12] = [
            (&SCORE, &[("a score: 0.5e-3, b", "a score: __NORMALIZED__, b")], &["score 0.5", "score: high"]),
            (&ATTRIBUTES, &[("x, attributes: {'a': 1} y", "x y")], &["attributes: none"]),
            (&DOCUMENT_ID, &[("document_id: 0123abcd-0123-abcd-0123-0123456789ab", "document_id: __NORMALIZED__")],
                &["document_id: 7"]),
            (&CITATION, &[("<|0123abcd-0123-abcd-0123-0123456789ab|>", "<|__NORMALIZED__|>")], &["<|7|>"]),
            (&UUID, &[("{0123abcd-0123-ABCD-0123-0123456789ab}", "{__UUID__}")], &["0123abcd-0123-abcd-0123-0123456789a"]),
            (&ID, &[("call_8f3k2mQ1", "__ID__"), ("by chatcmpl-AbCdEfGhIjKlMnOp.", "by __ID__."),
                ("rec-b24590574a85", "__ID__")],
                &["call_back", "file-system", "gpt-4o-mini", "covid-19", "step-2", "read_administration"]),
            (&HEX, &[("at 997bcd1de70f.", "at __HEX__."), ("123456789012", "__HEX__")], &["997bcd1de70", "997BCD1DE70F"]),
            (&DATE, &[("2026-04-01.", "__DATE__."), ("at 2026-04-01T10:30:00.5+02:00!", "at __DATE__!"),
                ("2026-04-01 10:30 and", "__DATE__ and"), ("2026/4/1", "__DATE__"), ("1.4.2026", "__DATE__"),
                ("Today is April 1st, 2026.", "Today is __DATE__."), ("12 Dec 2026", "__DATE__"), ("in May 2026", "in __DATE__"),
                ("on June 3", "on __DATE__")],
                &["may I", "version 1.2.3", "1/2", "10:30", "March on", "2026"]),
            (&TIME, &[("10:30", "__TIME__"), ("at 10:30:00.25, 7:05 pm", "at __TIME__, __TIME__")],
                &["10:3", "ratio 1:100", "a:30"]),
            (&WEEKDAY, &[("On Monday.", "On __WEEKDAY__.")], &["Mon", "monday", "Mondays"]),
            (&TIMESTAMP, &[("1712345678", "__TIMESTAMP__"), ("at 1712345678123", "at __TIMESTAMP__"),
                ("1712345678.25", "__TIMESTAMP__")],
                &["171234567", "17123456789", "9712345678"]),
            (&PATH, &[("in /tmp/pytest-1/a.txt", "in __PATH__"), ("'/a/b/', \"C:\\a b\"", "'__PATH__', \"__PATH__ b\""),
                ("file:///x/y", "__PATH__"), ("/a/b /c/\u{e9}", "__PATH__ __PATH__"), ("path=/a/b:/c/d", "path=__PATH__:__PATH__")],
                &["https://host/a/b", "and/or/not", "/tmp", "1 / 2", "<b>a</b>"]),
        ];
        assert_eq!(examples.map(|(mask, ..)| mask.name), MASKS.map(|mask| mask.name));
        for (mask, matching, others) in examples {
            let masked = |text: &str| mask.apply(Cow::Owned(text.as_bytes().to_vec()), 0).into_owned();
            for (text, expected) in matching {
                assert_eq!(String::from_utf8_lossy(&masked(text)), *expected, "{} on {text:?}", mask.name);
            }
            for text in others {
                assert_eq!(String::from_utf8_lossy(&masked(text)), *text, "{} on {text:?}", mask.name);
            }
        }
    }
}
