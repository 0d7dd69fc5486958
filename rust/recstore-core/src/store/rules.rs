//! The profiles that a settings file declares.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::json::{Text, Value};
use crate::key::{Added, AddedDrop, DROPS, Declaration, MASKS, MAX_DECLARED, Pointer, Profiles, Substitution};

/// So many entries a list or table of rules may have, and so many patterns all profiles together.
const MAX_ENTRIES: usize = 32;
const MAX_PATTERNS: usize = 64;
/// The longest name, in bytes.
const MAX_NAME: usize = 64;
/// How the names of recstore's own begin, today's and those to come; and what is said of recordings under no profile.
const RESERVED: [&str; 2] = ["ogx-", "recstore-"];
const NONE: &str = "none";

/// A double has no more decimals that count.
const MAX_DECIMALS: usize = 15;

/// Something that cannot be, and where in the text of the settings.
struct Wrong {
    at: usize,
    problem: String,
}

type Checked<T> = Result<T, Wrong>;

/// Returns the declarations of the table `profiles` in the text of settings, and the profiles that there are with them.
///
/// # Errors
/// The line and the setting that cannot be, why, and what can.
pub(super) fn declare(text: &str, value: &Spanned<DeValue<'_>>) -> Result<(Vec<Declaration>, Profiles), String> {
    let told = |Wrong { at, problem }: Wrong| {
        let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        format!("line {line}: {problem}")
    };
    let tables = table(value, "profiles", "a table for each profile, such as [profiles.ours-1]").map_err(told)?;
    if tables.len() > MAX_DECLARED {
        return Err(format!("{} profiles are declared, where {MAX_DECLARED} are the most", tables.len()));
    }
    let mut declarations = Vec::new();
    let mut places = Vec::new();
    for (name, value) in tables {
        let at = name.span().start;
        check_name(name.get_ref()).map_err(|problem| told(Wrong { at, problem }))?;
        declarations.push(declaration(name.get_ref(), value).map_err(told)?);
        places.push(at);
        let patterns: usize = declarations.iter().map(|declaration| declaration.added.rewrites.len()).sum();
        if patterns > MAX_PATTERNS {
            let problem =
                format!("profiles.{}: all profiles have more than {MAX_PATTERNS} patterns together", name.get_ref());
            return Err(told(Wrong { at, problem }));
        }
    }
    let profiles = Profiles::RELEASED.declare(&declarations).map_err(|(number, problem)| {
        let name = declarations.get(number).map_or("", |declaration| declaration.name.as_str());
        told(Wrong {
            at: places.get(number).copied().unwrap_or_default(),
            problem: format!("profiles.{name}.from: {problem}"),
        })
    })?;
    Ok((declarations, profiles))
}

fn declaration(name: &str, value: &Spanned<DeValue<'_>>) -> Checked<Declaration> {
    let place = format!("profiles.{name}");
    let settings = table(value, &place, "a table of rules")?;
    let mut from = None;
    let mut added = Added::default();
    for (setting, value) in settings {
        let place = format!("{place}.{}", setting.get_ref().escape_debug());
        match setting.get_ref().as_ref() {
            "from" => from = Some(string(value, &place)?.to_owned()),
            "drop" => added.drops = list(value, &place, drop_rule)?,
            "replace" => added.replaced = replaced(value, &place)?,
            "round" => added.decimals = Some(decimals(value, &place)?),
            "mask" => added.masks = list(value, &place, mask)?,
            "rewrite" => added.rewrites = list(value, &place, rewrite)?,
            _ => {
                let known = "'from', 'drop', 'replace', 'mask', 'rewrite' and 'round'";
                return wrong(setting.span().start, format!("there is no setting '{place}'; there are {known}"));
            }
        }
    }
    match from {
        Some(from) => Ok(Declaration { name: name.to_owned(), from, added }),
        None => wrong(
            value.span().start,
            format!("{place} does not say to which profile it adds rules: from = \"ogx-7\", for instance"),
        ),
    }
}

fn drop_rule(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<AddedDrop> {
    let name = string(value, place)?;
    if name.starts_with('/') {
        return Ok(AddedDrop::At(pointer(value, place)?));
    }
    let known = || DROPS.map(|drop| drop.name).join(", ");
    let found = DROPS.iter().find(|drop| drop.name == name).ok_or_else(|| {
        let problem = format!(
            "{place}: {name:?} is neither a place in the body, which begins with /, nor one of the drops that have names: {}",
            known()
        );
        Wrong { at: value.span().start, problem }
    });
    found.map(|drop| AddedDrop::Named(drop))
}

fn mask(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<&'static crate::key::Mask> {
    let name = string(value, place)?;
    MASKS.iter().copied().find(|mask| mask.name == name).ok_or_else(|| {
        let known = MASKS.map(|mask| mask.name).join(", ");
        Wrong { at: value.span().start, problem: format!("{place}: there is no mask {name:?}; there are {known}") }
    })
}

fn rewrite(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<Substitution> {
    let settings = table(value, place, "{ pattern = '…', with = \"…\" }")?;
    let (mut pattern, mut with, mut within) = (None, None, None);
    for (setting, value) in settings {
        match setting.get_ref().as_ref() {
            "pattern" => pattern = Some(string(value, place)?),
            "with" => with = Some(string(value, place)?),
            "in" => within = Some(pointer(value, place)?),
            other => {
                let problem =
                    format!("{place} has no '{}'; there are 'pattern', 'with' and 'in'", other.escape_debug());
                return wrong(setting.span().start, problem);
            }
        }
    }
    let at = value.span().start;
    let (Some(pattern), Some(with)) = (pattern, with) else {
        return wrong(at, format!("{place} needs both a pattern and what takes the place of its matches ('with')"));
    };
    Substitution::new(pattern, with, within).map_err(|problem| Wrong { at, problem: format!("{place}: {problem}") })
}

fn replaced(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<Vec<(Pointer, Value<'static>)>> {
    let entries = table(value, place, "{ \"/user\" = \"someone\" }")?;
    check_count(entries.len(), value, place)?;
    let mut replaced = Vec::new();
    for (name, value) in entries {
        let at = name.span().start;
        let pointer: Pointer =
            name.get_ref().parse().map_err(|problem| Wrong { at, problem: format!("{place}: {problem}") })?;
        let other = match value.get_ref() {
            DeValue::String(text) => Some(Value::String(Text::from(text.to_string()))),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::Int),
            // The sum is 0.0 for -0.0, which is spelled otherwise though it is equal.
            DeValue::Float(number) => {
                number.as_str().parse().ok().filter(|it: &f64| it.is_finite()).map(|it| Value::Float(it + 0.0))
            }
            DeValue::Boolean(value) => Some(Value::Bool(*value)),
            _ => None,
        };
        let Some(other) = other else {
            let problem = format!("{place}: a text, a number of 64 bits, true or false takes the place of {pointer}");
            return wrong(value.span().start, problem);
        };
        replaced.push((pointer, other));
    }
    // Of two for one value, that which says more counts.
    replaced.sort_by_key(|(pointer, _)| pointer.wildcards());
    Ok(replaced)
}

fn decimals(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<usize> {
    let number =
        value.get_ref().as_integer().and_then(|number| usize::from_str_radix(number.as_str(), number.radix()).ok());
    number.filter(|decimals| *decimals <= MAX_DECIMALS).ok_or_else(|| {
        let problem = format!("{place} is a number of decimals from 0 to {MAX_DECIMALS}");
        Wrong { at: value.span().start, problem }
    })
}

fn pointer(value: &Spanned<DeValue<'_>>, place: &str) -> Checked<Pointer> {
    let at = value.span().start;
    string(value, place)?.parse().map_err(|problem| Wrong { at, problem: format!("{place}: {problem}") })
}

fn string<'v>(value: &'v Spanned<DeValue<'_>>, place: &str) -> Checked<&'v str> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => wrong(value.span().start, format!("{place} must be a text in quotes")),
    }
}

fn table<'v, 'i>(value: &'v Spanned<DeValue<'i>>, place: &str, example: &str) -> Checked<&'v DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => wrong(value.span().start, format!("{place} must be {example}")),
    }
}

fn list<T>(
    value: &Spanned<DeValue<'_>>,
    place: &str,
    read: impl Fn(&Spanned<DeValue<'_>>, &str) -> Checked<T>,
) -> Checked<Vec<T>> {
    let DeValue::Array(entries) = value.get_ref() else {
        return wrong(value.span().start, format!("{place} must be a list in brackets"));
    };
    check_count(entries.len(), value, place)?;
    entries.iter().enumerate().map(|(number, entry)| read(entry, &format!("{place}[{number}]"))).collect()
}

fn check_count(count: usize, value: &Spanned<DeValue<'_>>, place: &str) -> Checked<()> {
    if count <= MAX_ENTRIES {
        return Ok(());
    }
    wrong(value.span().start, format!("{place} has {count} entries, where {MAX_ENTRIES} are the most"))
}

fn wrong<T>(at: usize, problem: String) -> Checked<T> {
    Err(Wrong { at, problem })
}

fn check_name(name: &str) -> Result<(), String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_part) {
        return Err(format!(
            "a profile is called by 1 to {MAX_NAME} of the characters A-Z a-z 0-9 - _ . alone, unlike {name:?}"
        ));
    }
    if RESERVED.iter().any(|reserved| name.starts_with(reserved)) || name == NONE {
        return Err(format!(
            "{name:?}: names that begin with {} are those of recstore's own profiles, today's and those to come, and 'none' is said of \
             recordings under no profile; choose another, such as 'ours-1'",
            RESERVED.join(" or ")
        ));
    }
    Ok(())
}
