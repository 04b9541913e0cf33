//! Fuzz targets of the parsers that face a peer; `cargo test` replays a short run, `cargo bolero test` searches on.
#![allow(clippy::unwrap_used)]

use api::ids::{InviteId, SessionId};
use api::limits::SIGNAL_BYTES_MAX;
use api::signal::agent::{FromAgent, ToAgent};
use api::signal::console::{FromConsole, ToConsole};
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use api::signal::{parse, write};
use api::signature::Parsed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayleave_api as api;

/// What is read is what is written again, and never panics.
fn survives<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(message) = parse::<T>(text, SIGNAL_BYTES_MAX) {
        assert_eq!(parse::<T>(&write(&message), SIGNAL_BYTES_MAX), Ok(message));
    }
}

#[test]
fn messages() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        survives::<FromAgent>(&text);
        survives::<ToAgent>(&text);
        survives::<FromConsole>(&text);
        survives::<ToConsole>(&text);
        survives::<FromRelayEnd>(&text);
        survives::<ToRelayEnd>(&text);
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
