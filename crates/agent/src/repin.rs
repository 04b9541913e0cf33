//! `wayleave-agent repin`: a local administrator pins this device to another organisation, when all keys of its own are lost.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, ensure};
use trust::bytes::Hash;

use crate::clock::wall_ms;
use crate::config::Repin;
use crate::trust_store::{Disk, repin};

/// Asks for the new organisation's words, sets the old state aside, and says what to do next.
pub fn run(args: &Repin) -> anyhow::Result<()> {
    let disk = Disk::hold(&args.dir)?;
    let words = trust::words::encode(&Hash(args.org.0));
    let said = match &args.words {
        Some(said) => said.clone(),
        None => ask()?,
    };
    ensure!(
        same_words(&said, &words),
        "These are not the words of organisation {}. Nothing was changed. Compare the id with its administrator.",
        args.org
    );
    let done = repin(&disk, args.org, wall_ms())?;
    let folder = args.dir.join(&done.folder);
    let text = format!(
        "This device belongs to {} now.\nEverything of {} is kept in {}: do not delete it, it is evidence.\nStart the agent \
         with --org {}, and have the device admitted anew. Its new words are:\n{}\n",
        args.org,
        done.from,
        folder.display(),
        args.org,
        done.keys.words()
    );
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn ask() -> anyhow::Result<String> {
    ensure!(
        std::io::stdin().is_terminal(),
        "Nobody can answer here: give the new organisation's six words with --words, or run this in a terminal."
    );
    eprint!(
        "From now on the administrators of another organisation decide who may come in here. Its administrator reads you \
         its six words (they stand in \"wayleave org show\"). Write them: "
    );
    std::io::stderr().flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.context("the words cannot be read")?;
    Ok(line)
}

fn same_words(said: &str, words: &str) -> bool {
    let said = said.to_lowercase();
    said.split_whitespace().eq(words.split(' '))
}

#[cfg(test)]
mod tests {
    use super::same_words;

    #[test]
    fn words_are_compared_however_they_are_spaced() {
        let words = "abandon ability able about above absent";
        assert!(same_words(words, words));
        assert!(same_words(
            "  Abandon ability\table about above ABSENT\n",
            words
        ));
        assert!(!same_words("abandon ability able about above", words));
        assert!(!same_words("", words));
    }
}
