//! The display in a thread of its own: one capture, one pipeline for each technician who may see it.
//!
//! Sleeps in `poll(2)` until the display, the loop or the clock has something. Says at once, in a sentence, why there is
//! no picture, and when there is one again.

mod looker;

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::helper::Outbox;
use crate::ipc::Number;
use crate::wakeup::Wakeup;
use crate::windows::message::Rect;
use looker::Looker;

/// Where each session put the pointer last.
pub type Pointers = Arc<Mutex<BTreeMap<Number, (u16, u16)>>>;

/// The thread. Dropping the handle ends it.
pub struct Desktop {
    jobs: Option<Sender<Job>>,
    wakeup: Wakeup,
}

enum Job {
    Start {
        session: Number,
        sees: bool,
    },
    Stop {
        session: Number,
    },
    Message {
        session: Number,
        ticket: u32,
        bytes: Vec<u8>,
    },
    Hold,
    Mask(Vec<Rect>),
    Look,
}

impl Desktop {
    /// Starts it. `display`: as asked for on the command line.
    ///
    /// # Errors
    /// Where the process is out of descriptors.
    pub fn start(
        display: Option<String>,
        out: Outbox,
        pointers: Pointers,
    ) -> std::io::Result<Self> {
        let (jobs, from_loop) = channel();
        let wakeup = Wakeup::new()?;
        let mut looker = Looker::new(display, out, pointers, from_loop, wakeup.clone());
        thread::spawn(move || while looker.turn().is_some() {});
        Ok(Self {
            jobs: Some(jobs),
            wakeup,
        })
    }

    /// A session opened; `sees` if it may look.
    pub fn start_session(&self, session: Number, sees: bool) {
        self.job(Job::Start { session, sees });
    }

    /// A session is over.
    pub fn stop_session(&self, session: Number) {
        self.job(Job::Stop { session });
    }

    /// A message of the technician's screen stream.
    pub fn message(&self, session: Number, ticket: u32, bytes: Vec<u8>) {
        self.job(Job::Message {
            session,
            ticket,
            bytes,
        });
    }

    /// No picture from here on until [`Desktop::mask`].
    pub fn hold(&self) {
        self.job(Job::Hold);
    }

    /// These places are not shown.
    pub fn mask(&self, rects: Vec<Rect>) {
        self.job(Job::Mask(rects));
    }

    /// Looks whether there is a display, and says so.
    pub fn look(&self) {
        self.job(Job::Look);
    }

    fn job(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
        self.wakeup.wake();
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.jobs = None;
        self.wakeup.wake();
    }
}
