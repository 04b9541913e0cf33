//! The product on a desktop that somebody else set up, for a harness that compares products (`bench/screen`).

use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;

use crate::demo::desktop::Desktop;
use crate::demo::state::State;
use crate::demo::supervise::{Interrupt, Supervisor};
use crate::{demo, layout};

/// The programs whose cost is the product's.
const PROGRAMS: [&str; 3] = ["server", "witness", "agent"];

/// Brings up the release programs on the desktop of DISPLAY, prints
/// `{"link":"..","port":7340,"pids":[1,2,3]}` on a line of its own and stays until it is interrupted.
///
/// # Errors
/// When something does not come up or ends.
pub fn run() -> Result<ExitCode> {
    let folder = layout::target().join("xtask").join("stand");
    let mut state = State::open(&folder, true, None)?;
    state.programs = layout::target().join("release");
    let mut supervisor = Supervisor::new(&state.path("logs"), Interrupt::listen()?);
    let stand = demo::raise(&mut state, &mut supervisor, |_| Desktop::of_this_user())?;
    let pids = PROGRAMS.map(|name| supervisor.pid(name).context(name));
    let pids = pids.into_iter().collect::<Result<Vec<_>>>()?;
    println!(
        "{}",
        json!({"link": stand.technician.link, "port": state.port, "pids": pids})
    );
    supervisor.wait_for_interrupt()?;
    Ok(ExitCode::SUCCESS)
}
