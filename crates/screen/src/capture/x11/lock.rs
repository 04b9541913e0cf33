//! Whether a lock screen covers an X11 display.
//!
//! X11 has no single place for it: XScreenSaver writes a property of the root window, others are
//! recognised by their window that covers everything.

use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState, Window};
use x11rb::rust_connection::RustConnection;

use crate::geometry::Size;

const LOCKERS: [&str; 9] = [
    "i3lock",
    "xsecurelock",
    "xscreensaver",
    "light-locker",
    "gnome-screensaver",
    "mate-screensaver",
    "cinnamon-screensaver",
    "xfce4-screensaver",
    "kscreenlocker_greet",
];

/// The name of the program that locks the display, if one is found.
pub fn locker(
    connection: &RustConnection,
    root: Window,
    size: Size,
) -> Result<Option<String>, ReplyError> {
    if xscreensaver_locks(connection, root)? {
        return Ok(Some("xscreensaver".to_owned()));
    }
    let children = connection.query_tree(root)?.reply()?.children;
    for window in children.into_iter().rev() {
        match locking_class(connection, window, size) {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            // The window went away between the two questions.
            Err(ReplyError::X11Error(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn xscreensaver_locks(connection: &RustConnection, root: Window) -> Result<bool, ReplyError> {
    let status = connection.intern_atom(true, b"_SCREENSAVER_STATUS")?;
    let lock = connection.intern_atom(true, b"LOCK")?;
    let (status, lock) = (status.reply()?.atom, lock.reply()?.atom);
    if status == x11rb::NONE || lock == x11rb::NONE {
        return Ok(false);
    }
    let value = connection
        .get_property(false, root, status, AtomEnum::ANY, 0, 1)?
        .reply()?;
    Ok(value.value32().and_then(|mut words| words.next()) == Some(lock))
}

fn locking_class(
    connection: &RustConnection,
    window: Window,
    size: Size,
) -> Result<Option<String>, ReplyError> {
    let attributes = connection.get_window_attributes(window)?;
    let geometry = connection.get_geometry(window)?;
    let (property, kind) = (AtomEnum::WM_CLASS, AtomEnum::STRING);
    let class = connection.get_property(false, window, property, kind, 0, 64)?;
    let (attributes, geometry, class) = (attributes.reply()?, geometry.reply()?, class.reply()?);
    let covers_all = geometry.width >= size.width && geometry.height >= size.height;
    if attributes.map_state != MapState::VIEWABLE || !covers_all {
        return Ok(None);
    }
    let names = String::from_utf8_lossy(&class.value).to_lowercase();
    Ok(LOCKERS
        .iter()
        .find(|locker| names.split('\0').any(|name| name == **locker))
        .map(|locker| (*locker).to_owned()))
}
