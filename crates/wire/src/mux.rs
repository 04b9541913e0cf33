//! Many streams over one order of frames: messages are put together on arrival and cut on sending.
//!
//! A *lane* is one stream and id. Sending goes by [`Stream::SENDING_ORDER`], frame by frame, so that a key press never
//! waits behind more than one frame of anything else; lanes of one stream take turns. Files and shell have credit: a
//! lane whose peer has none left for it is passed over and holds up nobody.
//!
//! Ids of files and shell are opened by the technician with his first frame, counting up from 1; both sides end a lane
//! with END, and an id that was ended by both is gone.

mod inbound;
mod lane;
mod outbound;

use std::collections::BTreeMap;

use crate::frame::Stream;
use crate::limits::LIVE_IDS_MAX;
use lane::Lane;

/// Which end of the channel this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Opens ids of files and shell.
    Technician,
    /// Answers on ids that the technician opened.
    Device,
}

/// A whole message as it came, not yet parsed.
#[derive(PartialEq, Eq, Debug)]
pub struct Whole {
    /// Its stream.
    pub stream: Stream,
    /// Its id.
    pub id: u16,
    /// The peer sends nothing more on this id.
    pub end: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What the peer spent on it; give it back once the message is consumed.
    pub credit: Credit,
}

/// Credit that the peer spent on one message. Give it back when the message has been consumed, not when it arrived:
/// that is what stops a sender whose file the disk cannot keep up with.
#[must_use = "a peer whose credit is never given back stops sending"]
#[derive(PartialEq, Eq, Debug)]
pub struct Credit {
    pub(crate) stream: Stream,
    pub(crate) id: u16,
    pub(crate) bytes: u32,
}

/// Frames that do not fit what was agreed. The channel is then over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MuxError {
    /// A message grew beyond its stream's bound.
    #[error("a message on the stream {} grew beyond {} bytes", .0.name(), crate::limits::message_bytes_max(*.0))]
    TooLong(Stream),
    /// More live ids than allowed.
    #[error("more than {LIVE_IDS_MAX} live ids on the stream {}", .0.name())]
    TooManyIds(Stream),
    /// A frame for an id that nobody opened, or that both sides ended.
    #[error("nothing is open on the stream {} under the id {id}", .stream.name())]
    UnknownId {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// A frame after END.
    #[error("a frame came after the end of id {id} on the stream {}", .stream.name())]
    AfterEnd {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// More than the credit allows.
    #[error("more came on id {id} of the stream {} than it has credit for", .stream.name())]
    OverCredit {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// Credit for a stream that has none.
    #[error("the stream {} has no credit to give", .0.name())]
    NoCredit(Stream),
}

/// Why a message was not taken for sending. Nothing was queued; the channel goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The queue is full: wait for the event that says there is room.
    #[error("the queue of this id on the stream {} is full", .0.name())]
    Full(Stream),
    /// Longer than a message of this stream may be.
    #[error("a message on the stream {} has at most {} bytes", .0.name(), crate::limits::message_bytes_max(*.0))]
    TooLong(Stream),
    /// As many ids are live as may be: wait until one has ended.
    #[error("{LIVE_IDS_MAX} ids are live on the stream {}: wait until one has ended", .0.name())]
    TooManyIds(Stream),
    /// This side ended the id, or both did, or the device never saw it opened.
    #[error("id {id} of the stream {} is not open for sending", .stream.name())]
    NotOpen {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// The session is not open, or over.
    #[error("the session is not open")]
    NoSession,
    /// The warrant does not cover it.
    #[error(transparent)]
    Denied(#[from] crate::scope::Denied),
}

/// The lanes of one channel.
pub(crate) struct Mux {
    side: Side,
    lanes: BTreeMap<(Stream, u16), Lane>,
    /// The id that the technician opened last, on files and shell.
    opened_last: BTreeMap<Stream, u16>,
    /// The id served last, so that lanes of one stream take turns.
    served_last: BTreeMap<Stream, u16>,
    /// Only control is sent.
    is_held: bool,
}

impl Mux {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            lanes: BTreeMap::new(),
            opened_last: BTreeMap::new(),
            served_last: BTreeMap::new(),
            is_held: false,
        }
    }

    /// The id for the technician's next transfer or shell.
    pub(crate) fn next_id(&self, stream: Stream) -> u16 {
        self.opened_last
            .get(&stream)
            .copied()
            .unwrap_or(0)
            .wrapping_add(1)
    }

    /// Keeps back all but control, or sends on.
    pub(crate) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Forgets all that waits, both ways.
    pub(crate) fn drop_all(&mut self) {
        self.lanes.clear();
    }

    /// The lane of an id, opened if this stream has no credit or if the opener may open it now.
    fn lane(&mut self, stream: Stream, id: u16, by: Side) -> Result<&mut Lane, MuxError> {
        if stream.has_credit() && !self.lanes.contains_key(&(stream, id)) {
            let last = self.opened_last.entry(stream).or_insert(0);
            let ahead = id.wrapping_sub(*last);
            if by != Side::Technician || ahead == 0 || ahead > u16::MAX / 2 {
                return Err(MuxError::UnknownId { stream, id });
            }
            let live = self.lanes.range((stream, 0)..=(stream, u16::MAX)).count();
            if live >= LIVE_IDS_MAX {
                return Err(MuxError::TooManyIds(stream));
            }
            *last = id;
        }
        Ok(self
            .lanes
            .entry((stream, id))
            .or_insert_with(|| Lane::new(stream)))
    }

    fn remove_if_over(&mut self, stream: Stream, id: u16) {
        if self.lanes.get(&(stream, id)).is_some_and(Lane::is_over) {
            self.lanes.remove(&(stream, id));
        }
    }
}
