//! The real program, and HTTP by hand so that every header can be wrong.
#![allow(clippy::unwrap_used, dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

pub fn wayleave() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    for name in ["WAYLEAVE_DIR", "WAYLEAVE_PASSPHRASE", "WAYLEAVE_NAME"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

/// A program that runs until it is dropped.
pub struct Running {
    child: Child,
    // Kept open: a program whose output nobody takes would die of it.
    _out: BufReader<ChildStdout>,
    /// The first line it printed.
    pub first_line: String,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        out.read_line(&mut first_line).unwrap();
        Self {
            child,
            _out: out,
            first_line,
        }
    }

    /// `kill -9`, then waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn witness(dir: &Path, more: &[&str]) -> Running {
    let mut command = wayleave();
    command
        .args(["witness", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir)
        .args(more);
    Running::start(command)
}

/// The port in `.. http://127.0.0.1:PORT ..`.
pub fn port_of(line: &str) -> u16 {
    let rest = line
        .split("http://127.0.0.1:")
        .nth(1)
        .unwrap_or_else(|| panic!("no address in {line:?}"));
    rest.trim_end().parse().unwrap()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One request over a connection of its own; `headers` are whole lines, `Host` among them.
pub fn http(port: u16, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    headers
        .iter()
        .for_each(|line| head += &format!("{line}\r\n"));
    head += "\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    // A server that refuses a body may close before it has read all of it.
    let _ = socket.write_all(body);
    let mut text = Vec::new();
    let _ = socket.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
