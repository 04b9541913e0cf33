//! What comes from the technician, by the state of the session.

use super::{Event, Host, State};
use crate::control::{ToDevice as Control, ToTechnician};
use crate::error::{ChannelError, End};
use crate::frame::Stream;
use crate::limits::{EVENTS_MAX, JUDGE_MS_MAX, REVOCATIONS_PER_CHANNEL_MAX};
use crate::link::Link;
use crate::message::{MessageError, ToDevice};
use crate::mux::{SendError, Side, Whole};

impl Host {
    /// Takes one message of the transport. Take all events afterwards.
    ///
    /// # Errors
    /// The channel is dead; why is also told by [`Event::Over`], and to the technician where a channel stands.
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
            return self.shake(bytes);
        }
        let is_open = matches!(self.state, State::Open { .. });
        let link = self.link.as_mut().ok_or(ChannelError::Over)?;
        let Some(whole) = link.receive(bytes, is_open)? else {
            return Ok(());
        };
        if whole.stream == Stream::Control {
            let message = Control::parse(&whole.bytes).map_err(|why| MessageError {
                stream: Stream::Control,
                why,
            })?;
            return self.control(message, now);
        }
        self.message(whole)
    }

    fn shake(&mut self, bytes: &[u8]) -> Result<(), ChannelError> {
        let State::Handshake { responder, .. } = std::mem::replace(&mut self.state, State::Secured)
        else {
            return Err(ChannelError::Over);
        };
        let (secured, answer) = responder.answer(bytes)?;
        self.link = Some(Link::new(secured.transport, Side::Device));
        self.identity = Some((secured.channel, secured.remote));
        self.answer = Some(answer);
        self.events.push_back(Event::Secured {
            channel: secured.channel,
            technician: secured.remote,
        });
        Ok(())
    }

    fn message(&mut self, whole: Whole) -> Result<(), ChannelError> {
        let Whole {
            stream,
            id,
            end,
            bytes,
            credit,
        } = whole;
        let message = ToDevice::parse(stream, bytes)?;
        self.events.push_back(Event::Message {
            id,
            end,
            message,
            credit,
        });
        Ok(())
    }

    fn control(&mut self, message: Control, now: u64) -> Result<(), ChannelError> {
        let name = message.name();
        match (message, &self.state) {
            (Control::Bye {}, _) => self.left(),
            (Control::Ping { nonce }, _) => self.answer_ping(nonce)?,
            (_, State::Secured) => return Err(ChannelError::Unexpected(name)),
            (Control::Revocations { envelopes }, _) => self.revocations(envelopes)?,
            (
                Control::Open {
                    warrant,
                    counts,
                    seen_receipt,
                },
                State::Greeted { .. },
            ) => {
                let (channel, technician) = self.identity.ok_or(ChannelError::Over)?;
                self.state = State::Judging {
                    until: now.saturating_add(JUDGE_MS_MAX),
                };
                self.events.push_back(Event::Open {
                    warrant,
                    counts: counts.unwrap_or_default(),
                    seen_receipt,
                    channel,
                    technician,
                });
            }
            (Control::Window { stream, id, bytes }, State::Open { .. }) => {
                let link = self.link.as_mut().ok_or(ChannelError::Over)?;
                link.mux.credited(stream, id, bytes)?;
            }
            _ => return Err(ChannelError::Unexpected(name)),
        }
        Ok(())
    }

    /// A technician who pings but never reads fills the queue: that ends the channel.
    fn answer_ping(&mut self, nonce: u32) -> Result<(), ChannelError> {
        match self.send_control(&ToTechnician::Pong { nonce }) {
            Err(SendError::Full(_)) => Err(ChannelError::Unread),
            _ => Ok(()),
        }
    }

    fn revocations(&mut self, envelopes: Vec<String>) -> Result<(), ChannelError> {
        self.revocations_taken += envelopes.len();
        if self.revocations_taken > REVOCATIONS_PER_CHANNEL_MAX {
            return Err(ChannelError::Revocations);
        }
        self.events.push_back(Event::Revocations(envelopes));
        Ok(())
    }

    fn left(&mut self) {
        if let Some(link) = &mut self.link {
            link.mux.drop_all();
        }
        self.end(End::Bye);
    }
}
