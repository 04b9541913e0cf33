//! The test vectors under `vectors/`: built here from names and seeds, read again by the browser's tests.
//!
//! `WAYLEAVE_BLESS=1 cargo test -p wayleave-trust --test vectors` writes them. Every case states what it expects, so that
//! blessing cannot bless a mistake.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

extern crate wayleave_trust as trust;

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod checkpoint;
mod envelope;
mod es256;
mod explain;
mod inventory;
mod ledger;
mod names;
mod receipt;
mod warrant;

use serde_json::Value;
use trust::envelope::EnvelopeError;

fn path(name: &str) -> String {
    format!("{}/../../vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn is_blessing() -> bool {
    std::env::var_os("WAYLEAVE_BLESS").is_some()
}

fn write(name: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    std::fs::write(path(name), text).unwrap();
}

fn stored(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Writes the vectors, or holds what this code builds against what is stored.
fn settle(name: &str, built: &Value) {
    if is_blessing() {
        write(name, built);
    }
    let stored = stored(name);
    assert!(
        stored == *built,
        "vectors/{name} differs from what this code builds: a format changed, or it must be blessed"
    );
}

/// The stable name of an envelope's error.
fn code(error: &EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::TooLarge(_) => "too_large",
        EnvelopeError::Malformed(_) => "malformed",
        EnvelopeError::UnknownType(_) => "unknown_type",
        EnvelopeError::WrongType { .. } => "wrong_type",
        EnvelopeError::SignatureCount(_) => "signature_count",
        EnvelopeError::DuplicateKey(_) => "duplicate_key",
        EnvelopeError::BadSignature(_) => "bad_signature",
        EnvelopeError::BadPasskey(..) => "bad_passkey",
        EnvelopeError::Payload(_) => "payload",
    }
}
