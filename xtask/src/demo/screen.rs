//! The demo's own look at its X display, for the end user's seat: picture, pointer, what has changed.

use std::sync::Arc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, ImageFormat, MapState, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::{DefaultStream, RustConnection};

use super::xauthority;

/// What opens a display of the demo.
#[derive(Clone)]
pub struct Access {
    /// 99 for `:99`.
    pub display: u16,
    /// The cookie of its Xauthority file.
    pub cookie: Vec<u8>,
}

/// A picture of the whole screen.
pub struct Picture {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Three bytes a pixel, row by row.
    pub rgb: Vec<u8>,
}

/// A window with a title; place and size in pixels of the screen.
pub struct Titled {
    /// What stands in its title bar.
    pub title: String,
    /// Left edge.
    pub x: i16,
    /// Upper edge.
    pub y: i16,
    /// Width without its frame.
    pub width: u16,
    /// Height without its frame.
    pub height: u16,
}

/// How deep a window manager hides a window in its frames.
const FRAMES_DEPTH: usize = 2;

/// A connection to the display. A thread of its own counts the changes.
pub struct Screen {
    connection: Arc<RustConnection>,
    root: Window,
    changes: Arc<(Mutex<u64>, Condvar)>,
}

impl Screen {
    /// Connects with `access`, or as the environment says.
    ///
    /// # Errors
    /// When there is no such display, the cookie is wrong, or DAMAGE or XTEST is missing.
    pub fn connect(access: Option<&Access>) -> Result<Self> {
        let (connection, screen) = match access {
            Some(access) => connect_with(access)?,
            None => x11rb::connect(None).context("connecting to the display")?,
        };
        let root = connection
            .setup()
            .roots
            .get(screen)
            .context("the display has no screen")?
            .root;
        connection
            .damage_query_version(1, 1)?
            .reply()
            .context("the display has no DAMAGE extension")?;
        connection
            .xtest_get_version(2, 2)?
            .reply()
            .context("the display has no XTEST extension")?;
        let damage = connection.generate_id()?;
        connection
            .damage_create(damage, root, ReportLevel::NON_EMPTY)?
            .check()?;
        let connection = Arc::new(connection);
        let changes = Arc::new((Mutex::new(1), Condvar::new()));
        let (counted, listening) = (Arc::clone(&changes), Arc::clone(&connection));
        // Ends when the display goes: the connection then reports an error.
        std::thread::spawn(move || {
            while let Ok(event) = listening.wait_for_event() {
                if matches!(event, Event::DamageNotify(_)) {
                    let _ = listening.damage_subtract(damage, x11rb::NONE, x11rb::NONE);
                    let _ = listening.flush();
                    *counted.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                    counted.1.notify_all();
                }
            }
        });
        Ok(Self {
            connection,
            root,
            changes,
        })
    }

    /// Waits until the count of changes, which begins with 1, is above `seen`, and no longer than `patience`; returns it.
    pub fn wait_for_change(&self, seen: u64, patience: Duration) -> u64 {
        let count = self
            .changes
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changes
            .1
            .wait_timeout_while(count, patience, |count| *count <= seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The whole screen as it is now.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn picture(&self) -> Result<Picture> {
        let size = self.connection.get_geometry(self.root)?.reply()?;
        let image = self
            .connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                0,
                0,
                size.width,
                size.height,
                u32::MAX,
            )?
            .reply()?;
        // 24 bits deep, 32 bits a pixel, least significant byte first: blue, green, red, unused.
        let rgb = image
            .data
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
            .collect();
        Ok(Picture {
            width: size.width,
            height: size.height,
            rgb,
        })
    }

    /// Moves the pointer.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn point(&self, x: u16, y: u16) -> Result<()> {
        let (x, y) = (
            i16::try_from(x).unwrap_or(i16::MAX),
            i16::try_from(y).unwrap_or(i16::MAX),
        );
        self.fake(x11rb::protocol::xproto::MOTION_NOTIFY_EVENT, 0, x, y)
    }

    /// Presses or releases a button: 1 left, 2 middle, 3 right, 4 to 7 wheel.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn button(&self, button: u8, pressed: bool) -> Result<()> {
        use x11rb::protocol::xproto::{BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT};
        let kind = if pressed {
            BUTTON_PRESS_EVENT
        } else {
            BUTTON_RELEASE_EVENT
        };
        self.fake(kind, button, 0, 0)
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<()> {
        self.connection
            .xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?
            .check()?;
        Ok(())
    }

    /// Where the pointer is, and whether its left button is down.
    #[cfg(test)]
    pub fn pointer(&self) -> (i16, i16, bool) {
        use x11rb::protocol::xproto::KeyButMask;
        let pointer = self
            .connection
            .query_pointer(self.root)
            .unwrap()
            .reply()
            .unwrap();
        (
            pointer.root_x,
            pointer.root_y,
            pointer.mask.contains(KeyButMask::BUTTON1),
        )
    }

    /// Whether a window manager has taken over the root window (EWMH).
    pub fn has_window_manager(&self) -> bool {
        self.property(b"_NET_SUPPORTING_WM_CHECK", AtomEnum::WINDOW)
            .is_some_and(|windows| !windows.is_empty())
    }

    /// How many windows the window manager shows (EWMH client list), the desktop's background among them.
    pub fn window_count(&self) -> usize {
        let clients = self
            .property(b"_NET_CLIENT_LIST", AtomEnum::WINDOW)
            .unwrap_or_default();
        clients
            .into_iter()
            .filter(|window| self.is_viewable(*window))
            .count()
    }

    /// The windows that are shown and have a title, wherever the window manager put them.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn titled_windows(&self) -> Result<Vec<Titled>> {
        let title = self
            .connection
            .intern_atom(false, b"_NET_WM_NAME")?
            .reply()?
            .atom;
        let mut found = Vec::new();
        let mut parents = vec![(self.root, 0)];
        while let Some((parent, depth)) = parents.pop() {
            // A window may go between two questions.
            let tree = self.connection.query_tree(parent)?.reply();
            for window in tree.map(|tree| tree.children).unwrap_or_default() {
                found.extend(self.titled(window, title).ok().flatten());
                if depth < FRAMES_DEPTH {
                    parents.push((window, depth + 1));
                }
            }
        }
        Ok(found)
    }

    fn titled(&self, window: Window, title: u32) -> Result<Option<Titled>> {
        let text = |atom: u32| -> Result<String> {
            let property =
                self.connection
                    .get_property(false, window, atom, AtomEnum::ANY, 0, 256)?;
            Ok(String::from_utf8_lossy(&property.reply()?.value).into_owned())
        };
        let mut title = text(title)?;
        if title.is_empty() {
            title = text(AtomEnum::WM_NAME.into())?;
        }
        if title.is_empty() || !self.is_viewable(window) {
            return Ok(None);
        }
        let size = self.connection.get_geometry(window)?.reply()?;
        let place = self
            .connection
            .translate_coordinates(window, self.root, 0, 0)?
            .reply()?;
        Ok(Some(Titled {
            title,
            x: place.dst_x,
            y: place.dst_y,
            width: size.width,
            height: size.height,
        }))
    }

    fn is_viewable(&self, window: Window) -> bool {
        let attributes = self.connection.get_window_attributes(window).ok();
        let attributes = attributes.and_then(|cookie| cookie.reply().ok());
        attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE)
    }

    fn property(&self, name: &[u8], kind: AtomEnum) -> Option<Vec<u32>> {
        let atom = self
            .connection
            .intern_atom(false, name)
            .ok()?
            .reply()
            .ok()?
            .atom;
        let reply = self
            .connection
            .get_property(false, self.root, atom, kind, 0, 1024)
            .ok()?
            .reply()
            .ok()?;
        reply.value32().map(Iterator::collect)
    }
}

/// A connection of its own with `access`, and the number of the screen.
///
/// # Errors
/// When there is no such display or the cookie is wrong.
pub fn connect_with(access: &Access) -> Result<(RustConnection, usize)> {
    let path = format!("/tmp/.X11-unix/X{}", access.display);
    let socket = std::os::unix::net::UnixStream::connect(&path)
        .with_context(|| format!("connecting to {path}"))?;
    let (stream, _) = DefaultStream::from_unix_stream(socket)?;
    let method = xauthority::METHOD.as_bytes().to_vec();
    let connection =
        RustConnection::connect_to_stream_with_auth_info(stream, 0, method, access.cookie.clone())
            .context("the display refuses the connection")?;
    Ok((connection, 0))
}

/// Encodes a picture as PNG, fast rather than small.
///
/// # Errors
/// When the encoder fails.
pub fn encode_png(width: u16, height: u16, rgb: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width.into(), height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}
