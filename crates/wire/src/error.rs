//! Why a channel is dead, and how a session ended.

use crate::frame::{FrameError, Stream};
use crate::message::MessageError;
use crate::mux::MuxError;
use crate::noise::{HandshakeError, TransportError};

/// The channel is dead; nothing that comes on it later counts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChannelError {
    /// The handshake failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A sealed message did not open.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A frame is malformed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame does not fit what was agreed.
    #[error(transparent)]
    Mux(#[from] MuxError),
    /// A message is malformed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Something but control came before the session was open.
    #[error("a frame of the stream {} came before the session was open", .0.name())]
    Early(Stream),
    /// A control message at the wrong time.
    #[error("the message {0:?} does not belong here")]
    Unexpected(&'static str),
    /// The peer floods the channel with revocations.
    #[error("more revocations came than one channel takes")]
    Revocations,
    /// The peer took too long.
    #[error("{0} took too long")]
    Late(&'static str),
    /// The peer asks and asks, and reads no answer.
    #[error("the other side does not read what is sent to it")]
    Unread,
    /// The program did not take the events.
    #[error("events were not taken: take all of them after each message")]
    Events,
    /// The channel was over already.
    #[error("the channel is over")]
    Over,
}

impl ChannelError {
    /// For programs and receipts: `snake_case`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Handshake(_) => "handshake",
            Self::Transport(_) => "tampered",
            Self::Frame(_) => "frame",
            Self::Mux(_) => "mux",
            Self::Message(_) => "message",
            Self::Early(_) => "early",
            Self::Unexpected(_) => "unexpected",
            Self::Revocations => "revocations",
            Self::Late(_) => "late",
            Self::Unread => "unread",
            Self::Events => "events",
            Self::Over => "over",
        }
    }
}

/// How a session ended. Each end of a channel tells it exactly once, as its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The device judged: no.
    Refused {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
    /// The device ended it.
    Closed {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
    /// The technician ended it.
    Bye,
    /// This side found the channel broken.
    Failed(ChannelError),
}
