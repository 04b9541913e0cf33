//! The publisher of one organisation: signs a checkpoint for each new size, gathers cosignatures, and renews them before
//! they are too old.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use trust::bytes::OrgId;
use trust::statement::{Seen, WitnessEntry};
use trust::{Note, SigningKey, State};

use super::org::{Org, Published};
use super::{Shared, witness};
use crate::app::stopped;
use crate::clock::now_ms;

/// Shortest pause between two rounds that nobody asked for.
const PAUSE_MIN: Duration = Duration::from_secs(2);

/// The note to start with: the stored one if it is about this ledger's size, a new one else.
pub(super) fn first_note(
    state: &State,
    stored: Option<&str>,
    log_key: &SigningKey,
) -> Result<Note, String> {
    let fresh = Note::sign(&state.org(), state.head(), log_key);
    let Some(stored) = stored else {
        return Ok(fresh);
    };
    let note =
        Note::parse(&state.org(), stored).map_err(|error| format!("the checkpoint: {error}"))?;
    let head = note.head();
    if state.root_at(head.size) != Some(head.root) {
        return Err(format!(
            "its leaves are not those of the published checkpoint of size {}",
            head.size
        ));
    }
    Ok(if head == state.head() { note } else { fresh })
}

/// Runs until `stop`.
pub(super) async fn run(org: Arc<Org>, shared: Arc<Shared>) {
    let mut stop = shared.stop.clone();
    loop {
        let has_quorum = tokio::select! {
            has_quorum = round(&org, &shared) => has_quorum,
            () = stopped(&mut stop) => return,
        };
        let pause = pause(&org, has_quorum);
        tokio::select! {
            () = org.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

/// A third of `max_age`, so that two rounds may fail before anybody is without a fresh ledger.
fn pause(org: &Org, has_quorum: bool) -> Duration {
    let max_age = Duration::from_millis(org.state(|state| state.roster().max_age));
    let third = max_age / 3;
    if has_quorum {
        third
    } else {
        (max_age / 30).max(PAUSE_MIN).min(third)
    }
}

/// One checkpoint and its cosignatures. Returns whether the roster's quorum cosigned.
async fn round(org: &Org, shared: &Shared) -> bool {
    let (head, witnesses, quorum) = org.state(|state| {
        (
            state.head(),
            state.roster().witnesses.clone(),
            state.roster().quorum,
        )
    });
    let mut note = start_note(org, head, &shared.log_key);
    if witnesses.is_empty() || quorum == 0 {
        publish(org, shared, &note).await;
    }
    let mut asked: FuturesUnordered<_> = witnesses
        .iter()
        .filter(|entry| entry.url.is_some())
        .map(|entry| ask(org, shared, head, entry))
        .collect();
    let mut gathered = 0;
    while let Some(line) = next(&mut asked, org, gathered >= quorum).await {
        let Some(line) = line else { continue };
        if note.add_line(&line).is_ok() {
            gathered += 1;
        }
        if gathered == quorum {
            publish(org, shared, &note).await;
        }
    }
    if gathered != quorum {
        publish(org, shared, &note).await;
    }
    gathered >= quorum
}

/// The next answer; once there are enough, a new leaf ends the waiting for the rest.
async fn next<F: Future<Output = Option<String>>>(
    asked: &mut FuturesUnordered<F>,
    org: &Org,
    enough: bool,
) -> Option<Option<String>> {
    if !enough {
        return asked.next().await;
    }
    tokio::select! {
        line = asked.next() => line,
        () = org.wake.notified() => {
            // The caller's loop must see the wish as well.
            org.wake.notify_one();
            None
        }
    }
}

/// Keeps the cosignatures of an unchanged head: a witness that is away for a moment does not take back its last word.
fn start_note(org: &Org, head: Seen, log_key: &SigningKey) -> Note {
    let published = org.published.borrow();
    if published.note.head() == head {
        published.note.clone()
    } else {
        Note::sign(&org.id(), head, log_key)
    }
}

/// A witness's line over this head, if it gives a genuine one.
async fn ask(org: &Org, shared: &Shared, head: Seen, entry: &WitnessEntry) -> Option<String> {
    let mut request = Request {
        org,
        shared,
        head,
        entry,
    };
    match request.cosignature().await {
        Ok(line) => {
            shared.metrics.cosignatures.inc();
            Some(line)
        }
        Err(error) => {
            shared.metrics.witness_failures.inc();
            tracing::warn!(org = %org.id(), witness = %entry.name, %error, "no cosignature");
            None
        }
    }
}

struct Request<'a> {
    org: &'a Org,
    shared: &'a Shared,
    head: Seen,
    entry: &'a WitnessEntry,
}

impl Request<'_> {
    async fn cosignature(&mut self) -> Result<String, witness::WitnessError> {
        let client = &self.shared.witnesses;
        let mut from = self
            .known_size()
            .unwrap_or(self.head.size)
            .min(self.head.size);
        // Once to learn what the witness holds; then page by page.
        for _ in 0..witness::ROUNDS_MAX {
            let leaves = self
                .shared
                .store
                .leaves(&self.id(), from, self.head.size, witness::LEAVES_MAX)
                .await?;
            let leaves = crate::page::cut(leaves, witness::BYTES_MAX);
            let upto = from + leaves.len() as u64;
            let note = self.note_at(upto)?;
            match client
                .ask(self.entry, &self.id(), from, leaves, &note)
                .await?
            {
                witness::Answer::Have(have) if have <= self.head.size && have != from => {
                    from = have
                }
                witness::Answer::Have(have) => {
                    return Err(witness::WitnessError::Disagrees { have });
                }
                witness::Answer::Line(line) if upto == self.head.size => {
                    self.remember(upto);
                    return self.genuine(&note, line);
                }
                witness::Answer::Line(_) => from = upto,
            }
            self.remember(from);
        }
        Err(witness::WitnessError::NoEnd)
    }

    fn id(&self) -> OrgId {
        self.org.id()
    }

    /// The tree is append-only, so a checkpoint of an earlier size is as true as the newest.
    fn note_at(&self, size: u64) -> Result<Note, witness::WitnessError> {
        let root = self
            .org
            .state(|state| state.root_at(size))
            .ok_or(witness::WitnessError::NoEnd)?;
        Ok(Note::sign(
            &self.id(),
            Seen { size, root },
            &self.shared.log_key,
        ))
    }

    fn genuine(&self, note: &Note, line: String) -> Result<String, witness::WitnessError> {
        let mut cosigned = note.clone();
        cosigned
            .add_line(&line)
            .map_err(|_| witness::WitnessError::Forged)?;
        let at = cosigned
            .cosigned_at(&self.entry.name, &self.entry.key)
            .ok_or(witness::WitnessError::Forged)?;
        let apart = at.abs_diff(now_ms());
        if apart > 60_000 {
            tracing::warn!(witness = %self.entry.name, apart_ms = apart, "clocks differ");
        }
        Ok(line)
    }

    fn known_size(&self) -> Option<u64> {
        let have = self
            .org
            .witnesses_have
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        have.get(&self.entry.key.id()).copied()
    }

    fn remember(&self, size: u64) {
        let mut have = self
            .org
            .witnesses_have
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        have.insert(self.entry.key.id(), size);
    }
}

async fn publish(org: &Org, shared: &Shared, note: &Note) {
    let published = Published {
        size: note.head().size,
        note: note.clone(),
    };
    if **org.published.borrow() == published {
        return;
    }
    let size = published.size;
    org.published.send_replace(Arc::new(published));
    org.hint(api::signal::console::ToConsole::Ledger { size });
    if let Err(error) = shared
        .store
        .set_checkpoint(&org.id(), size, &note.to_string())
        .await
    {
        tracing::error!(org = %org.id(), %error, "the checkpoint is not stored");
    }
}
