//! Unassigned keys, lent to characters that the layout does not have.
//!
//! An application looks a key up when it handles the event, not when the key was pressed. So a
//! key that was used is not lent anew before every application had time to look, and the oldest
//! is taken first.

use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, Keycode, Keysym};
use x11rb::rust_connection::RustConnection;

use super::InputError;
use super::keymap::Keymap;

/// How long an application may take until it looks a pressed key up.
const LOOK_UP_TIME: Duration = Duration::from_millis(300);

#[derive(Debug)]
struct Loan {
    keycode: Keycode,
    keysym: Keysym,
    used: Instant,
}

/// The keys that are lent at present, oldest use first.
#[derive(Debug, Default)]
pub struct SpareKeys {
    loans: Vec<Loan>,
}

impl SpareKeys {
    /// Forgets loans that a change of the layout took away.
    pub fn on_keymap(&mut self, keymap: &Keymap) {
        self.loans
            .retain(|loan| keymap.is_bound(loan.keycode, loan.keysym));
    }

    /// Notes that a key is pressed or released now; keys that are not lent are none of its.
    pub fn on_use(&mut self, keycode: Keycode) {
        if let Some(index) = self.loans.iter().position(|loan| loan.keycode == keycode) {
            let mut loan = self.loans.remove(index);
            loan.used = Instant::now();
            self.loans.push(loan);
        }
    }

    /// The key that is lent to a symbol.
    pub fn key_of(&self, keysym: Keysym) -> Option<Keycode> {
        let loan = self.loans.iter().find(|loan| loan.keysym == keysym);
        loan.map(|loan| loan.keycode)
    }

    /// Lends a key to a symbol. Waits until one may be taken back when all are lent; never
    /// takes one that is `held`.
    pub fn lend(
        &mut self,
        connection: &RustConnection,
        keymap: &Keymap,
        keysym: Keysym,
        held: &[Keycode],
    ) -> Result<Keycode, InputError> {
        let is_free = |keycode: &Keycode| !self.loans.iter().any(|loan| loan.keycode == *keycode);
        let unused = keymap.unassigned().into_iter().rev().find(is_free);
        let keycode = match unused {
            Some(keycode) => keycode,
            None => self.take_back(held)?,
        };
        bind(connection, keycode, keysym)?;
        self.loans.push(Loan {
            keycode,
            keysym,
            used: Instant::now(),
        });
        Ok(keycode)
    }

    /// Gives every key back that nobody may still be looking up, or all of them after a wait.
    pub fn return_all(
        &mut self,
        connection: &RustConnection,
        wait: bool,
    ) -> Result<(), InputError> {
        if wait && let Some(last) = self.loans.last() {
            std::thread::sleep(LOOK_UP_TIME.saturating_sub(last.used.elapsed()));
        }
        let is_idle = |loan: &Loan| wait || loan.used.elapsed() >= LOOK_UP_TIME;
        for loan in self.loans.iter().filter(|loan| is_idle(loan)) {
            bind(connection, loan.keycode, x11rb::NO_SYMBOL)?;
        }
        self.loans.retain(|loan| !is_idle(loan));
        connection.flush().map_err(lost)
    }

    fn take_back(&mut self, held: &[Keycode]) -> Result<Keycode, InputError> {
        let oldest = self
            .loans
            .iter()
            .position(|loan| !held.contains(&loan.keycode))
            .ok_or(InputError::NoSpareKey)?;
        let loan = self.loans.remove(oldest);
        std::thread::sleep(LOOK_UP_TIME.saturating_sub(loan.used.elapsed()));
        Ok(loan.keycode)
    }
}

/// Both levels get the symbol, so that a held Shift changes nothing.
fn bind(connection: &RustConnection, keycode: Keycode, keysym: Keysym) -> Result<(), InputError> {
    connection
        .change_keyboard_mapping(1, keycode, 2, &[keysym, keysym])
        .map_err(lost)?
        .check()
        .map_err(lost)
}

fn lost(error: impl std::fmt::Display) -> InputError {
    InputError::Lost(error.to_string())
}
