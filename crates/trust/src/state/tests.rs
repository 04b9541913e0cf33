//! What counts in a ledger, and what does not. Ledgers are drawn as `G -> A1 -> R1`: genesis, admission, revocation; `P`
//! is a policy, `C` a roster; `A1@G` was signed when its author knew the ledger up to `G`.

mod authority;
mod held;
mod laundering;
mod order;
mod recovery;
mod rosters;

use super::Inert;
use super::Outcome::{self, Counts};
use crate::bytes::{KeyId, StatementId};
use crate::envelope::Envelope;
use crate::statement::{Role, Say, Target};
use crate::support::*;

/// Why a leaf is inert.
fn inert(outcome: Outcome) -> Inert {
    match outcome {
        Outcome::Inert(why) => why,
        Counts => panic!("the leaf counts"),
    }
}

fn id_of(envelope: &Envelope) -> StatementId {
    let said: crate::Statement = envelope.read(crate::PayloadType::Statement).unwrap();
    said.id
}

fn keyid(name: &str) -> KeyId {
    key(name).id()
}

/// Whether the technician of this name counts now.
fn works(world: &World, name: &str) -> bool {
    world
        .state
        .in_force(&keyid(name), Role::Technician, world.now)
        .is_ok()
}

fn tess() -> Say {
    Say::Admit(technician("tess", &["support"]))
}

fn revoke_key(name: &str) -> Say {
    revoke(Target::Key(keyid(name)))
}

/// The same state with `more` policies that nobody signed: what it takes to reach a limit of 100,000.
fn filled(state: &super::State, more: usize) -> super::State {
    let mut full = state.clone();
    let entry = state.policies().next().unwrap().clone();
    full.policies
        .extend((0..more).map(|n| (format!("filler-{n}"), entry.clone())));
    full
}
