//! The clipboard of the display, as text, both ways; in a thread of its own that does nothing until a session needs it.

mod selection;

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use wire::ToTechnician;
use wire::clipboard::Clipboard;

use crate::helper::Outbox;
use crate::ipc::{Frame, Number};
use crate::wakeup::Wakeup;
pub use selection::{Selection, SelectionError};

/// Time between two attempts to reach a display that was lost.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The thread. Dropping the handle ends it.
pub struct ClipboardThread {
    jobs: Option<Sender<Job>>,
    wakeup: Wakeup,
}

enum Job {
    Watch {
        session: Number,
    },
    Stop {
        session: Number,
    },
    Message {
        session: Number,
        ticket: u32,
        asked: Clipboard,
    },
}

struct Thread {
    display: Option<String>,
    out: Outbox,
    jobs: Receiver<Job>,
    wakeup: Wakeup,
    selection: Option<Selection>,
    retry_at: Instant,
    watching: BTreeSet<Number>,
}

impl ClipboardThread {
    /// Starts it.
    ///
    /// # Errors
    /// Where the process is out of descriptors.
    pub fn start(display: Option<String>, out: Outbox) -> std::io::Result<Self> {
        let (jobs, from_loop) = channel();
        let wakeup = Wakeup::new()?;
        let mut thread = Thread {
            display,
            out,
            jobs: from_loop,
            wakeup: wakeup.clone(),
            selection: None,
            retry_at: Instant::now(),
            watching: BTreeSet::new(),
        };
        thread::spawn(move || while thread.turn().is_some() {});
        Ok(Self {
            jobs: Some(jobs),
            wakeup,
        })
    }

    /// A session that may read the clipboard hears when it changes.
    pub fn watch(&self, session: Number) {
        self.job(Job::Watch { session });
    }

    /// A session is over.
    pub fn stop(&self, session: Number) {
        self.job(Job::Stop { session });
    }

    /// A message of the technician.
    pub fn message(&self, session: Number, ticket: u32, asked: Clipboard) {
        self.job(Job::Message {
            session,
            ticket,
            asked,
        });
    }

    fn job(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
        self.wakeup.wake();
    }
}

impl Drop for ClipboardThread {
    fn drop(&mut self) {
        self.jobs = None;
        self.wakeup.wake();
    }
}

impl Thread {
    /// None once nobody listens any more.
    fn turn(&mut self) -> Option<()> {
        loop {
            match self.jobs.try_recv() {
                Ok(job) => self.take(job)?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        // Reading brings in events too, so the last thing before sleep is to serve.
        while self.serve() {
            if !self.watching.is_empty() {
                self.offer()?;
            }
        }
        let timeout =
            (self.selection.is_none() && !self.watching.is_empty()).then_some(RETRY_AFTER);
        self.wakeup
            .sleep(self.selection.as_ref().map(Selection::fd), timeout);
        if self.selection.is_none() && !self.watching.is_empty() {
            self.connect();
        }
        Some(())
    }

    /// Gives whether somebody put something new into the clipboard.
    fn serve(&mut self) -> bool {
        let served = self.selection.as_mut().map(Selection::serve);
        self.or_lose(served).unwrap_or(false)
    }

    fn take(&mut self, job: Job) -> Option<()> {
        match job {
            Job::Watch { session } => {
                self.watching.insert(session);
                self.connect();
            }
            Job::Stop { session } => {
                self.watching.remove(&session);
            }
            Job::Message {
                session,
                ticket,
                asked,
            } => {
                self.answer(session, asked)?;
                self.out
                    .send_blocking(&Frame::Done { session, ticket })
                    .then_some(())?;
            }
        }
        Some(())
    }

    fn answer(&mut self, session: Number, asked: Clipboard) -> Option<()> {
        self.connect();
        match asked {
            Clipboard::Set { text } => {
                let done = self.selection.as_mut().map(|selection| selection.own(text));
                self.or_lose(done);
            }
            Clipboard::Get {} => {
                let text = self.read().unwrap_or_default();
                self.say(session, Clipboard::Set { text })?;
            }
            // The technician asks the technician's own clipboard when somebody pastes; this agent takes none unasked.
            Clipboard::Offer { .. } => {}
        }
        Some(())
    }

    fn offer(&mut self) -> Option<()> {
        let Some(text) = self.read().filter(|text| !text.is_empty()) else {
            return Some(());
        };
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        for session in self.watching.clone() {
            self.say(session, Clipboard::Offer { bytes })?;
        }
        Some(())
    }

    fn read(&mut self) -> Option<String> {
        let read = self.selection.as_mut().map(Selection::read);
        self.or_lose(read).flatten()
    }

    fn connect(&mut self) {
        if self.selection.is_some() || self.retry_at > Instant::now() {
            return;
        }
        let Some(display) = &self.display else { return };
        self.retry_at = Instant::now() + RETRY_AFTER;
        match Selection::open(display) {
            Ok(selection) => self.selection = Some(selection),
            Err(error) => tracing::debug!(%error, "the clipboard is not reached"),
        }
    }

    fn or_lose<T>(&mut self, done: Option<Result<T, SelectionError>>) -> Option<T> {
        match done? {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(%error, "the clipboard is lost");
                self.selection = None;
                None
            }
        }
    }

    fn say(&self, session: Number, message: Clipboard) -> Option<()> {
        self.out
            .say_blocking(session, 0, ToTechnician::Clipboard(message), false)
            .then_some(())
    }
}
