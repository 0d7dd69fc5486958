//! Values that differ from one run to the next, though the same is asked.

/// What kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatile {
    /// Random or counted names: UUIDs, `call_8f3k2…`, digests.
    Id,
    /// Dates, times and time stamps.
    Date,
    /// Scores of a search.
    Score,
    /// Absolute paths.
    Path,
    /// Other numbers.
    Number,
}

impl Volatile {
    /// Returns the names of the masks that may leave such values out of texts.
    pub(super) fn masks(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["uuid", "id", "hex"],
            Self::Date => &["date", "time", "weekday", "timestamp"],
            Self::Score => &["score"],
            Self::Path => &["path"],
            Self::Number => &[],
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "ids",
            Self::Date => "dates",
            Self::Score => "scores",
            Self::Path => "absolute-paths",
            Self::Number => "numbers",
        }
    }
}

/// Says what a value is that was changed; `None` where it is nothing that changes by itself.
///
/// `member` names the value; `before` is the text before it, where it stands in one.
pub(super) fn volatile(member: &str, before: &str, old: &str, new: &str) -> Option<Volatile> {
    let both = |is: &dyn Fn(&str) -> bool| is(trim(old)) && is(trim(new));
    let member = member.to_ascii_lowercase();
    if matches!(member.as_str(), "model" | "name" | "role" | "type") && before.is_empty() {
        return None;
    }
    let last = before.trim_end_matches(|character: char| !character.is_alphanumeric()).to_ascii_lowercase();
    let is_called = |words: &[&str]| {
        let label = last.get(last.rfind(char::is_whitespace).map_or(0, |space| space + 1)..).unwrap_or_default();
        words.iter().any(|word| if before.is_empty() { member.ends_with(word) } else { label.ends_with(word) })
    };
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    if both(&is_number) {
        let is_dated = || {
            let words = last.split(|character: char| !character.is_alphanumeric()).rev().take(3);
            words.into_iter().any(is_month)
        };
        return Some(match () {
            () if is_called(&["score", "similarity", "relevance", "distance"]) => Volatile::Score,
            () if is_called(&["date", "time", "timestamp", "created", "created_at", "expires_at", "now"])
                || is_dated() =>
            {
                Volatile::Date
            }
            () if both(&is_stamp) => Volatile::Date,
            () if is_called(&["id", "uuid"]) => Volatile::Id,
            () => Volatile::Number,
        });
    }
    if both(&is_date) || both(&|text| is_month(&text.to_ascii_lowercase())) {
        Some(Volatile::Date)
    } else if both(&is_path) {
        Some(Volatile::Path)
    } else if both(&is_id)
        || (before.is_empty() && (member == "id" || member.ends_with("_id")) && both(&|text| !text.is_empty()))
    {
        Some(Volatile::Id)
    } else {
        None
    }
}

/// Says what differs between two URLs or paths, if it is what changes by itself: ids such as services give, in the same
/// places. Any other is another endpoint.
pub(super) fn volatile_in_url(old: &str, new: &str) -> Option<Volatile> {
    let parts = |url| str::split(url, ['/', '?', '&', '=', '#']);
    let is_same_but_for_ids = parts(old).count() == parts(new).count()
        && parts(old).zip(parts(new)).all(|(old, new)| old == new || (is_given_id(old) && is_given_id(new)));
    is_same_but_for_ids.then_some(Volatile::Id)
}

/// A UUID, or letters and digits mixed, perhaps after a word: `resp_68af2c1e9b7d4a03`. So long are no versions and no names
/// of models.
fn is_given_id(part: &str) -> bool {
    const SHORTEST: usize = 16;
    let tail = part.rsplit(['-', '_']).next().unwrap_or_default();
    let has = |is: fn(&u8) -> bool| tail.as_bytes().iter().any(is);
    let is_mixed = || has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_uuid(part) || (tail.len() >= SHORTEST && tail.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is_mixed())
}

/// Leaves out what belongs to the sentence.
fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| ".,:;".contains(character) || character.is_whitespace())
}

/// Seconds or milliseconds since 1970, between 2001 and 2100.
fn is_stamp(text: &str) -> bool {
    let is_between = |number: u64| (1_000_000_000..4_102_444_800).contains(&number);
    let seconds = text.split('.').next().and_then(|whole| whole.parse::<u64>().ok());
    seconds.is_some_and(|number| is_between(number) || (text.len() == 13 && is_between(number / 1000)))
}

/// `2026-04-01`, `2026/4/1`, `01.04.2026`, `10:30`, `10:30:00.5`, `2026-04-01T10:30:00Z`
fn is_date(text: &str) -> bool {
    let (digits, others): (Vec<_>, Vec<_>) = text.chars().partition(char::is_ascii_digit);
    let groups = text.split(|character: char| !character.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    let is_part = |character: &char| "-/.:+TZ".contains(*character);
    digits.len() >= 3
        && (2..=9).contains(&groups)
        && others.iter().all(is_part)
        && (others.iter().filter(|character| "-/.".contains(**character)).count() >= 2 || others.contains(&':'))
        && text.starts_with(|first: char| first.is_ascii_digit())
}

fn is_month(word: &str) -> bool {
    const NAMES: [&str; 19] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    const SHORT: usize = 3;
    NAMES.iter().any(|name| *name == word || name.get(..SHORT) == Some(word))
}

/// `/tmp/x`, `C:\x`, `file:///x`
fn is_path(text: &str) -> bool {
    let text = text.strip_prefix("file://").unwrap_or(text);
    let is_drive = || {
        text.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    (text.starts_with('/') && !text.starts_with("//") && text.len() > 1) || is_drive()
}

/// A UUID, a run of hexadecimal digits, or letters and digits mixed, perhaps after a word: `call_8f3k2mQ1`.
fn is_id(text: &str) -> bool {
    const SHORTEST: usize = 8;
    const SHORTEST_HEX: usize = 6;
    let groups: Vec<_> = text.split(['-', '_', ':', '/', '.']).collect();
    let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = |group: &str| group.bytes().any(|byte| byte.is_ascii_digit());
    if is_uuid(text) {
        return true;
    }
    let Some(tail) = groups.last().filter(|tail| tail.bytes().all(|byte| byte.is_ascii_alphanumeric())) else {
        return false;
    };
    let has_letter = tail.bytes().any(|byte| byte.is_ascii_alphabetic());
    let has_both_cases = || {
        tail.bytes().any(|byte| byte.is_ascii_lowercase()) && tail.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
    };
    (tail.len() >= SHORTEST_HEX && is_hex(tail) && has_digit(tail) && has_letter)
        || (tail.len() >= SHORTEST && (has_digit(tail) && (has_letter || groups.len() > 1) || has_both_cases()))
}

fn is_uuid(text: &str) -> bool {
    let is_part =
        |(part, length): (&str, usize)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('-').count() == 5 && text.split('-').zip([8, 4, 4, 4, 12]).all(is_part)
}

#[cfg(test)]
mod tests {
    use super::{Volatile::*, volatile, volatile_in_url};

    #[test]
    fn another_endpoint_does_not_change_by_itself() {
        for (old, new) in [
            ("/v1/v1/chat/completions", "/v1/responses"),
            ("/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/models/gemini-2.0-flash:generateContent", "/models/gemini-2.0-flash:streamGenerateContent"),
            ("/models/claude-3-5-sonnet-20241022", "/models/claude-3-7-sonnet-20250219"),
            ("https://one.example/v1/x", "https://two.example/v1/x"),
            ("POST", "GET"),
        ] {
            assert_eq!(volatile_in_url(old, new), None, "{old} {new}");
        }
    }

    #[test]
    fn ids_in_a_url_change_by_themselves() {
        for (old, new) in [
            ("/v1/responses/resp_68af2c1e9b7d4a03", "/v1/responses/resp_77af2c1e9b7d4a03"),
            (
                "https://h/files/0123abcd-0123-abcd-0123-0123456789ab?x=1",
                "https://h/files/0123abcd-0123-abcd-0123-0123456789ac?x=1",
            ),
        ] {
            assert_eq!(volatile_in_url(old, new), Some(Id), "{old} {new}");
        }
    }

    #[test]
    fn values_that_change_by_themselves_are_told_by_their_kind() {
        for (member, before, old, new, expected) in [
            ("tool_call_id", "", "call_1", "call_2", Some(Id)),
            ("content", "the file ", "file-8f3k2mQ1", "file-aB3dE6gH", Some(Id)),
            ("content", "<|", "0123abcd-0123-abcd-0123-0123456789ab", "0123abcd-0123-abcd-0123-0123456789ac", Some(Id)),
            ("content", "x ", "997bcd1de70f", "8a7889d4fe0b", Some(Id)),
            ("content", "Today is ", "2026-04-01.", "2026-04-02.", Some(Date)),
            ("content", "at ", "2026-04-01T10:30:00+02:00", "2026-04-01T10:30:01Z", Some(Date)),
            ("content", "Today is April ", "1", "12", Some(Date)),
            ("content", "Today is ", "April", "May", Some(Date)),
            ("created", "", "1", "2", Some(Date)),
            ("seed", "", "1712345678", "1712345679", Some(Date)),
            ("content", "score: ", "0.81", "0.79", Some(Score)),
            ("score", "", "0.5", "0.25", Some(Score)),
            ("content", "in ", "/tmp/pytest-1/a.txt", "/tmp/pytest-2/a.txt", Some(Path)),
            ("content", "in ", "C:\\a", "D:\\b", Some(Path)),
            ("temperature", "", "0.7", "0.8", Some(Number)),
            ("content", "took ", "12", "13", Some(Number)),
            ("content", "Say ", "hello.", "hullo.", None),
            ("model", "", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", None),
            ("content", "", "celestial", "planetary", None),
            ("content", "", "Tokyo", "Paris", None),
            ("content", "", "12", "twelve", None),
        ] {
            assert_eq!(volatile(member, before, old, new), expected, "{member} {before}{old} → {new}");
        }
    }
}
