//! Seeds that once found something: `tests/sim/seeds.txt`, one a line, with what it was.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::found::Violation;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds.txt")
}

/// All of them.
///
/// # Errors
/// When the file cannot be read, or a line does not begin with a number.
pub fn seeds() -> Result<Vec<u64>, String> {
    let text = std::fs::read_to_string(path()).map_err(|error| format!("seeds.txt: {error}"))?;
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let number = line.split_whitespace().next().unwrap_or_default();
            number
                .parse()
                .map_err(|_| format!("seeds.txt: {line:?} does not begin with a seed"))
        })
        .collect()
}

/// Keeps one more, and says how to see it again.
pub fn keep(seed: u64, violation: &Violation) -> String {
    let known = seeds().is_ok_and(|seeds| seeds.contains(&seed));
    let line = format!("{seed}  # {:?}\n", violation.rule);
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path());
    let is_kept = known || file.is_ok_and(|mut file| file.write_all(line.as_bytes()).is_ok());
    let kept = if is_kept {
        "kept in tests/sim/seeds.txt"
    } else {
        "not kept: seeds.txt cannot be written"
    };
    format!(
        "seed {seed}: {violation}\n  {kept}; see it again with\n  cargo run --release -p wayleave-sim -- --replay {seed}"
    )
}
