//! `wayleave org revoke`: taking power needs one signature, and reaches service and witnesses side by side.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use trust::bytes::{KeyId, StatementId, WarrantId};
use trust::envelope::{Envelope, PayloadType};
use trust::state::Inert;
use trust::statement::{Revoke, Say, Statement, Target};
use trust::{OrgId, State};

use super::drafts;
use super::publish::{compose, show, submit, tell};
use crate::args::Common;
use crate::failure::refused;
use crate::ledger::Ledger;
use crate::login::{As, Login, OwnKey, SHORT_MS};
use crate::signer::{self, SignatureKey};
use crate::{disk, say};

mod confirmed;
mod reach;

/// How long a revocation waits for those who have to confirm it, unless it is said, in seconds.
const WAIT_S: u64 = 15;

/// What a revocation aims at.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A key, in every role, for ever
    Key,
    /// One admission
    Admit,
    /// A policy, by name or by the id of one version
    Policy,
    /// One warrant
    Warrant,
    /// A recovery that waits: its veto, by as many admins as give power
    Recovery,
    /// Everything, until a new roster
    All,
}

/// What to revoke and why.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What
    what: What,
    /// Which: an id; of a known key its first characters do; nothing for "all"
    #[arg(required_if_eq_any = [("what", "key"), ("what", "admit"), ("what", "policy"), ("what", "warrant")])]
    id: Option<String>,
    /// Why, one line; everybody in the organisation reads it
    #[arg(long)]
    reason: String,
    /// Write it to this file for other admins to sign: one admin alone cannot revoke another
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// Wait this long for devices and witnesses to confirm it; 0 does not wait
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_S)]
    wait: u64,
}

impl Arguments {
    pub(super) fn new(
        what: What,
        id: Option<String>,
        reason: String,
        propose: Option<PathBuf>,
    ) -> Self {
        Self {
            what,
            id,
            reason,
            propose,
            wait: WAIT_S,
        }
    }
}

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let mut login = reachable_or_stored(common).await?;
    let target = target(login.state(), &arguments)?;
    let statement = compose(
        &login,
        Say::Revoke(Revoke {
            target,
            reason: arguments.reason.clone(),
        }),
    );
    show(&login, &statement, common)?;
    let envelope = sign(&login, &statement, arguments.propose.is_some())?;
    if let Some(path) = &arguments.propose {
        disk::replace(path, envelope.as_bytes())?;
        tell(&super::publish::Published::Proposed(path.clone()), common);
        return Ok(());
    }
    if let Err(Inert::NoAuthority) = login.state().check(envelope.as_bytes()) {
        tell(&drafts::leave(&mut login, &envelope).await?, common);
        return Ok(());
    }
    let patience = Duration::from_secs(arguments.wait);
    store_and_hand_out(&mut login, &envelope, patience, common).await
}

/// Takes a revocation that counts into force here, and hands it to the service and the witnesses.
pub(super) async fn hand_over(
    login: &mut Login,
    envelope: &Envelope,
    common: &Common,
) -> Result<()> {
    store_and_hand_out(login, envelope, Duration::from_secs(WAIT_S), common).await
}

async fn store_and_hand_out(
    login: &mut Login,
    envelope: &Envelope,
    patience: Duration,
    common: &Common,
) -> Result<()> {
    let statement: Statement = envelope.read(PayloadType::Statement)?;
    login.store.add_signed(&envelope.to_text())?;
    login.ledger.hold(&[envelope.to_text()])?;
    reach::hand_out(login, envelope, &statement, patience, common).await
}

/// A service that is away, or lies, does not stop a revocation: then what is stored has to do.
async fn reachable_or_stored(common: &Common) -> Result<Login> {
    let store = crate::login::keystore(common)?.chosen(common.one_org()?)?;
    if store.leaves()?.is_empty() {
        return Login::online(common, As::Member, SHORT_MS).await;
    }
    let mut login = Login::offline(common)?;
    if let Err(why) = login.reach(SHORT_MS).await {
        eprintln!(
            "{}",
            say::red(&format!("Going on with the stored ledger, because: {why}"))
        );
    }
    Ok(login)
}

/// Signs with the first own key whose word counts for this; else, where one admin alone is too few, as a draft.
fn sign(login: &Login, statement: &Statement, is_proposal: bool) -> Result<Envelope> {
    let mut why_not = anyhow!("This computer holds no key of the organisation.");
    let mut draft = None;
    // An ssh-agent may ask its owner each time: not for keys that say nothing here.
    let known = |own: &&OwnKey| {
        matches!(own.key, SignatureKey::Here(_)) || login.state().known_key(&own.key.id()).is_some()
    };
    for own in login.keys().iter().filter(known) {
        let envelope = signer::sign(PayloadType::Statement, statement, &[&own.key])?;
        match login.state().check(envelope.as_bytes()) {
            Ok(()) => return Ok(envelope),
            Err(why)
                if (is_proposal || why == Inert::NoAuthority)
                    && login.state().admin(&own.key.id()).is_some() =>
            {
                draft = draft.or(Some(envelope));
            }
            Err(why) => {
                why_not = refused("inert", format!("The revocation would not count: {why}."))
            }
        }
    }
    draft.ok_or(why_not)
}

fn target(state: &State, arguments: &Arguments) -> Result<Target> {
    let id = arguments.id.as_deref().unwrap_or_default();
    Ok(match arguments.what {
        What::Key => Target::Key(known_key(state, id)?),
        What::Admit => Target::Admit(id.parse::<StatementId>().map_err(|e| anyhow!("{e}"))?),
        What::Policy => Target::Policy(policy(state, id)?),
        What::Warrant => Target::Warrant(id.parse::<WarrantId>().map_err(|e| anyhow!("{e}"))?),
        What::Recovery => Target::Recovery(recovery(state, arguments.id.as_deref())?),
        What::All => {
            ensure!(id.is_empty(), "\"all\" takes no id.");
            Target::All
        }
    })
}

fn known_key(state: &State, text: &str) -> Result<KeyId> {
    if let Some(keyid) = KeyId::parse(text) {
        return Ok(keyid);
    }
    let admins = state.roster().admins.iter().map(|a| a.key.id());
    let mut known = admins
        .chain(state.entries().map(|(k, _)| *k))
        .filter(|k| k.to_string().starts_with(text));
    let found = known
        .next()
        .with_context(|| format!("The ledger knows no key that begins with {text:?}."))?;
    ensure!(known.next().is_none(), "Several keys begin with {text:?}.");
    Ok(found)
}

/// The named one, or the only one that waits. One that this computer has not seen may be vetoed in advance.
fn recovery(state: &State, id: Option<&str>) -> Result<StatementId> {
    if let Some(id) = id {
        return id.parse().map_err(|e| anyhow!("{e}"));
    }
    let mut waiting = state.recoveries().map(|p| p.id);
    let found = waiting.next().context("No recovery waits.")?;
    ensure!(
        waiting.next().is_none(),
        "Several recoveries wait; say which. They stand in: wayleave org show"
    );
    Ok(found)
}

fn policy(state: &State, text: &str) -> Result<StatementId> {
    if let Some(entry) = state.policies().find(|p| p.policy.name == text) {
        return Ok(entry.id);
    }
    text.parse()
        .map_err(|_| anyhow!("There is no policy {text:?} in force, and it is no version's id."))
}

/// `wayleave org push`: everything signed here that the ledger lacks, once more.
pub(super) async fn push(common: &Common) -> Result<()> {
    let keystore = crate::login::keystore(common)?;
    let store = keystore.chosen(common.one_org()?)?;
    if store.leaves()?.is_empty()
        && let Some(genesis) = store.signed_here()?.first()
    {
        let genesis = Envelope::parse(genesis.as_bytes())?;
        ensure!(
            OrgId(genesis.digest().0) == store.org(),
            "The stored first statement is not the organisation's."
        );
        let service = crate::service::Service::new(&store.pinned()?.server)?;
        let made = super::create::publish(&service, store.org(), &genesis).await?;
        Ledger::begin(&store, &[genesis.to_text()], &made.checkpoint)?;
        println!("The service has the organisation {} now.", store.org());
        return Ok(());
    }
    let mut login = reachable_or_stored(common).await?;
    let waiting = login.ledger.not_sequenced()?;
    if waiting.is_empty() {
        println!("Nothing is waiting: the ledger carries all that was signed here.");
    }
    let mut failed = 0;
    for one in waiting {
        if one.dead.is_some() {
            super::show::tell_waiting(&one);
            continue;
        }
        let outcome = match one.statement.say {
            Say::Revoke(_) => {
                let (envelope, statement) = (&one.envelope, &one.statement);
                reach::hand_out(&mut login, envelope, statement, Duration::ZERO, common).await
            }
            _ => submit(&mut login, &one.envelope)
                .await
                .map(|published| tell(&published, common)),
        };
        if let Err(why) = outcome {
            eprintln!("{why:#}");
            failed += 1;
        }
    }
    if failed > 0 {
        bail!(
            "{} could not be handed over.",
            say::count(failed, "statement")
        );
    }
    Ok(())
}
