//! A shell as another user than the agent's own.
//!
//! Only root can become somebody else. The terminal's process is this program once more (`wayleave-agent as-user`): still as
//! root it gives the terminal to the user, takes on his groups, group and number for good, and becomes his shell, with
//! nothing of the agent's environment. Nobody becomes root by another name than `root`.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use nix::unistd::{Uid, User, initgroups, setgid, setuid};

use crate::config::AsUser;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What a shell keeps of the agent's environment: how to write on the terminal.
const KEPT: [&str; 3] = ["TERM", "LANG", "COLORTERM"];

/// How a shell becomes the user's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The agent runs as this user.
    None,
    /// As root it can become him.
    Becomes,
}

/// Whether a shell can run as this user.
///
/// # Errors
/// A sentence.
pub fn change_to(name: &str) -> Result<Change, String> {
    let user = find(name)?;
    let own = Uid::effective();
    if user.uid == own {
        Ok(Change::None)
    } else if own.is_root() {
        Ok(Change::Becomes)
    } else {
        let own = User::from_uid(own).ok().flatten();
        let own = own.map_or_else(|| "another user".to_owned(), |user| user.name);
        Err(format!(
            "The agent of this workstation runs as {own} and cannot run a shell as {name}; it would have to run as root."
        ))
    }
}

/// The terminal's process: becomes the user's shell, or says on the terminal why not.
pub fn run(args: &AsUser) -> ExitCode {
    let Err(why) = become_shell(args);
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn find(name: &str) -> Result<User, String> {
    let user = match User::from_name(name) {
        Ok(Some(user)) => user,
        Ok(None) => return Err(format!("There is no user {name} on this workstation.")),
        Err(error) => return Err(format!("The user {name} could not be looked up: {error}.")),
    };
    if user.uid.is_root() && name != "root" {
        return Err(format!(
            "The user {name} is root by another name; a shell runs as root only where root itself is named."
        ));
    }
    Ok(user)
}

fn become_shell(args: &AsUser) -> Result<Infallible, String> {
    let user = find(&args.name)?;
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        format!(
            "The workstation could not start a shell as {}: {what}: {why}.",
            args.name
        )
    };
    let errno = |what: &'static str| move |error: nix::Error| failed(what, &error);
    let owner = rustix::fs::Uid::from_raw(user.uid.as_raw());
    rustix::fs::fchown(rustix::stdio::stdin(), Some(owner), None)
        .map_err(|error| failed("its terminal", &error))?;
    let name = CString::new(args.name.as_str()).map_err(|error| failed("its name", &error))?;
    initgroups(&name, user.gid).map_err(errno("its groups"))?;
    setgid(user.gid).map_err(errno("its group"))?;
    setuid(user.uid).map_err(errno("its user"))?;
    if !user.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
        return Err(failed("its user", &"root could be had back"));
    }
    let mut command = command(&user, args.line.as_deref());
    let kept = KEPT.map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept.into_iter().flatten());
    command.envs(environment(&user));
    let home = Some(&user.dir).filter(|home| std::env::set_current_dir(home).is_ok());
    if home.is_none() {
        std::env::set_current_dir("/").map_err(|error| failed("its folder", &error))?;
    }
    Err(failed("its program", &command.exec()))
}

fn command(user: &User, line: Option<&str>) -> Command {
    if let Some(line) = line {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        return command;
    }
    let shell = shell_of(user);
    // A hyphen before its name makes it a login shell.
    let mut name = OsString::from("-");
    name.push(shell.file_name().unwrap_or_default());
    let mut command = Command::new(shell);
    command.arg0(name);
    command
}

fn shell_of(user: &User) -> PathBuf {
    if user.shell.as_os_str().is_empty() {
        PathBuf::from("/bin/sh")
    } else {
        user.shell.clone()
    }
}

fn environment(user: &User) -> [(&'static str, OsString); 5] {
    [
        ("HOME", user.dir.clone().into_os_string()),
        ("USER", OsString::from(&user.name)),
        ("LOGNAME", OsString::from(&user.name)),
        ("SHELL", shell_of(user).into_os_string()),
        ("PATH", OsString::from(PATH)),
    ]
}
