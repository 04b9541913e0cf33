//! Steps with a progress line each: what runs, how long it took, and the end of its output when it failed.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a step that takes long says so where no terminal shows its last line.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// Lines of a failed step's output that are shown.
const SHOWN_LINES: usize = 120;

/// What a command left behind.
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to both of its outputs, in the order of arrival.
    pub output: String,
    /// How long it ran.
    pub took: Duration,
}

/// Prints the progress line of a step that is done.
pub fn report(name: &str, verdict: &str, took: Duration, detail: &str) {
    println!(
        "{name:<14} {verdict:<7} {:>7.1} s  {detail}",
        took.as_secs_f64()
    );
}

/// Runs `command` to its end, keeps its output (also in `target/xtask/NAME.log`) and shows that it lives. The caller
/// reports the outcome.
///
/// # Errors
/// When the command cannot be started.
pub fn watch(name: &str, command: &mut Command) -> Result<Finished> {
    let started = Instant::now();
    let (reader, writer) = std::io::pipe().context("a pipe for the output of a step")?;
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("{program} could not be started"))?;
    // The command holds the writing end of the pipe; it has to go for the reader to see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = read_lines(reader);
    let output = collect(name, started, &lines);
    let status = child
        .wait()
        .with_context(|| format!("waiting for {program}"))?;
    keep_log(name, &output);
    Ok(Finished {
        status,
        output,
        took: started.elapsed(),
    })
}

/// Runs `command` as one step whose failure ends everything.
///
/// # Errors
/// When it cannot be started or fails; the end of its output is printed before.
pub fn must(name: &str, command: &mut Command) -> Result<()> {
    let finished = watch(name, command)?;
    if finished.status.success() {
        report(name, "ok", finished.took, "");
        return Ok(());
    }
    report(name, "FAILED", finished.took, "");
    println!("{}", tail(&finished.output));
    bail!(
        "{name} failed ({}); its whole output is in {}",
        finished.status,
        log_path(name).display()
    );
}

/// The last lines of an output.
pub fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// Where the output of step `name` is kept.
pub fn log_path(name: &str) -> PathBuf {
    crate::layout::target()
        .join("xtask")
        .join(format!("{name}.log"))
}

fn read_lines(reader: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
    receiver
}

fn collect(name: &str, started: Instant, lines: &Receiver<String>) -> String {
    let on_terminal = std::io::stdout().is_terminal();
    let mut output = String::new();
    let mut said = started;
    loop {
        match lines.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => output.push_str(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if on_terminal || said.elapsed() >= SIGN_OF_LIFE {
            show_life(name, started.elapsed(), last_line(&output), on_terminal);
            said = Instant::now();
        }
    }
    if on_terminal {
        print!("\r\x1b[K");
        let _ = std::io::stdout().flush();
    }
    output
}

fn show_life(name: &str, took: Duration, last: &str, on_terminal: bool) {
    let last: String = last
        .chars()
        .filter(|character| !character.is_control())
        .take(70)
        .collect();
    let line = format!("{name:<14} ...     {:>7.0} s  {last}", took.as_secs_f64());
    if on_terminal {
        print!("\r\x1b[K{line}");
    } else {
        println!("{line}");
    }
    let _ = std::io::stdout().flush();
}

fn last_line(output: &str) -> &str {
    output.trim_end().rsplit('\n').next().unwrap_or_default()
}

/// The log is a help for the reader; a full disk must not fail the step itself.
fn keep_log(name: &str, output: &str) {
    let path = log_path(name);
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    if let Err(error) = std::fs::write(&path, output) {
        eprintln!("{} could not be written: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_and_the_status_of_a_command_are_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let finished = watch("self-test", &mut command);
        let finished = finished.map(|finished| (finished.status.code(), finished.output));
        assert!(matches!(finished, Ok((Some(3), output)) if output == "one\ntwo\n"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let result = watch("self-test", &mut Command::new("no-such-program-here"));
        assert!(result.is_err_and(|error| format!("{error:#}").contains("no-such-program-here")));
    }

    #[test]
    fn the_tail_is_the_end() {
        let long = (0..500)
            .map(|number| format!("{number}\n"))
            .collect::<String>();
        assert!(tail(&long).ends_with("\n499") && tail(&long).lines().count() == SHOWN_LINES);
        assert_eq!(tail("a\nb"), "a\nb");
    }
}
