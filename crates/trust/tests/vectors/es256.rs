//! `envelope-es256.json`: passkeys on P-256, whose signatures differ in every run. Written once, verified for ever.
#![allow(clippy::disallowed_types)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use trust::bytes::{Blob, sha256};
use trust::envelope::Signature;
use trust::key::KeyKind;
use trust::*;

use crate::support::*;
use crate::{code, is_blessing, stored, write};

const NAME: &str = "envelope-es256.json";
const KIND: PayloadType = PayloadType::Warrant;

fn verified(known: &PublicKey, text: &str) -> &'static str {
    Envelope::parse(text.as_bytes())
        .and_then(|e| e.verify(KIND, |id| (*id == known.id()).then_some(known)))
        .map_or_else(|e| code(&e), |_| "ok")
}

fn case(known: &PublicKey, name: &str, signature: Signature, expected: &str) -> Value {
    let text = Envelope::assemble(KIND, b"{}", vec![signature])
        .unwrap()
        .to_text();
    assert_eq!(verified(known, &text), expected, "{name}");
    json!({"name": name, "envelope": text, "outcome": expected})
}

fn build() -> Value {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let rp = Some("hafen.example".to_owned());
    let known = PublicKey::parse(KeyKind::PasskeyEs256, public, rp, vec![OWN.to_owned()]).unwrap();
    let sign = |ceremony: &Ceremony| {
        let parts = ceremony.parts(&Envelope::challenge(KIND, b"{}"));
        let message = [&parts.ad.0[..], &sha256(&[&parts.cd.0]).0].concat();
        let der = pair.sign(&random, &message).unwrap().as_ref().to_vec();
        Signature {
            keyid: known.id(),
            sig: Blob(der),
            webauthn: Some(parts),
        }
    };
    let good = || sign(&Ceremony::default());
    let with = |change: fn(&mut Vec<u8>)| {
        let mut signature = good();
        change(&mut signature.sig.0);
        signature
    };
    // A high bit in r or s makes DER put a zero before it: enough signatures show every length.
    let mut cases: Vec<Value> = (0..8)
        .map(|n| case(&known, &format!("good {n}"), good(), "ok"))
        .collect();
    let unverified = Ceremony {
        flags: 0x01,
        ..Ceremony::default()
    };
    let bad = "bad_passkey";
    cases.extend([
        case(&known, "user not verified", sign(&unverified), bad),
        case(&known, "a flipped bit", with(|der| der[10] ^= 1), bad),
        case(
            &known,
            "a byte after the signature",
            with(|der| der.push(0)),
            bad,
        ),
        case(
            &known,
            "a byte missing",
            with(|der| {
                der.pop();
            }),
            bad,
        ),
        case(&known, "no signature", with(Vec::clear), bad),
        case(&known, "a padded number", with(pad), bad),
        case(
            &known,
            "a long form of a short length",
            with(|der| der.splice(1..2, [0x81, der[1]]).for_each(drop)),
            bad,
        ),
        case(&known, "raw r and s", with(|der| *der = vec![1; 64]), bad),
    ]);
    json!({"known": [known], "cases": cases})
}

/// One zero more than DER allows before r.
fn pad(der: &mut Vec<u8>) {
    der[1] += 1;
    der[3] += 1;
    der.insert(4, 0);
    // Where r already began with a zero this is one too many as well.
}

#[test]
fn envelope_es256_json() {
    if is_blessing() && !std::path::Path::new(&crate::path(NAME)).exists() {
        write(NAME, &build());
    }
    build();
    let stored = stored(NAME);
    let known: PublicKey = serde_json::from_value(stored["known"][0].clone()).unwrap();
    let cases = stored["cases"].as_array().unwrap();
    assert!(cases.len() >= 16);
    for case in cases {
        let text = case["envelope"].as_str().unwrap();
        assert_eq!(verified(&known, text), case["outcome"], "{}", case["name"]);
    }
}
