//! `wayleave org admit`: devices, technicians, enrollers and stoppers.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use trust::PublicKey;
use trust::seal::seal_label;
use trust::state::Entry;
use trust::statement::{Admit, Role, Say, Subject};

use super::describe::groups;
use super::parse::parse_key;
use super::publish::{Published, publish, tell};
use crate::ambient::{date, now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::login::{As, Login, SHORT_MS};
use crate::say;

mod device;
mod devices;
mod list;
mod technician;

const DAY_MS: u64 = 86_400_000;

/// What to admit.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// A waiting device, after comparing its words with those at the machine
    Device(device::Arguments),
    /// All waiting devices of a list that was made at the machines
    Devices(devices::Arguments),
    /// A person who answered an invitation, after comparing words with him
    Technician(technician::Arguments),
    /// A key that may stop technicians, warrants, or everything
    Stopper(PlainArguments),
    /// A key that may admit devices into its own groups
    Enroller(PlainArguments),
}

/// A key without a person.
#[derive(Args, Debug)]
pub struct PlainArguments {
    /// Its public key: 32 bytes of base64url
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    key: PublicKey,
    /// What to call it
    #[arg(long)]
    name: String,
    #[command(flatten)]
    terms: Terms,
}

/// Groups and time of an admission.
#[derive(Args, Debug)]
pub(super) struct Terms {
    /// A group that policies name; may be repeated
    #[arg(long, alias = "groups", value_name = "GROUP", value_delimiter = ',')]
    pub(super) group: Vec<String>,
    /// For how many days
    #[arg(long)]
    pub(super) days: Option<u64>,
    /// Write the statement to this file for other admins to sign, instead of publishing it
    #[arg(long, value_name = "FILE")]
    pub(super) propose: Option<PathBuf>,
}

impl Terms {
    fn until(&self, days_default: u64) -> u64 {
        now_ms().saturating_add(self.days.unwrap_or(days_default).saturating_mul(DAY_MS))
    }
}

pub(super) async fn run(command: Command, common: &Common) -> Result<()> {
    let mut login = Login::online(common, As::Admin, SHORT_MS).await?;
    // An enroller admits devices without being an admin: see `give`.
    if !matches!(command, Command::Device(_) | Command::Devices(_)) {
        login.admin_key()?;
    }
    match command {
        Command::Device(arguments) => device::run(&mut login, arguments, common).await,
        Command::Devices(arguments) => devices::run(&mut login, arguments, common).await,
        Command::Technician(arguments) => technician::run(&mut login, arguments, common).await,
        Command::Stopper(arguments) => plain(&mut login, arguments, Role::Stopper, common).await,
        Command::Enroller(arguments) => plain(&mut login, arguments, Role::Enroller, common).await,
    }
}

async fn plain(
    login: &mut Login,
    arguments: PlainArguments,
    role: Role,
    common: &Common,
) -> Result<()> {
    let label = seal_label(
        &login.org(),
        &login.state().roster().directory_key,
        &arguments.name,
        random(),
    )?;
    let subject = Subject {
        key: arguments.key,
        noise: None,
        person: None,
        name: None,
        label: Some(label),
        directory: None,
    };
    let published = give(login, role, vec![subject], &arguments.terms, 365, common).await?;
    tell(&published, common);
    Ok(())
}

/// Publishes an admission: by an admin's key, or by an enroller's where it admits devices into its own groups.
async fn give(
    login: &mut Login,
    role: Role,
    subjects: Vec<Subject>,
    terms: &Terms,
    days: u64,
    common: &Common,
) -> Result<Published> {
    let mut admit = Admit {
        role,
        subjects,
        groups: terms.group.clone(),
        until: terms.until(days),
    };
    if let (Role::Device, None) = (role, login.admin_key().ok()) {
        let (_, own) = login.enroller()?;
        admit.until = until_of_enroller(own, &admit, terms)?;
    }
    admit
        .check_shape()
        .map_err(|why| anyhow::anyhow!("This cannot be admitted: {why}."))?;
    publish(login, Say::Admit(admit), terms.propose.as_deref(), common).await
}

/// Until when an enroller's admission lasts: no longer than his own. He is refused here what no ledger would count.
fn until_of_enroller(own: &Entry, admit: &Admit, terms: &Terms) -> Result<u64> {
    let mine = groups(&own.groups);
    ensure!(
        !admit.groups.is_empty() && admit.groups.iter().all(|g| own.groups.contains(g)),
        refused(
            "not_its_group",
            format!(
                "Your enroller key admits devices into {mine}, and you ask for {}. Name its groups with --group, or ask an admin.",
                groups(&admit.groups)
            ),
        )
    );
    ensure!(
        terms.days.is_none() || admit.until <= own.until,
        refused(
            "not_its_time",
            format!(
                "Your enroller key admits devices until {} at most. Give fewer --days, or none.",
                date(own.until)
            ),
        )
    );
    Ok(admit.until.min(own.until))
}

/// Compares the words of a key with those that its owner or machine shows. `--yes` does not answer this question.
fn compare(whose: &str, words: &str, given: &[String]) -> Result<bool> {
    if given.is_empty() {
        eprintln!("{whose}\n  {words}");
        return say::confirm("Are these the words shown there?", "--words \"...\"");
    }
    Ok(given.iter().any(|g| same_words(g, words)))
}

fn same_words(left: &str, right: &str) -> bool {
    let clean = |text: &str| {
        text.split_whitespace()
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
    };
    clean(left) == clean(right)
}

fn check_given(given: &[String]) -> Result<()> {
    for words in given {
        let count = words.split_whitespace().count();
        ensure!(
            count == trust::words::COUNT,
            "--words takes {} words; {words:?} has {count}.",
            trust::words::COUNT
        );
    }
    Ok(())
}
