//! A secured channel: the sealed transport below, the lanes above.

use crate::error::ChannelError;
use crate::frame::{Frame, Stream};
use crate::mux::{Mux, Side, Whole};
use crate::noise::Transport;

pub(crate) struct Link {
    transport: Transport,
    pub(crate) mux: Mux,
}

impl Link {
    pub(crate) fn new(transport: Transport, side: Side) -> Self {
        Self {
            transport,
            mux: Mux::new(side),
        }
    }

    /// Opens one sealed message; gives the message that its frame completes. Unless the session is open, nothing but
    /// control may even begin.
    pub(crate) fn receive(
        &mut self,
        sealed: &[u8],
        is_open: bool,
    ) -> Result<Option<Whole>, ChannelError> {
        let bytes = self.transport.open(sealed)?;
        let frame = Frame::parse(&bytes)?;
        if !is_open && frame.stream != Stream::Control {
            return Err(ChannelError::Early(frame.stream));
        }
        Ok(self.mux.take(&frame)?)
    }

    /// Seals the next frame, if any may be sent now.
    pub(crate) fn transmit(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        let mut frame = Vec::new();
        if !self.mux.next_frame(&mut frame) {
            return Ok(None);
        }
        Ok(Some(self.transport.seal(&frame)?))
    }
}
