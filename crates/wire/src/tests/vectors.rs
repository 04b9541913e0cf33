//! `vectors/handshake.json` and `vectors/frames.json`, read by the web tests too.
//!
//! `WAYLEAVE_BLESS=1 cargo test -p wayleave-wire vectors` writes them; otherwise they are verified. The ML-KEM values are
//! random and stay as they are once written: the provider has no seeded form.
#![allow(
    clippy::disallowed_methods,
    reason = "the vectors are files, and blessing is asked for by the environment"
)]

mod frames;
mod handshake;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors")
        .join(name)
}

fn read(name: &str) -> Option<Value> {
    let bytes = std::fs::read(path(name)).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Writes the vectors if that was asked for, else compares.
fn hold<T: Serialize>(name: &str, vectors: &T) {
    let made = serde_json::to_value(vectors).unwrap();
    if std::env::var("WAYLEAVE_BLESS").is_ok() {
        let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
        std::fs::write(path(name), text).unwrap();
    }
    let read = read(name)
        .unwrap_or_else(|| panic!("vectors/{name} is missing: write it with WAYLEAVE_BLESS=1"));
    assert!(
        read == made,
        "vectors/{name} differs from what this code makes; if that is meant, write it with WAYLEAVE_BLESS=1"
    );
}

/// Hexadecimal; a long run at the end is written short, as in `0100 ab*65515`.
fn hex(bytes: &[u8]) -> String {
    let digits = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let run = bytes
        .iter()
        .rev()
        .take_while(|b| Some(*b) == bytes.last())
        .count();
    match bytes.last() {
        Some(last) if run > 64 => {
            format!("{} {last:02x}*{run}", digits(&bytes[..bytes.len() - run]))
        }
        _ => digits(bytes),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
