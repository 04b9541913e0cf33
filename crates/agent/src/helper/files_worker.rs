//! The file transfers of one session, in a thread of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use trust::Bounds;
use wire::ToTechnician;

use super::gate::Gate;
use super::outbox::Outbox;
use crate::files::{Answer, Failure, Files, Root};
use crate::ipc::{Frame, Number};

/// A running worker. Dropping it stops the transfers; partial files are removed.
pub struct FilesWorker {
    jobs: Option<Sender<Job>>,
    cancelled: Arc<AtomicBool>,
    gate: Gate,
}

enum Job {
    Message {
        id: u16,
        message: wire::files::ToDevice,
        end: bool,
        ticket: u32,
    },
    Taken {
        id: u16,
        bytes: usize,
    },
}

struct Worker {
    session: Number,
    files: Result<Files, Failure>,
    jobs: Receiver<Job>,
    gate: Gate,
    cancelled: Arc<AtomicBool>,
    out: Outbox,
}

impl FilesWorker {
    /// Opens the root and the folders of the bounds, at the moment of the grant, and starts.
    pub fn start(
        session: Number,
        root: &Path,
        barred: &Path,
        bounds: &Bounds,
        gate: Gate,
        out: Outbox,
    ) -> Self {
        let (jobs, from_loop) = channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        let files = Root::open(root, &[barred]).map(|root| Files::new(root, bounds));
        let worker = Worker {
            session,
            files,
            jobs: from_loop,
            gate: gate.clone(),
            cancelled: cancelled.clone(),
            out,
        };
        thread::spawn(move || worker.run());
        Self {
            jobs: Some(jobs),
            cancelled,
            gate,
        }
    }

    /// A message of the technician.
    pub fn message(&self, id: u16, message: wire::files::ToDevice, end: bool, ticket: u32) {
        self.job(Job::Message {
            id,
            message,
            end,
            ticket,
        });
    }

    /// The keeper took so much.
    pub fn taken(&self, id: u16, bytes: usize) {
        self.job(Job::Taken { id, bytes });
    }

    fn job(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The worker ends only with this handle or the keeper.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for FilesWorker {
    fn drop(&mut self) {
        self.jobs = None;
        self.cancelled.store(true, Ordering::SeqCst);
        self.gate.wake();
    }
}

impl Worker {
    fn run(mut self) {
        while self.step().is_some() {}
    }

    fn step(&mut self) -> Option<()> {
        let has_work = self.files.as_ref().is_ok_and(Files::has_work);
        let job = if has_work {
            self.jobs.try_recv().ok()
        } else {
            Some(self.jobs.recv().ok()?)
        };
        let gate = self.gate.clone();
        let pass = gate.enter(&self.cancelled)?;
        let (answers, ticket) = match (job, &mut self.files) {
            (
                Some(Job::Message {
                    id,
                    message,
                    end,
                    ticket,
                }),
                Ok(files),
            ) => (files.handle(id, message, end), Some(ticket)),
            (Some(Job::Message { id, ticket, .. }), Err(failure)) => {
                let message = wire::piece::Piece::Head(failure.reply());
                (
                    vec![Answer {
                        id,
                        message,
                        end: true,
                    }],
                    Some(ticket),
                )
            }
            (Some(Job::Taken { id, bytes }), Ok(files)) => {
                files.taken(id, bytes);
                (Vec::new(), None)
            }
            (Some(Job::Taken { .. }), Err(_)) => return Some(()),
            (None, files) => (
                files
                    .as_mut()
                    .ok()
                    .and_then(Files::pump)
                    .into_iter()
                    .collect(),
                None,
            ),
        };
        drop(pass);
        for Answer { id, message, end } in answers {
            let message = ToTechnician::Files(message);
            self.out
                .say_blocking(self.session, id, message, end)
                .then_some(())?;
        }
        if let Some(ticket) = ticket {
            let session = self.session;
            self.out
                .send_blocking(&Frame::Done { session, ticket })
                .then_some(())?;
        }
        Some(())
    }
}
