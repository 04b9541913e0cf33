//! `names.json`: words, commitments and what texts are accepted.

use serde_json::{Value, json};
use trust::bytes::sha256;
use trust::proof::device_words;
use trust::text::{is_host, is_line, is_name, is_origin, show_foreign};
use trust::warrant::OpenedName;
use trust::{Hash, Salt, words};

use crate::settle;
use crate::support::*;

fn judged(check: fn(&str) -> bool, good: &[&str], bad: &[&str]) -> Value {
    good.iter().for_each(|t| assert!(check(t), "{t:?}"));
    bad.iter().for_each(|t| assert!(!check(t), "{t:?}"));
    json!({"good": good, "bad": bad})
}

fn texts() -> Value {
    let long = "x".repeat(64);
    let longer = "x".repeat(65);
    let line = "漢".repeat(200);
    let lines = "漢".repeat(201);
    let host = format!("{}.example", "a".repeat(63));
    let wide = format!("{}.example", "a".repeat(64));
    let hosts = ["a.".repeat(126) + "a", "a.".repeat(127) + "a"];
    json!({
        "name": judged(is_name, &["a", "desk-1.lab_2", "-", &long], &["", "A", "ä", "a b", "a\n", &longer]),
        "line": judged(is_line,
            &["Ada 漢 Lovelace", " ", "👩‍🚀 e\u{301}", "a\u{200C}b", &line],
            &["", "a\nb", "a\u{7f}", "a\u{85}b", "a\u{AD}b", "a\u{61C}b", "a\u{200B}b", "a\u{200E}b", "a\u{2028}b", "a\u{202E}b",
              "a\u{2060}b", "a\u{2066}b", "a\u{FEFF}b", "a\u{FFF9}b", "a\u{E0001}b", "a\u{E007F}b", &lines]),
        "host": judged(is_host, &["localhost", "a.b-c.example", "1.2.3.4", &host, &hosts[0]],
            &["", ".", "a.", ".a", "-a", "a-", "A", "a_b", "ä.example", &wide, &hosts[1]]),
        "origin": judged(is_origin,
            &["https://a.example", "https://a.example:8443", "http://localhost:7070", "http://x.localhost", "https://a:65535"],
            &["", "null", "http://a.example", "https://A.example", "https://a.example/", "https://a.example:0", "https://a.example:65536",
              "https://a.example:080", "https://a.example:", "https://", "https://a.example:1:2", "https://u@a.example", "http://evil.localhost.example",
              "ftp://localhost", "https://a.example:+80", " https://a.example"]),
    })
}

#[test]
fn names_json() {
    let hashes = [
        Hash([0; 32]),
        Hash([0xff; 32]),
        sha256(&[b"wayleave"]),
        sha256(&[b"wayleave 2"]),
    ];
    let word_cases: Vec<Value> = hashes
        .iter()
        .map(|h| json!({"hash": h, "words": words::encode(h)}))
        .collect();
    let commitment = |name: &str, salt: [u8; 16]| {
        let opened = OpenedName {
            name: name.to_owned(),
            salt: Salt(salt),
        };
        json!({"opened": opened, "commitment": opened.commitment()})
    };
    let shown = |text: &str, max: usize| json!({"text": text, "max": max, "shown": show_foreign(text, max)});
    let built = json!({
        "words": word_cases,
        "device_words": {"key": key("desk-1").id(), "noise": noise("desk-1"), "words": device_words(&key("desk-1").id(), &noise("desk-1"))},
        "commitments": [commitment("Ada Lovelace", [0; 16]), commitment("漢 é", [7; 16])],
        "texts": texts(),
        "shown": [shown("a\u{202E}b\n", 10), shown("abcdef", 3), shown("👩\u{200B}x", 2), shown("", 0), shown("a", 0)],
    });
    settle("names.json", &built);
}
