//! The frame: what one Noise transport message carries. `stream (1) | id (2) | flags (1) | payload`.

use serde::{Deserialize, Serialize};

use crate::limits::{DISPLAYS_MAX, FRAME_BYTES_MAX, FRAME_HEAD_BYTES};

const MORE: u8 = 1;
const END: u8 = 2;

/// What a frame belongs to. Number 7 is reserved for tunnels and refused until they exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Opening, closing, credit.
    Control,
    /// Pictures one way, acknowledgements the other; the id is the display.
    Screen,
    /// Keys, text and pointer.
    Input,
    /// Clipboard text.
    Clipboard,
    /// Lines between the two people.
    Chat,
    /// Listings and transfers; the id is the transfer.
    Files,
    /// Terminals; the id is the shell.
    Shell,
}

impl Stream {
    /// All streams in the order in which waiting frames are sent.
    pub const SENDING_ORDER: [Stream; 7] = [
        Stream::Control,
        Stream::Input,
        Stream::Screen,
        Stream::Clipboard,
        Stream::Chat,
        Stream::Shell,
        Stream::Files,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The stream of a number on the wire.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Stream::Control,
            1 => Stream::Screen,
            2 => Stream::Input,
            3 => Stream::Clipboard,
            4 => Stream::Chat,
            5 => Stream::Files,
            6 => Stream::Shell,
            _ => return None,
        })
    }

    /// The name in messages and errors.
    pub const fn name(self) -> &'static str {
        match self {
            Stream::Control => "control",
            Stream::Screen => "screen",
            Stream::Input => "input",
            Stream::Clipboard => "clipboard",
            Stream::Chat => "chat",
            Stream::Files => "files",
            Stream::Shell => "shell",
        }
    }

    /// Whether each id is opened by the technician, has credit, and is ended by both sides.
    pub const fn has_credit(self) -> bool {
        matches!(self, Stream::Files | Stream::Shell)
    }

    const fn takes_id(self, id: u16) -> bool {
        match self {
            Stream::Screen => id < DISPLAYS_MAX,
            Stream::Files | Stream::Shell => true,
            _ => id == 0,
        }
    }
}

/// One parsed frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// What it belongs to.
    pub stream: Stream,
    /// Display, transfer or shell; 0 elsewhere.
    pub id: u16,
    /// The message goes on in the next frame of this stream and id.
    pub more: bool,
    /// The sender sends nothing more on this id (files and shell).
    pub end: bool,
    /// The message, or a piece of it.
    pub payload: &'a [u8],
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Shorter than a frame's head.
    #[error("a frame has at least {FRAME_HEAD_BYTES} bytes, this one has {0}")]
    Short(usize),
    /// Longer than a Noise message can carry.
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes, this one has {0}")]
    Long(usize),
    /// No such stream.
    #[error("no stream has the number {0}")]
    Stream(u8),
    /// The stream has no such id.
    #[error("the stream {} has no id {id}", .stream.name())]
    Id {
        /// The stream.
        stream: Stream,
        /// The id that it lacks.
        id: u16,
    },
    /// Flags that are not defined, not possible together, or not of this stream.
    #[error("the flags {flags:#04x} mean nothing on the stream {}", .stream.name())]
    Flags {
        /// The stream.
        stream: Stream,
        /// The flags.
        flags: u8,
    },
    /// A piece of a message that brings nothing.
    #[error("an empty frame on the stream {} says that more follows", .0.name())]
    EmptyPiece(Stream),
}

impl<'a> Frame<'a> {
    /// Parses strictly: what is not defined is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::Long(bytes.len()));
        }
        let Some((&[number, high, low, flags], payload)) =
            bytes.split_first_chunk::<FRAME_HEAD_BYTES>()
        else {
            return Err(FrameError::Short(bytes.len()));
        };
        let stream = Stream::from_number(number).ok_or(FrameError::Stream(number))?;
        let id = u16::from_be_bytes([high, low]);
        if !stream.takes_id(id) {
            return Err(FrameError::Id { stream, id });
        }
        let (more, end) = (flags & MORE != 0, flags & END != 0);
        if flags & !(MORE | END) != 0 || (more && end) || (end && !stream.has_credit()) {
            return Err(FrameError::Flags { stream, flags });
        }
        if more && payload.is_empty() {
            return Err(FrameError::EmptyPiece(stream));
        }
        Ok(Self {
            stream,
            id,
            more,
            end,
            payload,
        })
    }

    /// Writes the frame to the end of `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let [high, low] = self.id.to_be_bytes();
        let flags = if self.more { MORE } else { 0 } | if self.end { END } else { 0 };
        out.reserve(FRAME_HEAD_BYTES + self.payload.len());
        out.extend_from_slice(&[self.stream.number(), high, low, flags]);
        out.extend_from_slice(self.payload);
    }
}
