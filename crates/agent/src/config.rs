//! The command line: it is the whole configuration.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use trust::bytes::OrgId;

/// Wayleave's agent: lets technicians of your organisation help on this computer, when you or your admins allow it.
#[derive(Parser, Debug)]
#[command(name = "wayleave-agent", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve sessions until stopped.
    Run(Run),
    /// Let a technician help once, by the join code that he reads to you. Nothing is installed, and the keys are gone afterwards.
    Join(Join),
    /// Print the words and key ids of this device, to compare with what an admin sees. Works without a network.
    Fingerprint(Fingerprint),
    /// Print what this device knows: organisation, admission, ledger, receipts.
    Status(Dir),
    /// Print the chain of receipts, one line each.
    Receipts(Dir),
    /// Pin this device to another organisation, when all keys of its own are lost. The agent must be stopped.
    Repin(Repin),
    /// The desk helper; started by the agent itself.
    #[command(hide = true)]
    Helper(Helper),
    /// A shell as another user; started by the agent itself.
    #[command(hide = true)]
    AsUser(AsUser),
    /// A window; started by the agent itself.
    #[command(hide = true)]
    Window {
        /// prompt, banner or notice.
        kind: String,
    },
}

/// Arguments of `run`.
#[derive(Args, Debug, Clone)]
pub struct Run {
    /// The organisation, as in the link or file that brought you here.
    // An id may begin with a hyphen.
    #[arg(long, env = "WAYLEAVE_ORG", allow_hyphen_values = true)]
    pub org: OrgId,
    /// The service's address: https://HOST[:PORT], or http:// on this machine.
    #[arg(long, env = "WAYLEAVE_SERVER")]
    pub server: String,
    /// Where this device keeps its keys and receipts.
    #[arg(long, env = "WAYLEAVE_DIR", default_value_os_t = default_dir())]
    pub dir: PathBuf,
    /// The X11 display to show and control, as :0; by default the one of the environment.
    #[arg(long)]
    pub display: Option<String>,
    /// What this machine is called on the admin's page; by default its host name.
    #[arg(long)]
    pub label: Option<String>,
    /// The folder that file transfers see; by default the home directory.
    #[arg(long)]
    pub files_root: Option<PathBuf>,
    /// Certificates (PEM) to trust beside the system's.
    #[arg(long)]
    pub ca: Option<PathBuf>,
}

/// Arguments of `join`.
#[derive(Args, Debug, Clone)]
pub struct Join {
    /// The sixteen digits, as the technician reads them; spaces and hyphens do not matter.
    #[arg(required = true, value_name = "CODE")]
    pub code: Vec<String>,
    /// The service's address, as the technician tells it: https://HOST[:PORT], or http:// on this machine.
    #[arg(long, env = "WAYLEAVE_SERVER")]
    pub server: String,
    /// Where failed attempts and receipts are kept.
    #[arg(long, env = "WAYLEAVE_DIR", default_value_os_t = default_dir())]
    pub dir: PathBuf,
    /// The X11 display to show and control, as :0; by default the one of the environment.
    #[arg(long)]
    pub display: Option<String>,
    /// What this machine is called for the technician; by default its host name.
    #[arg(long)]
    pub label: Option<String>,
    /// The folder that file transfers see; by default the home directory.
    #[arg(long)]
    pub files_root: Option<PathBuf>,
    /// Certificates (PEM) to trust beside the system's.
    #[arg(long)]
    pub ca: Option<PathBuf>,
}

/// Arguments of `repin`.
#[derive(Args, Debug, Clone)]
pub struct Repin {
    /// The organisation to belong to from now on.
    #[arg(long, allow_hyphen_values = true)]
    pub org: OrgId,
    /// The six words of that organisation, as its administrator reads them to you; asked for if not given.
    #[arg(long)]
    pub words: Option<String>,
    /// Where this device keeps its keys and receipts.
    #[arg(long, env = "WAYLEAVE_DIR", default_value_os_t = default_dir())]
    pub dir: PathBuf,
}

/// Arguments of `fingerprint`.
#[derive(Args, Debug, Clone)]
pub struct Fingerprint {
    /// Where this device keeps its keys and receipts.
    #[command(flatten)]
    pub dir: Dir,
    /// Print one line for the list of "wayleave org admit devices --list".
    #[arg(long)]
    pub list: bool,
    /// What the list calls this machine; by default its host name.
    #[arg(long, requires = "list")]
    pub label: Option<String>,
}

/// Arguments of the commands that only look.
#[derive(Args, Debug, Clone)]
pub struct Dir {
    /// Where this device keeps its keys and receipts.
    #[arg(long, env = "WAYLEAVE_DIR", default_value_os_t = default_dir())]
    pub dir: PathBuf,
}

/// Arguments of the desk helper.
#[derive(Args, Debug, Clone)]
pub struct Helper {
    /// The keeper's directory, outside of every scope.
    #[arg(long)]
    pub state_dir: PathBuf,
    /// The folder that file transfers see.
    #[arg(long)]
    pub files_root: PathBuf,
    /// The display.
    #[arg(long)]
    pub display: Option<String>,
}

/// Arguments of a shell as another user.
#[derive(Args, Debug, Clone)]
pub struct AsUser {
    /// Whose.
    pub name: String,
    /// A command line for `sh -c`; the user's login shell if absent.
    #[arg(long, allow_hyphen_values = true)]
    pub line: Option<String>,
}

/// `$XDG_STATE_HOME/wayleave`, else `~/.local/state/wayleave` (XDG base directory specification).
fn default_dir() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    let state = state.or_else(|| Some(std::env::home_dir()?.join(".local/state")));
    state.unwrap_or_else(|| PathBuf::from(".")).join("wayleave")
}

/// The machine's own word for itself: one line, at most 200 characters.
pub fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    one_line(name.trim())
}

/// A text as the service and other devices accept it.
pub fn one_line(text: &str) -> String {
    let mut line = trust::text::show_foreign(text, 60);
    while !trust::text::is_line(&line) && line.pop().is_some() {}
    if line.is_empty() {
        "unnamed".to_owned()
    } else {
        line
    }
}
