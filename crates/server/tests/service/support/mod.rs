//! What the tests share.

pub mod member;
pub mod org;
pub mod server;
pub mod socket;

pub use member::Member;
pub use org::OrgFixture;
pub use server::TestServer;
pub use socket::Socket;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub fn now_ms() -> u64 {
    u64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    )
    .unwrap()
}

/// 16 bytes that were not there before, in this process.
pub fn unique16() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes[8..].copy_from_slice(&now_ms().to_be_bytes());
    bytes
}

/// 32 bytes that were not there before.
pub fn unique32() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&unique16());
    bytes
}

/// Waits for something that must happen soon.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it should have happened within 20 seconds")
}
