//! `wayleave shell`: a terminal on the device, or one command.

mod terminal;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use trust::scope::Scope;
use trust::text::show_foreign;
use wire::piece::Piece;
use wire::shell::{Reply, Request};
use wire::{Credit, SendError, Stream, ToDevice, ToTechnician, ViewerEvent};

use self::terminal::{Escape, Raw, Typed};
use crate::args::Common;
use crate::failure::{Kind, named};
use crate::session::{self, Driver, Session, Terms, end_error};

/// Which device, and what for.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The device: its name, or the first characters of its key
    #[arg(allow_hyphen_values = true)]
    device: String,
    #[command(flatten)]
    terms: Terms,
    /// A command line to run instead of a login shell, after --
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it; the exit code is the remote command's.
pub async fn run(arguments: Arguments, common: &Common) -> Result<ExitCode> {
    let opening = session::open(&arguments.device, &[Scope::Shell], &arguments.terms, common);
    serve(opening.await?, &arguments.command).await
}

/// A terminal, or one command, in an open session, which it ends.
pub async fn serve(session: Session, command: &[String]) -> Result<ExitCode> {
    let Session {
        mut driver, target, ..
    } = session;
    let command = (!command.is_empty()).then(|| command.join(" "));
    if command.is_none() && std::io::stdin().is_terminal() {
        eprintln!(
            "Shell on {}. Enter, then ~. ends the session.",
            target.shown()
        );
    }
    let result = converse(&mut driver, command).await;
    driver.close().await;
    let code = result?;
    Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX)))
}

/// What this end still has to send.
struct Outbox {
    id: u16,
    typed: mpsc::Receiver<Typed>,
    /// Refused for a full queue; goes first when there is room.
    waiting: Option<Vec<u8>>,
    escape: Escape,
}

enum Happening {
    Event(Result<ViewerEvent>),
    Typed(Option<Typed>),
    Resized,
}

async fn converse(driver: &mut Driver, command: Option<String>) -> Result<i32> {
    let (cols, rows) = terminal::size();
    let id = driver.viewer.next_id(Stream::Shell);
    let term = std::env::var("TERM")
        .ok()
        .filter(|t| is_term(t))
        .unwrap_or_else(|| "xterm-256color".to_owned());
    driver.viewer.send(
        id,
        head(Request::Open {
            cols,
            rows,
            term,
            command,
        }),
        false,
    )?;
    let raw = Raw::enter()?;
    let mut outbox = Outbox {
        id,
        typed: terminal::typed(),
        waiting: None,
        escape: Escape::new(raw.is_raw()),
    };
    let mut resized = signal(SignalKind::window_change())?;
    loop {
        let may_type = outbox.waiting.is_none();
        let happening = tokio::select! {
            event = driver.next() => Happening::Event(event),
            typed = outbox.typed.recv(), if may_type => Happening::Typed(typed),
            _ = resized.recv() => Happening::Resized,
        };
        match happening {
            Happening::Event(event) => {
                if let Some(code) = outbox.on_event(driver, event?)? {
                    return Ok(code);
                }
            }
            Happening::Typed(Some(Typed::Bytes(bytes))) => match outbox.escape.filter(&bytes) {
                Some(bytes) => outbox.send(driver, bytes)?,
                None => {
                    return Err(named(
                        Kind::Device,
                        "ended_here",
                        "\r\nThe session was ended here.",
                    ));
                }
            },
            Happening::Typed(Some(Typed::End)) => {
                outbox.send(driver, terminal::END_OF_INPUT.to_vec())?
            }
            // The sender ends after `End`: from now on only the device speaks.
            Happening::Typed(None) => outbox.waiting = Some(Vec::new()),
            Happening::Resized => {
                let (cols, rows) = terminal::size();
                send(driver, id, head(Request::Resize { cols, rows }))?;
            }
        }
    }
}

impl Outbox {
    fn on_event(&mut self, driver: &mut Driver, event: ViewerEvent) -> Result<Option<i32>> {
        match event {
            ViewerEvent::Message {
                id,
                message: ToTechnician::Shell(piece),
                credit,
                ..
            } if id == self.id => {
                return on_piece(driver, piece, credit);
            }
            ViewerEvent::Message { credit, .. } => driver.viewer.consumed(credit),
            ViewerEvent::Room { .. } => {
                // An empty rest means that the input is over.
                if let Some(bytes) = self.waiting.take_if(|b| !b.is_empty()) {
                    self.send(driver, bytes)?;
                }
            }
            ViewerEvent::Over(end) => return Err(end_error(end)),
            _ => {}
        }
        Ok(None)
    }

    fn send(&mut self, driver: &mut Driver, bytes: Vec<u8>) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match driver
            .viewer
            .send(self.id, ToDevice::Shell(Piece::Data(bytes.clone())), false)
        {
            Err(SendError::Full(_)) => self.waiting = Some(bytes),
            other => other?,
        }
        Ok(())
    }
}

fn on_piece(driver: &mut Driver, piece: Piece<Reply>, credit: Credit) -> Result<Option<i32>> {
    let outcome = match piece {
        Piece::Data(bytes) => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            out.flush()?;
            None
        }
        Piece::Head(Reply::Started {}) => None,
        Piece::Head(Reply::Exit { code }) => Some(code),
        Piece::Head(Reply::Failed { code, text }) => {
            return Err(named(
                Kind::Device,
                &code,
                format!("The shell did not start: {}", show_foreign(&text, 300)),
            ));
        }
    };
    driver.viewer.consumed(credit);
    Ok(outcome)
}

/// A resize that finds a full queue is dropped: the next one tells the size anew.
fn send(driver: &mut Driver, id: u16, message: ToDevice) -> Result<()> {
    match driver.viewer.send(id, message, false) {
        Err(SendError::Full(_)) => Ok(()),
        other => Ok(other?),
    }
}

fn head(request: Request) -> ToDevice {
    ToDevice::Shell(Piece::Head(request))
}

fn is_term(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-+._".contains(&b))
}
