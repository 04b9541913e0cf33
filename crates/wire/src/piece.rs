//! The form of files and shell messages: byte 0 is 0 for a JSON head, 1 for data.

use serde::{Serialize, de::DeserializeOwned};

use crate::json;
use crate::limits::DATA_BYTES_MAX;

const HEAD: u8 = 0;
const DATA: u8 = 1;

/// A head, or raw bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<H> {
    /// What to do, or what happened.
    Head(H),
    /// Bytes of the file or terminal.
    Data(Vec<u8>),
}

/// A head's own rules beyond its JSON form.
pub trait Head: Serialize + DeserializeOwned {
    /// A sentence on what is wrong.
    ///
    /// # Errors
    /// That sentence.
    fn check(&self) -> Result<(), String>;
}

impl<H: Head> Piece<H> {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        match bytes {
            [HEAD, head @ ..] => {
                let head: H = json::parse(head)?;
                head.check()?;
                Ok(Self::Head(head))
            }
            [DATA, data @ ..] if (1..=DATA_BYTES_MAX).contains(&data.len()) => {
                Ok(Self::Data(data.to_vec()))
            }
            [DATA, data @ ..] => Err(format!(
                "a data message has 1 to {DATA_BYTES_MAX} bytes of data, this one has {}",
                data.len()
            )),
            [kind, ..] => Err(format!("no message begins with the byte {kind}")),
            [] => Err("the message is empty".into()),
        }
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Head(head) => [vec![HEAD], json::write(head)].concat(),
            Self::Data(data) => [&[DATA], data.as_slice()].concat(),
        }
    }
}
