//! Input into a real display: an Xvfb of our own, a window that looks keys up as applications
//! do, and a real terminal.
#![allow(clippy::unwrap_used, dead_code)]

#[path = "../src/input/mod.rs"]
mod input;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use input::InputEvent;
use input::x11::X11Input;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, KeyButMask, Keysym, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const PATIENCE: Duration = Duration::from_secs(20);
const SENTENCE: &str = "Grüße: ß € é 漢 😀 ñ @\\|~ ÀÉ 'quoted' \"x\" {[()]} ^ ` ¿ ŠĐ Жя Ωω 0123";

struct Xvfb {
    process: Child,
    display: String,
}

impl Xvfb {
    fn start() -> Self {
        let mut process = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "800x600x24",
                "-noreset",
                "-nolisten",
                "tcp",
            ])
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
        let display = format!(":{}", number.trim());
        Self { process, display }
    }

    fn with_layout(layout: &str) -> Self {
        let xvfb = Self::start();
        xvfb.set_layout(layout);
        xvfb
    }

    fn set_layout(&self, layout: &str) {
        let status = Command::new("setxkbmap")
            .args(["-display", &self.display, "-layout", layout])
            .status()
            .expect("setxkbmap is installed");
        assert!(status.success());
    }

    fn input(&self) -> X11Input {
        X11Input::open(&self.display).unwrap()
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A window that notes what comes, and looks keys up when it gets to them, as Xlib does.
struct Recorder {
    connection: RustConnection,
    root: Window,
    symbols: Vec<Vec<Keysym>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Down(Keysym),
    Up(Keysym),
    Button(u8, bool),
    Motion(i16, i16),
}

impl Recorder {
    fn new(xvfb: &Xvfb) -> Self {
        let (connection, index) = x11rb::connect(Some(&xvfb.display)).unwrap();
        let root = connection.setup().roots[index].root;
        let window = connection.generate_id().unwrap();
        let events = EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::POINTER_MOTION;
        let attributes = CreateWindowAux::new()
            .override_redirect(1)
            .event_mask(events);
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let kind = WindowClass::INPUT_OUTPUT;
        connection
            .create_window(depth, window, root, 0, 0, 800, 600, 0, kind, 0, &attributes)
            .unwrap();
        connection.map_window(window).unwrap();
        connection
            .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)
            .unwrap();
        connection.sync().unwrap();
        let mut recorder = Self {
            connection,
            root,
            symbols: Vec::new(),
        };
        recorder.learn();
        recorder
    }

    fn learn(&mut self) {
        let mapping = self.connection.get_keyboard_mapping(8, 248).unwrap();
        let mapping = mapping.reply().unwrap();
        let per_key = usize::from(mapping.keysyms_per_keycode);
        self.symbols = mapping.keysyms.chunks(per_key).map(<[_]>::to_vec).collect();
    }

    /// Core protocol rules: columns 1 and 2 without, 5 and 6 with the third level.
    fn look_up(&self, keycode: u8, state: KeyButMask) -> Keysym {
        let symbols = &self.symbols[usize::from(keycode) - 8];
        let shift = usize::from(state.contains(KeyButMask::SHIFT));
        let third = state.contains(KeyButMask::MOD5) && symbols.get(4).is_some_and(|key| *key != 0);
        let symbol = symbols[if third { 4 } else { 0 } + shift];
        let symbol = if symbol == 0 { symbols[0] } else { symbol };
        let locked = state.contains(KeyButMask::LOCK);
        match xkeysym::Keysym::from(symbol).key_char() {
            Some(character) if locked && character.is_lowercase() => {
                character.to_uppercase().next().unwrap() as Keysym
            }
            Some(character) if locked && shift == 1 => {
                character.to_lowercase().next().unwrap() as Keysym
            }
            _ => symbol,
        }
    }

    fn next(&mut self) -> Option<Seen> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.connection.poll_for_event().unwrap() {
                Some(Event::MappingNotify(_)) => self.learn(),
                Some(Event::KeyPress(key)) => {
                    return Some(Seen::Down(self.look_up(key.detail, key.state)));
                }
                Some(Event::KeyRelease(key)) => {
                    return Some(Seen::Up(self.look_up(key.detail, key.state)));
                }
                Some(Event::ButtonPress(button)) => return Some(Seen::Button(button.detail, true)),
                Some(Event::ButtonRelease(button)) => {
                    return Some(Seen::Button(button.detail, false));
                }
                Some(Event::MotionNotify(motion)) => {
                    return Some(Seen::Motion(motion.root_x, motion.root_y));
                }
                Some(_) => {}
                None if Instant::now() > until => return None,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Everything until a key of that symbol went up, which the caller pressed last.
    fn until_up(&mut self, keysym: Keysym) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(event) = self.next() {
            seen.push(event);
            if event == Seen::Up(keysym) {
                return seen;
            }
        }
        panic!("{keysym:#x} never came; {seen:x?} did");
    }

    /// The text of everything until Escape, which the caller typed last.
    fn text_until_escape(&mut self) -> String {
        let seen = self.until_up(ESCAPE);
        let text_of = |seen: &Seen| match seen {
            Seen::Down(0xff00..=0xffff | 0xfe03) => None,
            Seen::Down(keysym) => xkeysym::Keysym::from(*keysym).key_char(),
            _ => None,
        };
        seen.iter().filter_map(text_of).collect()
    }

    fn pressed_keys(&self) -> Vec<u8> {
        let keys = self
            .connection
            .query_keymap()
            .unwrap()
            .reply()
            .unwrap()
            .keys;
        keys.into_iter().filter(|byte| *byte != 0).collect()
    }

    fn buttons(&self) -> u16 {
        let pointer = self.connection.query_pointer(self.root).unwrap();
        u16::from(pointer.reply().unwrap().mask) >> 8
    }
}

const ESCAPE: Keysym = 0xff1b;
const SHIFT: Keysym = 0xffe1;
const CONTROL: Keysym = 0xffe3;
const CAPS_LOCK: Keysym = 0xffe5;
const LEVEL_3: Keysym = 0xfe03;

fn key(keysym: Keysym, down: bool) -> InputEvent {
    InputEvent::Key { keysym, down }
}

fn text(text: &str) -> InputEvent {
    InputEvent::Text(text.to_owned())
}

fn click(input: &mut X11Input, keysym: Keysym) {
    input.inject(&key(keysym, true)).unwrap();
    input.inject(&key(keysym, false)).unwrap();
}

#[test]
fn any_text_arrives_under_every_layout() {
    for layout in ["us", "de", "fr", "us,de"] {
        let xvfb = Xvfb::with_layout(layout);
        let mut recorder = Recorder::new(&xvfb);
        let mut input = xvfb.input();
        input.inject(&text(SENTENCE)).unwrap();
        click(&mut input, ESCAPE);
        assert_eq!(recorder.text_until_escape(), SENTENCE, "layout {layout}");
        assert!(recorder.pressed_keys().is_empty());
    }
}

#[test]
fn a_slow_application_still_sees_the_right_characters() {
    let xvfb = Xvfb::with_layout("us");
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    let many: String = (0..400)
        .map(|number| char::from_u32(0x4e00 + number).unwrap())
        .collect();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        recorder.text_until_escape()
    });
    input.inject(&text(&many)).unwrap();
    click(&mut input, ESCAPE);
    assert_eq!(reader.join().unwrap(), many);
}

#[test]
fn text_is_exact_while_modifiers_are_held_or_caps_lock_is_on() {
    for layout in ["us", "de", "fr"] {
        let xvfb = Xvfb::with_layout(layout);
        let mut recorder = Recorder::new(&xvfb);
        let mut input = xvfb.input();
        for held in [SHIFT, LEVEL_3] {
            input.inject(&key(held, true)).unwrap();
            input.inject(&text("aA1!é@ßÉ")).unwrap();
            input.inject(&key(held, false)).unwrap();
            click(&mut input, ESCAPE);
            assert_eq!(
                recorder.text_until_escape(),
                "aA1!é@ßÉ",
                "{layout}, {held:x}"
            );
        }
        click(&mut input, CAPS_LOCK);
        input.inject(&text("aA1!é@ÉжЖ")).unwrap();
        click(&mut input, ESCAPE);
        assert_eq!(
            recorder.text_until_escape(),
            "aA1!é@ÉжЖ",
            "{layout}, caps lock"
        );
        assert!(recorder.pressed_keys().is_empty());
    }
}

#[test]
fn a_held_key_is_held_and_a_chord_is_a_chord() {
    let xvfb = Xvfb::with_layout("de");
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    input.inject(&key(CONTROL, true)).unwrap();
    input.inject(&key(0x63, true)).unwrap();
    assert!(input.holds_anything());
    input.inject(&key(0x63, false)).unwrap();
    input.inject(&key(CONTROL, false)).unwrap();
    let expected = [
        Seen::Down(CONTROL),
        Seen::Down(0x63),
        Seen::Up(0x63),
        Seen::Up(CONTROL),
    ];
    assert_eq!(recorder.until_up(CONTROL), expected);
    assert!(!input.holds_anything());
}

#[test]
fn a_key_of_another_layout_is_found_where_it_is() {
    let xvfb = Xvfb::with_layout("us");
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    // AltGr + q on a German keyboard is "@", which is Shift + 2 here.
    input.inject(&key(LEVEL_3, true)).unwrap();
    click(&mut input, 0x40);
    input.inject(&key(LEVEL_3, false)).unwrap();
    click(&mut input, ESCAPE);
    assert_eq!(recorder.text_until_escape(), "@");
}

#[test]
fn a_dead_key_stays_a_dead_key() {
    let xvfb = Xvfb::with_layout("de");
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    click(&mut input, 0xfe51);
    assert_eq!(
        recorder.until_up(0xfe51),
        [Seen::Down(0xfe51), Seen::Up(0xfe51)]
    );
}

#[test]
fn another_layout_in_the_middle_of_a_session_is_noticed() {
    let xvfb = Xvfb::with_layout("us");
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    for layout in ["de", "fr", "us"] {
        input.inject(&text("zyäq漢")).unwrap();
        click(&mut input, ESCAPE);
        assert_eq!(recorder.text_until_escape(), "zyäq漢");
        xvfb.set_layout(layout);
    }
}

#[test]
fn release_all_leaves_nothing_down() {
    let xvfb = Xvfb::with_layout("us");
    let recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    for keysym in [SHIFT, 0x61, 0x0100_6f22] {
        input.inject(&key(keysym, true)).unwrap();
    }
    let (x, y) = (10, 20);
    input
        .inject(&InputEvent::Pointer {
            x,
            y,
            buttons: 0b101,
        })
        .unwrap();
    eventually(|| recorder.buttons() == 0b101);
    assert!(!recorder.pressed_keys().is_empty());
    input.inject(&InputEvent::ReleaseAll).unwrap();
    assert_eq!(recorder.buttons(), 0);
    assert!(recorder.pressed_keys().is_empty());
    input.inject(&key(SHIFT, true)).unwrap();
    eventually(|| !recorder.pressed_keys().is_empty());
    drop(input);
    assert!(recorder.pressed_keys().is_empty());
}

#[test]
fn lent_keys_are_given_back() {
    let xvfb = Xvfb::with_layout("us");
    let mut recorder = Recorder::new(&xvfb);
    let before = recorder.symbols.clone();
    let mut input = xvfb.input();
    input.inject(&text("漢字")).unwrap();
    recorder.learn();
    assert_ne!(recorder.symbols, before);
    drop(input);
    recorder.learn();
    let symbols = |table: &[Vec<Keysym>]| -> Vec<Vec<Keysym>> {
        let key = |key: &Vec<Keysym>| key.iter().copied().filter(|symbol| *symbol != 0).collect();
        table.iter().map(key).collect()
    };
    assert_eq!(symbols(&recorder.symbols), symbols(&before));
}

#[test]
fn pointer_buttons_and_wheel_arrive() {
    let xvfb = Xvfb::start();
    let mut recorder = Recorder::new(&xvfb);
    let mut input = xvfb.input();
    let pointer = |buttons| InputEvent::Pointer {
        x: 300,
        y: 200,
        buttons,
    };
    for buttons in [0, 1, 0, 0b10000, 0] {
        input.inject(&pointer(buttons)).unwrap();
    }
    for (dx, dy) in [(0, 60), (0, 60), (0, -120), (240, 0)] {
        input.inject(&InputEvent::Wheel { dx, dy }).unwrap();
    }
    click(&mut input, ESCAPE);
    let mut seen = recorder.until_up(ESCAPE);
    // Every pointer event tells its place again; the first is enough here.
    let mut moved = false;
    seen.retain(|event| {
        !matches!(event, Seen::Motion(300, 200)) || !std::mem::replace(&mut moved, true)
    });
    let clicks = [1, 9, 5, 4, 7, 7].into_iter();
    let mut expected = vec![Seen::Motion(300, 200)];
    expected.extend(clicks.flat_map(|b| [Seen::Button(b, true), Seen::Button(b, false)]));
    expected.extend([Seen::Down(ESCAPE), Seen::Up(ESCAPE)]);
    assert_eq!(seen, expected);
}

#[test]
fn a_real_terminal_receives_the_sentence() {
    for layout in ["us", "de", "fr"] {
        let xvfb = Xvfb::with_layout(layout);
        let directory = tempfile::tempdir().unwrap();
        let (ready, typed) = (
            directory.path().join("ready"),
            directory.path().join("typed"),
        );
        let script = format!("touch {}; cat > {}", ready.display(), typed.display());
        let mut terminal = Command::new("xterm")
            .args(["-u8", "-geometry", "120x30+0+0", "-e", "sh", "-c", &script])
            .env("DISPLAY", &xvfb.display)
            .env("LC_ALL", "C.UTF-8")
            .stderr(Stdio::null())
            .spawn()
            .expect("xterm is installed");
        wait_for(&ready, |_| true);
        let mut input = xvfb.input();
        input
            .inject(&InputEvent::Pointer {
                x: 50,
                y: 50,
                buttons: 0,
            })
            .unwrap();
        input.inject(&text(&format!("{SENTENCE}\n"))).unwrap();
        wait_for(&typed, |content| content.ends_with(b"\n"));
        let content = fs::read_to_string(&typed).unwrap();
        let _ = terminal.kill();
        let _ = terminal.wait();
        assert_eq!(content, format!("{SENTENCE}\n"), "layout {layout}");
    }
}

fn eventually(mut is_true: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < until, "it never became true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn wait_for(path: &Path, enough: impl Fn(&[u8]) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !fs::read(path).is_ok_and(|content| enough(&content)) {
        assert!(
            Instant::now() < until,
            "{} never came: {:?}",
            path.display(),
            fs::read(path)
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_display_that_is_not_there_is_a_sentence() {
    let error = X11Input::open(":9999").err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("the display :9999 cannot be controlled")
    );
}
