//! Displays: what changed, what it looks like, how the pointer looks.

pub mod fake;
pub mod wayland;
pub mod x11;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::damage::Region;
use crate::message::CursorShape;
use crate::picture::View;
use crate::pipeline::Display;

/// Why there is no picture; each is a sentence for the technician.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// Nobody said which display.
    #[error(
        "this workstation has no screen to show: no display is set (DISPLAY is empty); shell and files work, \
         for the screen log in to a graphical session or start the agent within one"
    )]
    NoDisplay,
    /// The session is not X11.
    #[error(
        "the desktop runs on Wayland, which this version cannot show; shell and files work, for the screen \
         log out and choose an \"Xorg\" or \"X11\" session"
    )]
    Wayland,
    /// The display does not answer.
    #[error("the display {display} cannot be opened: {reason}; shell and files work")]
    Connect {
        /// Its name.
        display: String,
        /// What the system said.
        reason: String,
    },
    /// A lock screen covers the desktop.
    #[error(
        "the screen is locked ({by}); shell and files work, for the screen ask the user to unlock it"
    )]
    Locked {
        /// The program or extension that says so.
        by: String,
    },
    /// Pixels of a kind that is not supported.
    #[error(
        "the display has {depth} bits of colour in {bits} bits a pixel, which cannot be captured; \
         set it to 24 bits of colour"
    )]
    Format {
        /// Bits of colour.
        depth: u8,
        /// Bits in memory.
        bits: u8,
    },
    /// The display's size is beyond the protocol's.
    #[error("the display is too large to be shown ({width} x {height})")]
    Size {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The display went away or refused a request.
    #[error("the display was lost: {0}")]
    Lost(String),
}

/// What happened since the last poll.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where pixels changed.
    pub damage: Region,
    /// The display, when its size, scale or outputs changed; then everything is damaged.
    pub display: Option<Display>,
    /// The pointer, when its shape changed.
    pub cursor: Option<CursorShape>,
}

/// A display that is captured.
pub enum Capture {
    /// An X11 display.
    X11(Box<x11::Screen>),
    /// A display in memory, for tests.
    Fake(fake::Screen),
}

impl Capture {
    /// Opens a display by name, or the one that the environment names.
    pub fn open(display: Option<&str>) -> Result<Self, CaptureError> {
        let surroundings = wayland::Surroundings::of_process();
        let name = surroundings.display_name(display)?;
        x11::Screen::open(&name).map(|screen| Self::X11(Box::new(screen)))
    }

    /// Size, scale and outputs.
    pub fn display(&self) -> &Display {
        match self {
            Capture::X11(screen) => screen.display(),
            Capture::Fake(screen) => screen.display(),
        }
    }

    /// What happened since the last call; does not block. The first call damages everything
    /// and tells the cursor.
    pub fn poll(&mut self) -> Result<Changes, CaptureError> {
        match self {
            Capture::X11(screen) => screen.poll(),
            Capture::Fake(screen) => Ok(screen.poll()),
        }
    }

    /// A picture that is up to date in the region, and anything older elsewhere; `None` when
    /// the display changed meanwhile, then poll again.
    pub fn grab(&mut self, region: &Region) -> Result<Option<View<'_>>, CaptureError> {
        match self {
            Capture::X11(screen) => screen.grab(region),
            Capture::Fake(screen) => Ok(Some(screen.grab(region))),
        }
    }

    /// Where the pointer is: column, row. Asks the display, about 0.02 ms.
    pub fn pointer(&self) -> Result<(u16, u16), CaptureError> {
        match self {
            Capture::X11(screen) => screen.pointer(),
            Capture::Fake(screen) => Ok(screen.pointer()),
        }
    }

    /// Blocks until [`Capture::poll`] may have something, at most `timeout`. Costs nothing while
    /// the display is still.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<(), CaptureError> {
        match self {
            Capture::X11(screen) => screen.wait(timeout),
            Capture::Fake(_) => Ok(()),
        }
    }

    /// Becomes readable when the display has something. It may also have something already
    /// while this is not readable, so poll before waiting for it. `None` where it tells nothing
    /// by itself and has to be polled.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Capture::X11(screen) => screen.fd(),
            Capture::Fake(_) => None,
        }
    }

    /// Why the desktop is not usable at present, if a lock screen says so.
    pub fn locked(&self) -> Result<Option<CaptureError>, CaptureError> {
        match self {
            Capture::X11(screen) => screen.locked(),
            Capture::Fake(_) => Ok(None),
        }
    }
}

/// Whether a desktop is there and usable: what it is, or why not.
pub fn probe(display: Option<&str>) -> Result<Display, CaptureError> {
    let capture = Capture::open(display)?;
    match capture.locked()? {
        Some(locked) => Err(locked),
        None => Ok(capture.display().clone()),
    }
}
