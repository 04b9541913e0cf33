//! Every parser that faces a peer refuses and never panics: random input, and good input spoiled at random.
//!
//! Runs as a test with generated inputs; the same targets run for longer under a fuzzer (`cargo bolero`).
#![allow(clippy::unwrap_used)]

extern crate wayleave_trust as trust;

mod support;

use bolero::check;
use support::*;
use trust::receipt::Receipt;
use trust::state::State;
use trust::statement::{Say, Statement};
use trust::warrant::Warrant;
use trust::{Envelope, Note, PayloadType, judge};

const ROUNDS: usize = 2_000;

/// Good bytes with one part replaced: what a careless or hostile peer is most likely to send.
fn spoil(good: &[u8], at: u16, cut: u8, with: &[u8]) -> Vec<u8> {
    let at = usize::from(at) % (good.len() + 1);
    let end = (at + usize::from(cut)).min(good.len());
    [&good[..at], with, &good[end..]].concat()
}

type Spoiling = (u16, u8, Vec<u8>);

#[test]
fn random_bytes_are_refused_by_every_parser() {
    let world = World::ready();
    check!().with_iterations(ROUNDS).for_each(|input: &[u8]| {
        assert!(Envelope::parse(input).is_err());
        assert!(judge(&world.facts(), input).is_err());
        assert!(State::genesis(world.org, input).is_err());
        assert!(world.state.check(input).is_err());
        let text = String::from_utf8_lossy(input);
        assert!(Note::parse(&world.org, &text).is_err());
        let _ = trust::json::value(input);
    });
}

#[test]
fn a_spoiled_warrant_opens_nothing() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let good = sign_warrant(&warrant, &["tess"]);
    assert!(world.judge(&good).is_ok());
    check!()
        .with_iterations(ROUNDS)
        .with_type::<Spoiling>()
        .for_each(|(at, cut, with)| {
            let bytes = spoil(good.as_bytes(), *at, *cut, with);
            if let Ok(verdict) = judge(&world.facts(), &bytes) {
                assert_eq!(
                    verdict.warrant, warrant,
                    "only white space can have changed"
                );
            }
        });
}

#[test]
fn a_spoiled_leaf_gives_nothing() {
    let mut world = World::ready();
    let good = world.signed(Say::Admit(technician("eve", &["support"])), &["ada", "bob"]);
    check!()
        .with_iterations(ROUNDS)
        .with_type::<Spoiling>()
        .for_each(|(at, cut, with)| {
            let bytes = spoil(good.as_bytes(), *at, *cut, with);
            if world.state.check(&bytes).is_ok() {
                let payload = Envelope::parse(&bytes).unwrap().payload().to_vec();
                assert_eq!(payload, good.payload());
            }
        });
}

#[test]
fn spoiled_payloads_are_read_whole_or_refused() {
    let mut world = World::ready();
    let statement = serde_json::to_vec(&world.statement(Say::Policy(policy("x")))).unwrap();
    let warrant = serde_json::to_vec(&world.warrant()).unwrap();
    check!()
        .with_iterations(ROUNDS)
        .with_type::<Spoiling>()
        .for_each(|(at, cut, with)| {
            let written = |value: serde_json::Value, bytes: &[u8]| {
                assert_eq!(trust::json::value(bytes).unwrap(), value);
            };
            let bytes = spoil(&statement, *at, *cut, with);
            if let Ok(read) = trust::json::read::<Statement>(&bytes) {
                written(serde_json::to_value(read).unwrap(), &bytes);
            }
            let bytes = spoil(&warrant, *at, *cut, with);
            if let Ok(read) = trust::json::read::<Warrant>(&bytes) {
                let _ = read.check_shape();
                written(serde_json::to_value(read).unwrap(), &bytes);
            }
            let _ = trust::json::read::<Receipt>(&bytes);
        });
}

#[test]
fn a_spoiled_note_is_refused_or_unsigned() {
    let world = World::ready();
    let good = world.note().to_string();
    check!()
        .with_iterations(ROUNDS)
        .with_type::<Spoiling>()
        .for_each(|(at, cut, with)| {
            let bytes = spoil(good.as_bytes(), *at, *cut, with);
            let Ok(note) = Note::parse(&world.org, &String::from_utf8_lossy(&bytes)) else {
                return;
            };
            if note.verify(&world.org, world.state.roster()).is_ok() {
                assert_eq!(note.head(), world.state.head());
            }
        });
}

#[test]
fn a_spoiled_passkey_signature_counts_for_nothing() {
    let phone = Passkey::of("ada", &[OWN]);
    let good = phone.sign(PayloadType::Warrant, b"{}", &Ceremony::default());
    check!()
        .with_iterations(ROUNDS)
        .with_type::<(u8, Spoiling)>()
        .for_each(|(part, (at, cut, with))| {
            let mut signature = good.clone();
            let parts = signature.webauthn.as_mut().unwrap();
            let bytes = match part % 3 {
                0 => &mut signature.sig.0,
                1 => &mut parts.ad.0,
                _ => &mut parts.cd.0,
            };
            let spoiled = spoil(bytes, *at, *cut, with);
            let is_same = spoiled == *bytes;
            *bytes = spoiled;
            let Ok(envelope) = Envelope::assemble(PayloadType::Warrant, b"{}", vec![signature])
            else {
                return;
            };
            let verified = envelope.verify(PayloadType::Warrant, |_| Some(&phone.key));
            assert_eq!(verified.is_ok(), is_same);
        });
}

#[test]
fn envelopes_are_bounded() {
    let huge = vec![b' '; 64 * 1024 + 1];
    assert!(Envelope::parse(&huge).is_err());
    let nested = [&[b'['; 30_000][..], &[b']'; 30_000]].concat();
    assert!(Envelope::parse(&nested).is_err());
    let payload = vec![b'x'; 64 * 1024];
    assert!(Envelope::assemble(PayloadType::Warrant, &payload, vec![]).is_err());
}
