//! Why a name is not the key of its request.

use std::path::Path;

use memchr::memmem;

use super::finding::{Finding, FindingKind};
use crate::json::{Dialect, Reader, Style, Text, Value};
use crate::key::{Digest, Key, Profile, Profiles, Request, Rules, Shape, TestId, request_key};
use crate::recording::{View, recorded_under};

/// Names that projects gave up, in all their recordings too: what they say now, and what they said when the keys were
/// made. OGX was Llama Stack.
const RENAMED: [&[(&str, &str)]; 4] = [
    &[("ogx_client", "llama_stack_client")],
    &[("ogx", "llama_stack")],
    &[("OGX", "Llama Stack")],
    &[("ogx", "llama_stack"), ("OGX", "Llama Stack")],
];

/// The rules of a revision of OGX's recorder that was never merged, under which some recordings were made.
static SIX_DECIMALS: Profile = Profile {
    name: "six decimals",
    shape: Shape::Inference,
    test_id: TestId::Present,
    rules: Rules { drops: &[], masks: &[], decimals: Some(6) },
    style: Style::SORTED,
    digest: Digest::Sha256,
    added: None,
    companions: [None, None],
};

/// Says that the name of a recording is the key of its request under no profile, and why as far as that can be told.
pub(super) fn find(
    profiles: &Profiles,
    path: &Path,
    name: &Key,
    view: &View<'_>,
    request: &Request<&Value<'_>>,
    test_id: Option<&Text<'_>>,
    findings: &mut Vec<Finding>,
) {
    let mut mismatch = Finding::new(FindingKind::KeyMismatch, path.to_owned(), "");
    let is_six_decimals = request.shape == Shape::Inference
        && request_key(request, test_id, &SIX_DECIMALS).is_ok_and(|key| name.finds(&key));
    mismatch.message = if is_six_decimals {
        "the name is the key of the request with numbers rounded to six decimals, as a revision of OGX's recorder did \
         that was never released"
            .to_owned()
    } else if let Some((renamed, profile)) =
        RENAMED.iter().find_map(|words| Some((words, before(profiles, view, words, name)?)))
    {
        let words: Vec<_> = renamed.iter().map(|(now, then)| format!("{now:?} for {then:?}")).collect();
        let words = words.join(" and ");
        let message = format!("its key was made before the request was edited: it says {words}");
        findings.push(Finding {
            profile: Some(profile.name),
            ..Finding::new(FindingKind::EditedRequest, path.to_owned(), message)
        });
        mismatch.profile = Some(profile.name);
        format!(
            "the name is the key of the request under no profile; it last was under {}, before the request was edited \
             ({words})",
            profile.name
        )
    } else {
        let said = match recorded_under(view) {
            Some(digits) if name.to_string().starts_with(&digits) => {
                "; the answer was recorded under this name, so that the request was edited after recording, or its key \
                 made by rules that are not known here"
                    .to_owned()
            }
            Some(digits) => format!(
                "; the answer was recorded under another, {digits}…: the file was renamed or copied after recording"
            ),
            None => String::new(),
        };
        format!("the name is the key of the request under no profile{said}")
    };
    findings.push(mismatch);
}

/// Returns the profile under which the name was the key before words of the request were replaced.
fn before(profiles: &Profiles, view: &View<'_>, words: &[(&str, &str)], name: &Key) -> Option<&'static Profile> {
    let [mut request, mut test_id] = [view.request().ok()?.to_vec(), view.test_id_json().ok()?.to_vec()];
    let mut is_changed = false;
    for (now, then) in words {
        for text in [&mut request, &mut test_id] {
            if let Some(replaced) = replace(text, now.as_bytes(), then.as_bytes()) {
                (*text, is_changed) = (replaced, true);
            }
        }
    }
    if !is_changed {
        return None;
    }
    let parse = |json| Reader::new(json).ok()?.dialect(Dialect::Python).document(Value::read).ok();
    let (request, test_id) = (parse(&request)?, parse(&test_id)?);
    let test_id = if let Value::String(id) = test_id { Some(id) } else { None };
    profiles.matching(&Request::split(&&request).ok()?, test_id.as_ref(), name)
}

fn replace(text: &[u8], now: &[u8], then: &[u8]) -> Option<Vec<u8>> {
    let mut replaced = Vec::new();
    let mut done = 0;
    for at in memmem::find_iter(text, now) {
        replaced.extend_from_slice(text.get(done..at)?);
        replaced.extend_from_slice(then);
        done = at + now.len();
    }
    replaced.extend_from_slice(text.get(done..)?);
    (done > 0).then_some(replaced)
}
