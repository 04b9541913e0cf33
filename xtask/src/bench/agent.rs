//! What the agent costs while nothing happens: processor time over a while, memory of each process at its end.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::process;
use super::table::Row;
use crate::demo::supervise::Supervisor;

/// Watches the agent with the process id `root` for `time`; `when` names the circumstances.
///
/// # Errors
/// When a needed program ends meanwhile, or the agent is not there.
pub fn watch(
    supervisor: &mut Supervisor,
    root: u32,
    time: Duration,
    when: &str,
) -> Result<Vec<Row>> {
    let started = Instant::now();
    let before = process::cpu_seconds(&process::tree(root));
    supervisor.wait_for(when, time * 2, || started.elapsed() >= time)?;
    let processes = process::tree(root);
    ensure!(!processes.is_empty(), "the agent is not there any more");
    let used = process::cpu_seconds(&processes) - before;
    let took = started.elapsed().as_secs_f64();
    let mut rows = vec![Row::one(
        format!("agent {when}, over {took:.0} s: processor"),
        "% of a core",
        used / took * 100.0,
    )];
    let (mut resident_sum, mut proportional_sum) = (0.0, 0.0);
    for process in &processes {
        let Some((resident, proportional)) = process::memory(process.pid) else {
            continue;
        };
        resident_sum += resident;
        proportional_sum += proportional;
        let what = format!("agent {when}: `{}`", process.name);
        rows.push(Row::one(format!("{what}, RSS"), "MB", resident));
        rows.push(Row::one(format!("{what}, PSS"), "MB", proportional));
    }
    rows.push(Row::one(
        format!("agent {when}: all, RSS"),
        "MB",
        resident_sum,
    ));
    rows.push(Row::one(
        format!("agent {when}: all, PSS"),
        "MB",
        proportional_sum,
    ));
    Ok(rows)
}
