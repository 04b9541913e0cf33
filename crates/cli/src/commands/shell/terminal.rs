//! This computer's terminal: raw while the shell lasts, read by a thread of its own.

use std::io::Read;

use anyhow::Result;
use rustix::stdio;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc;

/// What a terminal takes for the end of input.
pub const END_OF_INPUT: &[u8] = &[4];
const BLOCK_BYTES: usize = 4096;
const BLOCKS_MAX: usize = 16;

/// Something from standard input.
pub enum Typed {
    /// Bytes as typed.
    Bytes(Vec<u8>),
    /// Standard input is over.
    End,
}

/// Keeps the terminal raw until it is dropped.
pub struct Raw {
    before: Option<Termios>,
}

impl Raw {
    /// Makes standard input raw if it is a terminal.
    pub fn enter() -> Result<Self> {
        if !isatty(stdio::stdin()) {
            return Ok(Self { before: None });
        }
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdio::stdin(), OptionalActions::Flush, &raw)?;
        Ok(Self {
            before: Some(before),
        })
    }

    /// Whether it is.
    pub fn is_raw(&self) -> bool {
        self.before.is_some()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdio::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// Columns and rows of the terminal, or the customary 80 by 24.
pub fn size() -> (u16, u16) {
    let found = tcgetwinsize(stdio::stdout()).or_else(|_| tcgetwinsize(stdio::stdin()));
    let fits = |n: u16| (1..=wire::limits::TERMINAL_CELLS_MAX).contains(&n);
    match found {
        Ok(size) if fits(size.ws_col) && fits(size.ws_row) => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// Standard input, block by block. A blocked read cannot be taken back, so the thread ends with the process.
pub fn typed() -> mpsc::Receiver<Typed> {
    let (to, from) = mpsc::channel(BLOCKS_MAX);
    std::thread::spawn(move || {
        let mut block = [0; BLOCK_BYTES];
        loop {
            let typed = match std::io::stdin().read(&mut block) {
                Ok(0) => Typed::End,
                Ok(count) => Typed::Bytes(block[..count].to_vec()),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => Typed::End,
            };
            let is_end = matches!(typed, Typed::End);
            if to.blocking_send(typed).is_err() || is_end {
                return;
            }
        }
    });
    from
}

/// Watches for Enter, `~`, `.`: the way out when the device hangs.
pub struct Escape {
    is_on: bool,
    state: After,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    LineBreak,
    Tilde,
    Other,
}

impl Escape {
    /// Watches where a person types.
    pub fn new(is_on: bool) -> Self {
        Self {
            is_on,
            state: After::LineBreak,
        }
    }

    /// What of `bytes` goes to the device; `None` when the person wants out.
    pub fn filter(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.is_on {
            return Some(bytes.to_vec());
        }
        let mut out = Vec::with_capacity(bytes.len() + 1);
        for &byte in bytes {
            match (self.state, byte) {
                (After::LineBreak, b'~') => {
                    self.state = After::Tilde;
                    continue;
                }
                (After::Tilde, b'.') => return None,
                (After::Tilde, b'~') => {}
                (After::Tilde, _) => out.push(b'~'),
                _ => {}
            }
            out.push(byte);
            self.state = if matches!(byte, b'\r' | b'\n') {
                After::LineBreak
            } else {
                After::Other
            };
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_tilde_dot_is_the_way_out_and_nothing_else_is() {
        assert_eq!(Escape::new(true).filter(b"~."), None);
        let mut escape = Escape::new(true);
        assert_eq!(escape.filter(b"ls\r~").unwrap(), b"ls\r");
        assert_eq!(escape.filter(b"."), None);
        assert_eq!(Escape::new(true).filter(b"a~.").unwrap(), b"a~.");
        assert_eq!(Escape::new(true).filter(b"~~.").unwrap(), b"~.");
        assert_eq!(Escape::new(true).filter(b"~x\r").unwrap(), b"~x\r");
        assert_eq!(Escape::new(false).filter(b"~.").unwrap(), b"~.");
    }
}
