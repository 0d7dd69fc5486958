//! The lines for the settings file under which two requests would be one.

use std::fmt::Write;

use super::diff::Change;
use super::words::{Place, readable};
use crate::json::{Text, Value};
use crate::key::{
    Added, AddedDrop, MASKS, MAX_DECLARED, Mask, Pointer, Profile, Profiles, Request, Substitution, request_key,
};

/// A profile, not declared yet, under which the request and the recorded one have one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Its name.
    pub profile: String,
    /// The lines of the settings file that declare it.
    pub lines: String,
}

/// A request of a test.
pub(super) type Asked<'a> = (&'a Request<&'a Value<'a>>, Option<&'a Text<'a>>);

/// So many rules are tried; who would need more had better keep the values constant.
const MOST: usize = 16;
/// So many characters before a value tell it from others.
const LABEL: usize = 24;
/// What is said in such members is the request itself: another text there is another question.
const SAID: [&str; 6] = ["arguments", "content", "input", "instructions", "prompt", "text"];

/// One rule of a profile.
#[derive(Clone)]
enum Rule {
    Mask(&'static Mask),
    Rewrite(Substitution),
    Drop(Pointer),
}

/// Returns a profile under which two requests have one key; `None` where there is none with few rules. That it is one is
/// tried.
pub(super) fn remedy(profiles: Profiles, ours: Asked<'_>, theirs: Asked<'_>, changes: &[Change<'_>]) -> Option<Remedy> {
    let base = profiles.own().for_shape(ours.0.shape).filter(|_| ours.0.shape == theirs.0.shape)?;
    let closes = |rules: &[Rule]| {
        let profile = base.with(base.name, &added(rules));
        let key = |(request, test_id): Asked<'_>| request_key(request, test_id, &profile).ok();
        key(ours).is_some_and(|key_of_ours| key(theirs) == Some(key_of_ours))
    };
    let mut rules: Vec<_> = MASKS.iter().filter(|mask| is_for(mask, changes)).map(|mask| Rule::Mask(mask)).collect();
    if !closes(&rules) {
        rules.extend(changes.iter().flat_map(special));
    }
    if rules.len() > MOST || !closes(&rules) {
        return None;
    }
    // The special ones go first.
    for number in (0..rules.len()).rev() {
        let mut fewer = rules.clone();
        fewer.remove(number);
        if closes(&fewer) {
            rules = fewer;
        }
    }
    let names = profiles.names();
    let profile = (1..=MAX_DECLARED).map(|n| format!("ours-{n}")).find(|name| !names.contains(&name.as_str()))?;
    Some(Remedy { lines: spell(&profile, profiles.own(), &rules), profile })
}

fn is_for(mask: &Mask, changes: &[Change<'_>]) -> bool {
    changes.iter().flat_map(|change| &change.volatile).any(|kind| kind.masks().contains(&mask.name))
}

/// Returns rules for one difference alone: a member that is another as a whole is dropped, and in a text what follows the
/// same words is rewritten.
fn special(change: &Change<'_>) -> Vec<Rule> {
    let Some(place) = &change.place else { return Vec::new() };
    if let (Some(Value::String(old)), Some(Value::String(new))) = (change.old, change.new) {
        let (old, new) = (readable(old), readable(new));
        let is_whole = |part: &Place| part.old == (0..old.len()) && part.new == (0..new.len());
        if !change.places.iter().any(is_whole) {
            // What differs before a place is no label of it.
            let ends = [0].into_iter().chain(change.places.iter().map(|part| part.old.end));
            return ends.zip(&change.places).filter_map(|(end, part)| rewrite(&old, end, part, place)).collect();
        }
    }
    let is_said = |member: &str| SAID.contains(&member);
    let may_go = place.member().is_some_and(|member| !is_said(member));
    if may_go { vec![Rule::Drop(place.clone())] } else { Vec::new() }
}

fn rewrite(text: &str, from: usize, part: &Place, place: &Pointer) -> Option<Rule> {
    const NUMBER: &str = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?";
    const WORD: &str = r#"[^\s"'<>,;()]+"#;
    let before = text.get(from..part.old.start)?;
    let line = before.rsplit('\n').next()?;
    let start = line.char_indices().rev().take(LABEL).last().map_or(0, |(at, _)| at);
    let label = line.get(start..)?;
    // What stands at the beginning is told by that.
    let anchor = if part.old.start == 0 { "^" } else { "" };
    if anchor.is_empty() && !label.contains(char::is_alphanumeric) {
        return None;
    }
    let value = text.get(part.old.clone())?;
    let (value, with) = if value.parse::<f64>().is_ok() { (NUMBER, "NUMBER") } else { (WORD, "VALUE") };
    let pattern = format!("({anchor}{}){value}", regex::escape(label));
    Some(Rule::Rewrite(Substitution::new(&pattern, &format!("${{1}}__{with}__"), Some(place.clone())).ok()?))
}

fn added(rules: &[Rule]) -> Added {
    let mut added = Added::default();
    for rule in rules.iter().cloned() {
        match rule {
            Rule::Mask(mask) => added.masks.push(mask),
            Rule::Rewrite(rewrite) => added.rewrites.push(rewrite),
            Rule::Drop(place) => added.drops.push(AddedDrop::At(place)),
        }
    }
    added
}

/// Spells a declaration as TOML.
fn spell(name: &str, from: &Profile, rules: &[Rule]) -> String {
    let Added { drops, masks, rewrites, .. } = added(rules);
    let mut lines = format!("[profiles.{name}]\nfrom = {}", quoted(from.name));
    let mut list = |setting: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            let _ = write!(lines, "\n{setting} = [{}]", entries.join(", "));
        }
    };
    let drop = |drop: &AddedDrop| match drop {
        AddedDrop::At(place) => quoted(&place.to_string()),
        AddedDrop::Named(drop) => quoted(drop.name),
    };
    let rewrite = |rewrite: &Substitution| {
        let place = rewrite.within().map(|place| format!(", in = {}", quoted(&place.to_string()))).unwrap_or_default();
        format!("{{ pattern = {}, with = {}{place} }}", quoted(rewrite.pattern()), quoted(rewrite.with()))
    };
    list("drop", drops.iter().map(drop).collect());
    list("mask", masks.iter().map(|mask| quoted(mask.name)).collect());
    list("rewrite", rewrites.iter().map(rewrite).collect());
    lines
}

/// Spells a text for TOML, as a literal where it can be one. It may come from a recording: what a terminal would obey, or not
/// show, is escaped.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || character.is_ascii_graphic() || character == ' ';
    if text.contains(['\\', '"']) && !text.contains('\'') && text.chars().all(is_plain) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            _ if is_plain(character) => write!(quoted, "{character}"),
            _ => write!(quoted, "\\U{:08X}", u32::from(character)),
        };
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_as_it_was() {
        for text in ["a", "it's", "a\"b", r"\d+", "'\\", "a\nb\u{1b}[31m\u{202E}\u{7f}é", ""] {
            let quoted = quoted(text);
            assert!(!quoted.chars().any(|character| character.is_control() || character == '\u{202E}'), "{quoted}");
            let line = format!("x = {quoted}");
            let table = toml::de::DeTable::parse(&line).unwrap();
            assert_eq!(table.get_ref().get("x").unwrap().get_ref().as_str(), Some(text));
        }
    }
}
