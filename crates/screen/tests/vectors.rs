//! `vectors/screen.json`: messages, refusals and a session that Rust and TypeScript both read.
//!
//! `WAYLEAVE_BLESS=1 cargo test -p wayleave-screen --test vectors` writes it anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use wayleave_screen::capture::fake::Screen;
use wayleave_screen::decode::{DecodeError, Decoder};
use wayleave_screen::geometry::{Rect, Size};
use wayleave_screen::message::{
    Codec, CursorShape, DeviceMessage, Features, MessageError, Output, Preference, ViewerMessage,
};
use wayleave_screen::picture::Picture;
use wayleave_screen::pipeline::Pipeline;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/screen.json")
}

#[test]
fn the_vectors_are_what_this_version_writes() {
    let made = json!({
        "about": "Screen messages; see crates/screen/src/message.rs. Checks of pictures are FNV-1a (32 bits) over R, G, B of every pixel.",
        "device_messages": device_messages(),
        "viewer_messages": viewer_messages(),
        "refused": refused(),
        "session": session(),
        "hostile_sessions": hostile_sessions(),
    });
    let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("WAYLEAVE_BLESS").is_some() {
        fs::write(path(), &text).unwrap();
    }
    let stored = fs::read_to_string(path()).unwrap();
    assert!(
        stored == text,
        "vectors/screen.json differs from what this version writes; if that is meant, run with WAYLEAVE_BLESS=1"
    );
}

#[test]
fn the_stored_session_decodes_to_the_stored_pictures() {
    let stored: Value = serde_json::from_str(&fs::read_to_string(path()).unwrap()).unwrap();
    let mut decoder = Decoder::new();
    let mut frames = 0;
    for step in stored["session"].as_array().unwrap() {
        let painted = decoder
            .apply(&from_hex(step["hex"].as_str().unwrap()))
            .unwrap();
        if let Some(check) = step.get("picture_check") {
            let painted = painted.unwrap();
            frames += 1;
            assert_eq!(*check, json!(picture_check(decoder.picture())));
            assert_eq!(step["epoch"], json!(painted.epoch));
            assert_eq!(step["frame"], json!(painted.frame));
        }
    }
    assert!(frames >= 6, "{frames} frames");
}

/// A message by the name of its case.
type Named = (&'static str, DeviceMessage<'static>);

fn picture_messages() -> Vec<Named> {
    let rect = Rect::new(1, 2, 3, 4);
    let output = Output {
        rect: Rect::new(0, 0, 1920, 1080),
        primary: true,
        name: "HDMI-1 ß".to_owned(),
    };
    vec![
        (
            "hello",
            DeviceMessage::Hello {
                version: 1,
                features: Features(3),
            },
        ),
        (
            "display",
            DeviceMessage::Display {
                width: 1920,
                height: 1080,
                scale_percent: 125,
                outputs: vec![output],
            },
        ),
        (
            "epoch",
            DeviceMessage::Epoch {
                number: 7,
                window_log: 24,
            },
        ),
        (
            "rects",
            DeviceMessage::Rects {
                rects: vec![rect, Rect::new(0, 0, 65_535, 1)],
                data: &[9, 8, 7],
            },
        ),
        (
            "more of a stream",
            DeviceMessage::Rects {
                rects: vec![],
                data: &[6],
            },
        ),
        (
            "copy",
            DeviceMessage::Copy {
                from: rect,
                x: 500,
                y: 600,
            },
        ),
    ]
}

fn media_and_cursor_messages() -> Vec<Named> {
    let rect = Rect::new(1, 2, 3, 4);
    let shape = CursorShape {
        width: 2,
        height: 1,
        hot_x: 1,
        hot_y: 0,
        rgba: vec![1, 2, 3, 4, 5, 6, 7, 8],
    };
    vec![
        (
            "jpeg",
            DeviceMessage::Jpeg {
                rect,
                data: &[0xff, 0xd8],
            },
        ),
        (
            "video open",
            DeviceMessage::VideoOpen {
                stream: 1,
                codec: Codec::Vp9,
                rect,
            },
        ),
        (
            "video frame",
            DeviceMessage::VideoFrame {
                stream: 1,
                key: true,
                more: true,
                time_ms: 70_000,
                data: &[1],
            },
        ),
        ("video close", DeviceMessage::VideoClose { stream: 1 }),
        ("cursor shape", DeviceMessage::CursorShape(shape)),
        (
            "hidden cursor",
            DeviceMessage::CursorShape(CursorShape::default()),
        ),
        (
            "cursor position",
            DeviceMessage::CursorPosition { x: 1919, y: 1079 },
        ),
        (
            "frame end",
            DeviceMessage::FrameEnd {
                frame: 4_294_967_295,
            },
        ),
    ]
}

fn device_messages() -> Vec<Value> {
    let messages = [picture_messages(), media_and_cursor_messages()].concat();
    let describe = |(name, message): &(&str, DeviceMessage<'_>)| {
        let bytes = message.to_bytes();
        assert_eq!(DeviceMessage::parse(&bytes).as_ref(), Ok(message));
        json!({ "name": name, "hex": hex(&bytes) })
    };
    messages.iter().map(describe).collect()
}

fn viewer_messages() -> Vec<Value> {
    let messages = [
        (
            "hello",
            ViewerMessage::Hello {
                version: 1,
                features: Features(0),
            },
        ),
        (
            "ack",
            ViewerMessage::Ack {
                epoch: 7,
                frame: 70_000,
            },
        ),
        ("need epoch", ViewerMessage::NeedEpoch),
        (
            "quality",
            ViewerMessage::Quality {
                preference: Preference::Fluent,
                rate_kbit_max: 5_000,
            },
        ),
    ];
    let describe = |(name, message): &(&str, ViewerMessage)| {
        let bytes = message.to_bytes();
        assert_eq!(ViewerMessage::parse(&bytes).as_ref(), Ok(message));
        json!({ "name": name, "hex": hex(&bytes) })
    };
    messages.iter().map(describe).collect()
}

/// Single messages that a viewer must not accept.
fn refused() -> Vec<Value> {
    let cases: [(&str, &[u8]); 15] = [
        ("nothing", &[]),
        ("an unknown kind", &[99]),
        ("a viewer's message", &[14]),
        ("a hello without features", &[1, 1]),
        ("a hello with a byte too many", &[1, 1, 0, 0]),
        ("a display without columns", &[2, 0, 0, 0, 9, 0, 100, 0]),
        ("a display too large", &[2, 64, 0, 64, 0, 0, 100, 0]),
        (
            "an output outside",
            &[2, 0, 8, 0, 8, 0, 100, 1, 0, 1, 0, 0, 0, 8, 0, 8, 0, 0],
        ),
        (
            "an output name that is not UTF-8",
            &[2, 0, 8, 0, 8, 0, 100, 1, 0, 0, 0, 0, 0, 8, 0, 8, 0, 1, 0xff],
        ),
        ("an epoch number 0", &[3, 0, 0, 0, 0, 20]),
        ("a window of 32 MiB", &[3, 0, 0, 0, 1, 25]),
        ("an empty rect", &[4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("more rects than bytes", &[4, 4, 0, 0, 0, 0, 0, 0, 1, 0, 1]),
        (
            "a cursor that points outside of itself",
            &[10, 0, 1, 0, 1, 0, 1, 0, 0, 1, 2, 3, 4],
        ),
        (
            "a cursor with too few pixels",
            &[10, 0, 1, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4],
        ),
    ];
    let describe = |(name, bytes): &(&str, &[u8])| {
        let error: MessageError = DeviceMessage::parse(bytes).unwrap_err();
        json!({ "name": name, "hex": hex(bytes), "why": error.to_string() })
    };
    cases.iter().map(describe).collect()
}

/// What a device sends for drawing, scrolling, a mask, a cursor, a lost viewer and a resize.
fn session() -> Vec<Value> {
    let mut recorder = Recorder::new(Size::new(96, 80));
    recorder.update();
    let whole = Rect::new(0, 0, 96, 80);
    recorder.screen.draw(whole, |x, y| text(1, x, y));
    recorder.update();
    recorder.screen.scroll(whole, 12);
    recorder
        .screen
        .draw(Rect::new(0, 68, 96, 12), |x, y| text(2, x, y));
    recorder.update();
    recorder
        .screen
        .fill(Rect::new(90, 70, 40, 40), [255, 128, 1]);
    recorder.screen.fill(Rect::new(3, 3, 1, 1), [1, 2, 3]);
    recorder.update();
    recorder.pipeline.set_masks(&[Rect::new(10, 10, 20, 20)]);
    recorder.pipeline.on_cursor_position(50, 60);
    recorder.screen.set_cursor(CursorShape {
        width: 1,
        height: 1,
        hot_x: 0,
        hot_y: 0,
        rgba: vec![255, 0, 0, 128],
    });
    recorder.update();
    let lost = ViewerMessage::NeedEpoch.to_bytes();
    recorder
        .pipeline
        .on_message(&lost, recorder.now_ms)
        .unwrap();
    recorder.update();
    recorder.screen.resize(Size::new(40, 30));
    recorder
        .screen
        .draw(Rect::new(0, 0, 40, 30), |x, y| text(3, x, y));
    recorder.update();
    recorder.steps
}

struct Recorder {
    screen: Screen,
    pipeline: Pipeline,
    decoder: Decoder,
    now_ms: u64,
    steps: Vec<Value>,
}

impl Recorder {
    fn new(size: Size) -> Self {
        let screen = Screen::new(size);
        Self {
            pipeline: Pipeline::new(screen.display().clone()),
            screen,
            decoder: Decoder::new(),
            now_ms: 1_000,
            steps: Vec::new(),
        }
    }

    fn update(&mut self) {
        self.now_ms += 1_000;
        let changes = self.screen.poll();
        if let Some(display) = changes.display {
            self.pipeline.on_display(display);
        }
        self.pipeline.on_damage(&changes.damage);
        if let Some(shape) = &changes.cursor {
            self.pipeline.on_cursor_shape(shape);
        }
        let picture = self.screen.grab(self.pipeline.wants(self.now_ms).unwrap());
        for message in self.pipeline.encode(picture, self.now_ms).unwrap() {
            let mut step = json!({ "hex": hex(&message) });
            if let Some(painted) = self.decoder.apply(&message).unwrap() {
                step["epoch"] = json!(painted.epoch);
                step["frame"] = json!(painted.frame);
                step["width"] = json!(self.decoder.picture().size().width);
                step["height"] = json!(self.decoder.picture().size().height);
                step["picture_check"] = json!(picture_check(self.decoder.picture()));
            }
            self.steps.push(step);
        }
    }
}

/// Sessions whose last message must be refused.
fn hostile_sessions() -> Vec<Value> {
    let start = ["010100", "0200080008006400", "030000000114"].map(from_hex);
    let stored = |bytes: &[u8]| {
        let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
        out.extend(&((bytes.len() as u32) << 3).to_le_bytes()[..3]);
        out.extend(bytes);
        out
    };
    let rects = |rects: &[Rect], data: &[u8]| {
        let rects = rects.to_vec();
        DeviceMessage::Rects { rects, data }.to_bytes()
    };
    let one = [Rect::new(0, 0, 1, 1)];
    let bomb = zstd::bulk::compress(&vec![0; 32 << 20], 1).unwrap();
    let mut wide = stored(&[1, 2, 3]);
    wide[5] = 0xf8;
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("another version", vec![vec![1, 2, 0]]),
        ("a message before its hello", vec![start[1].clone()]),
        (
            "rects before an epoch",
            vec![start[0].clone(), start[1].clone(), rects(&one, &[])],
        ),
        ("an epoch out of order", with(&start, &[&start[2]])),
        (
            "a rect outside",
            with(&start, &[&rects(&[Rect::new(8, 0, 1, 1)], &[])]),
        ),
        (
            "a copy from outside",
            with(&start, &[&from_hex("05000700000002000100000000")]),
        ),
        (
            "more pixels than asked for",
            with(&start, &[&rects(&one, &stored(&[1, 2, 3, 4]))]),
        ),
        (
            "fewer pixels than promised",
            with(&start, &[&rects(&one, &stored(&[1, 2])), &[12, 0, 0, 0, 1]]),
        ),
        ("a bomb", with(&start, &[&rects(&one, &bomb)])),
        (
            "a window larger than announced",
            with(&start, &[&rects(&one, &wide)]),
        ),
        ("no zstd at all", with(&start, &[&rects(&one, &[0; 32])])),
        (
            "a frame end out of order",
            with(&start, &[&[12, 0, 0, 0, 2]]),
        ),
        (
            "jpeg that was not offered",
            with(&start, &[&from_hex("060000000000080008ff")]),
        ),
        (
            "an update without end",
            with(&start, &[&rects(&[Rect::new(0, 0, 8, 8); 3], &[])]),
        ),
    ];
    cases.iter().map(refusal_of_the_last).collect()
}

fn refusal_of_the_last((name, messages): &(&str, Vec<Vec<u8>>)) -> Value {
    let mut decoder = Decoder::new();
    let (last, first) = messages.split_last().unwrap();
    for message in first {
        decoder.apply(message).unwrap();
    }
    let error: DecodeError = decoder.apply(last).unwrap_err();
    let messages: Vec<String> = messages.iter().map(|message| hex(message)).collect();
    json!({ "name": name, "messages": messages, "why": error.to_string() })
}

fn with(start: &[Vec<u8>], more: &[&[u8]]) -> Vec<Vec<u8>> {
    let more = more.iter().map(|message| message.to_vec());
    start.iter().cloned().chain(more).collect()
}

fn text(seed: u32, x: u16, y: u16) -> [u8; 3] {
    let row = (u32::from(y) / 12 * 31 + u32::from(y) + seed).wrapping_mul(0x85eb_ca6b);
    let mixed = (u32::from(x) / 2 + (row >> 7)).wrapping_mul(0x9e37_79b9);
    if y % 12 < 9 && (mixed >> 13) & 3 == 0 {
        [20, 30, 40]
    } else {
        [250, 240, 230]
    }
}

fn picture_check(picture: &Picture) -> u32 {
    let pixels = picture.bytes().chunks_exact(4);
    pixels
        .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
        .fold(0x811c_9dc5, |hash: u32, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
