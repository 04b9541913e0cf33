//! The terminals of one session.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use wire::piece::Piece;
use wire::shell::{Reply, Request, ToDevice, ToTechnician};

use super::outbox::Outbox;
use crate::ipc::{Frame, Message, Number};
use crate::limits::HELPER_WINDOW_BYTES;
use crate::shell::{AsUser, Output, Shell, Start};

/// All of them. Dropping it kills what runs in them.
pub struct Shells {
    session: Number,
    display: Option<String>,
    /// As whom they run; as the agent's own user if absent.
    user: Option<AsUser>,
    out: Outbox,
    open: BTreeMap<u16, (Shell, Window)>,
}

/// What a terminal may still say before the keeper took some of it.
#[derive(Clone)]
struct Window(Arc<(Mutex<State>, Condvar)>);

struct State {
    left: usize,
    is_closed: bool,
}

impl Shells {
    /// None yet.
    pub fn new(
        session: Number,
        display: Option<String>,
        user: Option<AsUser>,
        out: Outbox,
    ) -> Self {
        Self {
            session,
            display,
            user,
            out,
            open: BTreeMap::new(),
        }
    }

    /// A message of the technician.
    pub async fn message(&mut self, message: &Message, asked: ToDevice) {
        let (id, ticket) = (message.id, message.ticket);
        let mut is_done = true;
        match (asked, self.open.get(&id)) {
            (
                Piece::Head(Request::Open {
                    cols,
                    rows,
                    term,
                    command,
                }),
                None,
            ) => {
                let (display, user) = (self.display.clone(), self.user.clone());
                self.start(
                    id,
                    Start {
                        cols,
                        rows,
                        term,
                        command,
                        display,
                        user,
                    },
                )
                .await;
            }
            (Piece::Head(Request::Resize { cols, rows }), Some((shell, _))) => {
                shell.resize(cols, rows)
            }
            (Piece::Head(Request::Signal { signal }), Some((shell, _))) => shell.signal(signal),
            (Piece::Data(bytes), Some((shell, _))) => {
                is_done = false;
                shell.type_bytes(bytes, ticket);
            }
            // A second open, or what crossed the end on its way.
            (Piece::Head(Request::Open { .. }), Some(_)) | (_, None) => {}
        }
        if is_done {
            self.out
                .send(&Frame::Done {
                    session: self.session,
                    ticket,
                })
                .await;
        }
        if message.end {
            self.hang_up(id);
        }
    }

    /// The keeper took so much of a terminal's output.
    pub fn taken(&self, id: u16, bytes: usize) {
        if let Some((_, window)) = self.open.get(&id) {
            window.refill(bytes);
        }
    }

    /// Stops everything that runs, or lets it go on.
    pub fn freeze(&self, freeze: bool) {
        self.open
            .values()
            .for_each(|(shell, _)| shell.freeze(freeze));
    }

    async fn start(&mut self, id: u16, start: Start) {
        let window = Window::new();
        let (session, out, left) = (self.session, self.out.clone(), window.clone());
        let said = move |output| say(session, id, &out, &left, output);
        match Shell::start(start, said) {
            Ok(shell) => {
                self.open.insert(id, (shell, window));
            }
            Err(text) => {
                let reply = Reply::Failed {
                    code: "no_shell".to_owned(),
                    text,
                };
                let message = wire::ToTechnician::Shell(Piece::Head(reply));
                self.out.say(session, id, message, true).await;
            }
        }
    }

    fn hang_up(&mut self, id: u16) {
        if let Some((shell, window)) = self.open.remove(&id) {
            // Its exit is still told, once its output needs no room any more.
            window.close();
            drop(shell);
        }
    }
}

impl Drop for Shells {
    fn drop(&mut self) {
        self.open.values().for_each(|(_, window)| window.close());
    }
}

fn say(session: Number, id: u16, out: &Outbox, window: &Window, output: Output) {
    let (message, end): (ToTechnician, bool) = match output {
        Output::Started => (Piece::Head(Reply::Started {}), false),
        Output::Data(bytes) if window.take(bytes.len() + 1) => (Piece::Data(bytes), false),
        Output::Data(_) => return,
        Output::Exit(code) => (Piece::Head(Reply::Exit { code }), true),
        Output::Typed(ticket) => {
            out.send_blocking(&Frame::Done { session, ticket });
            return;
        }
    };
    out.say_blocking(session, id, wire::ToTechnician::Shell(message), end);
}

impl Window {
    fn new() -> Self {
        let state = State {
            left: HELPER_WINDOW_BYTES,
            is_closed: false,
        };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    /// Waits for room; false once nobody listens any more.
    fn take(&self, bytes: usize) -> bool {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.left < bytes && !state.is_closed {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.left = state.left.saturating_sub(bytes);
        !state.is_closed
    }

    fn refill(&self, bytes: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.left = (state.left + bytes).min(HELPER_WINDOW_BYTES);
        changed.notify_all();
    }

    fn close(&self) {
        let (state, changed) = &*self.0;
        state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_closed = true;
        changed.notify_all();
    }
}
