//! What the person at this machine is told while recovery keys replace the administrators' keys.

use trust::State;
use trust::state::Pending;
use trust::text::show_foreign;

use crate::clock::local_date_time;
use crate::trust_store::TrustStore;
use crate::windows::message::NoticeRequest;

/// Longest name of an organisation in the sentence, in characters.
const NAME_CHARS_MAX: usize = 60;

/// One recovery that waits, for whoever may have to object. `not_before`: when it can take effect, in milliseconds.
pub fn sentence(state: &State, pending: &Pending, not_before: u64) -> String {
    let roster = state.roster();
    let name = show_foreign(&roster.name, NAME_CHARS_MAX);
    let domain = &roster.domain;
    let keys = match pending.roster.admins.len() {
        1 => "one new key".to_owned(),
        count => format!("{count} new keys"),
    };
    format!(
        "The administrators' keys of {name} are being replaced by {keys}. This takes effect at the earliest on {}. If you \
         did not expect it, tell your administrators at {domain}: until then they can stop it.",
        local_date_time(not_before)
    )
}

/// What the desk shows: the recovery that can take effect first.
pub fn notice(store: &TrustStore) -> Option<NoticeRequest> {
    let roster = store.state()?.roster();
    let first = store
        .recoveries()
        .into_iter()
        .min_by_key(|(_, not_before)| *not_before);
    let (pending, not_before) = first?;
    Some(NoticeRequest {
        organisation: roster.name.clone(),
        domain: roster.domain.clone(),
        keys: u32::try_from(pending.roster.admins.len()).unwrap_or(u32::MAX),
        from: local_date_time(not_before),
    })
}
