//! Messages of an open session: checked against the judged scopes, handed to the helper, and its answers back.

use std::collections::VecDeque;

use wire::chat::Chat;
use wire::frame::Stream;
use wire::limits::INTEGER_MAX;
use wire::piece::Piece;
use wire::{Credit, SendError, ToDevice, ToTechnician};

use super::{Session, Waiting};
use crate::clock::wall_ms;
use crate::ipc::{Frame, Message};
use crate::keeper::Keeper;
use crate::limits::{BACKLOG_BYTES_MAX, UNDONE_MAX};

impl Keeper {
    /// A message of the technician takes effect, or does not.
    pub(super) fn on_message(
        &mut self,
        session: &mut Session,
        id: u16,
        end: bool,
        message: ToDevice,
        credit: Credit,
    ) {
        if session.paused.is_some() {
            return self.defer(session, id, end, message, credit);
        }
        if let Err(denied) = session.host.permit(&message) {
            session.host.consumed(credit);
            return session.refuse_message(id, &message, &denied.to_string());
        }
        match message {
            // Input that nobody may do now is not kept for later.
            ToDevice::Input(_) if self.asking.is_some() || self.no_display.is_some() => {
                session.host.consumed(credit);
            }
            ToDevice::Chat(_) => {
                session.host.consumed(credit);
                session.answer_chat();
            }
            message => self.hand_on(session, id, end, message, credit),
        }
    }

    fn hand_on(
        &mut self,
        session: &mut Session,
        id: u16,
        end: bool,
        message: ToDevice,
        credit: Credit,
    ) {
        if session.tickets.open.len() >= UNDONE_MAX {
            let text = "More was sent than the workstation can do. Connect again.";
            return self.end(session, "flooded", text, false);
        }
        session.tickets.last = session.tickets.last.wrapping_add(1);
        let ticket = session.tickets.last;
        session.tickets.open.insert(ticket, credit);
        let (session, stream) = (session.number, message.stream());
        let bytes = message.encode();
        self.tell_helper(&Frame::Message(Message {
            session,
            ticket,
            stream,
            id,
            end,
            bytes,
        }));
    }

    /// Sends what the channel had no room for.
    pub(super) fn send_backlog(&mut self, session: &mut Session, stream: Stream, id: u16) {
        let lane = (stream, id);
        while let Some(waiting) = session.backlog.get_mut(&lane).and_then(VecDeque::pop_front) {
            session.backlog_bytes = session.backlog_bytes.saturating_sub(waiting.bytes);
            if let Err(waiting) = self.send_one(session, id, waiting) {
                session.backlog_bytes += waiting.bytes;
                session.backlog.entry(lane).or_default().push_front(waiting);
                return;
            }
        }
        session.backlog.remove(&lane);
    }

    /// A message of the helper: sent, or kept until there is room.
    pub(crate) fn pass_on(&mut self, session: &mut Session, message: Message) {
        let Message {
            stream,
            id,
            end,
            bytes,
            ..
        } = message;
        let cost = bytes.len();
        let message = match ToTechnician::parse(stream, bytes) {
            Ok(message) => message,
            Err(error) => return tracing::error!(%error, "the desk helper sent what is none"),
        };
        let mut waiting = Waiting {
            message,
            end,
            bytes: cost,
        };
        if !session.backlog.contains_key(&(stream, id)) {
            match self.send_one(session, id, waiting) {
                Ok(()) => return,
                Err(back) => waiting = back,
            }
        }
        session.backlog_bytes += waiting.bytes;
        session
            .backlog
            .entry((stream, id))
            .or_default()
            .push_back(waiting);
        if session.backlog_bytes > BACKLOG_BYTES_MAX {
            let text = "More was asked for than is taken away. Connect again.";
            self.end(session, "unread", text, false);
        }
    }

    /// Gives the message back where there is no room for it.
    fn send_one(
        &mut self,
        session: &mut Session,
        id: u16,
        waiting: Waiting,
    ) -> Result<(), Waiting> {
        let Waiting {
            message,
            end,
            bytes,
        } = waiting;
        let stream = message.stream();
        match session.host.send(id, message.clone(), end) {
            Err(SendError::Full(_)) => {
                return Err(Waiting {
                    message,
                    end,
                    bytes,
                });
            }
            Err(error @ (SendError::TooLong(_) | SendError::Denied(_))) => {
                tracing::error!(%error, "the desk helper sent what may not be sent");
            }
            // The session or the id ended meanwhile.
            Err(SendError::NotOpen { .. } | SendError::TooManyIds(_) | SendError::NoSession)
            | Ok(()) => {}
        }
        if stream.has_credit() {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.tell_helper(&Frame::Taken {
                session: session.number,
                stream,
                id,
                bytes,
            });
        }
        Ok(())
    }
}

impl Session {
    /// The helper dealt with a message: its credit goes back.
    pub(crate) fn done(&mut self, ticket: u32) {
        if let Some(credit) = self.tickets.open.remove(&ticket) {
            self.host.consumed(credit);
        }
    }

    fn refuse_message(&mut self, id: u16, message: &ToDevice, why: &str) {
        let (code, text) = ("denied".to_owned(), why.to_owned());
        let reply = match message {
            ToDevice::Files(Piece::Head(_)) => {
                ToTechnician::Files(Piece::Head(wire::files::Reply::Failed { code, text }))
            }
            ToDevice::Shell(Piece::Head(_)) => {
                ToTechnician::Shell(Piece::Head(wire::shell::Reply::Failed { code, text }))
            }
            _ => return,
        };
        // An id that was refused before is not open any more.
        let _ = self.host.send(id, reply, true);
    }

    /// This agent has no window for chat: the technician hears that once, instead of waiting for an answer.
    fn answer_chat(&mut self) {
        if std::mem::replace(&mut self.told_chat, true) {
            return;
        }
        let text = "(The agent on this workstation cannot show messages; nobody there reads this.)"
            .to_owned();
        let chat = Chat::Say {
            text,
            at: wall_ms().min(INTEGER_MAX),
        };
        let _ = self.host.send(0, ToTechnician::Chat(chat), false);
    }
}
