//! `--prove`: a script sits on both sides instead of people, and checks what they would see.

use anyhow::Result;
use serde_json::json;

use super::desktop::Desktop;
use super::state::State;
use super::supervise::Supervisor;
use crate::layout;

/// Runs `tests/e2e/prove.mjs` on the demo that is up. It runs on the demo's desktop, so that it can change the layout of
/// its keyboard; its own browser is headless.
///
/// # Errors
/// When a check fails; the script has said which.
pub fn run(
    state: &State,
    supervisor: &mut Supervisor,
    desktop: &Desktop,
    console: &str,
    seat: &str,
) -> Result<()> {
    let wish = json!({
        "console": console,
        "seat": seat,
        "home": state.path("desktop/home"),
        "logs": state.path("logs"),
        "picture": layout::root().join("demo.png"),
    });
    let script = layout::root()
        .join("tests/e2e/prove.mjs")
        .display()
        .to_string();
    let mut command = desktop.command("node", &[&script]);
    command.env("WAYLEAVE_PROVE", wish.to_string());
    supervisor.run("prove", &command)
}
