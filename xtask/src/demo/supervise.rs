//! The programs that the demo starts. Each is the leader of its own process group; all are ended when the demo ends,
//! however it ends: by Ctrl-C, by an error, by a crash of the demo itself.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);
/// How often something that has no event is looked at.
pub const LOOK: Duration = Duration::from_millis(50);

/// Set by the first Ctrl-C (or SIGTERM, SIGHUP).
#[derive(Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP from now on. A second signal of the same kind ends the demo at once.
    ///
    /// # Errors
    /// When the system refuses to install the handler.
    pub fn listen() -> Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let raised = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&raised))?;
            signal_hook::flag::register(signal, Arc::clone(&raised))?;
        }
        Ok(Self(raised))
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Refuses to go on once it was raised.
    ///
    /// # Errors
    /// When it was raised.
    pub fn check(&self) -> Result<()> {
        if self.is_raised() {
            bail!("interrupted");
        }
        Ok(())
    }
}

/// A program that runs, and where its output goes.
struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
    needed: bool,
}

/// All programs of one demo, in the order in which they were started. Dropping it ends them.
pub struct Supervisor {
    logs: PathBuf,
    programs: Vec<Program>,
    interrupt: Interrupt,
}

impl Supervisor {
    /// A supervisor that writes the output of its programs into the folder `logs`.
    pub fn new(logs: &Path, interrupt: Interrupt) -> Self {
        Self {
            logs: logs.to_path_buf(),
            programs: Vec::new(),
            interrupt,
        }
    }

    /// Starts a program that the demo can't do without.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, name: &'static str, command: Command) -> Result<()> {
        self.spawn(name, command, true, None)
    }

    /// Starts a program that may end by itself, such as an editor that its user closes.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_optional(&mut self, name: &'static str, command: Command) -> Result<()> {
        self.spawn(name, command, false, None)
    }

    /// Starts a needed program that says something on its standard output once it is ready, and returns that line.
    ///
    /// # Errors
    /// When it cannot be started, or ends or stays silent instead.
    pub fn start_and_hear(
        &mut self,
        name: &'static str,
        command: Command,
        patience: Duration,
    ) -> Result<String> {
        let said = self.log(name).with_extension("said");
        self.spawn(name, command, true, Some(&said))?;
        let mut line = None;
        self.wait_for(name, patience, || {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            line = text
                .split_once('\n')
                .map(|(first, _)| first.trim().to_owned());
            line.is_some()
        })?;
        line.with_context(|| format!("{name} said nothing"))
    }

    /// Runs a program to its end; what it says goes to our own output.
    ///
    /// # Errors
    /// When it can't be started or fails, when a needed program ends meanwhile, or after Ctrl-C.
    pub fn run(&mut self, name: &'static str, command: &Command) -> Result<()> {
        self.interrupt.check()?;
        let mut command = dies_with_us(command);
        command.process_group(0).stdin(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        self.programs.push(Program {
            name,
            child,
            log: self.log(name),
            needed: false,
        });
        let mut status = None;
        while status.is_none() {
            self.check()?;
            std::thread::sleep(LOOK);
            let running = self
                .programs
                .iter_mut()
                .find(|program| program.name == name);
            status = running
                .map(|program| program.child.try_wait())
                .transpose()?
                .flatten();
        }
        self.programs.retain(|program| program.name != name);
        match status {
            Some(status) if !status.success() => {
                bail!(
                    "{name} failed ({status}); the logs are in {}",
                    self.logs.display()
                )
            }
            _ => Ok(()),
        }
    }

    fn spawn(
        &mut self,
        name: &'static str,
        command: Command,
        needed: bool,
        said: Option<&Path>,
    ) -> Result<()> {
        self.interrupt.check()?;
        let log = self.log(name);
        let output = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let mut command = dies_with_us(&command);
        let heard = match said {
            Some(path) => {
                File::create(path).with_context(|| format!("creating {}", path.display()))?
            }
            None => output.try_clone()?,
        };
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(heard)
            .stderr(output);
        let child = command
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        self.programs.push(Program {
            name,
            child,
            log,
            needed,
        });
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// Waits until `ready` holds, and no longer than `patience`.
    ///
    /// # Errors
    /// When it does not, when a needed program ends meanwhile, or after Ctrl-C.
    pub fn wait_for(
        &mut self,
        what: &str,
        patience: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        while !ready() {
            self.check()?;
            if started.elapsed() > patience {
                bail!(
                    "{what} was not ready within {} s; the logs are in {}",
                    patience.as_secs(),
                    self.logs.display()
                );
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until Ctrl-C.
    ///
    /// # Errors
    /// When a needed program ends before.
    pub fn wait_for_interrupt(&mut self) -> Result<()> {
        while !self.interrupt.is_raised() {
            self.check_programs()?;
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Whether all is well: not interrupted, all needed programs alive.
    ///
    /// # Errors
    /// When not; names the program and shows the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.interrupt.check()?;
        self.check_programs()
    }

    fn check_programs(&mut self) -> Result<()> {
        for program in &mut self.programs {
            if program.needed
                && let Some(status) = program.child.try_wait()?
            {
                let log = std::fs::read_to_string(&program.log).unwrap_or_default();
                bail!(
                    "{} ended ({status}):\n{}",
                    program.name,
                    crate::steps::tail(&log)
                );
            }
        }
        Ok(())
    }

    /// The process id of a program that was started here.
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.programs
            .iter()
            .find(|program| program.name == name)
            .map(|program| program.child.id())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            end(program);
        }
    }
}

/// Asks the whole group to end, then makes it.
fn end(program: &mut Program) {
    let Some(group) = i32::try_from(program.child.id())
        .ok()
        .and_then(Pid::from_raw)
    else {
        return;
    };
    for signal in [Signal::TERM, Signal::KILL] {
        let _ = kill_process_group(group, signal);
        let sent = Instant::now();
        while sent.elapsed() < GRACE {
            let _ = program.child.try_wait();
            if test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The same command, sent SIGTERM by the system when we are killed without a chance to clean up.
fn dies_with_us(command: &Command) -> Command {
    let mut guarded = Command::new("setpriv");
    guarded
        .args(["--pdeathsig", "TERM", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(name, value),
            None => guarded.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        guarded.current_dir(folder);
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supervisor(name: &str) -> Supervisor {
        let logs = crate::layout::target().join("xtask").join(name);
        std::fs::create_dir_all(&logs).unwrap();
        Supervisor::new(&logs, Interrupt::default())
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn is_alive(pid: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    }

    #[test]
    fn a_program_and_its_children_end_with_the_supervisor() {
        let mut supervisor = supervisor("ends");
        let script = "trap '' TERM; sleep 600 & echo $!; wait";
        let child = supervisor.start_and_hear("stubborn", shell(script), Duration::from_secs(5));
        let child: u32 = child.unwrap().parse().unwrap();
        let leader = supervisor.pid("stubborn").unwrap();
        assert!(is_alive(child) && is_alive(leader));
        drop(supervisor);
        assert!(!is_alive(child) && !is_alive(leader));
    }

    #[test]
    fn a_needed_program_that_ends_is_named_with_its_last_words() {
        let mut supervisor = supervisor("named");
        supervisor
            .start_optional("closed", shell("exit 0"))
            .unwrap();
        supervisor
            .start("broken", shell("echo no disk >&2; exit 7"))
            .unwrap();
        let error = supervisor
            .wait_for("nothing", Duration::from_secs(5), || false)
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("broken ended") && text.contains("no disk"),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_runs_to_its_end_is_believed() {
        let mut supervisor = supervisor("runs");
        assert!(supervisor.run("good", &shell("exit 0")).is_ok());
        let error = supervisor.run("bad", &shell("exit 4")).unwrap_err();
        assert!(error.to_string().contains("bad failed"), "{error}");
    }

    #[test]
    fn an_interrupt_ends_every_wait() {
        let mut supervisor = supervisor("interrupt");
        supervisor.interrupt.0.store(true, Ordering::Relaxed);
        assert!(
            supervisor
                .wait_for("x", Duration::from_secs(5), || false)
                .is_err()
        );
        assert!(supervisor.wait_for_interrupt().is_ok());
        assert!(supervisor.start("late", shell("exit 0")).is_err());
    }
}
