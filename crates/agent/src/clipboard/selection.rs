//! The selection `CLIPBOARD` of an X11 display: owned, read, watched (ICCCM 2.0, section 2).

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use wire::limits::CLIPBOARD_TEXT_BYTES_MAX;
use x11rb::connection::{Connection, RequestConnection as _};
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Property,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// How long another program may take to hand its text over.
const HAND_OVER_MAX: Duration = Duration::from_secs(2);

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        CLIPBOARD,
        TARGETS,
        UTF8_STRING,
        INCR,
        TEXT: b"text/plain;charset=utf-8",
        LANDING: b"WAYLEAVE_CLIPBOARD",
    }
}

/// The display went away, or refused.
#[derive(Debug, thiserror::Error)]
#[error("the clipboard of the display cannot be used: {0}")]
pub struct SelectionError(String);

/// One connection to one display's clipboard.
pub struct Selection {
    connection: RustConnection,
    window: Window,
    atoms: Atoms,
    /// What we own.
    text: Option<String>,
    /// Somebody else owns something new.
    changed: bool,
}

impl Selection {
    /// Opens a display by name and starts to watch.
    ///
    /// # Errors
    /// [`SelectionError`].
    pub fn open(display: &str) -> Result<Self, SelectionError> {
        let (connection, index) = x11rb::connect(Some(display)).map_err(lost)?;
        let root = connection
            .setup()
            .roots
            .get(index)
            .ok_or_else(|| lost("it has no screen"))?
            .root;
        let atoms = Atoms::new(&connection)
            .map_err(lost)?
            .reply()
            .map_err(lost)?;
        connection
            .xfixes_query_version(5, 0)
            .map_err(lost)?
            .reply()
            .map_err(lost)?;
        let window = connection.generate_id().map_err(lost)?;
        let events = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let class = WindowClass::INPUT_ONLY;
        connection
            .create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &events)
            .map_err(lost)?
            .check()
            .map_err(lost)?;
        connection
            .xfixes_select_selection_input(
                window,
                atoms.CLIPBOARD,
                SelectionEventMask::SET_SELECTION_OWNER,
            )
            .map_err(lost)?
            .check()
            .map_err(lost)?;
        Ok(Self {
            connection,
            window,
            atoms,
            text: None,
            changed: false,
        })
    }

    /// Becomes readable when [`Selection::serve`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.connection.stream().as_fd()
    }

    /// From here on the clipboard holds this text.
    ///
    /// # Errors
    /// [`SelectionError`].
    pub fn own(&mut self, text: String) -> Result<(), SelectionError> {
        self.text = Some(text);
        self.connection
            .set_selection_owner(self.window, self.atoms.CLIPBOARD, x11rb::CURRENT_TIME)
            .map_err(lost)?
            .check()
            .map_err(lost)
    }

    /// Answers other programs. Gives whether somebody else put something new into the clipboard.
    ///
    /// # Errors
    /// [`SelectionError`].
    pub fn serve(&mut self) -> Result<bool, SelectionError> {
        while let Some(event) = self.connection.poll_for_event().map_err(lost)? {
            self.take(&event)?;
        }
        self.connection.flush().map_err(lost)?;
        Ok(std::mem::take(&mut self.changed))
    }

    /// What the clipboard holds; none if it is no text, too long, or its owner does not answer.
    ///
    /// # Errors
    /// [`SelectionError`].
    pub fn read(&mut self) -> Result<Option<String>, SelectionError> {
        if self.text.is_some() {
            return Ok(self.text.clone());
        }
        let (target, landing) = (self.atoms.UTF8_STRING, self.atoms.LANDING);
        self.connection
            .delete_property(self.window, landing)
            .map_err(lost)?;
        self.connection
            .convert_selection(
                self.window,
                self.atoms.CLIPBOARD,
                target,
                landing,
                x11rb::CURRENT_TIME,
            )
            .map_err(lost)?;
        let until = Instant::now() + HAND_OVER_MAX;
        let landed = self.await_event(until, |event| match event {
            Event::SelectionNotify(event) => Some(event.property != x11rb::NONE),
            _ => None,
        })?;
        if landed != Some(true) {
            return Ok(None);
        }
        let Some((kind, bytes)) = self.take_property()? else {
            return Ok(None);
        };
        let bytes = if kind == self.atoms.INCR {
            self.read_pieces()?
        } else {
            Some(bytes)
        };
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// A long text comes in pieces, each a new value of the property, and ends with an empty one.
    fn read_pieces(&mut self) -> Result<Option<Vec<u8>>, SelectionError> {
        let mut text = Vec::new();
        let landing = self.atoms.LANDING;
        loop {
            let until = Instant::now() + HAND_OVER_MAX;
            let is_new = |event: &Event| match event {
                Event::PropertyNotify(e) if e.atom == landing && e.state == Property::NEW_VALUE => {
                    Some(())
                }
                _ => None,
            };
            if self.await_event(until, is_new)?.is_none() {
                return Ok(None);
            }
            match self.take_property()? {
                Some((_, piece)) if piece.is_empty() => return Ok(Some(text)),
                Some((_, piece)) if text.len() + piece.len() <= CLIPBOARD_TEXT_BYTES_MAX => {
                    text.extend(piece)
                }
                _ => return Ok(None),
            }
        }
    }

    /// Reads and removes what landed; none where it is too long.
    fn take_property(&self) -> Result<Option<(Atom, Vec<u8>)>, SelectionError> {
        let words = u32::try_from(CLIPBOARD_TEXT_BYTES_MAX / 4).unwrap_or(u32::MAX);
        let reply = self
            .connection
            .get_property(
                true,
                self.window,
                self.atoms.LANDING,
                AtomEnum::ANY,
                0,
                words,
            )
            .map_err(lost)?
            .reply()
            .map_err(lost)?;
        if reply.bytes_after > 0 {
            self.connection
                .delete_property(self.window, self.atoms.LANDING)
                .map_err(lost)?;
            return Ok(None);
        }
        Ok(Some((reply.type_, reply.value)))
    }

    /// Waits for an event, serving all others meanwhile.
    fn await_event<T>(
        &mut self,
        until: Instant,
        wanted: impl Fn(&Event) -> Option<T>,
    ) -> Result<Option<T>, SelectionError> {
        loop {
            while let Some(event) = self.connection.poll_for_event().map_err(lost)? {
                if let Some(found) = wanted(&event) {
                    return Ok(Some(found));
                }
                self.take(&event)?;
            }
            self.connection.flush().map_err(lost)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let stream = self.connection.stream();
            let mut fds = [PollFd::new(stream, PollFlags::IN)];
            let _ = rustix::event::poll(&mut fds, Timespec::try_from(left).ok().as_ref());
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), SelectionError> {
        match event {
            Event::SelectionRequest(request) => self.hand_over(request),
            Event::SelectionClear(event) if event.selection == self.atoms.CLIPBOARD => {
                self.text = None;
                Ok(())
            }
            Event::XfixesSelectionNotify(event) if event.owner != self.window => {
                self.changed |= event.owner != x11rb::NONE;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hand_over(&self, request: &SelectionRequestEvent) -> Result<(), SelectionError> {
        // Obsolete clients name no property (ICCCM, section 2.2).
        let property = if request.property == x11rb::NONE {
            request.target
        } else {
            request.property
        };
        let atoms = &self.atoms;
        let (window, replace) = (request.requestor, PropMode::REPLACE);
        let text = self
            .text
            .as_ref()
            .filter(|text| text.len() < self.connection.maximum_request_bytes() - 64);
        let written = match text {
            Some(text) if [atoms.UTF8_STRING, atoms.TEXT].contains(&request.target) => {
                Some(self.connection.change_property8(
                    replace,
                    window,
                    property,
                    request.target,
                    text.as_bytes(),
                ))
            }
            Some(_) if request.target == atoms.TARGETS => {
                let targets = [atoms.TARGETS, atoms.UTF8_STRING, atoms.TEXT];
                Some(self.connection.change_property32(
                    replace,
                    window,
                    property,
                    AtomEnum::ATOM,
                    &targets,
                ))
            }
            _ => None,
        };
        let is_written =
            written.is_some_and(|cookie| cookie.is_ok_and(|cookie| cookie.check().is_ok()));
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: window,
            selection: request.selection,
            target: request.target,
            property: if is_written { property } else { x11rb::NONE },
        };
        let sent = self
            .connection
            .send_event(false, window, EventMask::NO_EVENT, answer);
        // The asking program may be gone by now.
        let _ = sent.map_err(lost)?.check();
        Ok(())
    }
}

fn lost(why: impl std::fmt::Display) -> SelectionError {
    SelectionError(why.to_string())
}
