//! Whether a replica of the product reads its ledger as the model does.

use trust::state::State;
use trust::statement::Role;

use crate::cast;
use crate::model::Ledger;

const ROLES: [Role; 4] = [
    Role::Technician,
    Role::Device,
    Role::Enroller,
    Role::Stopper,
];

/// The first difference, as a sentence.
pub fn difference(state: &State, truth: &Ledger, now: u64) -> Option<String> {
    let inert: Vec<u64> = state.inert().iter().map(|(at, _)| *at).collect();
    if state.head() != truth.head() {
        return Some("its root is not the root over its leaves".to_owned());
    }
    if inert != truth.inert() {
        let (real, model) = (&state.inert(), truth.inert());
        return Some(format!(
            "leaves that mean nothing: {real:?}, by the model {model:?}"
        ));
    }
    let flags = [
        ("closed", state.closed_by().is_some(), truth.is_closed()),
        ("suspended", state.is_suspended(), truth.is_suspended()),
        (
            "roster tainted",
            state.is_roster_tainted(),
            truth.is_roster_tainted(),
        ),
    ];
    for (name, real, model) in flags {
        if real != model {
            return Some(format!("{name}: {real}, by the model {model}"));
        }
    }
    let held = state.held().count();
    if held != truth.lacks().len() {
        let lacks = truth.lacks().len();
        return Some(format!(
            "it lacks {held} held revocations, by the model {lacks}"
        ));
    }
    let named = |key| cast::name_of(key).unwrap_or_default();
    for (key, _) in state.entries() {
        for role in ROLES {
            let real = state
                .in_force(key, role, now)
                .map(|e| (&e.groups, e.until))
                .ok();
            let model = truth
                .in_force(key, role, now)
                .map(|(a, _)| (&a.groups, a.until));
            if real != model {
                let who = named(key);
                return Some(format!(
                    "{who} as {role:?}: {real:?}, by the model {model:?}"
                ));
            }
        }
    }
    let real: Vec<_> = state.policies().map(|p| (p.id, &p.policy)).collect();
    let model = truth.policies();
    (real != model).then(|| format!("policies: {real:?}, by the model {model:?}"))
}
