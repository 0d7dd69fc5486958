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
    if groups.len() == 5 && groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) {
        return groups.iter().all(|group| is_hex(group));
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

#[cfg(test)]
mod tests {
    use super::{Volatile::*, volatile};

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
