//! Measures the handshake and the sealing of frames, both ends in one thread:
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
const BYTES_PER_SIZE: usize = 512 * 1024 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    for round in 0..HANDSHAKES {
        let start = Instant::now();
        shake(round)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at =
        |share: f64| times[(share * f64::from(HANDSHAKES - 1)) as usize].as_secs_f64() * 1000.0;
    println!(
        "handshake, both ends: median {:.3} ms, p99 {:.3} ms ({HANDSHAKES} rounds)",
        at(0.5),
        at(0.99)
    );
    let (mut technician, mut device) = shake(HANDSHAKES)?;
    for size in [128, 1024, 16 * 1024, 65_519] {
        let rounds = (BYTES_PER_SIZE / size).min(500_000);
        let took = seal_and_open(
            &mut device.transport,
            &mut technician.transport,
            size,
            rounds,
        )?;
        let bytes = (size * rounds) as f64;
        println!(
            "frames of {size:>5} bytes, sealed and opened: {:>7.1} MB/s, {:>6.2} us each",
            bytes / took.as_secs_f64() / 1e6,
            took.as_secs_f64() * 1e6 / rounds as f64,
        );
    }
    Ok(())
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
    rounds: usize,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let frame: Vec<u8> = (0..size).map(|n| n as u8).collect();
    let start = Instant::now();
    for _ in 0..rounds {
        let sealed = from.seal(&frame)?;
        std::hint::black_box(to.open(&sealed)?);
    }
    Ok(start.elapsed())
}
