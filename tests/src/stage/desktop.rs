//! A desktop of its own, and the hands and eyes of who sits at it.

use std::time::Instant;

use tokio::process::Command;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux,
    ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat,
    MOTION_NOTIFY_EVENT, MapState, StackMode, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use super::Process;
use crate::DEADLINE;

/// The title of the prompt's window.
pub const PROMPT: &str = "Allow remote support?";
/// The title of the banner's window.
pub const BANNER: &str = "Remote support is running";

/// An X server with a window manager and a terminal.
pub struct Desktop {
    /// Such as `:99`.
    pub display: String,
    conn: RustConnection,
    root: Window,
    _programs: Vec<Process>,
}

/// A window on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// Its X11 id.
    pub window: Window,
    /// Pixels from the left.
    pub x: i16,
    /// Pixels from the top.
    pub y: i16,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
}

/// What is on the screen: red, green, blue of each pixel.
#[derive(PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Row by row.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Reads a PNG file.
    pub fn read(path: &std::path::Path) -> Self {
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()))
                .read_info()
                .unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        rgb.truncate(info.buffer_size());
        Self {
            width: info.width,
            height: info.height,
            rgb,
        }
    }
}

impl Desktop {
    /// Brings it up; it is there when its window manager says so.
    pub async fn start() -> Self {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1024x768x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let mut server = Process::start("Xvfb", xvfb);
        let number = server.line(|line| line.parse::<u32>().is_ok()).await;
        let display = format!(":{number}");
        let (conn, screen) = x11rb::connect(Some(&display)).unwrap();
        let root = conn.setup().roots[screen].root;
        let mut desktop = Self {
            display,
            conn,
            root,
            _programs: vec![server],
        };
        let ready = desktop.atom("_NET_SUPPORTING_WM_CHECK");
        desktop.listen(EventMask::PROPERTY_CHANGE | EventMask::SUBSTRUCTURE_NOTIFY);
        let manager = desktop.program("openbox", &[]);
        desktop._programs.push(manager);
        desktop.wait(
            "the window manager",
            |event| matches!(event, Event::PropertyNotify(e) if e.atom == ready),
        );
        let terminal = desktop.program("xterm", &["-title", "Terminal", "-e", "sleep 600"]);
        desktop._programs.push(terminal);
        desktop.window("Terminal");
        desktop
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Process {
        let mut command = Command::new(name);
        command.args(arguments).env("DISPLAY", &self.display);
        Process::start(name, command)
    }

    fn atom(&self, name: &str) -> u32 {
        self.conn
            .intern_atom(false, name.as_bytes())
            .unwrap()
            .reply()
            .unwrap()
            .atom
    }

    fn listen(&self, mask: EventMask) {
        let change = ChangeWindowAttributesAux::new().event_mask(mask);
        self.conn
            .change_window_attributes(self.root, &change)
            .unwrap()
            .check()
            .unwrap();
    }

    /// Blocks until the X server tells of something that fits.
    fn wait(&self, what: &str, mut fits: impl FnMut(&Event) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !fits(&self.event(what, until)) {}
    }

    fn event(&self, what: &str, until: Instant) -> Event {
        use std::os::fd::AsFd;
        loop {
            if let Some(event) = self.conn.poll_for_event().unwrap() {
                return event;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{what}: did not happen within {DEADLINE:?}"
            );
            // Readable, or a while has passed.
            let stream = self.conn.stream().as_fd();
            let mut poll = [rustix::event::PollFd::new(
                &stream,
                rustix::event::PollFlags::IN,
            )];
            let time = rustix::event::Timespec {
                tv_sec: 1,
                tv_nsec: 0,
            };
            let _ = rustix::event::poll(&mut poll, Some(&time));
        }
    }

    /// The mapped window whose title holds `title`, now or later.
    pub fn window(&self, title: &str) -> Spot {
        let mut found = self.find(title);
        self.wait_while(&format!("a window {title:?}"), || {
            found = self.find(title);
            found.is_none()
        });
        found.unwrap()
    }

    /// Waits until no mapped window has that title.
    pub fn window_gone(&self, title: &str) {
        self.wait_while(&format!("the end of the window {title:?}"), || {
            self.find(title).is_some()
        });
    }

    fn wait_while(&self, what: &str, mut still: impl FnMut() -> bool) {
        let until = Instant::now() + DEADLINE;
        while still() {
            self.event(what, until);
        }
    }

    /// The mapped window whose title holds `title`.
    pub fn find(&self, title: &str) -> Option<Spot> {
        let mut left = vec![self.root];
        while let Some(window) = left.pop() {
            if self
                .title(window)
                .is_some_and(|found| found.contains(title))
                && self.is_visible(window)
            {
                return self.spot(window);
            }
            left.extend(
                self.conn
                    .query_tree(window)
                    .ok()?
                    .reply()
                    .map(|tree| tree.children)
                    .unwrap_or_default(),
            );
        }
        None
    }

    fn title(&self, window: Window) -> Option<String> {
        let (name, kind) = (self.atom("_NET_WM_NAME"), self.atom("UTF8_STRING"));
        let read = |property: u32, kind: u32| {
            let reply = self
                .conn
                .get_property(false, window, property, kind, 0, 256)
                .ok()?
                .reply()
                .ok()?;
            (!reply.value.is_empty()).then(|| String::from_utf8_lossy(&reply.value).into_owned())
        };
        read(name, kind).or_else(|| read(AtomEnum::WM_NAME.into(), AtomEnum::STRING.into()))
    }

    fn is_visible(&self, window: Window) -> bool {
        let attributes = self
            .conn
            .get_window_attributes(window)
            .ok()
            .and_then(|cookie| cookie.reply().ok());
        attributes.is_some_and(|a| a.map_state == MapState::VIEWABLE)
    }

    fn spot(&self, window: Window) -> Option<Spot> {
        let size = self.conn.get_geometry(window).ok()?.reply().ok()?;
        let corner = self
            .conn
            .translate_coordinates(window, self.root, 0, 0)
            .ok()?
            .reply()
            .ok()?;
        Some(Spot {
            window,
            x: corner.dst_x,
            y: corner.dst_y,
            width: size.width,
            height: size.height,
        })
    }

    /// Where the prompt's Allow is: at its lower right corner.
    pub fn allow(prompt: Spot) -> (i16, i16) {
        (
            prompt.x + prompt.width as i16 - 96,
            prompt.y + prompt.height as i16 - 42,
        )
    }

    /// Where the prompt's Refuse is: left of Allow.
    pub fn refuse(prompt: Spot) -> (i16, i16) {
        let (x, y) = Self::allow(prompt);
        (x - 156, y)
    }

    /// Where the banner's End is: at its right.
    pub fn end(banner: Spot) -> (i16, i16) {
        (
            banner.x + banner.width as i16 - 56,
            banner.y + banner.height as i16 / 2,
        )
    }

    /// Presses until the window has gone: Allow takes no press before it has been in sight for a while.
    pub fn press_until_gone(&self, title: &str, (x, y): (i16, i16)) {
        let until = Instant::now() + DEADLINE;
        while self.find(title).is_some() {
            assert!(
                Instant::now() < until,
                "the window {title:?} takes no press"
            );
            self.click(x, y);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Clicks with the seat's own mouse.
    pub fn click(&self, x: i16, y: i16) {
        self.fake(MOTION_NOTIFY_EVENT, 0, x, y);
        self.fake(BUTTON_PRESS_EVENT, 1, 0, 0);
        self.fake(BUTTON_RELEASE_EVENT, 1, 0, 0);
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) {
        self.conn
            .xtest_fake_input(kind, detail, 0, self.root, x, y, 0)
            .unwrap()
            .check()
            .unwrap();
    }

    /// Covers a place with a window that asks no window manager.
    pub fn cover(&self, spot: Spot) -> Window {
        let window = self.conn.generate_id().unwrap();
        let look = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixel(0x80_8080);
        let (width, height, class) = (spot.width, spot.height, WindowClass::INPUT_OUTPUT);
        let cookie = self.conn.create_window(
            0, window, self.root, spot.x, spot.y, width, height, 0, class, 0, &look,
        );
        cookie.unwrap().check().unwrap();
        self.conn.map_window(window).unwrap().check().unwrap();
        window
    }

    /// Puts a window above all others.
    pub fn raise(&self, window: Window) {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.conn
            .configure_window(window, &above)
            .unwrap()
            .check()
            .unwrap();
    }

    /// Ends the program behind a window, as a task manager would.
    pub fn kill_window(&self, spot: Spot) {
        self.conn.kill_client(spot.window).unwrap().check().unwrap();
    }

    /// Waits until the pointer is here.
    pub fn wait_for_pointer(&self, place: (i16, i16)) {
        let until = Instant::now() + DEADLINE;
        while self.pointer() != place {
            assert!(
                Instant::now() < until,
                "the pointer is at {:?}",
                self.pointer()
            );
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// Where the pointer is.
    pub fn pointer(&self) -> (i16, i16) {
        let reply = self.conn.query_pointer(self.root).unwrap().reply().unwrap();
        (reply.root_x, reply.root_y)
    }

    /// The X server's own picture.
    pub fn picture(&self) -> Picture {
        let size = self.conn.get_geometry(self.root).unwrap().reply().unwrap();
        let (width, height) = (size.width, size.height);
        let image = self
            .conn
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, width, height, !0);
        let data = image.unwrap().reply().unwrap().data;
        let rgb = data
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
            .collect();
        Picture {
            width: width.into(),
            height: height.into(),
            rgb,
        }
    }
}
