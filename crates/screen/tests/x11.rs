//! Capture of a real display: an Xvfb of our own, on a display number of its choice.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use wayleave_screen::capture::{Capture, CaptureError, Changes, probe};
use wayleave_screen::decode::Decoder;
use wayleave_screen::geometry::{Rect, Size};
use wayleave_screen::message::ViewerMessage;
use wayleave_screen::pipeline::Pipeline;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, Rotation};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, Gcontext, PropMode,
    Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const SIZE: Size = Size::new(640, 480);
const PATIENCE: Duration = Duration::from_secs(10);

struct Xvfb {
    process: Child,
    display: String,
}

impl Xvfb {
    fn start(options: &[&str]) -> Self {
        let mut process = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x24",
                "-noreset",
                "-nolisten",
                "tcp",
            ])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let stdout = process.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let number = receiver.recv_timeout(PATIENCE).unwrap();
        Self {
            process,
            display: format!(":{}", number.trim()),
        }
    }

    fn open(&self) -> Capture {
        Capture::open(Some(&self.display)).unwrap()
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program that draws on the display.
struct Painter {
    connection: RustConnection,
    root: Window,
    window: Window,
    context: Gcontext,
}

impl Painter {
    fn new(xvfb: &Xvfb) -> Self {
        let (connection, index) = x11rb::connect(Some(&xvfb.display)).unwrap();
        let root = connection.setup().roots[index].root;
        let window = connection.generate_id().unwrap();
        let context = connection.generate_id().unwrap();
        let painter = Self {
            connection,
            root,
            window,
            context,
        };
        painter.map_window(window, SIZE, b"painter\0Painter\0");
        let attributes = CreateGCAux::new().graphics_exposures(0);
        painter
            .connection
            .create_gc(context, window, &attributes)
            .unwrap();
        painter.sync();
        painter
    }

    fn map_window(&self, window: Window, size: Size, class: &[u8]) {
        let attributes = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixel(0);
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let (width, height) = (size.width, size.height);
        let kind = WindowClass::INPUT_OUTPUT;
        self.connection
            .create_window(
                depth,
                window,
                self.root,
                0,
                0,
                width,
                height,
                0,
                kind,
                0,
                &attributes,
            )
            .unwrap();
        self.connection
            .change_property8(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_CLASS,
                AtomEnum::STRING,
                class,
            )
            .unwrap();
        self.connection.map_window(window).unwrap();
        self.sync();
    }

    fn fill(&self, rect: Rect, rgb: u32) {
        let colour = ChangeGCAux::new().foreground(rgb);
        let area = Rectangle {
            x: rect.x as i16,
            y: rect.y as i16,
            width: rect.width,
            height: rect.height,
        };
        self.connection.change_gc(self.context, &colour).unwrap();
        self.connection
            .poly_fill_rectangle(self.window, self.context, &[area])
            .unwrap();
        self.sync();
    }

    fn scroll(&self, distance: i16) {
        let (window, context) = (self.window, self.context);
        let height = SIZE.height - distance as u16;
        self.connection
            .copy_area(
                window, window, context, 0, distance, 0, 0, SIZE.width, height,
            )
            .unwrap();
        self.sync();
    }

    fn shrink_display(&self, width: u16, height: u16) {
        let connection = &self.connection;
        let resources = connection
            .randr_get_screen_resources_current(self.root)
            .unwrap()
            .reply()
            .unwrap();
        let (time, none) = (x11rb::CURRENT_TIME, x11rb::NONE);
        for crtc in resources.crtcs {
            let asked = resources.config_timestamp;
            connection
                .randr_set_crtc_config(crtc, time, asked, 0, 0, none, Rotation::ROTATE0, &[])
                .unwrap()
                .reply()
                .unwrap();
        }
        connection
            .randr_set_screen_size(self.root, width, height, 100, 80)
            .unwrap()
            .check()
            .unwrap();
    }

    fn sync(&self) {
        self.connection.sync().unwrap();
    }
}

/// Waits for changes that satisfy the test.
fn changes_until(capture: &mut Capture, mut enough: impl FnMut(&Changes) -> bool) -> Changes {
    let until = std::time::Instant::now() + PATIENCE;
    while std::time::Instant::now() < until {
        let changes = capture.poll().unwrap();
        if enough(&changes) {
            return changes;
        }
        capture.wait(Some(PATIENCE)).unwrap();
    }
    panic!("the display said nothing of it");
}

fn covers(changes: &Changes, rect: Rect) -> bool {
    changes
        .damage
        .rects()
        .iter()
        .any(|known| known.contains(rect))
}

fn pixel(capture: &mut Capture, changes: &Changes, x: u16, y: u16) -> [u8; 3] {
    let view = capture.grab(&changes.damage).unwrap().unwrap();
    let pixel = view.row(x, y, 1);
    [pixel[0], pixel[1], pixel[2]]
}

#[test]
fn a_change_is_seen_where_it_is() {
    let xvfb = Xvfb::start(&[]);
    let painter = Painter::new(&xvfb);
    let mut capture = xvfb.open();
    let first = capture.poll().unwrap();
    assert!(covers(&first, SIZE.rect()));
    assert!(first.cursor.is_some());
    assert!(capture.fd().is_some());
    let rect = Rect::new(100, 200, 30, 20);
    painter.fill(rect, 0x0011_2233);
    let changes = changes_until(&mut capture, |changes| covers(changes, rect));
    assert_eq!(changes.damage.rects(), [rect]);
    assert_eq!(pixel(&mut capture, &changes, 110, 210), [0x33, 0x22, 0x11]);
    assert!(capture.poll().unwrap().damage.is_empty());
}

#[test]
fn without_extensions_whole_pictures_are_compared() {
    let missing = [
        "-extension",
        "DAMAGE",
        "-extension",
        "MIT-SHM",
        "-extension",
        "XFIXES",
        "-extension",
        "RANDR",
    ];
    let xvfb = Xvfb::start(&missing);
    let painter = Painter::new(&xvfb);
    let mut capture = xvfb.open();
    assert!(capture.fd().is_none());
    painter.fill(Rect::new(600, 470, 40, 10), 0x0044_5566);
    let changes = capture.poll().unwrap();
    assert!(covers(&changes, SIZE.rect()));
    assert_eq!(pixel(&mut capture, &changes, 639, 479), [0x66, 0x55, 0x44]);
}

#[test]
fn a_session_ends_pixel_exact() {
    for options in [&[][..], &["-extension", "MIT-SHM"][..]] {
        let xvfb = Xvfb::start(options);
        let painter = Painter::new(&xvfb);
        let mut capture = xvfb.open();
        let mut pipeline = Pipeline::new(capture.display().clone());
        let mut decoder = Decoder::new();
        let mut now_ms = 1_000;
        for round in 0..40u32 {
            let (x, y) = (round as u16 * 13 % 600, round as u16 * 29 % 440);
            painter.fill(Rect::new(x, y, 50, 30), round.wrapping_mul(0x0031_7f2b));
            if round % 5 == 4 {
                painter.scroll(17);
            }
            now_ms += 20;
            update(&mut capture, &mut pipeline, &mut decoder, now_ms);
        }
        while pipeline.wants(now_ms + 500).is_some() {
            now_ms += 500;
            update(&mut capture, &mut pipeline, &mut decoder, now_ms);
        }
        let image = painter
            .connection
            .get_image(
                x11rb::protocol::xproto::ImageFormat::Z_PIXMAP,
                painter.root,
                0,
                0,
                SIZE.width,
                SIZE.height,
                !0,
            )
            .unwrap();
        let expected = image.reply().unwrap().data;
        let shown = decoder.picture().bytes();
        assert_eq!(shown.len(), expected.len());
        let same = |(left, right): (&[u8], &[u8])| left[..3] == right[..3];
        assert!(
            shown
                .chunks_exact(4)
                .zip(expected.chunks_exact(4))
                .all(same)
        );
    }
}

fn update(capture: &mut Capture, pipeline: &mut Pipeline, decoder: &mut Decoder, now_ms: u64) {
    let changes = capture.poll().unwrap();
    pipeline.on_damage(&changes.damage);
    let Some(region) = pipeline.wants(now_ms) else {
        return;
    };
    let picture = capture.grab(region).unwrap().unwrap();
    for message in pipeline.encode(picture, now_ms).unwrap() {
        if let Some(painted) = decoder.apply(&message).unwrap() {
            let (epoch, frame) = (painted.epoch, painted.frame);
            let ack = ViewerMessage::Ack { epoch, frame }.to_bytes();
            pipeline.on_message(&ack, now_ms).unwrap();
        }
    }
}

#[test]
fn another_resolution_is_told_and_captured() {
    let xvfb = Xvfb::start(&[]);
    let painter = Painter::new(&xvfb);
    let mut capture = xvfb.open();
    capture.poll().unwrap();
    painter.shrink_display(320, 240);
    let changes = changes_until(&mut capture, |changes| changes.display.is_some());
    let display = changes.display.clone().unwrap();
    assert_eq!(display.size, Size::new(320, 240));
    assert!(covers(&changes, Rect::new(0, 0, 320, 240)));
    assert!(capture.grab(&changes.damage).unwrap().is_some());
}

#[test]
fn a_grab_across_a_change_of_resolution_is_no_error() {
    let xvfb = Xvfb::start(&[]);
    let painter = Painter::new(&xvfb);
    let mut capture = xvfb.open();
    let stale = capture.poll().unwrap();
    painter.shrink_display(320, 240);
    assert!(capture.grab(&stale.damage).unwrap().is_none());
    let changes = capture.poll().unwrap();
    assert_eq!(changes.display.unwrap().size, Size::new(320, 240));
}

#[test]
fn the_pointer_is_where_it_was_put_and_looks_as_set() {
    let xvfb = Xvfb::start(&[]);
    let painter = Painter::new(&xvfb);
    let mut capture = xvfb.open();
    capture.poll().unwrap();
    painter
        .connection
        .warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 123, 45)
        .unwrap();
    painter.sync();
    assert_eq!(capture.pointer().unwrap(), (123, 45));
    let cursor = painter.connection.generate_id().unwrap();
    let pixmap = painter.connection.generate_id().unwrap();
    let context = painter.connection.generate_id().unwrap();
    let connection = &painter.connection;
    connection
        .create_pixmap(1, pixmap, painter.root, 16, 16)
        .unwrap();
    let white = CreateGCAux::new().foreground(1);
    connection.create_gc(context, pixmap, &white).unwrap();
    let all = Rectangle {
        x: 0,
        y: 0,
        width: 16,
        height: 16,
    };
    connection
        .poly_fill_rectangle(pixmap, context, &[all])
        .unwrap();
    connection
        .create_cursor(cursor, pixmap, pixmap, 0xffff, 0, 0, 0, 0, 0, 3, 4)
        .unwrap();
    let attributes = x11rb::protocol::xproto::ChangeWindowAttributesAux::new().cursor(cursor);
    connection
        .change_window_attributes(painter.window, &attributes)
        .unwrap();
    painter.sync();
    let is_ours = |changes: &Changes| {
        changes
            .cursor
            .as_ref()
            .is_some_and(|shape| shape.hot_y == 4)
    };
    let shape = changes_until(&mut capture, is_ours).cursor.unwrap();
    assert_eq!((shape.width, shape.height, shape.hot_x), (16, 16, 3));
    assert_eq!(shape.rgba[..4], [255, 0, 0, 255]);
}

#[test]
fn a_lock_screen_is_named() {
    let xvfb = Xvfb::start(&[]);
    let painter = Painter::new(&xvfb);
    assert_eq!(probe(Some(&xvfb.display)).unwrap().size, SIZE);
    let window = painter.connection.generate_id().unwrap();
    painter.map_window(window, SIZE, b"i3lock\0i3lock\0");
    let locked = probe(Some(&xvfb.display)).unwrap_err();
    let by = "i3lock".to_owned();
    assert_eq!(locked, CaptureError::Locked { by });
    painter.connection.unmap_window(window).unwrap();
    painter.sync();
    assert!(probe(Some(&xvfb.display)).is_ok());
}

#[test]
fn a_display_that_is_not_there_is_a_sentence() {
    let error = probe(Some(":9999")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the display :9999 cannot be opened")
    );
}

#[test]
fn a_display_that_goes_away_is_an_error_not_a_hang() {
    let xvfb = Xvfb::start(&[]);
    let mut capture = xvfb.open();
    capture.poll().unwrap();
    drop(xvfb);
    let outcome = capture.wait(Some(PATIENCE)).and_then(|()| capture.poll());
    assert!(matches!(outcome, Err(CaptureError::Lost(_))));
}
