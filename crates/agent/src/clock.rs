//! The system's clocks and randomness: the only place that asks for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Random bytes of the operating system.
///
/// # Panics
/// Where the system gives none: nothing of the agent may go on then.
pub fn os_random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives no random bytes");
    bytes
}

/// The wall clock in milliseconds since the epoch.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since the machine started, sleep included. Nobody sets this clock.
pub fn boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// A moment that only moves on, whatever somebody does to the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    now: u64,
    boot: u64,
}

impl Anchor {
    /// Pins `now` (milliseconds since the epoch) to this moment.
    pub fn at(now: u64) -> Self {
        Self {
            now,
            boot: boot_ms(),
        }
    }

    /// The time that has come since, by the boot clock.
    pub fn now(&self) -> u64 {
        self.now + boot_ms().saturating_sub(self.boot)
    }
}

/// A moment as the user of this machine reads it ("14:35"), or in UTC where his time zone cannot be asked.
pub fn local_time(ms: u64) -> String {
    told_by_date(ms, "+%H:%M").unwrap_or_else(|| {
        let minutes = ms / 60_000;
        format!("{:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
    })
}

/// A day and moment as the user of this machine reads it ("2026-02-03 14:35"), or how far off it is where his time zone
/// cannot be asked.
pub fn local_date_time(ms: u64) -> String {
    told_by_date(ms, "+%Y-%m-%d %H:%M").unwrap_or_else(|| {
        let hours = ms.saturating_sub(wall_ms()) / 3_600_000;
        format!("the day that is {hours} hours away")
    })
}

fn told_by_date(ms: u64, format: &str) -> Option<String> {
    let asked = std::process::Command::new("date")
        .args(["-d", &format!("@{}", ms / 1000), format])
        .stderr(std::process::Stdio::null())
        .output();
    let told = asked.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(told.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
