//! One window of ours on the X screen: where it stands, and whether it can be seen.
//!
//! A second connection beside the one of the drawing stack, which tells nothing about stacking.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::composite::ConnectionExt as _;
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, InputFocus, MapState,
    PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::message::Rect;
use super::restore::Kind;

/// Property that marks our windows, so that they keep out of each other's way.
const MARK: &[u8] = b"_WAYLEAVE_WINDOW";

/// A connection to the X screen, before there is a window.
pub struct Screen {
    pub(super) conn: RustConnection,
    pub(super) root: Window,
    mark: u32,
    overlay: Option<Window>,
}

impl Screen {
    /// Connects to the display of the environment.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub fn open() -> Result<Self, String> {
        let (conn, number) =
            x11rb::connect(None).map_err(|error| match std::env::var("DISPLAY") {
                Ok(name) => format!("The X display {name} cannot be opened: {error}."),
                Err(_) => "There is no X display: DISPLAY is not set.".to_owned(),
            })?;
        let root = conn.setup().roots.get(number).map(|screen| screen.root);
        let root = root.ok_or_else(|| format!("The X display has no screen {number}."))?;
        Self::prepare(conn, root)
            .map_err(|error| format!("The X display does not answer: {error}."))
    }

    fn prepare(conn: RustConnection, root: Window) -> Result<Self> {
        let mark = conn.intern_atom(false, MARK)?.reply()?.atom;
        let overlay = Self::compositor_overlay(&conn, root);
        Ok(Self {
            conn,
            root,
            mark,
            overlay,
        })
    }

    /// The full-screen window a compositor paints on: above all others, and covering none.
    fn compositor_overlay(conn: &RustConnection, root: Window) -> Option<Window> {
        let manager = conn
            .intern_atom(false, b"_NET_WM_CM_S0")
            .ok()?
            .reply()
            .ok()?
            .atom;
        if conn.get_selection_owner(manager).ok()?.reply().ok()?.owner == x11rb::NONE {
            return None;
        }
        conn.composite_query_version(0, 4).ok()?.reply().ok()?;
        let overlay = conn
            .composite_get_overlay_window(root)
            .ok()?
            .reply()
            .ok()?
            .overlay_win;
        conn.composite_release_overlay_window(root)
            .ok()?
            .ignore_error();
        Some(overlay)
    }

    /// The monitors, the primary one first; the whole screen where the server names none.
    pub(super) fn monitors(&self) -> Result<Vec<Rect>> {
        if self.conn.extension_information("RANDR")?.is_some()
            && let Ok(reply) = self.conn.randr_get_monitors(self.root, true)?.reply()
        {
            let mut monitors = reply.monitors;
            monitors.sort_by_key(|monitor| !monitor.primary);
            let rects: Vec<Rect> = monitors
                .iter()
                .filter(|m| m.width > 0 && m.height > 0)
                .map(|m| rect(m.x, m.y, m.width, m.height))
                .collect();
            if !rects.is_empty() {
                return Ok(rects);
            }
        }
        let screen = self.conn.get_geometry(self.root)?.reply()?;
        Ok(vec![rect(0, 0, screen.width, screen.height)])
    }
}

/// Why a window cannot be seen as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// It is not mapped.
    Unmapped,
    /// It is not where it was put, has another size or shape, or another parent.
    Displaced,
    /// Another window lies over it.
    Covered,
}

impl Hidden {
    /// For the agent's log and the receipt.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unmapped => "The window was taken off the screen.",
            Self::Displaced => "The window was moved, resized or cut out of shape.",
            Self::Covered => "Another window lies over it.",
        }
    }
}

/// What a look at the window found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Where the window is.
    pub rect: Rect,
    /// None while all of it can be seen.
    pub hidden: Option<Hidden>,
}

/// Another window that carries our mark. A mark excuses no cover: it only says who makes room.
pub(super) struct Other {
    pub(super) window: Window,
    pub(super) banner: bool,
    pub(super) rect: Rect,
}

/// A window of ours on its screen.
pub struct Stage {
    pub(super) screen: Screen,
    /// The window's X11 id.
    pub window: Window,
    pub(super) kind: Kind,
    pub(super) wanted: Mutex<Rect>,
    pub(super) grip: Mutex<Option<i32>>,
    obscured: AtomicBool,
    focus_before: Mutex<Option<Window>>,
}

impl Stage {
    /// Takes charge of `window`, not mapped yet, and moves it to its place.
    pub fn take(screen: Screen, window: Window, kind: Kind) -> Result<Self> {
        let conn = &screen.conn;
        let on_window = EventMask::VISIBILITY_CHANGE
            | EventMask::STRUCTURE_NOTIFY
            | EventMask::SUBSTRUCTURE_NOTIFY;
        let on_root = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::STRUCTURE_NOTIFY;
        for (target, mask) in [(window, on_window), (screen.root, on_root)] {
            let change = ChangeWindowAttributesAux::new().event_mask(mask);
            conn.change_window_attributes(target, &change)?.check()?;
        }
        if conn
            .extension_information(shape::X11_EXTENSION_NAME)?
            .is_some()
        {
            conn.shape_select_input(window, true)?.check()?;
        }
        conn.change_property32(
            PropMode::REPLACE,
            window,
            screen.mark,
            AtomEnum::CARDINAL,
            &[kind as u32],
        )?;
        let size = conn.get_geometry(window)?.reply()?;
        let stage = Self {
            wanted: Mutex::new(rect(0, 0, size.width, size.height)),
            grip: Mutex::new(None),
            obscured: AtomicBool::new(false),
            focus_before: Mutex::new(None),
            screen,
            window,
            kind,
        };
        stage.place()?;
        Ok(stage)
    }

    /// Takes in what the X server last said about the window's visibility.
    pub fn said_obscured(&self, obscured: bool) {
        self.obscured.store(obscured, Ordering::Relaxed);
    }

    /// Whether the window can be seen right now, by map state, geometry, shape and stacking.
    pub fn look(&self) -> Result<Sight> {
        let conn = &self.screen.conn;
        let attributes = conn.get_window_attributes(self.window)?;
        let geometry = conn.get_geometry(self.window)?;
        let corner = conn.translate_coordinates(self.window, self.screen.root, 0, 0)?;
        let (attributes, geometry, corner) =
            (attributes.reply()?, geometry.reply()?, corner.reply()?);
        let rect = rect(corner.dst_x, corner.dst_y, geometry.width, geometry.height);
        let hidden = if attributes.map_state != MapState::VIEWABLE {
            Some(Hidden::Unmapped)
        } else if rect != self.wanted() || self.is_cut()? {
            Some(Hidden::Displaced)
        } else if self.obscured.load(Ordering::Relaxed) || self.is_covered(&rect)? {
            Some(Hidden::Covered)
        } else {
            None
        };
        Ok(Sight { rect, hidden })
    }

    /// Where the window should be.
    pub fn wanted(&self) -> Rect {
        *self
            .wanted
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn is_cut(&self) -> Result<bool> {
        let conn = &self.screen.conn;
        if conn
            .extension_information(shape::X11_EXTENSION_NAME)?
            .is_none()
        {
            return Ok(false);
        }
        Ok(conn
            .shape_query_extents(self.window)?
            .reply()?
            .bounding_shaped)
    }

    fn is_covered(&self, rect: &Rect) -> Result<bool> {
        let conn = &self.screen.conn;
        let inside = conn.query_tree(self.window)?;
        let all = conn.query_tree(self.screen.root)?.reply()?.children;
        if !inside.reply()?.children.is_empty() {
            return Ok(true);
        }
        let Some(own) = all.iter().position(|&child| child == self.window) else {
            return Ok(true);
        };
        for &above in &all[own + 1..] {
            if Some(above) != self.screen.overlay && self.overlaps(above, rect).unwrap_or(false) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `other` paints over `rect`. A window that is gone meanwhile is an error, and no cover.
    fn overlaps(&self, other: Window, rect: &Rect) -> Result<bool> {
        let conn = &self.screen.conn;
        let attributes = conn.get_window_attributes(other)?;
        let outer = self.outer(other)?;
        let attributes = attributes.reply()?;
        if attributes.map_state != MapState::VIEWABLE
            || attributes.class == WindowClass::INPUT_ONLY
            || !outer.meets(rect)
        {
            return Ok(false);
        }
        if conn
            .extension_information(shape::X11_EXTENSION_NAME)?
            .is_none()
        {
            return Ok(true);
        }
        let pieces = conn
            .shape_get_rectangles(other, shape::SK::BOUNDING)?
            .reply()?
            .rectangles;
        Ok(pieces.iter().any(|piece| {
            Rect {
                x: outer.x.saturating_add(piece.x.into()),
                y: outer.y.saturating_add(piece.y.into()),
                w: piece.width.into(),
                h: piece.height.into(),
            }
            .meets(rect)
        }))
    }

    /// A top-level window with its border.
    fn outer(&self, window: Window) -> Result<Rect> {
        let geometry = self.screen.conn.get_geometry(window)?.reply()?;
        let border = u32::from(geometry.border_width) * 2;
        let inner = rect(geometry.x, geometry.y, geometry.width, geometry.height);
        Ok(Rect {
            w: inner.w + border,
            h: inner.h + border,
            ..inner
        })
    }

    /// Our other windows on this screen that can be seen.
    pub(super) fn others(&self) -> Result<Vec<Other>> {
        let conn = &self.screen.conn;
        let mut others = Vec::new();
        for child in conn.query_tree(self.screen.root)?.reply()?.children {
            if child == self.window {
                continue;
            }
            let mark =
                conn.get_property(false, child, self.screen.mark, AtomEnum::CARDINAL, 0, 1)?;
            let attributes = conn.get_window_attributes(child)?;
            let (Ok(mark), Ok(attributes)) = (mark.reply(), attributes.reply()) else {
                continue;
            };
            if let Some(kind) = mark.value32().and_then(|mut values| values.next())
                && attributes.map_state == MapState::VIEWABLE
                && let Ok(rect) = self.outer(child)
            {
                others.push(Other {
                    window: child,
                    banner: kind == Kind::Banner as u32,
                    rect,
                });
            }
        }
        Ok(others)
    }

    /// Lets the window have the keyboard, without holding on to it. A window that bypasses the
    /// window manager gets it from nobody else.
    pub fn focus(&self) -> Result<()> {
        let conn = &self.screen.conn;
        let before = conn.get_input_focus()?.reply().context("focus")?.focus;
        conn.set_input_focus(InputFocus::POINTER_ROOT, self.window, x11rb::CURRENT_TIME)?
            .check()?;
        if let Ok(mut kept) = self.focus_before.lock()
            && before != self.window
        {
            *kept = Some(before);
        }
        Ok(())
    }

    /// Gives the keyboard back to the window that had it, if it still is ours to give.
    pub fn give_focus_back(&self) {
        let before = self
            .focus_before
            .lock()
            .ok()
            .and_then(|mut kept| kept.take());
        let Some(before) = before else { return };
        let conn = &self.screen.conn;
        let ours = conn
            .get_input_focus()
            .ok()
            .and_then(|cookie| cookie.reply().ok());
        if ours.is_some_and(|reply| reply.focus == self.window)
            && let Ok(cookie) =
                conn.set_input_focus(InputFocus::POINTER_ROOT, before, x11rb::CURRENT_TIME)
        {
            let _ = cookie.check();
        }
    }
}

pub(super) fn rect(x: i16, y: i16, w: u16, h: u16) -> Rect {
    Rect {
        x: x.into(),
        y: y.into(),
        w: w.into(),
        h: h.into(),
    }
}
