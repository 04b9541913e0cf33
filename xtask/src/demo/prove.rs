//! `--prove`: a script sits on both sides instead of people, and checks what they would see.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::Stand;
use super::state::State;
use super::supervise::Supervisor;
use crate::layout;

/// Runs `tests/e2e/prove.mjs` on the demo that is up, and leaves a picture of the console. It runs on the demo's desktop, so
/// that it can change the layout of its keyboard; its own browser is headless.
///
/// # Errors
/// When a check fails, the script has said which; when there is no seat to sit at.
pub fn run(
    state: &State,
    supervisor: &mut Supervisor,
    stand: &Stand,
    picture: &Path,
) -> Result<()> {
    let seat = stand.seat.as_ref();
    let seat = seat.context("the proof needs a desktop of its own")?;
    let wish = json!({
        "console": stand.technician.link,
        "seat": seat.link,
        "home": state.path("desktop/home"),
        "logs": state.path("logs"),
        "picture": picture,
    });
    let script = layout::root()
        .join("tests/e2e/prove.mjs")
        .display()
        .to_string();
    let mut command = stand.desktop.command("node", &[&script]);
    command.env("WAYLEAVE_PROVE", wish.to_string());
    supervisor.run("prove", &command)
}
