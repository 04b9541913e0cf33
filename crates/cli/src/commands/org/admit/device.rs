//! Devices: what they say of themselves counts only after somebody compared their words at the machine.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use api::device::Devices;
use clap::Args;
use trust::bytes::OrgId;
use trust::envelope::Envelope;
use trust::proof::Enrol;
use trust::seal::seal_label;
use trust::statement::{Role, Subject};
use trust::text::{is_line, show_foreign};

use super::super::publish::tell;
use super::{Terms, check_given, compare, give, same_words};
use crate::ambient::random;
use crate::args::Common;
use crate::failure::refused;
use crate::login::Login;

/// Which devices.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Key ids, or their first characters
    #[arg(value_name = "KEYID", required_unless_present_any = ["all_waiting", "words_file"])]
    keys: Vec<String>,
    /// Every waiting device whose words are given, or agreed to one by one
    #[arg(long, conflicts_with = "keys")]
    all_waiting: bool,
    /// The words shown at a machine by "wayleave-agent fingerprint"; may be repeated
    #[arg(long)]
    words: Vec<String>,
    /// A file with the words of one machine a line, gathered at the machines
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Call it this, instead of what the machine calls itself; one device only
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

pub(super) async fn run(login: &mut Login, arguments: Arguments, common: &Common) -> Result<()> {
    let mut given = arguments.words.clone();
    if let Some(file) = &arguments.words_file {
        let bytes =
            crate::disk::read(file)?.with_context(|| format!("{} is missing.", file.display()))?;
        let text =
            String::from_utf8(bytes).with_context(|| format!("{} is no text.", file.display()))?;
        given.extend(
            text.lines()
                .filter(|l| !l.trim().is_empty())
                .map(str::to_owned),
        );
    }
    check_given(&given)?;
    let waiting = waiting(login).await?;
    let wanted = wanted(&arguments, waiting)?;
    let mut admitted = Vec::new();
    for enrol in &wanted {
        let whose = format!(
            "Device {:?}, key {}",
            show_foreign(&enrol.hostname, 60),
            enrol.key.id()
        );
        if compare(&whose, &enrol.words(), &given)? {
            admitted.push(enrol);
        } else if !arguments.keys.is_empty() {
            return Err(refused(
                "other_words",
                format!(
                    "The words of {} are others than those given: nothing was admitted.\n  it shows: {}",
                    enrol.key.id(),
                    enrol.words()
                ),
            ));
        }
    }
    check_all_found(&given, &admitted)?;
    ensure!(
        !admitted.is_empty(),
        "No device was admitted: none waits with these words."
    );
    ensure!(
        arguments.name.is_none() || admitted.len() == 1,
        "--name is for one device; {} would get it.",
        admitted.len()
    );
    let subjects = admitted
        .iter()
        .map(|e| subject(login, e, arguments.name.as_deref()))
        .collect::<Result<Vec<_>>>()?;
    let terms = &arguments.terms;
    tell(
        &give(login, Role::Device, subjects, terms, 3650, common).await?,
        common,
    );
    Ok(())
}

/// The waiting devices that prove to hold the keys they name. The service's word counts for nothing.
pub(super) async fn waiting(login: &Login) -> Result<Vec<Enrol>> {
    let devices: Devices = login.signed()?.get("/devices").await?;
    let org: OrgId = login.org();
    let verified = devices.waiting.iter().filter_map(|w| {
        let enrol = Enrol::verify(&Envelope::parse(w.envelope.as_bytes()).ok()?).ok()?;
        (enrol.org == org).then_some(enrol)
    });
    Ok(verified.collect())
}

fn wanted(arguments: &Arguments, waiting: Vec<Enrol>) -> Result<Vec<Enrol>> {
    if arguments.keys.is_empty() {
        return Ok(waiting);
    }
    let find = |key: &String| {
        let mut matching = waiting
            .iter()
            .filter(|e| e.key.id().to_string().starts_with(key.as_str()));
        let found = matching
            .next()
            .with_context(|| format!("No device waits with the key {key}."))?;
        ensure!(
            matching.next().is_none(),
            "Several waiting devices have keys that begin with {key}."
        );
        Ok(found.clone())
    };
    arguments.keys.iter().map(find).collect()
}

/// Words that belong to no waiting device are a mistake or an attack: nothing is admitted then.
fn check_all_found(given: &[String], admitted: &[&Enrol]) -> Result<()> {
    match given
        .iter()
        .find(|g| !admitted.iter().any(|e| same_words(g, &e.words())))
    {
        None => Ok(()),
        Some(words) => Err(refused(
            "words_not_waiting",
            format!(
                "No device waits with the words {words:?}: nothing was admitted. Is the agent there running?"
            ),
        )),
    }
}

fn subject(login: &Login, enrol: &Enrol, name: Option<&str>) -> Result<Subject> {
    let name = name.map_or_else(|| show_foreign(&enrol.hostname, 100), str::to_owned);
    ensure!(
        is_line(&name),
        "The device's name is not one line of 1 to 200 characters; give one with --name."
    );
    named(login, enrol, &name)
}

/// The device under a name that only members read.
pub(super) fn named(login: &Login, enrol: &Enrol, name: &str) -> Result<Subject> {
    let label = seal_label(
        &login.org(),
        &login.state().roster().directory_key,
        name,
        random(),
    )?;
    Ok(Subject {
        key: enrol.key.clone(),
        noise: Some(enrol.noise),
        person: None,
        name: None,
        label: Some(label),
        directory: None,
    })
}
