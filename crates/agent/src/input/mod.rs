//! Keyboard and mouse of a session, put into the display as if a user had moved them.

mod keymap;
mod spare;
pub mod x11;

/// What a technician did. Key symbols are those of X11 (`keysymdef.h`; other characters as
/// 0x0100_0000 + code point).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputEvent {
    /// A key went down or up.
    Key {
        /// Which.
        keysym: u32,
        /// Down, or up.
        down: bool,
    },
    /// Text that no single key made: composed, dictated or pasted.
    Text(String),
    /// The pointer is at a place with these buttons down.
    Pointer {
        /// Column of the display.
        x: u16,
        /// Row of the display.
        y: u16,
        /// Bits: 0 left, 1 middle, 2 right, 3 back, 4 forward.
        buttons: u8,
    },
    /// The wheel turned, in 1/120 of a notch.
    Wheel {
        /// To the right.
        dx: i16,
        /// Down.
        dy: i16,
    },
    /// Nothing is held any more.
    ReleaseAll,
}

/// Why input does not reach the display; sentences for the technician.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The display does not answer.
    #[error("the display {display} cannot be controlled: {reason}")]
    Connect {
        /// Its name.
        display: String,
        /// What the system said.
        reason: String,
    },
    /// A needed part of the display server is missing.
    #[error("the display cannot be controlled: its server has no {0} extension")]
    Extension(&'static str),
    /// The display went away or refused a request.
    #[error("control of the display was lost: {0}")]
    Lost(String),
    /// Every unassigned key is in use.
    #[error("the character cannot be typed: no key of the keyboard layout is free for it")]
    NoSpareKey,
}
