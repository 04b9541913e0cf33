//! The technician's end of a channel, the mirror of `host`. Driven as the crate's first page shows.
//!
//! ```text
//! handshake -> secured -> greeted -> asked (asking) -> open -> over
//!              Head       open()     Opened            bye()
//! ```

mod arrival;

use std::collections::VecDeque;

use trust::bytes::{Hash, X25519Public};

use crate::control::{self, Head, Opened, ReceiptHead};
use crate::error::{ChannelError, End};
use crate::frame::Stream;
use crate::limits::HANDSHAKE_MS_MAX;
use crate::link::Link;
use crate::message::{ToDevice, ToTechnician};
use crate::mux::{Credit, SendError};
use crate::noise::{Binding, HandshakeError, Initiator};

/// What happened on a technician's end.
#[derive(PartialEq, Eq, Debug)]
pub enum Event {
    /// The handshake is done: this is the device whose key the ledger gives.
    Secured {
        /// The channel hash.
        channel: Hash,
    },
    /// How far the device has read: send it what it lacks, then [`Viewer::open`].
    Head(Head),
    /// Revocations that the device knows: envelopes, not yet verified.
    Revocations(Vec<String>),
    /// The person at the machine is being asked.
    Asking {
        /// When no answer becomes a refusal, in milliseconds since the Unix epoch.
        until: u64,
    },
    /// The device judged: yes.
    Opened(Opened),
    /// The session stands still: nothing comes, and what is sent waits or is dropped, until [`Event::Resumed`] or the end.
    Paused {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
    /// The session goes on.
    Resumed,
    /// A message of an open session; give [`Viewer::consumed`] its credit afterwards.
    Message {
        /// Display, transfer or shell; 0 elsewhere.
        id: u16,
        /// The device sends nothing more on this id.
        end: bool,
        /// The message.
        message: ToTechnician,
        /// To give back when the message is consumed.
        credit: Credit,
    },
    /// The answer to [`Viewer::ping`].
    Pong {
        /// As it was given.
        nonce: u32,
    },
    /// An id that refused a message for a full queue has room again.
    Room {
        /// Its stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// The last event.
    Over(End),
}

enum State {
    Handshake {
        initiator: Box<Initiator>,
        until: u64,
    },
    Secured {
        until: u64,
    },
    Greeted,
    Asked {
        until: u64,
    },
    Open,
    Over,
}

/// One channel to a device, on the technician's side.
pub struct Viewer {
    state: State,
    link: Option<Link>,
    first: Option<Vec<u8>>,
    events: VecDeque<Event>,
    revocations_taken: usize,
}

impl Viewer {
    /// Calls a device by the noise key that the ledger gives. `private` is the static key that the warrant names,
    /// `ephemeral` 32 fresh random bytes.
    ///
    /// # Errors
    /// [`HandshakeError::WeakKey`] or [`HandshakeError::OwnKey`] for keys that are none.
    pub fn new(
        binding: Binding,
        private: &[u8; 32],
        device: &X25519Public,
        ephemeral: &[u8; 32],
        now: u64,
    ) -> Result<Self, HandshakeError> {
        let (initiator, first) = Initiator::start(binding, private, device, ephemeral)?;
        let until = now.saturating_add(HANDSHAKE_MS_MAX);
        Ok(Self {
            state: State::Handshake {
                initiator: Box::new(initiator),
                until,
            },
            link: None,
            first: Some(first),
            events: VecDeque::new(),
            revocations_taken: 0,
        })
    }

    /// The next event; take all of them after each call that changes anything.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next message for the transport. Take it only when the transport can send it: what was taken can no longer
    /// be overtaken by a key press.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let link = self.link.as_mut()?;
        match link.transmit() {
            Ok(message) => {
                if let Some((stream, id)) = link.mux.lane_with_room() {
                    self.events.push_back(Event::Room { stream, id });
                }
                message
            }
            Err(error) => {
                self.link = None;
                self.end(End::Failed(error));
                None
            }
        }
    }

    /// When [`Viewer::handle_timeout`] is due, in milliseconds since the Unix epoch.
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.state {
            State::Handshake { until, .. } | State::Secured { until } | State::Asked { until } => {
                Some(until)
            }
            State::Greeted | State::Open | State::Over => None,
        }
    }

    /// Time has passed. A device that never answers is given up.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        let what = match self.state {
            State::Handshake { .. } => "the device's handshake answer",
            State::Secured { .. } => "the device's greeting",
            _ => "the device's verdict",
        };
        self.fail(&ChannelError::Late(what));
    }

    /// Sends revocations that the device may lack; possible after [`Event::Head`].
    ///
    /// # Errors
    /// [`SendError`]: no channel, or too many at once.
    pub fn send_revocations(&mut self, envelopes: Vec<String>) -> Result<(), SendError> {
        if matches!(self.state, State::Handshake { .. } | State::Secured { .. }) {
            return Err(SendError::NoSession);
        }
        for envelopes in control::batches(envelopes) {
            self.send_control(&control::ToDevice::Revocations { envelopes })?;
        }
        Ok(())
    }

    /// Asks for the session with a warrant, and with witnesses' counts of it where a policy asks for them; possible once
    /// after [`Event::Head`].
    ///
    /// # Errors
    /// [`SendError::NoSession`] at any other time.
    pub fn open(
        &mut self,
        warrant: String,
        counts: Vec<String>,
        seen_receipt: Option<ReceiptHead>,
        now: u64,
    ) -> Result<(), SendError> {
        if !matches!(self.state, State::Greeted) {
            return Err(SendError::NoSession);
        }
        self.send_control(&control::ToDevice::Open {
            warrant,
            counts: Some(counts).filter(|counts| !counts.is_empty()),
            seen_receipt,
        })?;
        self.state = State::Asked {
            until: now.saturating_add(2 * crate::limits::JUDGE_MS_MAX),
        };
        Ok(())
    }

    /// Asks the device for a [`Event::Pong`]: the round trip through both programs.
    ///
    /// # Errors
    /// [`SendError::NoSession`] before the handshake and after the end.
    pub fn ping(&mut self, nonce: u32) -> Result<(), SendError> {
        self.send_control(&control::ToDevice::Ping { nonce })
    }

    /// The technician ends the session. What waited is dropped.
    pub fn bye(&mut self) {
        self.finish(End::Bye);
    }

    /// Queues a message; `end` says it is the last one on this id (files and shell).
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send(&mut self, id: u16, message: ToDevice, end: bool) -> Result<(), SendError> {
        let (State::Open, Some(link)) = (&self.state, &mut self.link) else {
            return Err(SendError::NoSession);
        };
        link.mux.send(message.stream(), id, message.encode(), end)
    }

    /// The id for the next transfer or shell; the first message sent under it opens it.
    pub fn next_id(&self, stream: Stream) -> u16 {
        self.link
            .as_ref()
            .map_or(1, |link| link.mux.next_id(stream))
    }

    /// How many bytes an id takes now. After 0, [`Event::Room`] tells when there is room.
    pub fn room(&mut self, stream: Stream, id: u16) -> usize {
        match (&self.state, &mut self.link) {
            (State::Open, Some(link)) => link.mux.room(stream, id),
            _ => 0,
        }
    }

    /// A message was consumed: its credit goes back to the device.
    pub fn consumed(&mut self, credit: Credit) {
        let Some(Credit { stream, id, bytes }) = self
            .link
            .as_mut()
            .and_then(|link| link.mux.give_back(credit))
        else {
            return;
        };
        if let Err(SendError::Full(_)) =
            self.send_control(&control::ToDevice::Window { stream, id, bytes })
        {
            self.fail(&ChannelError::Unread);
        }
    }

    /// Whether the channel is over. What [`Viewer::poll_transmit`] still gives may be sent, then the transport is closed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn send_control(&mut self, message: &control::ToDevice) -> Result<(), SendError> {
        match (&self.state, &mut self.link) {
            (State::Over, _) | (_, None) => Err(SendError::NoSession),
            (_, Some(link)) => link.mux.send(Stream::Control, 0, message.encode(), false),
        }
    }

    fn fail(&mut self, error: &ChannelError) {
        self.finish(End::Failed(error.clone()));
    }

    /// Drops what waits, says goodbye where there is somebody to say it to, and ends.
    fn finish(&mut self, end: End) {
        if self.is_over() {
            return;
        }
        if let Some(link) = &mut self.link {
            link.mux.drop_all();
        }
        let told = self.send_control(&control::ToDevice::Bye {});
        debug_assert!(told.is_ok() || self.link.is_none());
        self.end(end);
    }

    fn end(&mut self, end: End) {
        self.state = State::Over;
        self.events.clear();
        self.events.push_back(Event::Over(end));
    }
}
