//! Messages of the WebSockets, each a JSON object with one member that names it.
//!
//! Every socket begins alike: the service sends `hello` with a nonce, the client answers `proof`, an envelope of type
//! `socket` over that nonce. [`agent`], [`console`] and [`relay`] say what follows.

pub mod agent;
pub mod console;
pub mod relay;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads one message strictly. `bytes_max` bounds it; the error is a sentence.
pub fn parse<T: DeserializeOwned + Serialize>(text: &str, bytes_max: usize) -> Result<T, String> {
    if text.len() > bytes_max {
        return Err(format!(
            "the message has {} bytes; at most {bytes_max} are accepted here",
            text.len()
        ));
    }
    trust::json::read(text.as_bytes()).map_err(|e| format!("the message cannot be read: {e}"))
}

/// Writes one message.
pub fn write<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("messages have string keys and no fallible parts")
}
