//! The clipboard stream: text, offered before it is sent, the same in both directions.

use serde::{Deserialize, Serialize};

use crate::json::{self, ensure};
use crate::limits::CLIPBOARD_TEXT_BYTES_MAX;

/// One clipboard message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Clipboard {
    /// The sender's clipboard holds a new text; nothing of it is told but its length.
    Offer {
        /// Length in UTF-8 bytes.
        bytes: u32,
    },
    /// The sender would like the text that was offered.
    Get {},
    /// The receiver's clipboard shall hold this text.
    Set {
        /// The text.
        text: String,
    },
}

impl Clipboard {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let message = json::parse(bytes)?;
        if let Self::Set { text } = &message {
            ensure(
                text.len() <= CLIPBOARD_TEXT_BYTES_MAX,
                "a clipboard text is above 1 MiB",
            )?;
        }
        Ok(message)
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        json::write(self)
    }
}
