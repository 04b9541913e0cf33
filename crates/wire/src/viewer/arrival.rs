//! What comes from the device, by the state of the session.

use super::{Event, State, Viewer};
use crate::control::ToTechnician as Control;
use crate::error::{ChannelError, End};
use crate::frame::Stream;
use crate::limits::{EVENTS_MAX, HANDSHAKE_MS_MAX, JUDGE_MS_MAX, REVOCATIONS_PER_CHANNEL_MAX};
use crate::link::Link;
use crate::message::{MessageError, ToTechnician};
use crate::mux::{Side, Whole};

impl Viewer {
    /// Takes one message of the transport. Take all events afterwards.
    ///
    /// # Errors
    /// The channel is dead; why is also told by [`Event::Over`].
    pub fn handle_bytes(&mut self, bytes: &[u8], now: u64) -> Result<(), ChannelError> {
        if self.is_over() {
            return Err(ChannelError::Over);
        }
        self.take(bytes, now).inspect_err(|error| self.fail(error))
    }

    fn take(&mut self, bytes: &[u8], now: u64) -> Result<(), ChannelError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(ChannelError::Events);
        }
        if matches!(self.state, State::Handshake { .. }) {
            return self.shake(bytes, now);
        }
        let is_open = matches!(self.state, State::Open);
        let link = self.link.as_mut().ok_or(ChannelError::Over)?;
        let Some(whole) = link.receive(bytes, is_open)? else {
            return Ok(());
        };
        if whole.stream == Stream::Control {
            let message = Control::parse(&whole.bytes).map_err(|why| MessageError {
                stream: Stream::Control,
                why,
            })?;
            return self.control(message);
        }
        let Whole {
            stream,
            id,
            end,
            bytes,
            credit,
        } = whole;
        let message = ToTechnician::parse(stream, bytes)?;
        self.events.push_back(Event::Message {
            id,
            end,
            message,
            credit,
        });
        Ok(())
    }

    fn shake(&mut self, bytes: &[u8], now: u64) -> Result<(), ChannelError> {
        let next = State::Secured {
            until: now.saturating_add(HANDSHAKE_MS_MAX),
        };
        let State::Handshake { initiator, .. } = std::mem::replace(&mut self.state, next) else {
            return Err(ChannelError::Over);
        };
        let secured = initiator.finish(bytes)?;
        self.link = Some(Link::new(secured.transport, Side::Technician));
        self.events.push_back(Event::Secured {
            channel: secured.channel,
        });
        Ok(())
    }

    fn control(&mut self, message: Control) -> Result<(), ChannelError> {
        let name = message.name();
        match (message, &mut self.state) {
            (Control::Closed { code, text }, _) => self.told(End::Closed { code, text }),
            (Control::Pong { nonce }, _) => self.events.push_back(Event::Pong { nonce }),
            (Control::Head(head), state @ State::Secured { .. }) => {
                *state = State::Greeted;
                self.events.push_back(Event::Head(head));
            }
            (_, State::Secured { .. }) => return Err(ChannelError::Unexpected(name)),
            (Control::Revocations { envelopes }, _) => self.revocations(envelopes)?,
            (Control::Asking { until }, State::Asked { until: due }) => {
                *due = until.saturating_add(2 * JUDGE_MS_MAX);
                self.events.push_back(Event::Asking { until });
            }
            (Control::Opened(opened), state @ State::Asked { .. }) => {
                *state = State::Open;
                self.events.push_back(Event::Opened(opened));
            }
            (Control::Refused { code, text }, State::Asked { .. }) => {
                self.told(End::Refused { code, text })
            }
            (Control::Paused { code, text }, State::Open) => {
                self.events.push_back(Event::Paused { code, text })
            }
            (Control::Resumed {}, State::Open) => self.events.push_back(Event::Resumed),
            (Control::Window { stream, id, bytes }, State::Open) => {
                let link = self.link.as_mut().ok_or(ChannelError::Over)?;
                link.mux.credited(stream, id, bytes)?;
            }
            _ => return Err(ChannelError::Unexpected(name)),
        }
        Ok(())
    }

    fn revocations(&mut self, envelopes: Vec<String>) -> Result<(), ChannelError> {
        self.revocations_taken += envelopes.len();
        if self.revocations_taken > REVOCATIONS_PER_CHANNEL_MAX {
            return Err(ChannelError::Revocations);
        }
        self.events.push_back(Event::Revocations(envelopes));
        Ok(())
    }

    /// The device had the last word: nothing is sent any more.
    fn told(&mut self, end: End) {
        if let Some(link) = &mut self.link {
            link.mux.drop_all();
        }
        self.end(end);
    }
}
