//! The chat stream: lines between the technician and the person at the machine, the same in both directions.

use serde::{Deserialize, Serialize};

use crate::json::{self, ensure};
use crate::limits::CHAT_TEXT_BYTES_MAX;

/// One chat message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Chat {
    /// A person says something. Foreign text: show it by `trust::text::show_foreign`.
    Say {
        /// His words.
        text: String,
        /// His clock, in milliseconds since the Unix epoch.
        #[serde(deserialize_with = "json::integer")]
        at: u64,
    },
}

impl Chat {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let message = json::parse(bytes)?;
        let Self::Say { text, .. } = &message;
        ensure(
            !text.is_empty() && text.len() <= CHAT_TEXT_BYTES_MAX,
            "a chat line has 1 to 4096 bytes",
        )?;
        Ok(message)
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        json::write(self)
    }
}
