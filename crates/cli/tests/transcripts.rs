//! Plays `tests/scenarios/*.txt` against the real program.
//!
//! ```text
//! # a comment
//! env NAME=VALUE                 for the commands that follow; NAME= removes it
//! $ wayleave ARGUMENTS           run in a fresh folder; WAYLEAVE_DIR is keys/ in it; quotes group words
//! < LINE                         goes to its standard input
//! > LINE                         a line of standard output; [..] stands for anything
//! ! LINE                         a line of standard error
//! ? CODE                         its exit code; 0 if absent
//! ```
//! What is expected is exact: every line of both outputs.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

#[derive(Default)]
struct Step {
    line: usize,
    arguments: Vec<String>,
    env: BTreeMap<String, String>,
    input: String,
    out: Vec<String>,
    err: Vec<String>,
    code: i32,
}

#[test]
fn every_scenario_plays_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "txt"));
    files.sort();
    assert!(files.len() >= 5, "scenarios are missing: {files:?}");
    let failures: Vec<String> = files.iter().flat_map(|file| play(file)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn play(file: &Path) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let steps = parse(&std::fs::read_to_string(file).unwrap());
    assert!(!steps.is_empty(), "{} holds no command", file.display());
    steps
        .iter()
        .filter_map(|step| {
            run(step, dir.path())
                .err()
                .map(|why| format!("{}:{}: {why}", file.display(), step.line))
        })
        .collect()
}

fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut env = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        let wrong = format!("line {}: {line:?} is not of a transcript", at + 1);
        match sign {
            "" | "#" => {}
            "env" => {
                let (name, value) = rest.split_once('=').expect(&wrong);
                env.insert(name.to_owned(), value.to_owned());
            }
            "$" => steps.push(Step {
                line: at + 1,
                arguments: words(rest),
                env: env.clone(),
                ..Step::default()
            }),
            _ => {
                let step = steps.last_mut().expect(&wrong);
                match sign {
                    "<" => step.input += &format!("{rest}\n"),
                    ">" => step.out.push(rest.to_owned()),
                    "!" => step.err.push(rest.to_owned()),
                    "?" => step.code = rest.parse().unwrap(),
                    _ => panic!("{wrong}"),
                }
            }
        }
    }
    steps
}

/// Splits at spaces outside double quotes.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => all.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    all.push(word);
    all
}

fn run(step: &Step, dir: &Path) -> Result<(), String> {
    assert_eq!(step.arguments[0], "wayleave", "line {}", step.line);
    let mut command = support::wayleave();
    command
        .args(&step.arguments[1..])
        .current_dir(dir)
        .env("WAYLEAVE_DIR", dir.join("keys"));
    for (name, value) in &step.env {
        if value.is_empty() {
            command.env_remove(name)
        } else {
            command.env(name, value)
        };
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends without reading is not at fault.
    let _ = child.stdin.take().unwrap().write_all(step.input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(dir.to_str().unwrap(), "DIR");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let fits =
        output.status.code() == Some(step.code) && same(&step.out, &out) && same(&step.err, &err);
    if fits {
        return Ok(());
    }
    Err(format!(
        "exit {:?} where {} was expected\nstandard output:\n{out}standard error:\n{err}",
        output.status.code(),
        step.code
    ))
}

fn same(expected: &[String], found: &str) -> bool {
    let found: Vec<&str> = found.lines().collect();
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(e, f)| matches(e, f.trim_end()))
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn a_wildcard_stands_for_anything_and_nothing_else_does() {
    assert!(matches("a[..]d[..]", "abcde"));
    assert!(matches("abc", "abc"));
    assert!(!matches("abc", "abcd"));
    assert!(!matches("a[..]x", "abcd"));
    assert!(!matches("a[..]b[..]c", "acb"));
}
