//! What a service that rewrites history meets. `G -> A` is the ledger with the leaves G and A.

use trust::SigningKey;
use trust::bytes::{KeyId, StatementId, X25519Public, sha256};
use trust::statement::{Admin, Revoke, Roster, Seen, Target};

use super::*;
use crate::failure::find;
use crate::keystore::Keystore;
use crate::passphrase::Source;

struct World {
    dir: tempfile::TempDir,
    admin: SigningKey,
    log: SigningKey,
    genesis: String,
    org: OrgId,
}

impl World {
    fn new() -> Self {
        let (admin, log) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let roster = Roster {
            version: 1,
            format: 1,
            name: "Example".into(),
            domain: "example.com".into(),
            admins: vec![Admin {
                key: admin.public().clone(),
                person: "ada".into(),
                name: None,
                label: None,
                directory: None,
            }],
            threshold: 1,
            recovery: None,
            log_key: log.public().clone(),
            witnesses: Vec::new(),
            quorum: 0,
            max_age: 300_000,
            console_origins: Vec::new(),
            audit_key: X25519Public([9; 32]),
            directory_key: X25519Public([9; 32]),
        };
        let statement = Statement {
            org: OrgId([0; 32]),
            id: StatementId([0; 16]),
            at: 1,
            seen: Seen {
                size: 0,
                root: sha256(&[]),
            },
            say: Say::Roster(Box::new(roster)),
        };
        let genesis = Envelope::sign(PayloadType::Statement, &statement, &[&admin]).unwrap();
        let org = OrgId(genesis.digest().0);
        Self {
            dir: tempfile::tempdir().unwrap(),
            admin,
            log,
            genesis: genesis.to_text(),
            org,
        }
    }

    fn store(&self) -> OrgStore {
        let store = Keystore::at(self.dir.path().to_owned(), Source::default()).org(self.org);
        if !store.is_pinned() {
            store.pin(&"http://localhost:9".parse().unwrap()).unwrap();
        }
        store
    }

    fn revocation(&self, byte: u8) -> String {
        let statement = Statement {
            org: self.org,
            id: StatementId([byte; 16]),
            at: 2,
            seen: Seen {
                size: 0,
                root: sha256(&[]),
            },
            say: Say::Revoke(Revoke {
                target: Target::Key(KeyId([byte; 32])),
                reason: "lost".into(),
            }),
        };
        Envelope::sign(PayloadType::Statement, &statement, &[&self.admin])
            .unwrap()
            .to_text()
    }

    fn note_by(&self, leaves: &[&str], log: &SigningKey) -> String {
        let leaves: Vec<String> = leaves.iter().map(|l| (*l).to_owned()).collect();
        let state = fold(self.org, None, &leaves).unwrap().unwrap();
        Note::sign(&self.org, state.head(), log).to_string()
    }

    fn note(&self, leaves: &[&str]) -> String {
        self.note_by(leaves, &self.log)
    }

    fn begun(&self) -> Ledger {
        Ledger::begin(
            &self.store(),
            std::slice::from_ref(&self.genesis),
            &self.note(&[&self.genesis]),
        )
        .unwrap()
    }
}

fn code<T>(result: Result<T>) -> String {
    find(&result.err().unwrap()).unwrap().code.clone()
}

#[test]
fn a_ledger_grows_is_stored_and_folds_to_the_same_root_again() {
    let world = World::new();
    let (g, a) = (&world.genesis, world.revocation(1));
    let mut ledger = world.begun();
    ledger
        .extend(std::slice::from_ref(&a), &world.note(&[g, &a]))
        .unwrap();
    assert!(ledger.state().is_key_revoked(&KeyId([1; 32])));
    let again = Ledger::load(&world.store()).unwrap().unwrap();
    assert_eq!(again.state().head(), ledger.state().head());
    assert_eq!(again.note(), ledger.note());
}

#[test]
fn another_genesis_than_the_pinned_one_is_refused() {
    let (world, other) = (World::new(), World::new());
    let note = world.note(&[&world.genesis]);
    let forged = other.genesis.replace("\"payload\"", " \"payload\"");
    assert_eq!(
        code(Ledger::begin(&world.store(), &[forged], &note)),
        "other_genesis"
    );
    assert!(world.store().leaves().unwrap().is_empty());
    assert!(Ledger::begin(&world.store(), std::slice::from_ref(&world.genesis), &note).is_ok());
}

#[test]
fn a_fork_is_refused_and_kept_as_evidence() {
    // stored: G -> A      shown: G -> B, and G -> B -> C
    let world = World::new();
    let (g, a, b, c) = (
        &world.genesis,
        world.revocation(1),
        world.revocation(2),
        world.revocation(3),
    );
    let mut ledger = world.begun();
    ledger
        .extend(std::slice::from_ref(&a), &world.note(&[g, &a]))
        .unwrap();
    assert_eq!(
        code(ledger.extend(&[], &world.note(&[g, &b]))),
        "forked_ledger"
    );
    assert_eq!(
        code(ledger.extend(std::slice::from_ref(&c), &world.note(&[g, &b, &c]))),
        "forked_ledger"
    );
    assert_eq!(ledger.state().head().size, 2);
    assert_eq!(world.store().leaves().unwrap().len(), 2);
    let evidence = std::fs::read_dir(world.store().dir().join("evidence")).unwrap();
    let texts: Vec<String> = evidence
        .map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap())
        .collect();
    assert!(
        texts.iter().any(|t| t.contains(&world.note(&[g, &b, &c]))),
        "{texts:?}"
    );
    assert!(
        ledger
            .extend(std::slice::from_ref(&c), &world.note(&[g, &a, &c]))
            .is_ok()
    );
}

#[test]
fn a_shorter_ledger_is_refused() {
    let world = World::new();
    let (g, a) = (&world.genesis, world.revocation(1));
    let mut ledger = world.begun();
    ledger
        .extend(std::slice::from_ref(&a), &world.note(&[g, &a]))
        .unwrap();
    assert_eq!(
        code(ledger.extend(&[], &world.note(&[g]))),
        "shorter_ledger"
    );
    assert!(ledger.extend(&[], &world.note(&[g, &a])).is_ok());
}

#[test]
fn a_checkpoint_of_another_log_key_or_about_other_leaves_is_refused() {
    let world = World::new();
    let (g, a) = (&world.genesis, world.revocation(1));
    let mut ledger = world.begun();
    let forged = world.note_by(&[g, &a], &SigningKey::from_seed([66; 32]));
    assert_eq!(
        code(ledger.extend(std::slice::from_ref(&a), &forged)),
        "bad_checkpoint"
    );
    assert_eq!(
        code(ledger.extend(&[], &world.note(&[g, &a]))),
        "other_head"
    );
    assert_eq!(ledger.state().head().size, 1);
    assert_eq!(world.store().leaves().unwrap().len(), 1);
    assert!(
        ledger
            .extend(std::slice::from_ref(&a), &world.note(&[g, &a]))
            .is_ok()
    );
}

#[test]
fn a_held_revocation_counts_at_once_and_after_a_restart() {
    let world = World::new();
    let mut ledger = world.begun();
    assert_eq!(
        ledger.hold(&[world.revocation(1), "junk".into()]).unwrap(),
        1
    );
    assert_eq!(ledger.hold(&[world.revocation(1)]).unwrap(), 0);
    assert!(ledger.state().is_key_revoked(&KeyId([1; 32])));
    let again = Ledger::load(&world.store()).unwrap().unwrap();
    assert!(again.state().is_key_revoked(&KeyId([1; 32])));
    assert!(!again.state().is_key_revoked(&KeyId([2; 32])));
}

#[test]
fn what_was_signed_here_is_shown_until_the_ledger_carries_it() {
    let world = World::new();
    let (g, a) = (&world.genesis, world.revocation(1));
    let mut ledger = world.begun();
    world.store().add_signed(&a).unwrap();
    let waiting = ledger.not_sequenced().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].dead.is_none());
    ledger
        .extend(std::slice::from_ref(&a), &world.note(&[g, &a]))
        .unwrap();
    assert!(ledger.not_sequenced().unwrap().is_empty());
}

#[test]
fn leaves_without_their_checkpoint_after_a_crash_are_a_ledger_still() {
    let world = World::new();
    let (g, a) = (&world.genesis, world.revocation(1));
    world.begun();
    // The leaf reached the disk, the checkpoint over it did not.
    crate::disk::append_lines(&world.store().dir().join("ledger"), [a.as_str()]).unwrap();
    let mut ledger = Ledger::load(&world.store()).unwrap().unwrap();
    assert_eq!(ledger.state().head().size, 2);
    assert!(ledger.extend(&[], &world.note(&[g, &a])).is_ok());
}
