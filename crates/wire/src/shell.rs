//! The shell stream: one id is one terminal. Byte 0 is 0 for a JSON head and 1 for data.
//!
//! ```text
//! open ->   <- started | failed END
//! data, resize, signal ->   <- data ..
//! END -> (hang up)          <- exit END
//! ```

use serde::{Deserialize, Serialize};

use crate::control::check_verdict;
use crate::json::{self, ensure};
use crate::limits::{COMMAND_BYTES_MAX, TERMINAL_CELLS_MAX, TERMINAL_TYPE_BYTES_MAX};
use crate::piece::{self, Piece};

/// What the technician says on an id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Start a terminal.
    Open {
        /// Its width in cells.
        cols: u16,
        /// Its height in cells.
        rows: u16,
        /// The value of TERM.
        term: String,
        /// A command line instead of the login shell.
        #[serde(
            default,
            deserialize_with = "json::present",
            skip_serializing_if = "Option::is_none"
        )]
        command: Option<String>,
    },
    /// The terminal has another size now.
    Resize {
        /// Its width in cells.
        cols: u16,
        /// Its height in cells.
        rows: u16,
    },
    /// A signal to the foreground process group.
    Signal {
        /// Which.
        signal: Signal,
    },
}

/// The signals that can be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// SIGINT.
    Int,
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
    /// SIGHUP.
    Hup,
}

/// What the device says on an id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// The process runs.
    Started {},
    /// The process is over.
    Exit {
        /// Its exit code; 128 + signal if one killed it, as shells count.
        code: i32,
    },
    /// It did not start.
    Failed {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
}

/// Technician to device.
pub type ToDevice = Piece<Request>;
/// Device to technician.
pub type ToTechnician = Piece<Reply>;

impl piece::Head for Request {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Open {
                cols,
                rows,
                term,
                command,
            } => {
                check_size(*cols, *rows)?;
                let is_term = |b: u8| b.is_ascii_alphanumeric() || b"-+._".contains(&b);
                let term_fits = (1..=TERMINAL_TYPE_BYTES_MAX).contains(&term.len())
                    && term.bytes().all(is_term);
                ensure(
                    term_fits,
                    "a terminal type is 1 to 64 letters, digits and -+._",
                )?;
                let fits =
                    |c: &String| (1..=COMMAND_BYTES_MAX).contains(&c.len()) && !c.contains('\0');
                ensure(
                    command.as_ref().is_none_or(fits),
                    "a command is 1 to 16384 bytes without a zero byte",
                )
            }
            Self::Resize { cols, rows } => check_size(*cols, *rows),
            Self::Signal { .. } => Ok(()),
        }
    }
}

impl piece::Head for Reply {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Failed { code, text } => check_verdict(code, text),
            Self::Started {} | Self::Exit { .. } => Ok(()),
        }
    }
}

fn check_size(cols: u16, rows: u16) -> Result<(), String> {
    let fits = |n: u16| (1..=TERMINAL_CELLS_MAX).contains(&n);
    ensure(
        fits(cols) && fits(rows),
        "a terminal has 1 to 2000 columns and rows",
    )
}
