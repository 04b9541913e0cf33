//! Lines in and out of the window process.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{LazyLock, Mutex};

use iced::futures::channel::mpsc;
use serde::Serialize;

use super::Stop;
use super::message::{Command, LINE_BYTES_MAX, parse};

static STDIN: LazyLock<Mutex<BufReader<std::io::Stdin>>> =
    LazyLock::new(|| Mutex::new(BufReader::new(std::io::stdin())));

/// What came from the agent.
#[derive(Debug, Clone)]
pub enum FromAgent<C> {
    /// A command.
    Command(C),
    /// The agent is gone, or its line made no sense: the window goes too.
    Gone,
}

/// Writes one event. A reader that is gone is no error here: the end of stdin tells the same.
pub fn send(event: &impl Serialize) {
    let Ok(mut line) = serde_json::to_vec(event) else {
        return;
    };
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
}

/// Waits for the first command.
pub fn first<C: Command>() -> Result<C, Stop> {
    next().map_err(Stop::usage)
}

/// Reads the further commands on a thread of its own.
pub fn follow<C: Command>() -> mpsc::UnboundedReceiver<FromAgent<C>> {
    let (sender, receiver) = mpsc::unbounded();
    std::thread::spawn(move || {
        loop {
            let line = next().map_or_else(
                |why| {
                    eprintln!("window: closing: {why}");
                    FromAgent::Gone
                },
                FromAgent::Command,
            );
            let last = matches!(line, FromAgent::Gone);
            if sender.unbounded_send(line).is_err() || last {
                return;
            }
        }
    });
    receiver
}

fn next<C: Command>() -> Result<C, String> {
    let mut stdin = STDIN
        .lock()
        .map_err(|_| "Standard input is in use.".to_owned())?;
    let mut line = Vec::new();
    let read = Read::by_ref(&mut *stdin)
        .take(LINE_BYTES_MAX as u64 + 1)
        .read_until(b'\n', &mut line)
        .map_err(|error| format!("Standard input cannot be read: {error}."))?;
    if read == 0 {
        return Err("Standard input ended.".into());
    }
    parse(&line)
}
