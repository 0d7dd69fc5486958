//! Files beside each other.

use std::collections::{BTreeMap, BTreeSet};

use super::examine::Facts;
use super::finding::{Finding, FindingKind};

/// From so many different requests with one answer on they are told.
const MANY: usize = 10;

/// Says which recordings answer one request differently, and which answer many requests alike.
pub(super) fn compare(all: &[Facts], findings: &mut Vec<Finding>) {
    // Lists of models share keys and answers, as is meant.
    let calls = || all.iter().filter(|facts| !facts.is_model_list);
    let mut by_request: BTreeMap<_, Vec<&Facts>> = BTreeMap::new();
    let mut by_answer: BTreeMap<_, Vec<&Facts>> = BTreeMap::new();
    for facts in calls() {
        if let Some(key) = facts.key {
            by_request.entry(key).or_default().push(facts);
        }
        by_answer.entry(facts.answer).or_default().push(facts);
    }
    let distinct =
        |group: &[&Facts], of: fn(&Facts) -> u128| group.iter().map(|facts| of(facts)).collect::<BTreeSet<_>>().len();
    for group in by_request.into_values() {
        let answers = distinct(&group, |facts| facts.answer);
        if answers > 1 {
            let found = group.iter().filter(|facts| facts.is_found).count();
            let which = match found {
                0 => "a look-up finds none of them",
                1 => "a look-up finds but one of them",
                _ => "which answers depends on the folder",
            };
            let message =
                format!("{} recordings are of one request and answer it in {answers} ways; {which}", group.len());
            findings.extend(of_group(FindingKind::DuplicateRequest, &group, message));
        }
    }
    for group in by_answer.into_values() {
        let requests = distinct(&group, |facts| facts.request);
        if requests >= MANY {
            let message = format!("{requests} different requests have this very answer");
            findings.extend(of_group(FindingKind::IdenticalAnswers, &group, message));
        }
    }
}

/// Makes one finding for several files: of the first, with the others beside it.
pub(super) fn of_group(kind: FindingKind, group: &[&Facts], message: String) -> Option<Finding> {
    let mut paths = group.iter().map(|facts| facts.file.path());
    let found = Finding::new(kind, paths.next()?, message);
    Some(Finding { related: paths.collect(), ..found })
}
