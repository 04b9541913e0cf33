//! `wayleave ledger`: check and read.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use trust::envelope::{Envelope, PayloadType};
use trust::state::Outcome;
use trust::statement::Statement;
use trust::{Note, State};

use super::org::{statement_line, tell_waiting};
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::failure::refused;
use crate::ledger::Ledger;
use crate::login::{As, Login, SHORT_MS, keystore};

/// Subcommands of `wayleave ledger`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Fold the ledger from the pin and say whether the service's view extends it
    Verify(VerifyArguments),
    /// Read the statements
    Show(ShowArguments),
}

/// How to verify.
#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Fetch every statement again and compare it with what is stored, byte for byte
    #[arg(long, conflicts_with = "offline")]
    from_scratch: bool,
    /// Verify what is stored, without asking the service
    #[arg(long)]
    offline: bool,
}

/// What to show.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// Begin with this statement
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Show what is stored, without asking the service
    #[arg(long)]
    offline: bool,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    match command {
        Command::Verify(arguments) => verify(&arguments, common).await,
        Command::Show(arguments) => show(&arguments, common).await,
    }
}

async fn load(offline: bool, common: &Common) -> Result<Ledger> {
    if !offline {
        return Ok(Login::online(common, As::Member, SHORT_MS).await?.ledger);
    }
    let store = keystore(common)?.chosen(common.one_org()?)?;
    Ledger::load(&store)?
        .ok_or_else(|| anyhow::anyhow!("Nothing of the ledger is stored here yet."))
}

async fn verify(arguments: &VerifyArguments, common: &Common) -> Result<()> {
    let ledger = if arguments.from_scratch {
        from_scratch(common).await?
    } else {
        load(arguments.offline, common).await?
    };
    let (state, note) = (ledger.state(), Note::parse(&ledger.org(), ledger.note())?);
    let witnesses = &state.roster().witnesses;
    let cosigned = witnesses
        .iter()
        .map(|w| (w.name.as_str(), note.cosigned_at(&w.name, &w.key)));
    let fresh = ledger.freshness();
    if common.json {
        let answer = json!({
            "org": ledger.org(), "size": state.head().size, "root": state.head().root, "inert": state.inert().len(),
            "fresh": fresh.is_ok(), "why_not": fresh.err().map(|w| w.to_string()),
            "witnesses": cosigned.map(|(name, at)| json!({ "name": name, "at": at })).collect::<Vec<_>>(),
        });
        println!("{answer}");
        return Ok(());
    }
    println!(
        "The ledger of {} verifies from its genesis.",
        state.roster().name
    );
    println!(
        "Statements  {} ({} of them inert)",
        state.head().size,
        state.inert().len()
    );
    println!("Root        {}", state.head().root);
    for (name, at) in cosigned {
        match at {
            Some(at) => println!(
                "Witness     {name} vouched for it {} s ago",
                now_ms().saturating_sub(at) / 1000
            ),
            None => println!("Witness     {name} has not vouched for it"),
        }
    }
    match fresh {
        Ok(()) if state.roster().quorum == 0 => {
            println!("Fresh       by the service's word alone: there is no witness")
        }
        Ok(()) => println!("Fresh       yes"),
        Err(why) => println!("Fresh       NO: {why}"),
    }
    Ok(())
}

/// Everything once more from the service; the stored ledger must be its beginning.
async fn from_scratch(common: &Common) -> Result<Ledger> {
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    let leaves = login.fetch_all().await?;
    let stored = login.store.leaves()?;
    let differs = stored.iter().zip(&leaves).position(|(old, new)| old != new);
    ensure!(
        differs.is_none() && leaves.len() >= stored.len(),
        refused(
            "forked_ledger",
            format!(
                "The service now shows another statement {} than the one stored here. Tell your security officer.",
                differs.unwrap_or(leaves.len())
            )
        )
    );
    let mut state: Option<State> = None;
    for leaf in &leaves {
        match &mut state {
            None => state = Some(State::genesis(login.org(), leaf.as_bytes())?),
            Some(state) => drop::<Outcome>(state.append(leaf.as_bytes())),
        }
    }
    let head = login.state().head();
    let root = state.and_then(|s| s.root_at(head.size));
    ensure!(
        root == Some(head.root),
        refused(
            "forked_ledger",
            "Folded from scratch, the service's ledger has another root than its checkpoint."
        )
    );
    Ok(login.ledger)
}

async fn show(arguments: &ShowArguments, common: &Common) -> Result<()> {
    let ledger = load(arguments.offline, common).await?;
    let store = keystore(common)?.chosen(Some(ledger.org()))?;
    for (index, leaf) in store
        .leaves()?
        .iter()
        .enumerate()
        .skip(usize::try_from(arguments.from).unwrap_or(usize::MAX))
    {
        let inert = ledger
            .state()
            .inert()
            .iter()
            .find(|(at, _)| *at == index as u64)
            .map(|(_, why)| why.to_string());
        let envelope = Envelope::parse(leaf.as_bytes()).ok();
        let statement = envelope
            .as_ref()
            .and_then(|e| e.read::<Statement>(PayloadType::Statement).ok());
        if common.json {
            println!(
                "{}",
                json!({ "index": index, "statement": statement, "inert": inert })
            );
            continue;
        }
        let line = statement
            .as_ref()
            .map_or_else(|| "(unreadable)".to_owned(), |s| statement_line(&s.say));
        let at = statement.as_ref().map(|s| date(s.at)).unwrap_or_default();
        println!("{index:>6}  {at}  {line}");
        if let Some(why) = inert {
            println!("        inert: {why}");
        }
    }
    if !common.json {
        ledger.not_sequenced()?.iter().for_each(tell_waiting);
    }
    Ok(())
}
