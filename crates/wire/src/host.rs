//! The device's end of a channel. Driven as the crate's first page shows; the keeper judges, this keeps the order.
//!
//! ```text
//! handshake -> secured -> greeted -> judging (asking) -> open (paused) -> over
//!              greet()    Open       opened()            pause()  close()
//!                                    refuse()            resume()
//! ```

mod arrival;

use std::collections::VecDeque;

use trust::bytes::{Hash, X25519Public};
use trust::scope::Scope;

use crate::control::{self, Head, Opened, ReceiptHead};
use crate::error::{ChannelError, End};
use crate::frame::Stream;
use crate::limits::{HANDSHAKE_MS_MAX, JUDGE_MS_MAX};
use crate::link::Link;
use crate::message::{ToDevice, ToTechnician};
use crate::mux::{Credit, SendError};
use crate::noise::{Binding, HandshakeError, Responder};
use crate::scope::{self, Denied};

/// What happened on a device's end.
#[derive(PartialEq, Eq, Debug)]
pub enum Event {
    /// The handshake is done: answer with [`Host::greet`].
    Secured {
        /// The channel hash.
        channel: Hash,
        /// The technician's static key.
        technician: X25519Public,
    },
    /// Revocations that the technician knows: envelopes, not yet verified.
    Revocations(Vec<String>),
    /// Judge this: answer with [`Host::opened`] or [`Host::refuse`], before that perhaps [`Host::asking`].
    Open {
        /// The warrant's envelope, verbatim, not yet verified.
        warrant: String,
        /// Witnesses' counts of it: envelopes, not yet verified.
        counts: Vec<String>,
        /// The newest receipt of this device that the technician remembers.
        seen_receipt: Option<ReceiptHead>,
        /// The channel hash.
        channel: Hash,
        /// The technician's static key: the warrant must name it.
        technician: X25519Public,
    },
    /// A message of an open session. Ask [`Host::permit`] when it takes effect, then [`Host::consumed`].
    Message {
        /// Display, transfer or shell; 0 elsewhere.
        id: u16,
        /// The technician sends nothing more on this id.
        end: bool,
        /// The message.
        message: ToDevice,
        /// To give back when the message is consumed.
        credit: Credit,
    },
    /// An id that refused a message for a full queue has room again.
    Room {
        /// Its stream.
        stream: Stream,
        /// The id.
        id: u16,
    },
    /// The last event: stop everything that this session started.
    Over(End),
}

enum State {
    Handshake {
        responder: Box<Responder>,
        until: u64,
    },
    Secured,
    Greeted {
        until: u64,
    },
    Judging {
        until: u64,
    },
    Open {
        scopes: Vec<Scope>,
        until: u64,
        is_paused: bool,
    },
    Over,
}

/// One technician's channel, on the device.
pub struct Host {
    state: State,
    link: Option<Link>,
    identity: Option<(Hash, X25519Public)>,
    answer: Option<Vec<u8>>,
    events: VecDeque<Event>,
    revocations_taken: usize,
}

impl Host {
    /// Waits for a technician. `private` is the device's admitted noise key, `ephemeral` 32 fresh random bytes.
    ///
    /// # Errors
    /// [`HandshakeError::Provider`] only.
    pub fn new(
        binding: Binding,
        private: &[u8; 32],
        ephemeral: &[u8; 32],
        now: u64,
    ) -> Result<Self, HandshakeError> {
        let responder = Box::new(Responder::new(binding, private, ephemeral)?);
        Ok(Self {
            state: State::Handshake {
                responder,
                until: now.saturating_add(HANDSHAKE_MS_MAX),
            },
            link: None,
            identity: None,
            answer: None,
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
        if let Some(answer) = self.answer.take() {
            return Some(answer);
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

    /// When [`Host::handle_timeout`] is due, in milliseconds since the Unix epoch.
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.state {
            State::Handshake { until, .. }
            | State::Greeted { until }
            | State::Judging { until }
            | State::Open { until, .. } => Some(until),
            State::Secured | State::Over => None,
        }
    }

    /// Time has passed. At the end of its time an open session is closed, an unfinished one fails.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        let what = match self.state {
            State::Open { .. } => return self.close("until", "The warrant's time is over."),
            State::Handshake { .. } => "the handshake",
            State::Greeted { .. } => "the technician's warrant",
            _ => "judging the warrant",
        };
        self.fail(&ChannelError::Late(what));
    }

    /// Tells the technician how far this device has read, and the revocations beyond that. Answers [`Event::Secured`].
    ///
    /// # Errors
    /// [`SendError::NoSession`] at any other time, [`SendError::Full`] for more revocations than a queue holds.
    pub fn greet(
        &mut self,
        head: Head,
        revocations: Vec<String>,
        now: u64,
    ) -> Result<(), SendError> {
        if !matches!(self.state, State::Secured) {
            return Err(SendError::NoSession);
        }
        self.send_control(&control::ToTechnician::Head(head))?;
        self.send_revocations(revocations)?;
        self.state = State::Greeted {
            until: now.saturating_add(crate::limits::OPEN_MS_MAX),
        };
        Ok(())
    }

    /// Sends revocations that the technician may lack; possible after [`Host::greet`].
    ///
    /// # Errors
    /// [`SendError`]: no channel, or too many at once.
    pub fn send_revocations(&mut self, envelopes: Vec<String>) -> Result<(), SendError> {
        for envelopes in control::batches(envelopes) {
            self.send_control(&control::ToTechnician::Revocations { envelopes })?;
        }
        Ok(())
    }

    /// The person at the machine is being asked until `until`; extends the time to judge.
    ///
    /// # Errors
    /// [`SendError::NoSession`] unless a warrant is being judged.
    pub fn asking(&mut self, until: u64) -> Result<(), SendError> {
        let State::Judging { until: due } = &mut self.state else {
            return Err(SendError::NoSession);
        };
        *due = until.saturating_add(JUDGE_MS_MAX);
        self.send_control(&control::ToTechnician::Asking { until })
    }

    /// Judged: yes. The `open` receipt must be on disk before this is called.
    ///
    /// # Errors
    /// [`SendError::NoSession`] unless a warrant is being judged.
    pub fn opened(&mut self, opened: Opened) -> Result<(), SendError> {
        if !matches!(self.state, State::Judging { .. }) {
            return Err(SendError::NoSession);
        }
        let next = State::Open {
            scopes: opened.scopes.clone(),
            until: opened.until,
            is_paused: false,
        };
        self.send_control(&control::ToTechnician::Opened(opened))?;
        self.state = next;
        Ok(())
    }

    /// Judged: no. `code` is `snake_case`, `text` a sentence.
    pub fn refuse(&mut self, code: &str, text: &str) {
        let (code, text) = (code.to_owned(), text.to_owned());
        self.finish(
            &control::ToTechnician::Refused {
                code: code.clone(),
                text: text.clone(),
            },
            End::Refused { code, text },
        );
    }

    /// The session stands still: no message but control leaves, and none takes effect, until [`Host::resume`]. `code` is
    /// `snake_case`, `text` a sentence. Its time runs on.
    ///
    /// # Errors
    /// [`SendError::NoSession`] unless the session is open and goes on.
    pub fn pause(&mut self, code: &str, text: &str) -> Result<(), SendError> {
        let (code, text) = (code.to_owned(), text.to_owned());
        self.turn(true, &control::ToTechnician::Paused { code, text })
    }

    /// The session goes on: what waited is sent.
    ///
    /// # Errors
    /// [`SendError::NoSession`] unless the session is paused.
    pub fn resume(&mut self) -> Result<(), SendError> {
        self.turn(false, &control::ToTechnician::Resumed {})
    }

    fn turn(&mut self, pause: bool, said: &control::ToTechnician) -> Result<(), SendError> {
        let (State::Open { is_paused, .. }, Some(link)) = (&mut self.state, &mut self.link) else {
            return Err(SendError::NoSession);
        };
        if *is_paused == pause {
            return Err(SendError::NoSession);
        }
        *is_paused = pause;
        link.mux.hold(pause);
        self.send_control(said)
    }

    /// The session is over. What waited is dropped; only the reason is still sent.
    pub fn close(&mut self, code: &str, text: &str) {
        let (code, text) = (code.to_owned(), text.to_owned());
        self.finish(
            &control::ToTechnician::Closed {
                code: code.clone(),
                text: text.clone(),
            },
            End::Closed { code, text },
        );
    }

    /// May this message take effect now, under the judged scopes?
    ///
    /// # Errors
    /// [`Denied`] names the scope that lacks; while the session is paused or not open, everything that needs one is denied.
    pub fn permit(&self, message: &ToDevice) -> Result<(), Denied> {
        match &self.state {
            State::Open {
                scopes,
                is_paused: false,
                ..
            } => scope::permit(scopes, message),
            _ => scope::permit(&[], message),
        }
    }

    /// Queues a message; `end` says it is the last one on this id (files and shell).
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send(&mut self, id: u16, message: ToTechnician, end: bool) -> Result<(), SendError> {
        let (State::Open { scopes, .. }, Some(link)) = (&self.state, &mut self.link) else {
            return Err(SendError::NoSession);
        };
        scope::permit_out(scopes, &message)?;
        link.mux.send(message.stream(), id, message.encode(), end)
    }

    /// How many bytes an id takes now. After 0, [`Event::Room`] tells when there is room.
    pub fn room(&mut self, stream: Stream, id: u16) -> usize {
        match (&self.state, &mut self.link) {
            (State::Open { .. }, Some(link)) => link.mux.room(stream, id),
            _ => 0,
        }
    }

    /// A message was consumed: its credit goes back to the technician.
    pub fn consumed(&mut self, credit: Credit) {
        let Some(Credit { stream, id, bytes }) = self
            .link
            .as_mut()
            .and_then(|link| link.mux.give_back(credit))
        else {
            return;
        };
        if let Err(SendError::Full(_)) =
            self.send_control(&control::ToTechnician::Window { stream, id, bytes })
        {
            self.fail(&ChannelError::Unread);
        }
    }

    /// Whether the channel is over. What [`Host::poll_transmit`] still gives may be sent, then the transport is closed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn send_control(&mut self, message: &control::ToTechnician) -> Result<(), SendError> {
        match (&self.state, &mut self.link) {
            (State::Over, _) | (_, None) => Err(SendError::NoSession),
            (_, Some(link)) => link.mux.send(Stream::Control, 0, message.encode(), false),
        }
    }

    fn fail(&mut self, error: &ChannelError) {
        let last = control::ToTechnician::Closed {
            code: error.code().to_owned(),
            text: error.to_string(),
        };
        self.finish(&last, End::Failed(error.clone()));
    }

    /// Drops what waits, queues the last word, and ends.
    fn finish(&mut self, last: &control::ToTechnician, end: End) {
        if self.is_over() {
            return;
        }
        if let Some(link) = &mut self.link {
            link.mux.drop_all();
        }
        // an empty queue takes the last word; before the handshake there is nobody to tell
        let told = self.send_control(last);
        debug_assert!(told.is_ok() || self.link.is_none());
        self.end(end);
    }

    fn end(&mut self, end: End) {
        self.state = State::Over;
        self.events.clear();
        self.events.push_back(Event::Over(end));
    }
}
