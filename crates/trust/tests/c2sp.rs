//! Notes, checkpoints and trees against implementations of the C2SP formats that others wrote: the public logs' own.
#![allow(clippy::unwrap_used)]

extern crate wayleave_trust as trust;

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use signed_note::{StandardSigner, StandardVerifier, Verifier, VerifierList};
use support::*;
use tlog_tiles::{HashReader, record_hash, stored_hashes, tree_hash};
use trust::checkpoint::origin;
use trust::tree::Tree;
use trust::{Note, PublicKey};

const ED25519: u8 = 1;
const COSIGNATURE: u8 = 4;

/// A key as the note format writes it: name, id, and type with the 32 bytes.
fn written(name: &str, bytes: &[u8]) -> String {
    let typed = [&[ED25519], bytes].concat();
    let id = signed_note::key_id(name, &typed);
    format!("{name}+{id:08x}+{}", BASE64_STANDARD.encode(typed))
}

fn log_verifier(name: &str, key: &PublicKey) -> StandardVerifier {
    StandardVerifier::new(&written(name, key.public_bytes())).unwrap()
}

/// Checks `cosignature/v1` as C2SP tlog-cosignature words it, over the other implementation's Ed25519.
struct Cosigner {
    plain: StandardVerifier,
    id: u32,
}

impl Cosigner {
    fn new(name: &str, key: &PublicKey) -> Self {
        let typed = [&[COSIGNATURE], key.public_bytes()].concat();
        Self {
            plain: log_verifier(name, key),
            id: signed_note::key_id(name, &typed),
        }
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        self.plain.name()
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk::<8>() else {
            return false;
        };
        let head = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time));
        self.plain
            .verify(&[head.as_bytes(), text].concat(), signature)
    }
}

/// The names of the known keys that signed, as the other implementation reads the note; nothing where it refuses it.
fn read_by_others(world: &World, note: &str) -> Option<Vec<String>> {
    let log = log_verifier(&origin(&world.org), key("log").public());
    let watch = Cosigner::new("watch", key("watch").public());
    let known = VerifierList::new(vec![Box::new(log), Box::new(watch)]);
    let note = signed_note::Note::from_bytes(note.as_bytes()).ok()?;
    let (verified, _) = note.verify(&known).ok()?;
    Some(verified.iter().map(|s| s.name().to_owned()).collect())
}

#[test]
fn others_verify_our_checkpoints_and_cosignatures() {
    let world = World::ready();
    let note = world.cosigned(&[("watch", NOW), ("stranger", NOW)]);
    assert_eq!(
        read_by_others(&world, &note).unwrap(),
        [origin(&world.org), "watch".to_owned()]
    );
    let forged = note.replacen("\n6\n", "\n7\n", 1);
    assert_ne!(forged, note);
    assert_eq!(read_by_others(&world, &forged), None);
}

#[test]
fn a_cosignature_is_no_signature_of_a_log_for_others_either() {
    let world = World::ready();
    let note = world.cosigned(&[("watch", NOW)]);
    let as_log = log_verifier("watch", key("watch").public());
    let known = VerifierList::new(vec![Box::new(as_log)]);
    let read = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    assert!(read.verify(&known).is_err());
}

#[test]
fn we_verify_the_notes_that_others_sign() {
    let world = World::ready();
    let name = origin(&world.org);
    let seed = trust::bytes::sha256(&[b"key of log"]).0;
    let public = key("log").public().public_bytes().to_vec();
    let typed = [&[ED25519], &public[..]].concat();
    let secret = BASE64_STANDARD.encode([&[ED25519], &seed[..]].concat());
    let id = signed_note::key_id(&name, &typed);
    let signer = StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id:08x}+{secret}")).unwrap();
    let mut theirs = signed_note::Note::new(world.note().body().as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    let text = String::from_utf8(theirs.to_bytes()).unwrap();
    assert_eq!(text, world.note().to_string(), "byte for byte");
    let ours = Note::parse(&world.org, &text).unwrap();
    let checkpoint = ours.verify(&world.org, world.state.roster()).unwrap();
    assert_eq!(checkpoint.head, world.state.head());
}

#[test]
fn others_read_our_heads() {
    let world = World::ready();
    let theirs = tlog_tiles::Checkpoint::from_bytes(world.note().body().as_bytes()).unwrap();
    let ours = world.state.head();
    assert_eq!(theirs.origin(), origin(&world.org));
    assert_eq!((theirs.size(), theirs.hash().0), (ours.size, ours.root.0));
    assert_eq!(theirs.extension(), "");
    assert_eq!(theirs.to_bytes(), world.note().body().as_bytes());
}

/// What the other implementation stores of a tree.
#[derive(Default)]
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let at = |index: &u64| self.0[usize::try_from(*index).unwrap()];
        Ok(indexes.iter().map(at).collect())
    }
}

#[test]
fn others_grow_the_same_tree() {
    let (mut ours, mut theirs) = (Tree::default(), Stored::default());
    assert_eq!(ours.root().0, tree_hash(0, &theirs).unwrap().0);
    let mut roots = Vec::new();
    for n in 0..260_u64 {
        let leaf = vec![b'x'; usize::try_from(n).unwrap()];
        ours.push(&leaf);
        let new = stored_hashes(n, &leaf, &theirs).unwrap();
        theirs.0.extend(new);
        roots.push(tree_hash(n + 1, &theirs).unwrap().0);
        assert_eq!(ours.root().0, roots[usize::try_from(n).unwrap()]);
    }
    for (size, root) in (1..).zip(roots) {
        assert_eq!(ours.root_at(size).unwrap().0, root);
    }
    let mut one = Tree::default();
    one.push(b"leaf");
    assert_eq!(one.root().0, record_hash(b"leaf").0);
}
