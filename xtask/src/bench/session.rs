//! Real sessions: release programs, a desktop of 1920x1080 pixels, a headless Chromium that `bench/session.mjs` drives.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::table::Row;
use super::{agent, flip};
use crate::demo::desktop::Desktop;
use crate::demo::seat::Seat;
use crate::demo::state::State;
use crate::demo::supervise::{Interrupt, Supervisor};
use crate::demo::{self, Stand};
use crate::layout;

/// The desktop that is shown, in pixels.
const SIZE: (u16, u16) = (1920, 1080);
const PATIENCE: Duration = Duration::from_secs(30);
/// What has just started settles first.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// What to measure.
pub struct Wanted {
    /// Sessions that are opened; none to leave clicks and keys out.
    pub runs: u32,
    /// Keys that are pressed.
    pub presses: u32,
    /// How long the agent is watched, if it is.
    pub idle: Option<Duration>,
}

/// Brings everything up, measures and ends everything. The rows come into `rows` as they are measured.
///
/// # Errors
/// When something does not come up, or a session does not open.
pub fn run(wanted: &Wanted, rows: &mut Vec<Row>) -> Result<()> {
    let folder = layout::target().join("xtask").join("bench");
    let mut state = State::open(&folder, true, None)?;
    state.programs = layout::target().join("release");
    let mut supervisor = Supervisor::new(&state.path("logs"), Interrupt::listen()?);
    let desktop = state.path("desktop");
    let stand = demo::raise(&mut state, &mut supervisor, |supervisor| {
        Desktop::start(supervisor, &desktop, SIZE)
    })?;
    let seat = stand.seat.as_ref().context("the desktop has no seat")?;
    let access = stand.desktop.access.as_ref();
    flip::open(access.context("the desktop is not our own")?)?;
    let bench = Bench {
        state: &state,
        stand: &stand,
        seat,
        agent: supervisor.pid("agent").context("the agent does not run")?,
    };
    if let Some(time) = wanted.idle {
        bench.watch(&mut supervisor, time, "without a session", rows)?;
    }
    if wanted.runs > 0 {
        bench.play(&mut supervisor, wanted, rows)?;
    }
    if let Some(time) = wanted.idle {
        if wanted.runs > 0 {
            bench.watch(&mut supervisor, time, "after the sessions", rows)?;
        }
        bench.hold(&mut supervisor, time, rows)?;
    }
    Ok(())
}

struct Bench<'a> {
    state: &'a State,
    stand: &'a Stand,
    seat: &'a Seat,
    agent: u32,
}

impl Bench<'_> {
    /// The agent while no session is open.
    fn watch(
        &self,
        supervisor: &mut Supervisor,
        time: Duration,
        when: &str,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let until = Instant::now() + SETTLED_AFTER;
        supervisor.wait_for("rest", PATIENCE, || Instant::now() >= until)?;
        rows.extend(agent::watch(supervisor, self.agent, time, when)?);
        Ok(())
    }

    /// Clicks to pictures, keys to pixels.
    fn play(
        &self,
        supervisor: &mut Supervisor,
        wanted: &Wanted,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let wish = json!({"runs": wanted.runs, "presses": wanted.presses});
        supervisor.run("session", &self.script("session.mjs", wish))?;
        rows.extend(self.read_rows()?);
        Ok(())
    }

    /// The agent while a session is open and nothing happens; the browser counts what comes.
    fn hold(&self, supervisor: &mut Supervisor, time: Duration, rows: &mut Vec<Row>) -> Result<()> {
        let _ = std::fs::remove_file(self.out());
        let script = self.script("hold.mjs", json!({"seconds": time.as_secs()}));
        supervisor.start_and_hear("hold", script, PATIENCE)?;
        let when = "with an idle session";
        rows.extend(agent::watch(supervisor, self.agent, time, when)?);
        supervisor.wait_for("the browser's count", PATIENCE, || self.out().exists())?;
        rows.extend(self.read_rows()?);
        Ok(())
    }

    fn script(&self, name: &str, mut wish: Value) -> Command {
        wish["console"] = json!(self.stand.technician.link);
        wish["seat"] = json!(self.seat.link);
        wish["out"] = json!(self.out());
        let mut command = Command::new("node");
        command.arg(layout::root().join("bench").join(name));
        command.env("WAYLEAVE_BENCH", wish.to_string());
        command
    }

    fn out(&self) -> PathBuf {
        self.state.path("measured.json")
    }

    fn read_rows(&self) -> Result<Vec<Row>> {
        let text = std::fs::read_to_string(self.out()).context("what the script measured")?;
        let rows: Vec<Value> = serde_json::from_str(&text).context("what the script measured")?;
        rows.iter().map(Row::read).collect()
    }
}
