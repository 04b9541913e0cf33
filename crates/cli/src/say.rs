//! Talking with the person at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail};

/// Whether somebody can answer.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question that only `y` answers with yes. Without a terminal it says which option to give instead.
pub fn confirm(question: &str, instead: &str) -> Result<bool> {
    if !can_ask() {
        bail!("{question} Nobody can answer here: give {instead}, or run this in a terminal.");
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The same text in red where standard error is a terminal that shows colours.
pub fn red(text: &str) -> String {
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[31m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// `1 device`, `3 devices`, `2 witnesses`.
pub fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ if what.ends_with('s') => format!("{number} {what}es"),
        _ => format!("{number} {what}s"),
    }
}
