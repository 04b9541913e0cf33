//! `cargo xtask demo`: the whole product on one machine, in one command.

pub(crate) mod desktop;
mod http;
pub(crate) mod ports;
mod programs;
mod prove;
pub(crate) mod screen;
pub(crate) mod seat;
mod secret;
pub(crate) mod state;
pub(crate) mod supervise;
mod wallpaper;
mod xauthority;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use crate::{install, layout, steps, toolchain, web};
use desktop::Desktop;
use programs::Technician;
use screen::Screen;
use seat::Seat;
use state::State;
use supervise::{Interrupt, Supervisor};

const PATIENCE: Duration = Duration::from_secs(30);

/// How to run the demo.
#[derive(Args)]
pub struct Options {
    /// Forget the last demo and start anew
    #[arg(long)]
    reset: bool,
    /// The port of the service and console; by default the first free one from 7340
    #[arg(long)]
    port: Option<u16>,
    /// Offer the desktop you sit at instead of one of its own
    #[arg(long)]
    this_desktop: bool,
    /// Drive a real session in headless Chromium, check it and end
    #[arg(long, conflicts_with = "this_desktop")]
    prove: bool,
    /// Install no Debian packages
    #[arg(long)]
    skip_install: bool,
}

/// Runs the demo until Ctrl-C.
///
/// # Errors
/// When a step fails; everything that was started is ended before this returns.
pub fn run(options: &Options) -> Result<ExitCode> {
    steps::report("toolchain", "ok", Duration::ZERO, &toolchain::check()?);
    if !options.skip_install {
        install::run()?;
    }
    web::install()?;
    web::build()?;
    programs::build()?;

    let mut state = State::open(&layout::root().join(".demo"), options.reset, options.port)?;
    let interrupt = Interrupt::listen()?;
    let mut supervisor = Supervisor::new(&state.path("logs"), interrupt.clone());
    let result = play(options, &mut state, &mut supervisor);
    println!("\nstopping what the demo started");
    drop(supervisor);
    if interrupt.is_raised() {
        println!("stopped; `cargo xtask demo` goes on from here, `--reset` starts anew");
        return Ok(ExitCode::SUCCESS);
    }
    result.map(|()| ExitCode::SUCCESS)
}

fn play(options: &Options, state: &mut State, supervisor: &mut Supervisor) -> Result<()> {
    let folder = state.path("desktop");
    let stand = raise(state, supervisor, |supervisor| match options.this_desktop {
        true => Desktop::of_this_user(),
        false => Desktop::start(supervisor, &folder, desktop::SIZE),
    })?;
    if options.prove {
        let picture = layout::root().join("demo.png");
        return prove::run(state, supervisor, &stand, &picture);
    }
    welcome(state, &stand.technician, stand.seat.as_ref());
    supervisor.wait_for_interrupt()
}

/// Proves a demo of its own below `folder`, with programs that are built already.
///
/// # Errors
/// When a step or a check fails; everything that was started is ended before this returns.
pub(crate) fn prove_in(folder: &Path) -> Result<()> {
    let mut state = State::open(folder, true, None)?;
    let mut supervisor = Supervisor::new(&state.path("logs"), Interrupt::listen()?);
    let (own, picture) = (state.path("desktop"), state.path("demo.png"));
    let stand = raise(&mut state, &mut supervisor, |supervisor| {
        Desktop::start(supervisor, &own, desktop::SIZE)
    })?;
    prove::run(&state, &mut supervisor, &stand, &picture)
}

/// What both sides need once service, witness and workstation are up.
pub(crate) struct Stand {
    /// The workstation's desktop.
    pub desktop: Desktop,
    /// Who may connect.
    pub technician: Technician,
    /// The end user's seat, if the desktop is our own.
    pub seat: Option<Seat>,
}

/// Brings up service, organisation, witness, workstation and technician, with a progress line each.
///
/// # Errors
/// When one of them does not come up.
pub(crate) fn raise(
    state: &mut State,
    supervisor: &mut Supervisor,
    desktop: impl FnOnce(&mut Supervisor) -> Result<Desktop>,
) -> Result<Stand> {
    step("service", || open_service(state, supervisor))?;
    let org = step("organisation", || open_organisation(state))?;
    step("witness", || open_witness(state, supervisor, &org))?;
    let desktop = step("desktop", || desktop(supervisor))?;
    step("device", || enrol(state, supervisor, &org, &desktop))?;
    let technician = step("technician", || admit_technician(state, &org))?;
    let seat = match &desktop.access {
        Some(access) => {
            let taken = [state.port, state.witness_port];
            let port = ports::find(state.witness_port.saturating_add(1), &taken)?;
            let open = || Seat::open(Screen::connect(Some(access))?, port);
            Some(step("seat", open)?)
        }
        None => None,
    };
    Ok(Stand {
        desktop,
        technician,
        seat,
    })
}

fn step<T>(name: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let result = act();
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    steps::report(name, verdict, started.elapsed(), "");
    result
}

fn open_service(state: &State, supervisor: &mut Supervisor) -> Result<()> {
    supervisor.start("server", programs::server(state)?)?;
    supervisor.wait_for("the service", PATIENCE, || {
        http::answers(state.port, "/readyz")
    })
}

fn open_organisation(state: &mut State) -> Result<String> {
    if let Some(org) = &state.org {
        return Ok(org.clone());
    }
    let org = programs::create_organisation(state)?;
    state.org = Some(org.clone());
    state.save()?;
    Ok(org)
}

fn open_witness(state: &State, supervisor: &mut Supervisor, org: &str) -> Result<()> {
    supervisor.start("witness", programs::witness(state, org))?;
    supervisor.wait_for("the witness", PATIENCE, || {
        !ports::is_free(state.witness_port)
    })
}

/// Starts the agent, and on the first run admits it by the words that the machine itself shows.
fn enrol(
    state: &mut State,
    supervisor: &mut Supervisor,
    org: &str,
    desktop: &Desktop,
) -> Result<()> {
    let fingerprint = programs::fingerprint(state)?;
    let on_desktop = |program: &Path| desktop.command(&program.display().to_string(), &[]);
    supervisor.start(
        "agent",
        programs::agent(state, org, on_desktop, &desktop.display),
    )?;
    if !state.admitted {
        let mut waiting = None;
        supervisor.wait_for("the waiting device", PATIENCE, || {
            waiting = programs::waiting_device(state, &fingerprint).ok().flatten();
            waiting.is_some()
        })?;
        let (key, words) = waiting.context("no device waits")?;
        programs::set_policy(state)?;
        programs::admit_device(state, &key, &words)?;
        state.admitted = true;
        state.save()?;
    }
    supervisor.wait_for("the admitted device", PATIENCE, || {
        programs::device_is_online(state).unwrap_or(false)
    })
}

/// A fresh technician for each run; the one of the last run goes.
fn admit_technician(state: &mut State, org: &str) -> Result<Technician> {
    if let Some(keyid) = state.technician.take() {
        programs::revoke_technician(state, &keyid)?;
        state.save()?;
    }
    let technician = programs::admit_technician(state, org)?;
    state.technician = Some(technician.keyid.clone());
    state.save()?;
    Ok(technician)
}

fn welcome(state: &State, technician: &Technician, seat: Option<&Seat>) {
    println!(
        "\nThe technician's console, a link for this run:\n  {}",
        technician.link
    );
    if let Some(seat) = seat {
        println!(
            "\nThe end user's seat, the workstation's own screen:\n  {}",
            seat.link
        );
    }
    if let Some(line) = tunnel(state, seat) {
        println!(
            "\nYou came by SSH. On your own machine run this first, then open the links there:\n  {line}"
        );
    }
    println!("\nCtrl-C stops everything.");
}

/// The `ssh -L` line for whoever sits elsewhere.
fn tunnel(state: &State, seat: Option<&Seat>) -> Option<String> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    let ports = [Some(state.port), seat.map(|seat| seat.port)];
    tunnel_line(
        &connection,
        &std::env::var("USER").unwrap_or_default(),
        &ports.map(Option::unwrap_or_default),
    )
}

/// `connection` is SSH_CONNECTION: the client's address and port, then the server's. A port 0 is left out.
fn tunnel_line(connection: &str, user: &str, ports: &[u16]) -> Option<String> {
    let mut words = connection.split_whitespace().skip(2);
    let (host, ssh_port) = (words.next()?, words.next()?);
    let forwards: String = ports
        .iter()
        .filter(|port| **port != 0)
        .map(|port| format!(" -L {port}:localhost:{port}"))
        .collect();
    let at = if user.is_empty() {
        host.to_owned()
    } else {
        format!("{user}@{host}")
    };
    let elsewhere = if ssh_port == "22" {
        String::new()
    } else {
        format!(" -p {ssh_port}")
    };
    Some(format!("ssh{forwards}{elsewhere} {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_ssh_the_line_names_both_ports() {
        let line = tunnel_line("10.0.0.2 5000 10.0.0.9 2222", "ana", &[7340, 7342]);
        assert_eq!(
            line.as_deref(),
            Some("ssh -L 7340:localhost:7340 -L 7342:localhost:7342 -p 2222 ana@10.0.0.9")
        );
        assert_eq!(
            tunnel_line("10.0.0.2 5000 10.0.0.9 22", "", &[7340, 0]).as_deref(),
            Some("ssh -L 7340:localhost:7340 10.0.0.9")
        );
        assert_eq!(tunnel_line("", "ana", &[7340]), None);
    }
}
