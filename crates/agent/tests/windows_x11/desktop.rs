//! An X server of its own, and hands to use it with.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wayleave_agent::windows::client::WindowProgram;
use wayleave_agent::windows::message::Rect;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, CreateWindowAux, EventMask,
    ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Longest time that a test waits for any one thing.
const DEADLINE: Duration = Duration::from_secs(20);

pub const ESCAPE: u32 = 0xff1b;
pub const TAB: u32 = 0xff09;
pub const ENTER: u32 = 0xff0d;

/// An X server of its own, with or without a window manager.
pub struct Desktop {
    server: Child,
    manager: Option<Child>,
    display: String,
    pub conn: RustConnection,
    pub root: Window,
}

impl Desktop {
    pub fn bare() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let display = format!(":{}", number.trim());
        let (conn, screen) = x11rb::connect(Some(&display)).unwrap();
        let root = conn.setup().roots[screen].root;
        Self {
            server,
            manager: None,
            display,
            conn,
            root,
        }
    }

    pub fn with_openbox() -> Self {
        let mut desktop = Self::bare();
        let ready = desktop
            .conn
            .intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")
            .unwrap();
        let ready = ready.reply().unwrap().atom;
        desktop.listen(desktop.root, EventMask::PROPERTY_CHANGE);
        let manager = Command::new("openbox")
            .env("DISPLAY", &desktop.display)
            .stderr(Stdio::null())
            .spawn()
            .expect("openbox is installed");
        desktop.manager = Some(manager);
        desktop.wait_event(|event| {
            matches!(event, x11rb::protocol::Event::PropertyNotify(event) if event.atom == ready)
        });
        desktop
    }

    pub fn listen(&self, window: Window, mask: EventMask) {
        let change = x11rb::protocol::xproto::ChangeWindowAttributesAux::new().event_mask(mask);
        self.conn
            .change_window_attributes(window, &change)
            .unwrap()
            .check()
            .unwrap();
    }

    /// Blocks until the X server reports something; the test's runner ends a test that hangs.
    pub fn wait_event(&self, wanted: impl Fn(&x11rb::protocol::Event) -> bool) {
        while !wanted(&self.conn.wait_for_event().unwrap()) {}
    }

    pub fn program(&self) -> WindowProgram {
        WindowProgram {
            program: PathBuf::from(env!("CARGO_BIN_EXE_wayleave-agent")),
            display: self.display.clone().into(),
            xauthority: None,
        }
    }

    pub fn point_at(&self, x: i32, y: i32) {
        let (x, y) = (i16::try_from(x).unwrap(), i16::try_from(y).unwrap());
        self.conn
            .xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, x, y, 0)
            .unwrap()
            .check()
            .unwrap();
    }

    pub fn press_mouse(&self) {
        self.fake(BUTTON_PRESS_EVENT, 1);
    }

    pub fn release_mouse(&self) {
        self.fake(BUTTON_RELEASE_EVENT, 1);
    }

    pub fn click(&self, rect: Rect) {
        self.point_at(rect.x + rect.w as i32 / 2, rect.y + rect.h as i32 / 2);
        self.press_mouse();
        self.release_mouse();
    }

    pub fn type_key(&self, keysym: u32) {
        let setup = self.conn.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self
            .conn
            .get_keyboard_mapping(first, last - first + 1)
            .unwrap()
            .reply()
            .unwrap();
        let per_key = usize::from(map.keysyms_per_keycode);
        let index = map
            .keysyms
            .iter()
            .position(|&known| known == keysym)
            .unwrap()
            / per_key;
        let keycode = first + u8::try_from(index).unwrap();
        self.fake(KEY_PRESS_EVENT, keycode);
        self.fake(KEY_RELEASE_EVENT, keycode);
    }

    fn fake(&self, kind: u8, detail: u8) {
        self.conn
            .xtest_fake_input(kind, detail, 0, self.root, 0, 0, 0)
            .unwrap()
            .check()
            .unwrap();
    }

    /// A window that asks no window manager, over `rect`.
    pub fn cover(&self, rect: Rect) -> Window {
        let window = self.conn.generate_id().unwrap();
        let aux = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixel(0x80_8080);
        let (x, y) = (rect.x as i16, rect.y as i16);
        let (w, h) = (rect.w as u16, rect.h as u16);
        self.conn
            .create_window(
                0,
                window,
                self.root,
                x,
                y,
                w,
                h,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &aux,
            )
            .unwrap()
            .check()
            .unwrap();
        self.conn.map_window(window).unwrap().check().unwrap();
        window
    }

    pub fn another_connection(&self) -> RustConnection {
        x11rb::connect(Some(&self.display)).unwrap().0
    }

    pub fn rect_of(&self, window: Window) -> Rect {
        let size = self.conn.get_geometry(window).unwrap().reply().unwrap();
        let corner = self
            .conn
            .translate_coordinates(window, self.root, 0, 0)
            .unwrap()
            .reply()
            .unwrap();
        Rect {
            x: corner.dst_x.into(),
            y: corner.dst_y.into(),
            w: size.width.into(),
            h: size.height.into(),
        }
    }

    /// The pixels of a part of the screen, 4 bytes each.
    pub fn picture(&self, rect: Rect) -> Vec<u8> {
        let (x, y) = (rect.x as i16, rect.y as i16);
        let (w, h) = (rect.w as u16, rect.h as u16);
        self.conn
            .get_image(ImageFormat::Z_PIXMAP, self.root, x, y, w, h, !0)
            .unwrap()
            .reply()
            .unwrap()
            .data
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.manager.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Awaits `what`, and fails the test where it does not come in time.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: did not happen within {DEADLINE:?}"),
    }
}
