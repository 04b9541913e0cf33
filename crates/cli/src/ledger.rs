//! The organisation's ledger as this computer folds it: from the pin, over everything it ever saw.

#[cfg(test)]
mod tests;

use anyhow::{Result, ensure};
use api::ledger::LedgerPage;
use trust::checkpoint::Checkpoint;
use trust::envelope::{Envelope, PayloadType};
use trust::freshness::{self, Stale};
use trust::state::{Inert, Pending};
use trust::statement::{Say, Statement};
use trust::{Note, OrgId, State};

use crate::ambient::now_ms;
use crate::failure::refused;
use crate::org_store::OrgStore;

/// The folded ledger with the newest checkpoint over it.
pub struct Ledger {
    store: OrgStore,
    state: State,
    note: String,
    checkpoint: Checkpoint,
}

/// A statement signed here that the ledger does not carry.
pub struct NotSequenced {
    /// Its envelope.
    pub envelope: Envelope,
    /// What it says.
    pub statement: Statement,
    /// Why it would not count any more, if so.
    pub dead: Option<Inert>,
}

impl Ledger {
    /// Folds what is stored; `None` before anything was.
    pub fn load(store: &OrgStore) -> Result<Option<Self>> {
        let leaves = store.leaves()?;
        let Some(state) = fold(store.org(), None, &leaves)? else {
            return Ok(None);
        };
        let Some(note) = store.checkpoint()? else {
            return Err(refused(
                "no_checkpoint",
                format!(
                    "The stored ledger in {} has no checkpoint.",
                    store.dir().display()
                ),
            ));
        };
        let checkpoint = verified(&state, &note).or_else(|_| older_checkpoint(&state, &note))?;
        let mut ledger = Self {
            store: store.clone(),
            state,
            note,
            checkpoint,
        };
        for text in store.revocations()?.into_iter().chain(store.signed_here()?) {
            ledger.hold_text(&text);
        }
        Ok(Some(ledger))
    }

    /// Takes the first leaves of a ledger that was not stored yet.
    pub fn begin(store: &OrgStore, leaves: &[String], note: &str) -> Result<Self> {
        let empty = || refused("empty_ledger", "The service sent an empty ledger.");
        let state = fold(store.org(), None, leaves)?.ok_or_else(empty)?;
        let checkpoint = verified(&state, note)?;
        store.extend(leaves, note)?;
        Ok(Self {
            store: store.clone(),
            state,
            note: note.to_owned(),
            checkpoint,
        })
    }

    /// Grows by `leaves` up to what `note` is about. Anything that contradicts what is stored is refused and kept.
    pub fn extend(&mut self, leaves: &[String], note: &str) -> Result<()> {
        let (have, size) = (
            self.state.head().size,
            Note::parse(&self.org(), note)?.head().size,
        );
        if size < have {
            return Err(self.fork(
                note,
                "shorter_ledger",
                &format!("The service shows a ledger of {size} statements; this computer has already seen {have}."),
            ));
        }
        let grown =
            fold(self.org(), Some(&self.state), leaves)?.unwrap_or_else(|| self.state.clone());
        let claimed = Note::parse(&self.org(), note)?.head();
        if claimed.size == grown.head().size && claimed.root != grown.head().root {
            return Err(self.fork(
                note,
                "forked_ledger",
                &format!("The service's ledger does not extend the one of {have} statements that this computer has seen."),
            ));
        }
        self.checkpoint = verified(&grown, note)?;
        self.store.extend(leaves, note)?;
        self.state = grown;
        note.clone_into(&mut self.note);
        Ok(())
    }

    fn fork(&self, note: &str, code: &str, what: &str) -> anyhow::Error {
        let text = format!(
            "{what}\n\nStored checkpoint:\n{}\nThe service's checkpoint:\n{note}",
            self.note
        );
        let kept = match self.store.keep_evidence(&text) {
            Ok(path) => format!("The evidence is in {}.", path.display()),
            Err(_) => "The evidence could not be stored.".to_owned(),
        };
        refused(
            code,
            format!("{what} Nothing was opened or signed. Tell your security officer. {kept}"),
        )
    }

    /// Keeps, for each recovery that waits, the first note that every witness signed with it: its time begins there.
    pub fn note_recoveries(&self) -> Result<()> {
        let known = self.store.recoveries_begun()?;
        let now = trust::state::begun(self.state.roster(), &self.checkpoint);
        let whole = now.is_some() && self.checkpoint.head == self.state.head();
        let note = |id: String| {
            let known = known.get(&id).cloned();
            Some((id, known.or_else(|| whole.then(|| self.note.clone()))?))
        };
        let waiting = self.state.recoveries().map(|p| p.id.to_string());
        let begun = waiting.filter_map(note).collect();
        if begun != known {
            self.store.set_recoveries_begun(&begun)?;
        }
        Ok(())
    }

    /// When a recovery has waited long enough by the note that this computer kept, in milliseconds.
    pub fn recovery_due(&self, pending: &Pending) -> Result<Option<u64>> {
        let (org, roster) = (self.org(), self.state.roster());
        let begun = self.store.recovery_begun(&pending.id)?.and_then(|note| {
            let checkpoint = Note::parse(&org, &note).ok()?.verify(&org, roster).ok()?;
            trust::state::begun(roster, &checkpoint)
        });
        Ok(begun.map(|begun| begun.saturating_add(recovery_delay(roster))))
    }

    /// When a recovery can take effect at the earliest, in milliseconds: its author may have seen the witnesses before this
    /// computer did.
    pub fn recovery_not_before(&self, pending: &Pending) -> Result<u64> {
        let by_his_word = pending
            .at
            .saturating_add(recovery_delay(self.state.roster()));
        let due = self.recovery_due(pending)?;
        Ok(due.map_or(by_his_word, |due| due.min(by_his_word)))
    }

    /// The organisation.
    pub fn org(&self) -> OrgId {
        self.store.org()
    }

    /// What the ledger means.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The newest checkpoint note.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The newest checkpoint, verified.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Whether witnesses vouch for it in time.
    pub fn freshness(&self) -> Result<(), Stale> {
        freshness::check(&self.state, &self.checkpoint, now_ms())
    }

    /// Takes revocations from a peer: those that count are on disk and in force when this returns. Gives how many.
    pub fn hold(&mut self, envelopes: &[String]) -> Result<usize> {
        let mut state = self.state.clone();
        let new: Vec<String> = envelopes
            .iter()
            .filter(|text| hold_one(&mut state, text))
            .cloned()
            .collect();
        self.store.add_revocations(&new)?;
        self.state = state;
        Ok(new.len())
    }

    fn hold_text(&mut self, text: &str) {
        hold_one(&mut self.state, text);
    }

    /// What was signed here and the ledger does not carry.
    pub fn not_sequenced(&self) -> Result<Vec<NotSequenced>> {
        let mut waiting = Vec::new();
        for text in self.store.signed_here()? {
            let envelope = Envelope::parse(text.as_bytes())?;
            let statement: Statement = envelope.read(PayloadType::Statement)?;
            if self.state.has_statement(&statement.id) {
                continue;
            }
            let dead = self.state.check(envelope.as_bytes()).err();
            // What it wants to revoke is revoked by another statement: nothing is missing.
            if matches!(dead, Some(Inert::AlreadyRevoked)) {
                continue;
            }
            waiting.push(NotSequenced {
                envelope,
                statement,
                dead,
            });
        }
        Ok(waiting)
    }

    /// Takes the revocations among statements that the service has accepted and not sequenced.
    pub fn take_pending(&mut self, page: &LedgerPage) -> Result<()> {
        self.hold(&page.pending).map(|_| ())
    }
}

/// How long a recovery of this roster's organisation waits, in milliseconds.
pub(crate) fn recovery_delay(roster: &trust::statement::Roster) -> u64 {
    roster.recovery.as_ref().map_or(0, |r| r.delay)
}

fn hold_one(state: &mut State, text: &str) -> bool {
    let Ok(envelope) = Envelope::parse(text.as_bytes()) else {
        return false;
    };
    let is_revocation = envelope
        .read::<Statement>(PayloadType::Statement)
        .is_ok_and(|s| matches!(s.say, Say::Revoke(_)));
    is_revocation && state.hold(&envelope).unwrap_or(false)
}

/// Folds `leaves` behind `base`, or from the genesis; `None` when there is nothing to fold.
fn fold(org: OrgId, base: Option<&State>, leaves: &[String]) -> Result<Option<State>> {
    let mut leaves = leaves.iter();
    let mut state = match (base, leaves.len()) {
        (_, 0) => return Ok(None),
        (Some(state), _) => state.clone(),
        (None, _) => {
            let genesis = leaves.next().map_or("", String::as_str);
            State::genesis(org, genesis.as_bytes()).map_err(|why| {
                refused(
                    "other_genesis",
                    format!("The ledger is not that of the organisation {org}: {why}."),
                )
            })?
        }
    };
    for leaf in leaves {
        state.append(leaf.as_bytes());
    }
    Ok(Some(state))
}

/// Verifies that `note` is about exactly `state` and signed by its log key.
fn verified(state: &State, note: &str) -> Result<Checkpoint> {
    let org = state.org();
    let note = Note::parse(&org, note).map_err(|e| {
        refused(
            "bad_checkpoint",
            format!("The service's proof is refused: {e}."),
        )
    })?;
    let checkpoint = note.verify(&org, state.roster()).map_err(|e| {
        refused(
            "bad_checkpoint",
            format!("The service's proof is refused: {e}."),
        )
    })?;
    ensure!(
        checkpoint.head == state.head(),
        refused(
            "other_head",
            "The service's checkpoint is not about the statements it sent."
        )
    );
    Ok(checkpoint)
}

/// A crash between leaves and checkpoint leaves a note about an earlier head: it must still be one of this ledger.
fn older_checkpoint(state: &State, note: &str) -> Result<Checkpoint> {
    let parsed = Note::parse(&state.org(), note)?;
    let checkpoint = parsed.verify(&state.org(), state.roster())?;
    ensure!(
        state.root_at(checkpoint.head.size) == Some(checkpoint.head.root),
        refused(
            "stored_ledger",
            "The stored ledger and its checkpoint do not belong together; restore them from a backup."
        )
    );
    Ok(checkpoint)
}
