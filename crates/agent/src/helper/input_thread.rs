//! Keys and pointer, in a thread of their own: they never wait for a picture.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wire::input::Input;

use super::outbox::Outbox;
use crate::input::x11::X11Input;
use crate::input::{InputError, InputEvent};
use crate::ipc::{Frame, Number};

/// How long the keyboard is still before lent keys are given back.
const TIDY_AFTER: Duration = Duration::from_secs(2);
/// How long the release of held keys may take.
const RELEASE_MAX: Duration = Duration::from_secs(1);

/// Where each session put the pointer last.
pub type Pointers = Arc<Mutex<BTreeMap<Number, (u16, u16)>>>;

/// The thread. Dropping the handle releases everything.
pub struct InputThread {
    jobs: Sender<Job>,
    is_blocked: Arc<AtomicBool>,
    pointers: Pointers,
}

enum Job {
    Do {
        session: Number,
        ticket: u32,
        input: Input,
    },
    Stop {
        session: Number,
    },
    ReleaseAll {
        done: Sender<()>,
    },
}

struct Hands {
    display: Option<String>,
    of_session: BTreeMap<Number, X11Input>,
    is_blocked: Arc<AtomicBool>,
    pointers: Pointers,
    out: Outbox,
}

impl InputThread {
    /// Starts it.
    pub fn start(display: Option<String>, out: Outbox) -> Self {
        let (jobs, from_loop) = channel();
        let is_blocked = Arc::new(AtomicBool::new(false));
        let pointers = Pointers::default();
        let (of_session, blocked, told) = (BTreeMap::new(), is_blocked.clone(), pointers.clone());
        thread::spawn(move || {
            Hands {
                display,
                of_session,
                is_blocked: blocked,
                pointers: told,
                out,
            }
            .run(&from_loop);
        });
        Self {
            jobs,
            is_blocked,
            pointers,
        }
    }

    /// Where each session put the pointer last.
    pub fn pointers(&self) -> Pointers {
        self.pointers.clone()
    }

    /// One act of a technician.
    pub fn act(&self, session: Number, ticket: u32, input: Input) {
        let _ = self.jobs.send(Job::Do {
            session,
            ticket,
            input,
        });
    }

    /// The session is over: what it holds goes up.
    pub fn stop(&self, session: Number) {
        let _ = self.jobs.send(Job::Stop { session });
    }

    /// From here on nothing is done, what waits is discarded, and what is held is up when this returns.
    pub fn block(&self) {
        self.is_blocked.store(true, Ordering::SeqCst);
        let (done, is_done) = channel();
        let _ = self.jobs.send(Job::ReleaseAll { done });
        let _ = is_done.recv_timeout(RELEASE_MAX);
    }

    /// Input is done again.
    pub fn unblock(&self) {
        self.is_blocked.store(false, Ordering::SeqCst);
    }
}

impl Hands {
    fn run(&mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(TIDY_AFTER) {
                Ok(Job::Do {
                    session,
                    ticket,
                    input,
                }) => {
                    if !self.is_blocked.load(Ordering::SeqCst) {
                        self.act(session, &input);
                    }
                    if !self.out.send_blocking(&Frame::Done { session, ticket }) {
                        return;
                    }
                }
                Ok(Job::Stop { session }) => {
                    self.of_session.remove(&session);
                    self.pointers
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .remove(&session);
                }
                Ok(Job::ReleaseAll { done }) => {
                    self.of_session
                        .retain(|_, hands| hands.release_all().is_ok());
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.of_session.retain(|_, hands| hands.tidy().is_ok())
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn act(&mut self, session: Number, input: &Input) {
        if let Err(error) = self.inject(session, input) {
            tracing::warn!(%error, "input is not done");
            if matches!(error, InputError::Lost(_)) {
                self.of_session.remove(&session);
            }
        }
    }

    fn inject(&mut self, session: Number, input: &Input) -> Result<(), InputError> {
        let hands = match self.of_session.entry(session) {
            std::collections::btree_map::Entry::Occupied(hands) => hands.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let display = self.display.as_deref().unwrap_or_default();
                place.insert(X11Input::open(display)?)
            }
        };
        if let Input::Pointer { x, y, .. } = input {
            let mut pointers = self.pointers.lock().unwrap_or_else(PoisonError::into_inner);
            pointers.insert(session, (*x, *y));
        }
        hands.inject(&event(input))
    }
}

fn event(input: &Input) -> InputEvent {
    match input {
        Input::Key { down, keysym } => InputEvent::Key {
            keysym: *keysym,
            down: *down,
        },
        Input::Text(text) => InputEvent::Text(text.clone()),
        Input::Pointer { x, y, buttons } => InputEvent::Pointer {
            x: *x,
            y: *y,
            buttons: *buttons,
        },
        Input::Wheel { dx, dy } => InputEvent::Wheel { dx: *dx, dy: *dy },
        Input::ReleaseAll => InputEvent::ReleaseAll,
    }
}
