//! Profiles as the settings declared them before they were edited.

use super::journal;
use crate::key::{Declaration, Profiles};
use crate::store::{Settings, Store};

/// So many earlier settings are looked at, the newest first.
const MAX_FORMER: usize = 16;

/// Returns the profiles of a store and those that its settings declared before, by which the keys of recordings from then are
/// told: `ours-1 (before)`.
///
/// Earlier settings are those of `texts`, the newest first, of the pack beside the tree, and of the journals of changes of
/// names. What cannot be read is passed over.
#[must_use]
pub fn former(store: &Store, texts: &[String]) -> Profiles {
    let journals = journal::settings(store.path());
    let mut known = vec![store.settings().declarations.clone()];
    let mut former: Vec<Declaration> = Vec::new();
    for text in texts.iter().cloned().chain(store.packed_settings()).chain(journals) {
        let Ok(Settings { declarations, .. }) = Settings::parse(text) else { continue };
        if known.contains(&declarations) || known.len() > MAX_FORMER {
            continue;
        }
        let suffix = if known.len() == 1 { " (before)".to_owned() } else { format!(" (before {})", known.len()) };
        for declaration in &declarations {
            let is_declared = declarations.iter().any(|other| other.name == declaration.from);
            let from = format!("{}{}", declaration.from, if is_declared { &suffix } else { "" });
            former.push(Declaration { name: format!("{}{suffix}", declaration.name), from, ..declaration.clone() });
        }
        known.push(declarations);
    }
    store.profiles().with_former(&former)
}
