//! One stream and id: what waits to be sent, what has come of a message, and the credit both ways.

use std::collections::VecDeque;

use crate::frame::Stream;
use crate::limits::{QUEUE_MESSAGES_MAX, queue_bytes_max, window_bytes};

pub(super) struct Lane {
    pub(super) out: Outgoing,
    pub(super) inn: Incoming,
}

#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) waiting: VecDeque<Waiting>,
    /// Bytes in `waiting` not yet sent.
    pub(super) bytes: usize,
    /// What the peer still takes.
    pub(super) credit: u32,
    /// END has been queued.
    pub(super) ending: bool,
    /// END has been sent.
    pub(super) ended: bool,
    /// The program met a full queue and wants to hear of room.
    pub(super) wants_room: bool,
}

pub(super) struct Waiting {
    pub(super) bytes: Vec<u8>,
    pub(super) sent: usize,
    pub(super) end: bool,
}

#[derive(Default)]
pub(super) struct Incoming {
    /// The frames of a message that is not whole yet.
    pub(super) partial: Vec<u8>,
    /// What those frames cost.
    pub(super) partial_credit: u32,
    /// What the peer may still send.
    pub(super) credit: u32,
    /// Consumed, and not yet given back.
    pub(super) consumed: u32,
    pub(super) ended: bool,
}

impl Outgoing {
    /// The program waits for room, and half of the queue has drained.
    pub(super) fn has_room_again(&self, stream: Stream) -> bool {
        let is_half_empty = self.bytes <= queue_bytes_max(stream) / 2
            && self.waiting.len() <= QUEUE_MESSAGES_MAX / 2;
        self.wants_room && is_half_empty
    }
}

impl Lane {
    pub(super) fn new(stream: Stream) -> Self {
        let credit = window_bytes(stream);
        Self {
            out: Outgoing {
                credit,
                ..Outgoing::default()
            },
            inn: Incoming {
                credit,
                ..Incoming::default()
            },
        }
    }

    /// Both sides have sent their END.
    pub(super) fn is_over(&self) -> bool {
        self.out.ended && self.inn.ended
    }
}
