//! Arrival: frames become messages, within bounds and credit.

use super::{Credit, Mux, MuxError, Side, Whole};
use crate::frame::{Frame, Stream};
use crate::limits::{FRAME_HEAD_BYTES, message_bytes_max, window_bytes, window_report_bytes};

impl Mux {
    /// Takes one frame; gives the message it completes.
    pub(crate) fn take(&mut self, frame: &Frame<'_>) -> Result<Option<Whole>, MuxError> {
        let Frame {
            stream,
            id,
            more,
            end,
            payload,
        } = *frame;
        let peer = match self.side {
            Side::Technician => Side::Device,
            Side::Device => Side::Technician,
        };
        let lane = &mut self.lane(stream, id, peer)?.inn;
        if lane.ended {
            return Err(MuxError::AfterEnd { stream, id });
        }
        if stream.has_credit() {
            let cost = (payload.len() + FRAME_HEAD_BYTES) as u32;
            lane.credit = lane
                .credit
                .checked_sub(cost)
                .ok_or(MuxError::OverCredit { stream, id })?;
            lane.partial_credit += cost;
        }
        if lane.partial.len() + payload.len() > message_bytes_max(stream) {
            return Err(MuxError::TooLong(stream));
        }
        lane.partial.extend_from_slice(payload);
        if more {
            return Ok(None);
        }
        lane.ended = end;
        let bytes = std::mem::take(&mut lane.partial);
        let credit = Credit {
            stream,
            id,
            bytes: std::mem::take(&mut lane.partial_credit),
        };
        self.remove_if_over(stream, id);
        Ok(Some(Whole {
            stream,
            id,
            end,
            bytes,
            credit,
        }))
    }

    /// A consumed message's credit goes back to the peer. Gives what is to be announced, once it is worth a message.
    pub(crate) fn give_back(&mut self, credit: Credit) -> Option<Credit> {
        let Credit { stream, id, bytes } = credit;
        let lane = &mut self.lanes.get_mut(&(stream, id))?.inn;
        lane.consumed += bytes;
        if lane.ended || lane.consumed < window_report_bytes(stream) || lane.consumed == 0 {
            return None;
        }
        let bytes = std::mem::take(&mut lane.consumed);
        lane.credit = lane.credit.saturating_add(bytes);
        Some(Credit { stream, id, bytes })
    }

    /// The peer gave credit. An id that is gone is no error: the message crossed an END.
    pub(crate) fn credited(&mut self, stream: Stream, id: u16, bytes: u32) -> Result<(), MuxError> {
        if !stream.has_credit() {
            return Err(MuxError::NoCredit(stream));
        }
        if let Some(lane) = self.lanes.get_mut(&(stream, id)) {
            lane.out.credit = lane
                .out
                .credit
                .saturating_add(bytes)
                .min(window_bytes(stream));
        }
        Ok(())
    }
}
