//! What the tests that join the crates share: a stage of real programs, an organisation with its people, honest hands on
//! both ends of a session, and the words between a test and the attacker.
#![allow(clippy::unwrap_used)]

pub mod assault;
pub mod beat;
pub mod channel;
pub mod org;
pub mod parley;
pub mod stage;
pub mod technician;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for any one thing that must happen.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Fresh random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// Awaits what must happen, and names it where it does not.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: did not happen within {DEADLINE:?}"),
    }
}

/// One crypto provider for all of a process's clients.
pub fn install_crypto() {
    // A second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
