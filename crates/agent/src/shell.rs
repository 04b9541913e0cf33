//! One terminal: a process in a session of its own on a pseudo-terminal, with everything it started killed at the end.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use wire::limits::DATA_BYTES_MAX;
use wire::shell::Signal as Asked;

use crate::limits::LARGE_BLOCKS;
use crate::shell_user::{Change, change_to};

/// How long the output of a process that has ended may still take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(1);

/// How often a terminal that does not stand still is told to, a millisecond apart.
const FREEZE_ROUNDS_MAX: usize = 500;

/// A running terminal. Dropping it kills whatever runs in it.
pub struct Shell {
    master: Box<dyn MasterPty + Send>,
    leader: Pid,
    /// The leader was reaped: its number may be somebody else's by now.
    reaped: Arc<Mutex<bool>>,
    input: Option<mpsc::Sender<Typed>>,
}

/// What a terminal says.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// It runs; the first that is said.
    Started,
    /// It wrote this.
    Data(Vec<u8>),
    /// What was typed under this ticket has been taken.
    Typed(u32),
    /// It is over, with this exit code; the last that is said.
    Exit(i32),
}

/// What starts in a terminal.
pub struct Start {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// `TERM`.
    pub term: String,
    /// A command line for `sh -c`; the user's login shell if absent.
    pub command: Option<String>,
    /// The display that programs open their windows on.
    pub display: Option<String>,
    /// As whom it runs; as the agent's own user if absent.
    pub user: Option<AsUser>,
}

/// A user for a shell.
#[derive(Clone, Debug)]
pub struct AsUser {
    /// The agent's own program, which becomes the shell.
    pub program: PathBuf,
    /// His name on this machine.
    pub name: String,
}

struct Typed {
    bytes: Vec<u8>,
    ticket: u32,
}

impl Shell {
    /// Starts it. `said` is called from threads of the terminal's own; it blocks them while there is no room.
    ///
    /// # Errors
    /// A sentence.
    pub fn start(
        start: Start,
        said: impl Fn(Output) + Send + Sync + Clone + 'static,
    ) -> Result<Self, String> {
        let failed =
            |what: &str, why: String| format!("The workstation could not start {what}: {why}.");
        let pair = native_pty_system()
            .openpty(size(start.cols, start.rows))
            .map_err(|error| failed("a terminal", error.to_string()))?;
        let child = pair.slave.spawn_command(command(&start)?);
        let mut child = child.map_err(|error| failed("the shell", error.to_string()))?;
        drop(pair.slave);
        let leader = child
            .process_id()
            .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let leader =
            leader.ok_or_else(|| failed("the shell", "it has no process id".to_owned()))?;
        let (reader, writer) = pair
            .master
            .try_clone_reader()
            .and_then(|reader| Ok((reader, pair.master.take_writer()?)))
            .map_err(|error| failed("a terminal", error.to_string()))?;
        let (input, typed) = mpsc::channel();
        let reaped = Arc::new(Mutex::new(false));
        let (echo, data, reap) = (said.clone(), said.clone(), reaped.clone());
        let (done, is_read) = mpsc::channel::<()>();
        thread::spawn(move || write_all(writer, &typed, &echo));
        thread::spawn(move || {
            read_all(reader, &data);
            drop(done);
        });
        thread::spawn(move || {
            let code = end_session(&mut *child, leader, &reap);
            // What fled into a session of its own may hold the terminal for ever.
            let _ = is_read.recv_timeout(LAST_WORDS_MAX);
            said(Output::Exit(code));
        });
        Ok(Self {
            master: pair.master,
            leader,
            reaped,
            input: Some(input),
        })
    }

    /// Types bytes; [`Output::Typed`] tells when they were taken.
    pub fn type_bytes(&self, bytes: Vec<u8>, ticket: u32) {
        if let Some(input) = &self.input {
            // The writer ends only with the terminal, which then says so itself.
            let _ = input.send(Typed { bytes, ticket });
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        let _ = self.master.resize(size(cols, rows));
    }

    /// Sends a signal to what runs in the foreground.
    pub fn signal(&self, asked: Asked) {
        let foreground = self.master.process_group_leader().and_then(Pid::from_raw);
        let signal = match asked {
            Asked::Int => Signal::INT,
            Asked::Term => Signal::TERM,
            Asked::Kill => Signal::KILL,
            Asked::Hup => Signal::HUP,
        };
        self.while_it_lives(|leader| {
            let _ = kill_process_group(foreground.unwrap_or(leader), signal);
        });
    }

    /// Stops everything in the terminal, or lets it go on.
    pub fn freeze(&self, freeze: bool) {
        self.while_it_lives(|leader| {
            if !freeze {
                members(leader)
                    .iter()
                    .for_each(|member| send(member.pid, Signal::CONT));
                return;
            }
            // A stop takes effect some time after it was sent, and what forks meanwhile is new.
            for _ in 0..FREEZE_ROUNDS_MAX {
                let moving: Vec<_> = members(leader)
                    .into_iter()
                    .filter(|member| !member.is_stopped)
                    .collect();
                if moving.is_empty() {
                    return;
                }
                moving
                    .iter()
                    .for_each(|member| send(member.pid, Signal::STOP));
                thread::sleep(Duration::from_millis(1));
            }
        });
    }

    /// The process that leads the terminal's session.
    pub fn leader(&self) -> Pid {
        self.leader
    }

    fn while_it_lives(&self, act: impl FnOnce(Pid)) {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if !*reaped {
            act(self.leader);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.input = None;
        self.while_it_lives(kill_session);
    }
}

/// Waits for the leader, kills what it leaves behind, and only then lets its number go.
fn end_session(child: &mut dyn Child, leader: Pid, reaped: &Mutex<bool>) -> i32 {
    let _ = waitid(
        WaitId::Pid(leader),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    );
    kill_session(leader);
    let mut reaped = reaped.lock().unwrap_or_else(PoisonError::into_inner);
    *reaped = true;
    child.wait().map_or(-1, |status| exit_code(&status))
}

/// Kills every process of a session, those that fork meanwhile too.
fn kill_session(leader: Pid) {
    let _ = kill_process_group(leader, Signal::HUP);
    for _ in 0..16 {
        let members = members(leader);
        if members.is_empty() {
            return;
        }
        members
            .iter()
            .for_each(|member| send(member.pid, Signal::KILL));
    }
}

/// A process of a terminal's session.
struct Member {
    pid: Pid,
    is_stopped: bool,
}

/// Processes of a session that still run.
fn members(leader: Pid) -> Vec<Member> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| member(pid, leader)).collect()
}

/// `/proc/PID/stat` (proc(5)): field 3 is the state, field 6 the session.
fn member(pid: i32, leader: Pid) -> Option<Member> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, brackets included.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    let session: i32 = fields.nth(2)?.parse().ok()?;
    if matches!(state, "Z" | "X") || session != leader.as_raw_nonzero().get() {
        return None;
    }
    let is_stopped = matches!(state, "T" | "t");
    Some(Member {
        pid: Pid::from_raw(pid)?,
        is_stopped,
    })
}

fn send(pid: Pid, signal: Signal) {
    // One that is gone needs no signal.
    let _ = kill_process(pid, signal);
}

fn command(start: &Start) -> Result<CommandBuilder, String> {
    if let Some(user) = &start.user
        && change_to(&user.name)? == Change::Becomes
    {
        return Ok(command_as(user, start));
    }
    let mut command = match &start.command {
        None => CommandBuilder::new_default_prog(),
        Some(line) => {
            let mut command = CommandBuilder::new("/bin/sh");
            command.args(["-c", line]);
            command
        }
    };
    command.env("TERM", &start.term);
    // The helper's own.
    command.env_remove(LARGE_BLOCKS.0);
    match &start.display {
        Some(display) => command.env("DISPLAY", display),
        None => command.env_remove("DISPLAY"),
    }
    if let Some(home) = std::env::home_dir().filter(|home| home.is_dir()) {
        command.cwd(home);
    }
    Ok(command)
}

/// What becomes another user's shell. He has no display here: the one that the agent sees is not his.
fn command_as(user: &AsUser, start: &Start) -> CommandBuilder {
    let mut command = CommandBuilder::new(&user.program);
    command.args(["as-user", &user.name]);
    if let Some(line) = &start.command {
        command.arg(format!("--line={line}"));
    }
    command.env("TERM", &start.term);
    command.cwd("/");
    command
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn read_all(mut reader: Box<dyn Read + Send>, said: &impl Fn(Output)) {
    said(Output::Started);
    let mut buffer = vec![0; DATA_BYTES_MAX];
    loop {
        match reader.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(len) => said(Output::Data(buffer[..len].to_vec())),
        }
    }
}

fn write_all(
    mut writer: Box<dyn Write + Send>,
    typed: &mpsc::Receiver<Typed>,
    said: &impl Fn(Output),
) {
    while let Ok(Typed { bytes, ticket }) = typed.recv() {
        // A terminal that is gone takes nothing; its exit is told elsewhere, the ticket is still due.
        let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
        said(Output::Typed(ticket));
    }
}

/// 128 + signal where one killed it, as shells count; the library gives the signal's name only.
fn exit_code(status: &portable_pty::ExitStatus) -> i32 {
    match status.signal() {
        None => i32::try_from(status.exit_code()).unwrap_or(-1),
        Some("Hangup") => 129,
        Some("Interrupt") => 130,
        Some("Aborted") => 134,
        Some("Killed") => 137,
        Some("Segmentation fault") => 139,
        Some("Terminated") => 143,
        Some(_) => 128,
    }
}
