//! What a technician says about the session he asks for.

use clap::Args;
use trust::bounds::Bounds;

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
    /// Reach files to list and fetch only beneath this folder [default: what policy allows]; may be repeated
    #[arg(long, value_name = "PATH")]
    pub read_under: Vec<String>,
    /// Put files only beneath this folder [default: what policy allows]; may be repeated
    #[arg(long, value_name = "PATH")]
    pub write_under: Vec<String>,
    /// Run a shell as this user of the device [default: the display's, or whom policy names if that is one]
    #[arg(long, value_name = "USER")]
    pub shell_as: Option<String>,
    /// How long, in minutes [default: 30, or what policy allows if that is less]
    #[arg(long)]
    pub minutes: Option<u64>,
}

const DEFAULT_MINUTES: u64 = 30;

impl Terms {
    /// Within which bounds.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            read_under: self.read_under.clone(),
            write_under: self.write_under.clone(),
            shell_as: self.shell_as.clone(),
        }
    }

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
