//! Listings and transfers of one session, as a value: `handle` what came, then `pump` while there is room.
//!
//! One id is one listing or one transfer. Every id ends with an END of ours; after that, what still comes on it until the
//! technician's END is consumed and ignored. Dropping [`Files`] removes what was uploaded in part.

mod area;
mod failure;
mod get;
mod list;
mod put;
mod root;

use std::collections::BTreeMap;

use trust::Bounds;
use wire::files::{Reply, Request, ToDevice, ToTechnician};
use wire::piece::Piece;

use area::{Area, Way};
pub use failure::Failure;
use get::Get;
use list::List;
use put::Put;
pub use root::{Folder, Root};

/// All transfers of one session.
pub struct Files {
    root: Root,
    read: Area,
    write: Area,
    transfers: BTreeMap<u16, Transfer>,
    served_last: u16,
}

struct Transfer {
    work: Work,
    /// Bytes that may still be sent before the keeper takes some.
    window: usize,
    /// The technician ended his side.
    ended: bool,
}

enum Work {
    List(List),
    Get(Box<Get>),
    Put(Put),
    Over,
}

/// A message for the technician.
#[derive(PartialEq, Eq, Debug)]
pub struct Answer {
    /// Which transfer.
    pub id: u16,
    /// What.
    pub message: ToTechnician,
    /// The last on this id.
    pub end: bool,
}

impl Files {
    /// Transfers within a folder, and in it beneath the folders of the bounds, as they are now.
    pub fn new(root: Root, bounds: &Bounds) -> Self {
        Self {
            read: Area::open(&root, &bounds.read_under, Way::Read),
            write: Area::open(&root, &bounds.write_under, Way::Write),
            root,
            transfers: BTreeMap::new(),
            served_last: 0,
        }
    }

    /// Takes one message of the technician.
    pub fn handle(&mut self, id: u16, message: ToDevice, end: bool) -> Vec<Answer> {
        let transfer = self.transfers.entry(id).or_insert_with(|| Transfer {
            work: Work::Over,
            window: crate::limits::HELPER_WINDOW_BYTES,
            ended: false,
        });
        transfer.ended |= end;
        let is_new = matches!(transfer.work, Work::Over);
        let outcome = match (message, &mut transfer.work) {
            (Piece::Head(Request::List { path }), _) if is_new => {
                List::open(&self.root, &self.read, &path).map(|list| (Work::List(list), None))
            }
            (Piece::Head(Request::Get { path, offset }), _) if is_new => {
                Get::open(&self.root, &self.read, &path, offset)
                    .map(|(get, begin)| (Work::Get(Box::new(get)), Some(begin)))
            }
            (
                Piece::Head(Request::Put {
                    path,
                    size,
                    replace,
                }),
                _,
            ) if is_new => Put::open(&self.root, &self.write, &path, size, replace)
                .map(|put| (Work::Put(put), Some(Reply::Ready {}))),
            (Piece::Head(Request::Cancel {}), Work::List(_) | Work::Get(_) | Work::Put(_)) => {
                Err(Failure::Cancelled)
            }
            (Piece::Data(bytes), Work::Put(put)) => {
                return match put.write(&bytes) {
                    Ok(progress) => progress
                        .map(|reply| answer(id, reply, false))
                        .into_iter()
                        .collect(),
                    Err(failure) => self.finish(id, failure.reply()),
                };
            }
            (Piece::Head(Request::Done(digest)), Work::Put(put)) => {
                let reply = put
                    .finish(&digest)
                    .unwrap_or_else(|failure| failure.reply());
                return self.finish(id, reply);
            }
            // What crossed our END on its way.
            (Piece::Data(_) | Piece::Head(Request::Done(_) | Request::Cancel {}), Work::Over) => {
                self.forget_if_over(id);
                return Vec::new();
            }
            _ => Err(Failure::Unexpected),
        };
        match outcome {
            Ok((work, reply)) => {
                transfer.work = work;
                let cut_off = end && matches!(transfer.work, Work::Put(_));
                let mut answers: Vec<_> = reply
                    .map(|reply| answer(id, reply, false))
                    .into_iter()
                    .collect();
                if cut_off {
                    answers.extend(self.finish(id, Failure::Broken.reply()));
                }
                answers
            }
            Err(failure) => self.finish(id, failure.reply()),
        }
    }

    /// The technician's side was given this much of a transfer: more may be sent.
    pub fn taken(&mut self, id: u16, bytes: usize) {
        if let Some(transfer) = self.transfers.get_mut(&id) {
            transfer.window = (transfer.window + bytes).min(crate::limits::HELPER_WINDOW_BYTES);
        }
    }

    /// A transfer is refused from outside.
    pub fn refuse(&mut self, id: u16, end: bool, failure: &Failure) -> Vec<Answer> {
        self.transfers.entry(id).or_insert(Transfer {
            work: Work::Over,
            window: 0,
            ended: end,
        });
        self.finish(id, failure.reply())
    }

    /// The next message of a listing or download, transfers in turns; none while all wait for room or for the technician,
    /// and where a step was taken that makes no message.
    pub fn pump(&mut self) -> Option<Answer> {
        let is_ready = |transfer: &Transfer| {
            transfer.window > 0 && matches!(transfer.work, Work::List(_) | Work::Get(_))
        };
        let after = self.transfers.range(self.served_last.wrapping_add(1)..);
        let id = after
            .chain(self.transfers.range(..))
            .find(|(_, t)| is_ready(t))
            .map(|(id, _)| *id)?;
        self.served_last = id;
        let transfer = self.transfers.get_mut(&id)?;
        let (message, end) = match &mut transfer.work {
            Work::List(list) => Some(list.page(&self.root)),
            Work::Get(get) => get.next(),
            Work::Put(_) | Work::Over => None,
        }?;
        transfer.window = transfer.window.saturating_sub(cost(&message));
        if end {
            transfer.work = Work::Over;
            self.forget_if_over(id);
        }
        Some(Answer { id, message, end })
    }

    /// Whether [`Files::pump`] has something.
    pub fn has_work(&self) -> bool {
        self.transfers
            .values()
            .any(|t| t.window > 0 && matches!(t.work, Work::List(_) | Work::Get(_)))
    }

    fn finish(&mut self, id: u16, reply: Reply) -> Vec<Answer> {
        if let Some(transfer) = self.transfers.get_mut(&id) {
            transfer.work = Work::Over;
        }
        self.forget_if_over(id);
        vec![answer(id, reply, true)]
    }

    fn forget_if_over(&mut self, id: u16) {
        if self
            .transfers
            .get(&id)
            .is_some_and(|t| t.ended && matches!(t.work, Work::Over))
        {
            self.transfers.remove(&id);
        }
    }
}

/// What a message takes of its id's window: its bytes, as the keeper counts them when it takes it.
fn cost(message: &ToTechnician) -> usize {
    match message {
        Piece::Data(bytes) => bytes.len() + 1,
        Piece::Head(_) => message.encode().len(),
    }
}

fn answer(id: u16, reply: Reply, end: bool) -> Answer {
    Answer {
        id,
        message: Piece::Head(reply),
        end,
    }
}
