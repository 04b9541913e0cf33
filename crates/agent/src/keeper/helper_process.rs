//! The desk helper as the keeper sees it: a child process at the other end of a socketpair.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::ipc::{Frame, ToHelper, ToKeeper};
use crate::limits::{IPC_WAITING_BYTES_MAX, LARGE_BLOCKS};

/// How the helper is started.
#[derive(Clone, Debug)]
pub struct HelperProgram {
    /// The agent's own program.
    pub program: PathBuf,
    /// The keeper's directory, outside of every scope.
    pub state_dir: PathBuf,
    /// The folder that file transfers see.
    pub files_root: PathBuf,
    /// The display; the environment's if absent.
    pub display: Option<String>,
}

/// What happens to the helper. Events carry the number of the start they belong to.
#[derive(Debug)]
pub enum HelperEvent {
    /// It says this.
    Frame(Frame<ToKeeper>),
    /// It is gone; why.
    Gone(String),
}

/// A running helper. Dropping it ends it, and with it everything it runs.
pub struct HelperProcess {
    start: u32,
    out: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
    _child: Child,
}

impl HelperProcess {
    /// Starts the program.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(
        program: &HelperProgram,
        start: u32,
        events: mpsc::Sender<(u32, HelperEvent)>,
    ) -> std::io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&program.program);
        command
            .arg("helper")
            .arg("--state-dir")
            .arg(&program.state_dir)
            .arg("--files-root")
            .arg(&program.files_root)
            .env(LARGE_BLOCKS.0, LARGE_BLOCKS.1)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .kill_on_drop(true);
        if let Some(display) = &program.display {
            command.arg("--display").arg(display);
        }
        let child = command.spawn()?;
        let (reading, writing) = UnixStream::from_std(ours)?.into_split();
        let (out, frames) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let tasks = [
            tokio::spawn(read(reading, start, events)),
            tokio::spawn(write(writing, frames, waiting.clone())),
        ];
        Ok(Self {
            start,
            out,
            waiting,
            tasks,
            _child: child,
        })
    }

    /// Which start of the helper this is.
    pub fn number(&self) -> u32 {
        self.start
    }

    /// Sends a frame. Gives whether the helper still takes what it is sent: one that does not is stuck.
    pub fn send(&self, frame: &Frame<ToHelper>) -> bool {
        let bytes = frame.encode();
        let waiting = self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        // A helper that is gone is told by its reader.
        let _ = self.out.send(bytes);
        waiting < IPC_WAITING_BYTES_MAX
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn read(mut from: OwnedReadHalf, start: u32, events: mpsc::Sender<(u32, HelperEvent)>) {
    let why = loop {
        match Frame::read(&mut from).await {
            Ok(Some(frame)) => {
                if events
                    .send((start, HelperEvent::Frame(frame)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Ok(None) => break "it ended".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    let _ = events.send((start, HelperEvent::Gone(why))).await;
}

async fn write(
    mut to: OwnedWriteHalf,
    mut frames: mpsc::UnboundedReceiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(bytes) = frames.recv().await {
        if to.write_all(&bytes).await.is_err() {
            return;
        }
        waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
    }
}
