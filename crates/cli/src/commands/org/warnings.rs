//! What somebody has to look after before it is too late: keys about to expire, witnesses that are missing.

use std::collections::BTreeMap;

use trust::freshness::{has_no_spare_witness, outage};
use trust::inventory::{expiry_warning, keys};
use trust::seal::OpeningKey;
use trust::{Checkpoint, State};

use super::keys::name_of;
use crate::ambient::date;
use crate::say;

/// Most keys that one line names.
const NAMED_MAX: usize = 4;

/// One line each; `checkpoint` is none where nobody asked for the newest.
pub(super) fn warnings(
    state: &State,
    checkpoint: Option<&Checkpoint>,
    directory: Option<&OpeningKey>,
    now: u64,
) -> Vec<String> {
    let mut lines: Vec<String> = checkpoint
        .and_then(|checkpoint| outage_line(state, checkpoint, now))
        .into_iter()
        .collect();
    if has_no_spare_witness(state) {
        let all = say::count(state.roster().witnesses.len(), "witness");
        lines.push(format!(
            "WITNESSES     the quorum takes all of {all}: while one is away, nothing is fresh. Two of three are better: wayleave \
             org roster --add-witness ... --quorum 2"
        ));
    }
    lines.extend(expiry_lines(state, directory, now));
    lines
}

fn outage_line(state: &State, checkpoint: &Checkpoint, now: u64) -> Option<String> {
    let outage = outage(state, checkpoint, now)?;
    let since = match outage.since {
        Some(at) => format!("since {}", date(at)),
        None => "on the newest checkpoint".to_owned(),
    };
    let refused = match outage.refused_from {
        Some(from) if from > now => format!("from {} on unattended ones are refused", date(from)),
        _ => "unattended ones are refused".to_owned(),
    };
    Some(format!(
        "WITNESSES     no quorum has vouched for the ledger {since}: open sessions pause, and {refused}"
    ))
}

fn expiry_lines(state: &State, directory: Option<&OpeningKey>, now: u64) -> Vec<String> {
    let mut within: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for listed in keys(state, now) {
        if let Some(days) = expiry_warning(&listed, now) {
            let name = name_of(state, directory, &listed).unwrap_or_else(|| listed.id.clone());
            within.entry(days).or_default().push(name);
        }
    }
    let line = |(days, mut names): (u64, Vec<String>)| {
        let all = say::count(names.len(), "key");
        let days = say::count(usize::try_from(days).unwrap_or(usize::MAX), "day");
        names.sort();
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        format!("EXPIRING      {all} within {days}: {}", names.join(", "))
    };
    within.into_iter().map(line).collect()
}
