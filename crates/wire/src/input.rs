//! The input stream: keys, text, pointer. Binary, technician to device only; byte 0 is the kind.

use crate::limits::INPUT_TEXT_BYTES_MAX;

const KEY: u8 = 1;
const TEXT: u8 = 2;
const POINTER: u8 = 3;
const WHEEL: u8 = 4;
const RELEASE_ALL: u8 = 5;

/// Left, middle, right, back, forward: bits 0 to 4.
pub const BUTTONS: u8 = 0b1_1111;

/// One act of the technician's hands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A key goes down or up: `1 | down (1) | keysym (4)`.
    Key {
        /// Down, or up.
        down: bool,
        /// X11 keysym; 0x0100_0000 + code point for any Unicode character.
        keysym: u32,
    },
    /// A text to be typed as a whole: `2 | UTF-8`.
    Text(String),
    /// Where the pointer is and what is held: `3 | x (2) | y (2) | buttons (1)`.
    Pointer {
        /// Pixels from the left of the display.
        x: u16,
        /// Pixels from the top of the display.
        y: u16,
        /// Bits of [`BUTTONS`].
        buttons: u8,
    },
    /// The wheel turned: `4 | dx (2) | dy (2)`.
    Wheel {
        /// To the right, in 1/120 notches.
        dx: i16,
        /// Down, in 1/120 notches.
        dy: i16,
    },
    /// All keys and buttons up: sent when the viewer loses focus.
    ReleaseAll,
}

impl Input {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        match *bytes {
            [KEY, down @ 0..=1, a, b, c, d] => {
                let keysym = u32::from_be_bytes([a, b, c, d]);
                if keysym == 0 {
                    Err("keysym 0 is no key".into())
                } else {
                    Ok(Self::Key {
                        down: down == 1,
                        keysym,
                    })
                }
            }
            [TEXT, ref text @ ..] => Self::parse_text(text),
            [POINTER, a, b, c, d, buttons] if buttons & !BUTTONS == 0 => Ok(Self::Pointer {
                x: u16::from_be_bytes([a, b]),
                y: u16::from_be_bytes([c, d]),
                buttons,
            }),
            [WHEEL, a, b, c, d] => Ok(Self::Wheel {
                dx: i16::from_be_bytes([a, b]),
                dy: i16::from_be_bytes([c, d]),
            }),
            [RELEASE_ALL] => Ok(Self::ReleaseAll),
            [] => Err("an input message is empty".into()),
            [kind @ KEY..=RELEASE_ALL, ..] => Err(format!(
                "an input message of kind {kind} has another length or value than its kind"
            )),
            [kind, ..] => Err(format!("no input message has the kind {kind}")),
        }
    }

    fn parse_text(text: &[u8]) -> Result<Self, String> {
        if text.is_empty() || text.len() > INPUT_TEXT_BYTES_MAX {
            return Err(format!(
                "a typed text has 1 to {INPUT_TEXT_BYTES_MAX} bytes, this one has {}",
                text.len()
            ));
        }
        let text = std::str::from_utf8(text)
            .map_err(|e| format!("a typed text is not UTF-8 at byte {}", e.valid_up_to()))?;
        Ok(Self::Text(text.to_owned()))
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let pair = |kind: u8, a: [u8; 2], b: [u8; 2]| vec![kind, a[0], a[1], b[0], b[1]];
        match self {
            Self::Key { down, keysym } => {
                [&[KEY, u8::from(*down)], &keysym.to_be_bytes()[..]].concat()
            }
            Self::Text(text) => [&[TEXT], text.as_bytes()].concat(),
            Self::Pointer { x, y, buttons } => {
                let mut out = pair(POINTER, x.to_be_bytes(), y.to_be_bytes());
                out.push(*buttons);
                out
            }
            Self::Wheel { dx, dy } => pair(WHEEL, dx.to_be_bytes(), dy.to_be_bytes()),
            Self::ReleaseAll => vec![RELEASE_ALL],
        }
    }
}
