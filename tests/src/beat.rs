//! A shell that shows that it runs: it writes the time into a file again and again.

use std::path::Path;
use std::time::Duration;

use crate::soon;

/// The command; it ends when there is a file `stop`.
pub const BEAT: &str =
    "while [ ! -e stop ]; do date +%s%N > beat.new; mv beat.new beat; sleep 0.02; done";

/// What it wrote last.
pub fn beat(home: &Path) -> String {
    std::fs::read_to_string(home.join("beat")).unwrap_or_default()
}

/// Waits until it has written something else than this.
pub async fn moves_on(home: &Path, from: &str) {
    let moved = async {
        while beat(home) == from {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("a beat of the shell", moved).await;
}
