//! What travels once a session is open, one enum per direction; the control stream is the session's own.

use crate::chat::Chat;
use crate::clipboard::Clipboard;
use crate::frame::Stream;
use crate::input::Input;
use crate::{files, shell};

/// Technician to device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ToDevice {
    /// Acknowledgements and wishes of the viewer: `screen`'s own messages, opaque here.
    Screen(Vec<u8>),
    /// Keys and pointer.
    Input(Input),
    /// Clipboard text.
    Clipboard(Clipboard),
    /// A line.
    Chat(Chat),
    /// Listings and transfers.
    Files(files::ToDevice),
    /// Terminals.
    Shell(shell::ToDevice),
}

/// Device to technician.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ToTechnician {
    /// Pictures: `screen`'s own messages, opaque here.
    Screen(Vec<u8>),
    /// Clipboard text.
    Clipboard(Clipboard),
    /// A line.
    Chat(Chat),
    /// Listings and transfers.
    Files(files::ToTechnician),
    /// Terminals.
    Shell(shell::ToTechnician),
}

/// Bytes that are not a message of their stream. The channel is then over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a message on the stream {} is refused: {why}", .stream.name())]
pub struct MessageError {
    /// Where.
    pub stream: Stream,
    /// What is wrong.
    pub why: String,
}

impl ToDevice {
    /// Parses a whole message of any stream but control.
    ///
    /// # Errors
    /// [`MessageError`] with a sentence on what is wrong.
    pub fn parse(stream: Stream, bytes: Vec<u8>) -> Result<Self, MessageError> {
        match stream {
            Stream::Control => Err("control messages are the session's own".to_owned()),
            Stream::Screen => Ok(Self::Screen(bytes)),
            Stream::Input => Input::parse(&bytes).map(Self::Input),
            Stream::Clipboard => Clipboard::parse(&bytes).map(Self::Clipboard),
            Stream::Chat => Chat::parse(&bytes).map(Self::Chat),
            Stream::Files => files::ToDevice::parse(&bytes).map(Self::Files),
            Stream::Shell => shell::ToDevice::parse(&bytes).map(Self::Shell),
        }
        .map_err(|why| MessageError { stream, why })
    }

    /// Its stream.
    pub const fn stream(&self) -> Stream {
        match self {
            Self::Screen(_) => Stream::Screen,
            Self::Input(_) => Stream::Input,
            Self::Clipboard(_) => Stream::Clipboard,
            Self::Chat(_) => Stream::Chat,
            Self::Files(_) => Stream::Files,
            Self::Shell(_) => Stream::Shell,
        }
    }

    /// The bytes on the wire.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Screen(bytes) => bytes,
            Self::Input(message) => message.encode(),
            Self::Clipboard(message) => message.encode(),
            Self::Chat(message) => message.encode(),
            Self::Files(message) => message.encode(),
            Self::Shell(message) => message.encode(),
        }
    }
}

impl ToTechnician {
    /// Parses a whole message of any stream but control.
    ///
    /// # Errors
    /// [`MessageError`] with a sentence on what is wrong.
    pub fn parse(stream: Stream, bytes: Vec<u8>) -> Result<Self, MessageError> {
        match stream {
            Stream::Control => Err("control messages are the session's own".to_owned()),
            Stream::Input => Err("a device has no keys to press".to_owned()),
            Stream::Screen => Ok(Self::Screen(bytes)),
            Stream::Clipboard => Clipboard::parse(&bytes).map(Self::Clipboard),
            Stream::Chat => Chat::parse(&bytes).map(Self::Chat),
            Stream::Files => files::ToTechnician::parse(&bytes).map(Self::Files),
            Stream::Shell => shell::ToTechnician::parse(&bytes).map(Self::Shell),
        }
        .map_err(|why| MessageError { stream, why })
    }

    /// Its stream.
    pub const fn stream(&self) -> Stream {
        match self {
            Self::Screen(_) => Stream::Screen,
            Self::Clipboard(_) => Stream::Clipboard,
            Self::Chat(_) => Stream::Chat,
            Self::Files(_) => Stream::Files,
            Self::Shell(_) => Stream::Shell,
        }
    }

    /// The bytes on the wire.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Screen(bytes) => bytes,
            Self::Clipboard(message) => message.encode(),
            Self::Chat(message) => message.encode(),
            Self::Files(message) => message.encode(),
            Self::Shell(message) => message.encode(),
        }
    }
}
