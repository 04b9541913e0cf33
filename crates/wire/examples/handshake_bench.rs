//! Measures the handshake and the sealing of frames, both ends in one thread, one row in JSON a line:
//! `cargo run --release -p wayleave-wire --example handshake_bench`
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the clock"
)]

use std::time::{Duration, Instant};

use trust::bytes::{KeyId, OrgId};
use wayleave_wire::noise::{
    Binding, HandshakeError, Initiator, Mode, Responder, Secured, Transport, public_of,
};

const HANDSHAKES: u32 = 1000;
const ROUNDS: usize = 10;
const BYTES_PER_ROUND: usize = 64 * 1024 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    for round in 0..HANDSHAKES {
        let start = Instant::now();
        shake(round)?;
        times.push(start.elapsed());
    }
    print("handshake, both ends", "ms", times, |time| {
        time.as_secs_f64() * 1e3
    });
    let (mut technician, mut device) = shake(HANDSHAKES)?;
    for size in [128, 1024, 16 * 1024, 65_519] {
        let (from, to) = (&mut device.transport, &mut technician.transport);
        let frames = (BYTES_PER_ROUND / size).min(50_000);
        let times: Result<Vec<_>, _> = (0..ROUNDS)
            .map(|_| seal_and_open(from, to, size, frames))
            .collect();
        let what = format!("frames of {size} bytes, sealed and opened");
        let bytes = (size * frames) as f64;
        print(&what, "MB/s", times?, |time| {
            bytes / time.as_secs_f64() / 1e6
        });
    }
    Ok(())
}

fn print(what: &str, unit: &str, times: Vec<Duration>, number: impl Fn(Duration) -> f64) {
    let mut numbers: Vec<f64> = times.into_iter().map(number).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let at = |share: usize| numbers[(numbers.len() - 1) * share / 100];
    let row = serde_json::json!({
        "what": what, "unit": unit, "n": numbers.len(),
        "p50": at(50), "p95": at(95), "min": at(0), "max": at(100),
    });
    println!("{row}");
}

fn shake(round: u32) -> Result<(Secured, Secured), HandshakeError> {
    let fresh = |side: u8| {
        let mut bytes = [side; 32];
        bytes[..4].copy_from_slice(&round.to_be_bytes());
        bytes
    };
    let binding = Binding {
        mode: Mode::Enrolled,
        org: OrgId([3; 32]),
        device: KeyId([4; 32]),
    };
    let device_key = [2; 32];
    let (initiator, first) = Initiator::start(
        binding.clone(),
        &[1; 32],
        &public_of(&device_key)?,
        &fresh(5),
    )?;
    let (device, answer) = Responder::new(binding, &device_key, &fresh(6))?.answer(&first)?;
    Ok((initiator.finish(&answer)?, device))
}

fn seal_and_open(
    from: &mut Transport,
    to: &mut Transport,
    size: usize,
    frames: usize,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let frame: Vec<u8> = (0..size).map(|n| n as u8).collect();
    let start = Instant::now();
    for _ in 0..frames {
        let sealed = from.seal(&frame)?;
        std::hint::black_box(to.open(&sealed)?);
    }
    Ok(start.elapsed())
}
