//! `web/src/viewer/warm-up.json`: a page of text and a gradient as the pipeline sends them, for a viewer to practise on.
//!
//! `WAYLEAVE_BLESS=1 cargo test -p wayleave-screen --test warm_up` writes it anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use serde_json::json;
use wayleave_screen::capture::fake::Screen;
use wayleave_screen::geometry::{Rect, Size};
use wayleave_screen::message::{DeviceMessage, ViewerMessage};
use wayleave_screen::pipeline::Pipeline;

const SIZE: Size = Size {
    width: 480,
    height: 96,
};
/// Bytes of the messages together: the file travels with every page.
const BYTES_MAX: usize = 16 * 1024;

/// Lines of made-up words: glyphs of 8 by 16 pixels, black on white with grey edges, and the end of each line empty.
fn letter(x: u16, y: u16) -> [u8; 3] {
    let (line, cell) = (u32::from(y / 16), u32::from(x / 8));
    let glyph = (line * 60 + cell).wrapping_mul(2_654_435_761) >> 13;
    let end = 10 + line.wrapping_mul(0x9e37_79b9) % 30;
    if glyph % 5 == 0 || cell > end {
        return [255; 3];
    }
    let (column, row) = (u32::from(x % 8), u32::from(y % 16) / 2);
    let ink = (glyph % 12 + 1).wrapping_mul(0x9e37_79b9) >> (column * 3 + row) & 7;
    let grey = [255, 255, 255, 255, 255, 160, 64, 0][ink as usize];
    [grey; 3]
}

fn messages() -> Vec<Vec<u8>> {
    let mut screen = Screen::new(SIZE);
    screen.draw(SIZE.rect(), letter);
    screen.draw(Rect::new(380, 10, 60, 40), |x, y| {
        [(x / 2) as u8, (y * 2) as u8, 128]
    });
    let mut pipeline = Pipeline::new(screen.display().clone());
    let mut all = Vec::new();
    for now_ms in (1_000_u64..).step_by(1_000) {
        pipeline.on_damage(&screen.poll().damage);
        let Some(region) = pipeline.wants(now_ms).cloned() else {
            return all;
        };
        let update = pipeline.encode(screen.grab(&region), now_ms).unwrap();
        let end = update
            .last()
            .and_then(|end| match DeviceMessage::parse(end) {
                Ok(DeviceMessage::FrameEnd { frame }) => Some(frame),
                _ => None,
            });
        let Some(frame) = end else { return all };
        all.extend(update);
        let painted = ViewerMessage::Ack { epoch: 1, frame };
        pipeline.on_message(&painted.to_bytes(), now_ms).unwrap();
    }
    all
}

#[test]
fn a_viewer_practises_on_what_this_version_sends() {
    let messages = messages();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    assert!(bytes < BYTES_MAX, "{bytes} bytes travel with every page");
    let hex = |message: &Vec<u8>| {
        message
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    let made = json!({ "messages": messages.iter().map(hex).collect::<Vec<_>>() });
    let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/src/viewer/warm-up.json");
    if std::env::var_os("WAYLEAVE_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    assert!(
        stored == text,
        "{} differs from what this version sends; if that is meant, run with WAYLEAVE_BLESS=1",
        path.display()
    );
}
