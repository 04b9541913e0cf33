//! The agent's side: starts a window, talks to it, and never lets it outlive its handle.
//!
//! ```no_run
//! # async fn ask(request: &wayleave_agent::windows::message::PromptRequest) -> std::io::Result<()> {
//! use wayleave_agent::windows::{client::{PromptHandle, WindowProgram}, message::PromptEvent};
//! let mut prompt = PromptHandle::spawn(&WindowProgram::of_this_agent(":0")?, request).await?;
//! while let Some(event) = prompt.next_event().await {
//!     if let PromptEvent::Answer { allow, .. } = event { /* ... */ }
//! } // None before an answer is a refusal
//! # Ok(()) }
//! ```

use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::message::{
    BannerCommand, BannerEvent, BannerRequest, LINE_BYTES_MAX, NoticeCommand, NoticeEvent,
    NoticeRequest, PromptCommand, PromptEvent, PromptRequest,
};

/// Time that a window has to go by itself before it is killed.
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// How the window process is started.
#[derive(Debug, Clone)]
pub struct WindowProgram {
    /// The agent's own program.
    pub program: PathBuf,
    /// The X display, such as `:0`.
    pub display: OsString,
    /// Where the display's cookie is, if not where the environment says.
    pub xauthority: Option<PathBuf>,
}

impl WindowProgram {
    /// This very program, on `display`.
    ///
    /// # Errors
    /// Where the path of the running program is not known.
    pub fn of_this_agent(display: impl Into<OsString>) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        Ok(Self {
            program,
            display: display.into(),
            xauthority: None,
        })
    }

    fn command(&self, kind: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["window", kind])
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        if let Some(xauthority) = &self.xauthority {
            command.env("XAUTHORITY", xauthority);
        }
        command
    }
}

/// A consent prompt on the screen. Dropping it kills the window.
#[derive(Debug)]
pub struct PromptHandle(Process<PromptEvent>);

impl PromptHandle {
    /// Starts the window and asks.
    ///
    /// # Errors
    /// Where the process cannot be started.
    pub async fn spawn(program: &WindowProgram, request: &PromptRequest) -> io::Result<Self> {
        let mut process = Process::start(program.command("prompt"))?;
        process.say(&PromptCommand::Ask(request.clone())).await?;
        Ok(Self(process))
    }

    /// The next event. `unavailable` and none (the window is gone) without an answer are a
    /// refusal. May be dropped and called anew.
    pub async fn next_event(&mut self) -> Option<PromptEvent> {
        self.0.next_event().await
    }

    /// Withdraws the question.
    pub async fn close(self) {
        self.0.close(&PromptCommand::Close {}).await;
    }

    /// The window's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.0.child.id()
    }
}

/// A banner on the screen. Dropping it kills the window.
#[derive(Debug)]
pub struct BannerHandle(Process<BannerEvent>);

impl BannerHandle {
    /// Starts the window and shows the banner.
    ///
    /// # Errors
    /// Where the process cannot be started.
    pub async fn spawn(program: &WindowProgram, request: &BannerRequest) -> io::Result<Self> {
        let mut process = Process::start(program.command("banner"))?;
        process.say(&BannerCommand::Show(request.clone())).await?;
        Ok(Self(process))
    }

    /// The next event. `covered`, `unavailable` and none (the window is gone) each end the
    /// session. May be dropped and called anew.
    pub async fn next_event(&mut self) -> Option<BannerEvent> {
        self.0.next_event().await
    }

    /// Shows something else from now on.
    ///
    /// # Errors
    /// Where the window is gone.
    pub async fn update(&mut self, request: &BannerRequest) -> io::Result<()> {
        self.0.say(&BannerCommand::Show(request.clone())).await
    }

    /// Takes the banner off the screen.
    pub async fn close(self) {
        self.0.close(&BannerCommand::Close {}).await;
    }

    /// The window's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.0.child.id()
    }
}

/// A notice on the screen. Dropping it kills the window.
#[derive(Debug)]
pub struct NoticeHandle(Process<NoticeEvent>);

impl NoticeHandle {
    /// Starts the window and shows the notice.
    ///
    /// # Errors
    /// Where the process cannot be started.
    pub async fn spawn(program: &WindowProgram, request: &NoticeRequest) -> io::Result<Self> {
        let mut process = Process::start(program.command("notice"))?;
        process.say(&NoticeCommand::Show(request.clone())).await?;
        Ok(Self(process))
    }

    /// The next event; none when the window is gone. May be dropped and called anew.
    pub async fn next_event(&mut self) -> Option<NoticeEvent> {
        self.0.next_event().await
    }

    /// Takes the notice off the screen.
    pub async fn close(self) {
        self.0.close(&NoticeCommand::Close {}).await;
    }
}

#[derive(Debug)]
struct Process<E> {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
    event: PhantomData<E>,
}

impl<E: DeserializeOwned> Process<E> {
    fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let piped = || io::Error::other("The window process has no pipes.");
        let stdin = child.stdin.take().ok_or_else(piped)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(piped)?);
        Ok(Self {
            child,
            stdin,
            stdout,
            line: Vec::new(),
            event: PhantomData,
        })
    }

    async fn say(&mut self, command: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(command)?;
        line.push(b'\n');
        if line.len() > LINE_BYTES_MAX {
            return Err(io::Error::other(format!(
                "The window takes no line longer than {LINE_BYTES_MAX} bytes."
            )));
        }
        self.stdin.write_all(&line).await?;
        self.stdin.flush().await
    }

    /// A line that is no event counts as the end: nothing is taken for an answer that is none.
    async fn next_event(&mut self) -> Option<E> {
        let room = (LINE_BYTES_MAX - self.line.len()) as u64;
        (&mut self.stdout)
            .take(room)
            .read_until(b'\n', &mut self.line)
            .await
            .ok()?;
        let event = serde_json::from_slice(&self.line).ok();
        self.line.clear();
        event
    }

    async fn close(mut self, command: &impl Serialize) {
        let _ = self.say(command).await;
        drop(self.stdin);
        if tokio::time::timeout(CLOSE_TIME, self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}
