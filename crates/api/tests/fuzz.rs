//! Fuzz targets of the parsers that face a peer; `cargo test` replays a short run, `cargo bolero test` searches on.
#![allow(clippy::unwrap_used)]

use api::approval::{AnswerApproval, Approvals, AskApproval};
use api::draft::{Draft, Drafts};
use api::ids::{InviteId, SessionId};
use api::invite::{InviteMade, InviteView, Invites, MakeInvite};
use api::ledger::{Appended, LedgerPage};
use api::limits::SIGNAL_BYTES_MAX;
use api::org::{OrgMade, ServerInfo};
use api::receipt::Receipts;
use api::session::{MakeSession, SessionMade, Sessions};
use api::sign_in::{SignInNonce, SignedIn};
use api::signal::agent::{FromAgent, ToAgent};
use api::signal::console::{FromConsole, ToConsole};
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use api::signal::{parse, write};
use api::signature::Parsed;
use api::witness::{CosignAnswer, CosignRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayleave_api as api;

/// What is read is what is written again, and never panics.
fn survives<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(message) = parse::<T>(text, SIGNAL_BYTES_MAX) {
        assert_eq!(parse::<T>(&write(&message), SIGNAL_BYTES_MAX), Ok(message));
    }
}

/// As every message and every body.
fn survives_as_all(text: &str) {
    survives::<FromAgent>(text);
    survives::<ToAgent>(text);
    survives::<FromConsole>(text);
    survives::<ToConsole>(text);
    survives::<FromRelayEnd>(text);
    survives::<ToRelayEnd>(text);
    // What the service reads.
    survives::<MakeSession>(text);
    survives::<MakeInvite>(text);
    survives::<CosignAnswer>(text);
    survives::<AskApproval>(text);
    survives::<AnswerApproval>(text);
    // What clients and witnesses read of the service.
    survives::<SessionMade>(text);
    survives::<Sessions>(text);
    survives::<InviteMade>(text);
    survives::<InviteView>(text);
    survives::<Invites>(text);
    survives::<LedgerPage>(text);
    survives::<Appended>(text);
    survives::<OrgMade>(text);
    survives::<ServerInfo>(text);
    survives::<Receipts>(text);
    survives::<SignInNonce>(text);
    survives::<SignedIn>(text);
    survives::<CosignRequest>(text);
    survives::<Approvals>(text);
    survives::<Draft>(text);
    survives::<Drafts>(text);
}

/// Real messages and bodies, so that damage reaches the deep branches.
const SEEDS: &[&str] = &[
    r#"{"ledger":{"from":3}}"#,
    r#"{"hello":{"nonce":"AAAAAAAAAAAAAAAAAAAAAA"}}"#,
    r#"{"receipts":{"envelopes":["{}"]}}"#,
    r#"{"call":{"session":"AAAAAAAAAAAAAAAAAAAAAA"}}"#,
    r#"{"paired":{}}"#,
    r#"{"device":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","warrant":"AAAAAAAAAAAAAAAAAAAAAA"}"#,
    r#"{"note":"Grace"}"#,
    r#"{"size":2,"leaves":["{}","{}"],"checkpoint":"wayleave/x\n2\n","pending":[]}"#,
    r#"{"from":0,"leaves":["{}"],"checkpoint":"c"}"#,
    r#"{"cosignature":"w1 AAAA"}"#,
    r#"{"have":4,"receipts":["{}"]}"#,
];

#[test]
fn messages_and_bodies() {
    bolero::check!().for_each(|bytes: &[u8]| survives_as_all(&String::from_utf8_lossy(bytes)));
}

#[test]
fn the_seeds_are_messages_or_bodies() {
    fn is<T: DeserializeOwned + Serialize>(text: &str) -> bool {
        parse::<T>(text, SIGNAL_BYTES_MAX).is_ok()
    }
    for seed in SEEDS {
        let known = [
            is::<FromAgent>,
            is::<ToAgent>,
            is::<FromRelayEnd>,
            is::<ToRelayEnd>,
            is::<MakeSession>,
            is::<MakeInvite>,
            is::<LedgerPage>,
            is::<Receipts>,
            is::<CosignRequest>,
            is::<CosignAnswer>,
        ];
        assert!(known.iter().any(|reads| reads(seed)), "{seed}");
    }
}

#[test]
fn damaged_messages_and_bodies() {
    bolero::check!()
        .with_iterations(4_000)
        .with_type::<(usize, u16, u8, Vec<u8>)>()
        .for_each(|(seed, at, cut, with)| {
            let good = SEEDS[seed % SEEDS.len()].as_bytes();
            let at = usize::from(*at) % (good.len() + 1);
            let end = (at + usize::from(*cut)).min(good.len());
            let bytes = [&good[..at], with, &good[end..]].concat();
            survives_as_all(&String::from_utf8_lossy(&bytes));
        });
}

#[test]
fn signature_headers() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let fields: Vec<&str> = text.splitn(3, '\n').collect();
        if let [digest, input, signature] = fields[..] {
            let _ = Parsed::parse(digest, input, signature);
        }
    });
}

#[test]
fn ids() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(id) = text.parse::<SessionId>() {
            assert_eq!(id.to_string(), text);
        }
        if let Ok(id) = text.parse::<InviteId>() {
            assert_eq!(id.to_string(), text);
        }
    });
}
