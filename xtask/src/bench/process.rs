//! What a process and its children cost, as the kernel counts it.

use std::collections::BTreeMap;

/// Ticks of the kernel's clock in a second (`USER_HZ`): the same on every Linux that Debian builds.
const TICKS_PER_SECOND: f64 = 100.0;

/// One process of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    parent: u32,
    /// Its program and what it was started as, such as `wayleave-agent helper`.
    pub name: String,
    ticks: u64,
    ticks_of_ended_children: u64,
}

/// `root` and all below it, parents first.
pub fn tree(root: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    let mut found = Vec::new();
    for process in all() {
        if process.pid == root {
            found.push(process);
        } else {
            children.entry(process.parent).or_default().push(process);
        }
    }
    let mut at = 0;
    while let Some(pid) = found.get(at).map(|process: &Process| process.pid) {
        found.extend(children.remove(&pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// Seconds of processor time that `processes` and their ended children have used, in user space and in the kernel.
pub fn cpu_seconds(processes: &[Process]) -> f64 {
    let ticks = processes
        .iter()
        .map(|p| p.ticks + p.ticks_of_ended_children);
    ticks.sum::<u64>() as f64 / TICKS_PER_SECOND
}

/// Resident and proportional memory of a process in MB: all of its pages, and shared pages by share.
pub fn memory(pid: u32) -> Option<(f64, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    Some((field_mb(&text, "Rss:")?, field_mb(&text, "Pss:")?))
}

fn field_mb(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(read).collect()
}

/// None when the process is gone.
fn read(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    parse(pid, &stat, &String::from_utf8_lossy(&command))
}

/// The fields of proc(5) count from behind the program's name, which may hold anything.
fn parse(pid: u32, stat: &str, command: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let field = |number: usize| fields.get(number)?.parse::<u64>().ok();
    let words = command
        .split('\0')
        .take(2)
        .map(|word| word.rsplit('/').next());
    let name: Vec<&str> = words.flatten().filter(|word| !word.is_empty()).collect();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        name: name.join(" "),
        ticks: field(11)? + field(12)?,
        ticks_of_ended_children: field(13)? + field(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_holds() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194560 94 0 0 0 120 30 4 6 20 0 1 0 99 0";
        let process = parse(7, stat, "/x/wayleave-agent\0helper\0--state-dir\0").unwrap();
        assert_eq!((process.parent, process.ticks), (3, 150));
        assert_eq!(process.ticks_of_ended_children, 10);
        assert_eq!(process.name, "wayleave-agent helper");
        assert_eq!(cpu_seconds(&[process]), 1.6);
    }

    #[test]
    fn memory_is_told_in_millions_of_bytes() {
        let text = "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:            2000 kB\nPss:            1000 kB\n";
        assert_eq!(field_mb(text, "Rss:"), Some(2.048));
        assert_eq!(field_mb(text, "Pss:"), Some(1.024));
    }

    #[test]
    fn our_own_children_are_found() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let found = tree(std::process::id());
        assert_eq!(
            found.first().map(|process| process.pid),
            Some(std::process::id())
        );
        assert!(found.iter().any(|process| process.pid == child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
