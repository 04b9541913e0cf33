//! What a technician says about the session he asks for.

use clap::Args;

/// Options of every command that opens a session.
#[derive(Args, Clone, Debug)]
pub struct Terms {
    /// Ask the person at the device [default: only where policy demands it]
    #[arg(long, conflicts_with = "unattended")]
    pub attended: bool,
    /// Ask nobody
    #[arg(long)]
    pub unattended: bool,
    /// Why, in your words: the end user and the receipt show it
    #[arg(long, value_name = "TEXT", default_value = "Remote support")]
    pub why: String,
    /// Ticket number or address
    #[arg(long)]
    pub ticket: Option<String>,
    /// How long, in minutes [default: 30, or what policy allows if that is less]
    #[arg(long)]
    pub minutes: Option<u64>,
}

const DEFAULT_MINUTES: u64 = 30;

impl Terms {
    /// How long, in seconds, where the matching policies allow `longest_s`.
    pub fn seconds(&self, longest_s: u64) -> u64 {
        match self.minutes {
            Some(minutes) => minutes.saturating_mul(60),
            None => longest_s.min(DEFAULT_MINUTES * 60),
        }
    }

    /// How long the request key has to live: the relay looks at it while the session lasts.
    pub fn request_key_ms(&self) -> u64 {
        let minutes = self.minutes.unwrap_or(DEFAULT_MINUTES);
        minutes.saturating_add(10).saturating_mul(60_000)
    }
}
