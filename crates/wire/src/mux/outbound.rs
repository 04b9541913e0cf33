//! Sending: messages are cut into frames, the highest stream first, lanes of one stream in turns.

use std::ops::Bound::{Excluded, Included};

use super::lane::{Lane, Waiting};
use super::{Mux, MuxError, SendError};
use crate::frame::{Frame, Stream};
use crate::limits::{
    FRAME_CUT_BYTES, FRAME_HEAD_BYTES, QUEUE_MESSAGES_MAX, message_bytes_max, queue_bytes_max,
};

impl Mux {
    /// Queues a whole message.
    pub(crate) fn send(
        &mut self,
        stream: Stream,
        id: u16,
        bytes: Vec<u8>,
        end: bool,
    ) -> Result<(), SendError> {
        if bytes.len() > message_bytes_max(stream) {
            return Err(SendError::TooLong(stream));
        }
        let side = self.side;
        let lane = &mut self
            .lane(stream, id, side)
            .map_err(|error| match error {
                MuxError::TooManyIds(stream) => SendError::TooManyIds(stream),
                _ => SendError::NotOpen { stream, id },
            })?
            .out;
        if lane.ending {
            return Err(SendError::NotOpen { stream, id });
        }
        if lane.bytes + bytes.len() > queue_bytes_max(stream)
            || lane.waiting.len() >= QUEUE_MESSAGES_MAX
        {
            lane.wants_room = true;
            return Err(SendError::Full(stream));
        }
        lane.ending = end;
        lane.bytes += bytes.len();
        lane.waiting.push_back(Waiting {
            bytes,
            sent: 0,
            end,
        });
        Ok(())
    }

    /// How many bytes [`Mux::send`] takes now; after 0, or after a refusal, [`Mux::lane_with_room`] tells.
    pub(crate) fn room(&mut self, stream: Stream, id: u16) -> usize {
        let Some(lane) = self.lanes.get_mut(&(stream, id)) else {
            return queue_bytes_max(stream);
        };
        if lane.out.ending {
            return 0;
        }
        let room = queue_bytes_max(stream).saturating_sub(lane.out.bytes);
        lane.out.wants_room |= room == 0;
        room
    }

    /// A lane on which the program met a full queue and that has drained to a half since; each is told once.
    pub(crate) fn lane_with_room(&mut self) -> Option<(Stream, u16)> {
        let (&key, lane) = self
            .lanes
            .iter_mut()
            .find(|((stream, _), lane)| lane.out.has_room_again(*stream))?;
        lane.out.wants_room = false;
        Some(key)
    }

    /// Writes the next frame to `out`; false if nothing may be sent now.
    pub(crate) fn next_frame(&mut self, out: &mut Vec<u8>) -> bool {
        let Some((stream, id)) = Stream::SENDING_ORDER
            .into_iter()
            .filter(|stream| !self.is_held || *stream == Stream::Control)
            .find_map(|stream| self.turn(stream))
        else {
            return false;
        };
        let Some(lane) = self.lanes.get_mut(&(stream, id)) else {
            return false;
        };
        write_frame(lane, stream, id, out);
        self.served_last.insert(stream, id);
        self.remove_if_over(stream, id);
        true
    }

    /// The lane of `stream` whose turn it is: the first after the one served last that can send.
    fn turn(&self, stream: Stream) -> Option<(Stream, u16)> {
        let last = (stream, self.served_last.get(&stream).copied().unwrap_or(0));
        let after = self
            .lanes
            .range((Excluded(last), Included((stream, u16::MAX))));
        let before = self.lanes.range((Included((stream, 0)), Included(last)));
        after
            .chain(before)
            .find(|(_, lane)| can_send(lane, stream))
            .map(|(&key, _)| key)
    }
}

fn piece_bytes(waiting: &Waiting) -> usize {
    (waiting.bytes.len() - waiting.sent).min(FRAME_CUT_BYTES)
}

fn can_send(lane: &Lane, stream: Stream) -> bool {
    let Some(front) = lane.out.waiting.front() else {
        return false;
    };
    !stream.has_credit() || lane.out.credit as usize >= piece_bytes(front) + FRAME_HEAD_BYTES
}

/// Writes the next piece of the lane's first message; [`can_send`] holds.
fn write_frame(lane: &mut Lane, stream: Stream, id: u16, out: &mut Vec<u8>) {
    let lane = &mut lane.out;
    let Some(front) = lane.waiting.front_mut() else {
        return;
    };
    let piece = piece_bytes(front);
    let payload = &front.bytes[front.sent..front.sent + piece];
    let more = front.sent + piece < front.bytes.len();
    let end = front.end && !more;
    Frame {
        stream,
        id,
        more,
        end,
        payload,
    }
    .write_to(out);
    front.sent += piece;
    lane.bytes -= piece;
    lane.ended = end;
    if stream.has_credit() {
        lane.credit = lane
            .credit
            .saturating_sub((piece + FRAME_HEAD_BYTES) as u32);
    }
    if !more {
        lane.waiting.pop_front();
    }
}
