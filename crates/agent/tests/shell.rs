//! Terminals: what runs in them ends with them.
#![allow(clippy::unwrap_used)]

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use wayleave_agent::shell::{AsUser, Output, Shell, Start};
use wire::shell::Signal;

const LONG: Duration = Duration::from_secs(20);

fn start(command: &str) -> (Shell, Receiver<Output>) {
    let (tell, told) = channel();
    let said = move |output| {
        let _ = tell.send(output);
    };
    let command = Some(command.to_owned());
    let start = Start {
        cols: 80,
        rows: 24,
        term: "xterm".into(),
        command,
        display: None,
        user: None,
    };
    let shell = Shell::start(start, said).unwrap();
    assert_eq!(told.recv_timeout(LONG).unwrap(), Output::Started);
    (shell, told)
}

/// Reads until the text contains `end`; what came by then.
fn read_until(told: &Receiver<Output>, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        match told.recv_timeout(LONG).unwrap() {
            Output::Data(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Output::Typed(_) | Output::Started => {}
            Output::Exit(code) => panic!("ended with {code} after {text:?}"),
        }
    }
    text
}

fn exit_code(told: &Receiver<Output>) -> i32 {
    loop {
        if let Output::Exit(code) = told.recv_timeout(LONG).unwrap() {
            return code;
        }
    }
}

/// Waits until a process is gone.
fn wait_gone(pid: i32) {
    let Some(Ok(fd)) = Pid::from_raw(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
        return;
    };
    let mut fds = [rustix::event::PollFd::new(
        &fd,
        rustix::event::PollFlags::IN,
    )];
    let timeout = rustix::event::Timespec::try_from(LONG).unwrap();
    assert_eq!(
        rustix::event::poll(&mut fds, Some(&timeout)).unwrap(),
        1,
        "process {pid} lives on"
    );
}

fn pids(text: &str) -> Vec<i32> {
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[test]
fn output_input_size_and_exit_code_pass() {
    let (shell, told) = start("stty size; read word; echo got $word; exit 3");
    read_until(&told, "24 80");
    shell.type_bytes(b"hello\n".to_vec(), 7);
    read_until(&told, "got hello");
    assert_eq!(exit_code(&told), 3);
}

#[test]
fn a_resize_is_seen_by_the_program() {
    let (shell, told) =
        start("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done");
    read_until(&told, "ready");
    shell.resize(100, 40);
    read_until(&told, "40 100");
}

#[test]
fn everything_that_a_terminal_started_ends_with_it() {
    let script = "trap '' HUP TERM; sleep 1000 & a=$!; (trap '' HUP; sleep 1000 & echo $! inner; wait) & \
                  setsid -f true; echo $a $$ all; wait";
    let (shell, told) = start(script);
    let mut text = read_until(&told, "all");
    if !text.contains("inner") {
        text.push_str(&read_until(&told, "inner"));
    }
    let pids = pids(&text);
    assert_eq!(pids.len(), 3, "{text:?}");
    drop(shell);
    pids.into_iter().for_each(wait_gone);
    assert_eq!(exit_code(&told), 137);
}

#[test]
fn what_a_shell_leaves_behind_ends_when_it_exits() {
    let (_shell, told) = start("trap '' HUP; sleep 1000 & echo $! left; exit 0");
    let text = read_until(&told, "left");
    assert_eq!(exit_code(&told), 0);
    pids(&text).into_iter().for_each(wait_gone);
}

#[test]
fn a_signal_reaches_the_foreground() {
    let (shell, told) =
        start("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done");
    read_until(&told, "ready");
    shell.signal(Signal::Int);
    read_until(&told, "caught");
    assert_eq!(exit_code(&told), 5);
}

#[test]
fn a_frozen_terminal_does_nothing_until_it_goes_on() {
    let (shell, told) = start("echo $$ ready; while read word; do echo got $word; done");
    let text = read_until(&told, "ready");
    shell.freeze(true);
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pids(&text)[0])).unwrap();
    assert!(stat.contains(") T "), "{stat}");
    shell.type_bytes(b"later\n".to_vec(), 1);
    shell.freeze(false);
    read_until(&told, "got later");
}

fn start_as(name: &str, command: Option<&str>) -> Result<(Shell, Receiver<Output>), String> {
    let (tell, told) = channel();
    let said = move |output| {
        let _ = tell.send(output);
    };
    let start = Start {
        cols: 80,
        rows: 24,
        term: "xterm".into(),
        command: command.map(str::to_owned),
        display: Some(":0".into()),
        user: Some(AsUser {
            program: env!("CARGO_BIN_EXE_wayleave-agent").into(),
            name: name.into(),
        }),
    };
    let shell = Shell::start(start, said)?;
    Ok((shell, told))
}

/// The name of the user who runs this test.
fn own_name() -> String {
    let said = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_shell_as_the_agents_own_user_runs() {
    let (_shell, told) = start_as(&own_name(), Some("echo it is $(id -un).")).unwrap();
    read_until(&told, &format!("it is {}.", own_name()));
}

#[test]
fn a_shell_as_nobody_whom_the_workstation_knows_is_refused() {
    let why = start_as("nosuchuser", Some("id")).err().unwrap();
    assert_eq!(why, "There is no user nosuchuser on this workstation.");
}

/// Where the test runs as root: another user's shell has his groups, his home and nothing of the agent's environment, cannot
/// become root, and ends as any other. Where it does not: it is refused with a sentence.
#[test]
fn a_shell_as_another_user_is_his_alone() {
    if own_name() != "root" {
        let why = start_as("root", Some("id")).err().unwrap();
        assert!(
            why.contains(&format!("runs as {} and cannot", own_name())),
            "{why}"
        );
        return;
    }
    let script = "echo a $(id -un) $(id -gn) $(id -G) b; echo home=$HOME user=$USER display=$DISPLAY cargo=$CARGO_PKG_NAME.; \
        cat /etc/shadow; kill -0 1; stat -c 'tty %U' $(tty); sleep 600 & echo pid $! end; wait";
    let (shell, told) = start_as("daemon", Some(script)).unwrap();
    let text = read_until(&told, "end");
    let groups = std::process::Command::new("id")
        .args(["-G", "daemon"])
        .output()
        .unwrap();
    let groups = String::from_utf8(groups.stdout).unwrap();
    assert!(
        text.contains(&format!("a daemon daemon {} b", groups.trim())),
        "{text}"
    );
    assert!(
        text.contains("home=/usr/sbin user=daemon display= cargo=."),
        "{text}"
    );
    assert!(text.contains("Permission denied"), "{text}");
    assert!(text.contains("tty daemon"), "{text}");
    let pid = pids(&text[text.rfind("pid").unwrap()..])[0];
    shell.freeze(true);
    shell.freeze(false);
    drop(shell);
    wait_gone(pid);
}

#[test]
fn root_by_another_name_is_refused() {
    use wayleave_agent::shell_user::{Change, change_to};
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let is_alias = |line: &&str| line.split(':').nth(2) == Some("0") && !line.starts_with("root:");
    // Only machines that have such a user can show it; all show that root itself is named by its name.
    if let Some(alias) = passwd.lines().find(is_alias) {
        let name = alias.split(':').next().unwrap();
        assert!(
            change_to(name)
                .unwrap_err()
                .contains("root by another name")
        );
    }
    let expected = if own_name() == "root" {
        Ok(Change::None)
    } else {
        Err(())
    };
    assert_eq!(change_to("root").map_err(|_| ()), expected);
}
