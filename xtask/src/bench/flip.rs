//! A window whose square turns from dark to light and back with each key: what a key does to the screen, without an
//! application's own time.

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::properties::{WmSizeHints, WmSizeHintsSpecification};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, Gcontext,
    PropMode, Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::demo::screen::{Access, connect_with};

/// What stands in its title bar; `bench/session.mjs` finds it by that.
const TITLE: &str = "Flip";
/// Place of the square within the window, and its side, in pixels; `bench/session.mjs` looks at its middle.
const SQUARE: Rectangle = Rectangle {
    x: 64,
    y: 64,
    width: 64,
    height: 64,
};
/// Place and size of the window: beside the windows of the demo.
const WINDOW: Rectangle = Rectangle {
    x: 1000,
    y: 620,
    width: 640,
    height: 400,
};
const BACKGROUND: u32 = 0x0030_5070;
const DARK: u32 = 0x0010_1010;
const LIGHT: u32 = 0x00f0_f0f0;

/// Opens the window. A thread of its own paints it until the display goes.
///
/// # Errors
/// When the display does not take it.
pub fn open(access: &Access) -> Result<()> {
    let (connection, screen) = connect_with(access)?;
    let root = connection
        .setup()
        .roots
        .get(screen)
        .context("the display has no screen")?
        .root;
    let window = map(&connection, root)?;
    let gc = connection.generate_id()?;
    connection.create_gc(gc, window, &CreateGCAux::new())?;
    connection.flush()?;
    std::thread::spawn(move || serve(&connection, window, gc));
    Ok(())
}

fn map(connection: &RustConnection, root: Window) -> Result<Window> {
    let window = connection.generate_id()?;
    let look = CreateWindowAux::new()
        .background_pixel(BACKGROUND)
        .event_mask(EventMask::KEY_PRESS | EventMask::EXPOSURE);
    connection.create_window(
        x11rb::COPY_DEPTH_FROM_PARENT,
        window,
        root,
        WINDOW.x,
        WINDOW.y,
        WINDOW.width,
        WINDOW.height,
        0,
        WindowClass::INPUT_OUTPUT,
        x11rb::COPY_FROM_PARENT,
        &look,
    )?;
    let title = TITLE.as_bytes();
    connection.change_property8(
        PropMode::REPLACE,
        window,
        AtomEnum::WM_NAME,
        AtomEnum::STRING,
        title,
    )?;
    let by_user = WmSizeHintsSpecification::UserSpecified;
    let mut hints = WmSizeHints::new();
    hints.position = Some((by_user, WINDOW.x.into(), WINDOW.y.into()));
    hints.set_normal_hints(connection, window)?;
    connection.map_window(window)?.check()?;
    Ok(window)
}

fn serve(connection: &RustConnection, window: Window, gc: Gcontext) {
    let mut is_light = false;
    while let Ok(event) = connection.wait_for_event() {
        match event {
            Event::KeyPress(_) => is_light = !is_light,
            Event::Expose(_) => {}
            _ => continue,
        }
        let colour = ChangeGCAux::new().foreground(if is_light { LIGHT } else { DARK });
        let painted = connection
            .change_gc(gc, &colour)
            .and_then(|_| connection.poly_fill_rectangle(window, gc, &[SQUARE]))
            .and_then(|_| connection.flush());
        if painted.is_err() {
            return;
        }
    }
}
