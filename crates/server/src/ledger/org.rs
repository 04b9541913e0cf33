//! One organisation in memory: its fold, its newest published checkpoint, and who listens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use api::sign_in::Role;
use api::signal::console::ToConsole;
use tokio::sync::{Notify, broadcast, watch};
use trust::bytes::{KeyId, OrgId, WarrantId};
use trust::{Note, PublicKey, State, statement};

const HINTS_MAX: usize = 256;
const REVOCATIONS_MAX: usize = 64;

/// A checkpoint as agents and consoles get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Leaves it covers.
    pub size: u64,
    /// The note with its cosignatures.
    pub note: Note,
}

/// One organisation in memory.
pub struct Org {
    id: OrgId,
    state: RwLock<State>,
    /// Serialises appending.
    pub(super) appending: tokio::sync::Mutex<()>,
    /// Serialises the merging of drafts' signatures.
    pub drafting: tokio::sync::Mutex<()>,
    /// Ticks when somebody's standing may have changed.
    changed: watch::Sender<()>,
    /// Asks the publisher for a new checkpoint.
    pub(super) wake: Notify,
    pub(super) published: watch::Sender<Arc<Published>>,
    revocations: broadcast::Sender<String>,
    hints: broadcast::Sender<ToConsole>,
    /// How many leaves each witness is known to hold.
    pub(super) witnesses_have: Mutex<HashMap<KeyId, u64>>,
}

/// What a key is to its organisation right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Admin, technician, recovery key, or an admin's key of a recovery that waits: may sign in.
    Member(Role),
    /// A device in force.
    Device,
    /// Revoked: never again.
    Revoked,
    /// Unknown, expired, or in a role that the service has no door for.
    None,
}

impl Org {
    pub(super) fn new(state: State, note: Note) -> Self {
        let published = Arc::new(Published {
            size: note.head().size,
            note,
        });
        Self {
            id: state.org(),
            state: RwLock::new(state),
            appending: tokio::sync::Mutex::default(),
            drafting: tokio::sync::Mutex::default(),
            changed: watch::Sender::default(),
            wake: Notify::new(),
            published: watch::Sender::new(published),
            revocations: broadcast::Sender::new(REVOCATIONS_MAX),
            hints: broadcast::Sender::new(HINTS_MAX),
            witnesses_have: Mutex::default(),
        }
    }

    /// Its id.
    pub fn id(&self) -> OrgId {
        self.id
    }

    /// Looks at the fold. `look` must not block.
    pub fn state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(
            &self
                .state
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    pub(super) fn state_mut<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let out = change(
            &mut self
                .state
                .write()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        self.changed.send_replace(());
        out
    }

    /// What this key is to the organisation at `now` (milliseconds).
    pub fn standing(&self, keyid: &KeyId, now: u64) -> Standing {
        self.state(|state| {
            if state.is_key_revoked(keyid) {
                Standing::Revoked
            } else if state.admin(keyid).is_some() {
                Standing::Member(Role::Admin)
            } else if state
                .in_force(keyid, statement::Role::Technician, now)
                .is_ok()
            {
                Standing::Member(Role::Technician)
            } else if state
                .in_force(keyid, statement::Role::Enroller, now)
                .is_ok()
            {
                Standing::Member(Role::Enroller)
            } else if state.roster().recovery_key(keyid).is_some()
                || waiting_admin(state, keyid).is_some()
            {
                Standing::Member(Role::Recovery)
            } else if state.in_force(keyid, statement::Role::Device, now).is_ok() {
                Standing::Device
            } else {
                Standing::None
            }
        })
    }

    /// The public key of a ledger key.
    pub fn key(&self, keyid: &KeyId) -> Option<PublicKey> {
        self.state(|state| {
            let known = state.known_key(keyid);
            known.or_else(|| waiting_admin(state, keyid)).cloned()
        })
    }

    /// Why technician and device may not meet at `now`, if so.
    pub fn keeps_apart(
        &self,
        technician: &KeyId,
        device: &KeyId,
        warrant: Option<&WarrantId>,
        now: u64,
    ) -> Option<&'static str> {
        if self.state(|state| state.is_suspended()) {
            return Some("The organisation has suspended all access.");
        }
        if self.standing(technician, now) != Standing::Member(Role::Technician) {
            return Some("The technician's key is no longer in force.");
        }
        if self.standing(device, now) != Standing::Device {
            return Some("The workstation's key is no longer in force.");
        }
        if warrant.is_some_and(|id| self.state(|state| state.is_warrant_revoked(id))) {
            return Some("The warrant was revoked.");
        }
        None
    }

    /// Why a technician and a machine that is not enrolled may not meet at `now`, if so; before it came it has no key.
    pub fn keeps_from_joining(
        &self,
        technician: &KeyId,
        device: Option<&KeyId>,
        now: u64,
    ) -> Option<&'static str> {
        if self.state(|state| state.is_suspended()) {
            return Some("The organisation has suspended all access.");
        }
        if self.standing(technician, now) != Standing::Member(Role::Technician) {
            return Some("The technician's key is no longer in force.");
        }
        if device.is_some_and(|key| self.standing(key, now) != Standing::None) {
            return Some("The machine's key is known to the ledger; a join brings a fresh one.");
        }
        None
    }

    /// Ticks when somebody's standing may have changed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The newest checkpoint, now and from now on.
    pub fn published(&self) -> watch::Receiver<Arc<Published>> {
        self.published.subscribe()
    }

    /// Revocations as they come in, before they are in the ledger.
    pub fn revocations(&self) -> broadcast::Receiver<String> {
        self.revocations.subscribe()
    }

    pub(super) fn tell_revocation(&self, envelope: String) {
        // Fails only when no agent listens.
        let _ = self.revocations.send(envelope);
    }

    /// Revocations that the ledger does not carry yet.
    pub fn held(&self) -> Vec<String> {
        self.state(|state| {
            state
                .held()
                .map(|(_, held)| held.envelope.to_text())
                .collect()
        })
    }

    /// Events for consoles.
    pub fn hints(&self) -> broadcast::Receiver<ToConsole> {
        self.hints.subscribe()
    }

    /// Tells every console of the organisation.
    pub fn hint(&self, event: ToConsole) {
        // Fails only when no console listens.
        let _ = self.hints.send(event);
    }
}

/// An admin's key of a recovery that waits: he has to see whether it has waited.
fn waiting_admin<'a>(state: &'a State, keyid: &KeyId) -> Option<&'a PublicKey> {
    let mut waiting = state.recoveries();
    waiting.find_map(|pending| Some(&pending.roster.admin(keyid)?.key))
}
