//! Measures capture, encoding and decoding of a display as it is: `cargo run --release -p
//! wayleave-screen --example measure -- :0 [FILE]`. Draw on the display meanwhile. With a file
//! the messages are written to it, each after its length (32 bits, big-endian).

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use wayleave_screen::capture::Capture;
use wayleave_screen::decode::Decoder;
use wayleave_screen::message::ViewerMessage;
use wayleave_screen::pipeline::Pipeline;

const SECONDS: u64 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let display = std::env::args().nth(1);
    let mut file = std::env::args().nth(2).map(File::create).transpose()?;
    let mut capture = Capture::open(display.as_deref())?;
    let mut pipeline = Pipeline::new(capture.display().clone());
    let mut decoder = Decoder::new();
    let start = Instant::now();
    let now_ms = || start.elapsed().as_millis() as u64;
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>10}",
        "at ms", "bytes", "grab us", "encode us", "decode us"
    );
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let changes = capture.poll()?;
        if let Some(display) = changes.display {
            pipeline.on_display(display);
        }
        pipeline.on_damage(&changes.damage);
        if let Some(region) = pipeline.wants(now_ms()) {
            let begun = Instant::now();
            let Some(picture) = capture.grab(region)? else {
                continue;
            };
            let grabbed = Instant::now();
            let messages = pipeline.encode(picture, now_ms())?;
            let encoded = Instant::now();
            let mut bytes = 0;
            for message in &messages {
                bytes += message.len();
                if let Some(file) = &mut file {
                    file.write_all(&(message.len() as u32).to_be_bytes())?;
                    file.write_all(message)?;
                }
                if let Some(painted) = decoder.apply(message)? {
                    let (epoch, frame) = (painted.epoch, painted.frame);
                    let ack = ViewerMessage::Ack { epoch, frame }.to_bytes();
                    pipeline.on_message(&ack, now_ms())?;
                }
            }
            println!(
                "{:>8} {bytes:>10} {:>10} {:>10} {:>10}",
                now_ms(),
                (grabbed - begun).as_micros(),
                (encoded - grabbed).as_micros(),
                encoded.elapsed().as_micros()
            );
        }
        let left = Duration::from_secs(SECONDS).saturating_sub(start.elapsed());
        let wait = pipeline.wait_ms(now_ms()).map(Duration::from_millis);
        capture.wait(Some(wait.unwrap_or(left).min(left)))?;
    }
    Ok(())
}
