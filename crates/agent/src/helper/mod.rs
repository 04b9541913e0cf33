//! The desk helper: capture, input, files, shells, clipboard and windows, at the keeper's word.
//!
//! One loop reads what the keeper says; work that blocks runs in threads of its own that end with their handle. When the
//! keeper goes, the helper goes, and with it everything it started.

mod banner;
mod desk;
mod files_worker;
mod gate;
mod input_thread;
mod notice;
mod outbox;
mod prompt;
mod shells;

use std::os::fd::AsFd;
use std::process::ExitCode;

use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::config;
use crate::ipc::{Frame, ToHelper};
use crate::windows::message::Rect;
use desk::Desk;
pub use outbox::Outbox;

/// What the windows tell the loop.
#[derive(Debug)]
pub enum WindowEvent {
    /// The prompt is or will be here: nothing of it may be shown to a technician.
    PromptAt(Rect),
    /// The prompt is over and off the screen.
    PromptOver(crate::ipc::Number, crate::ipc::Answer),
    /// End was pressed.
    End,
    /// The banner is not in sight.
    BannerLost(String),
}

/// Runs the helper on the socket that the keeper put at standard input.
pub fn run(args: config::Helper) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the desk helper cannot start");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(async { serve(args, socket()?).await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the desk helper ends");
            ExitCode::FAILURE
        }
    }
}

/// Takes the socket off standard input, so that no child ever inherits it.
fn socket() -> anyhow::Result<UnixStream> {
    let ours = rustix::stdio::stdin().as_fd().try_clone_to_owned()?;
    rustix::net::sockopt::socket_type(&ours)
        .map_err(|_| anyhow::anyhow!("the helper is started by the agent itself, not by hand"))?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    let stream = std::os::unix::net::UnixStream::from(ours);
    stream.set_nonblocking(true)?;
    Ok(UnixStream::from_std(stream)?)
}

async fn serve(args: config::Helper, socket: UnixStream) -> anyhow::Result<()> {
    let (mut reading, writing) = socket.into_split();
    let (out, writer) = Outbox::start(writing);
    let (windows, mut from_windows) = mpsc::channel(16);
    let (frames, mut from_keeper) = mpsc::channel(64);
    let reader = tokio::spawn(async move {
        loop {
            match Frame::<ToHelper>::read(&mut reading).await {
                Ok(Some(frame)) => {
                    if frames.send(frame).await.is_err() {
                        return Ok(());
                    }
                }
                Ok(None) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    });
    let mut desk = Desk::new(args, out, windows)?;
    loop {
        tokio::select! {
            biased;
            Some(event) = from_windows.recv() => desk.on_window(event).await,
            frame = from_keeper.recv() => match frame {
                Some(frame) => desk.on_frame(frame).await,
                None => break,
            },
        }
    }
    drop(desk);
    writer.abort();
    reader.await??;
    Ok(())
}
