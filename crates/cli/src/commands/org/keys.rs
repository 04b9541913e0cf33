//! `wayleave org keys`: every key of the organisation, and what breaks without it.

use std::collections::HashMap;

use anyhow::Result;
use api::device::Devices;
use api::key_use::KeyUses;
use clap::Args;
use serde_json::{Value, json};
use trust::inventory::{Effect, HeldBy, Listed, Office, Survey, keys};
use trust::seal::OpeningKey;
use trust::{KeyId, State};

use super::describe::groups;
use super::warnings::warnings;
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::commands::device::beat_of;
use crate::commands::receipts::age;
use crate::login::{As, Login, SHORT_MS};
use crate::people::name_in;
use crate::say;

/// Most devices that are named behind an effect on a terminal; JSON names all.
const NAMED_MAX: usize = 5;

/// Which keys.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Only those that still count
    #[arg(long)]
    in_force: bool,
}

/// When a key was last used, and whose word that is.
#[derive(Clone, Copy)]
enum LastUse {
    /// A beat that the device signed.
    Signed(u64),
    /// A sign-in that the service tells of.
    ServiceSays(u64),
}

/// A key with what is known beside the ledger.
struct Line {
    listed: Listed,
    name: Option<String>,
    last: Option<LastUse>,
    effects: Vec<Effect>,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Admin, SHORT_MS).await?;
    let (state, now) = (login.state(), now_ms());
    let directory = login.directory();
    let last = last_uses(&login).await?;
    let survey = Survey::new(state, now);
    let shown = keys(state, now)
        .into_iter()
        .filter(|key| key.standing.is_ok() || !arguments.in_force);
    let lines: Vec<Line> = shown
        .map(|listed| Line {
            name: name_of(state, directory.as_ref(), &listed),
            last: listed.keyid().and_then(|id| last.get(&id).copied()),
            effects: survey.without(&listed),
            listed,
        })
        .collect();
    if common.json {
        println!("{}", Value::Array(lines.iter().map(as_json).collect()));
        return Ok(());
    }
    for warning in warnings(
        state,
        Some(login.ledger.checkpoint()),
        directory.as_ref(),
        now,
    ) {
        println!("{}", say::red(&warning));
    }
    for line in &lines {
        tell(line, state, directory.as_ref());
    }
    Ok(())
}

/// Who is no admin sees when devices spoke, and not when people signed in.
async fn last_uses(login: &Login) -> Result<HashMap<KeyId, LastUse>> {
    let mut last = HashMap::new();
    if login.admin_key().is_ok() {
        let uses: KeyUses = login.signed()?.get("/key-uses").await?;
        let uses = uses.keys.into_iter();
        last.extend(uses.map(|u| (u.keyid, LastUse::ServiceSays(u.signed_in))));
    }
    let devices: Devices = login.signed()?.get("/devices").await?;
    let beats = devices
        .devices
        .iter()
        .filter_map(|d| Some((d.keyid, beat_of(login, d)?)));
    last.extend(beats.map(|(keyid, beat)| (keyid, LastUse::Signed(beat.at))));
    Ok(last)
}

/// The name that the ledger gives who holds the key.
pub(super) fn name_of(
    state: &State,
    directory: Option<&OpeningKey>,
    listed: &Listed,
) -> Option<String> {
    let named = listed
        .keyid()
        .and_then(|keyid| name_in(state, directory, &keyid));
    named
        .or_else(|| listed.witness.clone())
        .or_else(|| listed.person.clone())
}

fn office(office: Office) -> &'static str {
    match office {
        Office::Admin => "admin",
        Office::Recovery => "recovery",
        Office::Technician => "technician",
        Office::Device => "device",
        Office::Enroller => "enroller",
        Office::Stopper => "stopper",
        Office::Witness => "witness",
        Office::Log => "log",
        Office::Audit => "audit",
        Office::Directory => "directory",
    }
}

fn held_by(listed: &Listed) -> String {
    let origins = listed.origins.join(", ");
    match listed.held_by {
        HeldBy::Native => "native".to_owned(),
        HeldBy::Page => format!("page of {origins}"),
        HeldBy::Passkey => format!("passkey on {origins}"),
        HeldBy::Sealing => "signs nothing".to_owned(),
    }
}

fn tell(line: &Line, state: &State, directory: Option<&OpeningKey>) {
    let listed = &line.listed;
    let name = line.name.as_deref().unwrap_or("-");
    println!("{:<11} {name}  {}", office(listed.office), listed.id);
    let mut facts = vec![held_by(listed)];
    if !listed.groups.is_empty() {
        facts.push(format!("in {}", groups(&listed.groups)));
    }
    facts.extend(match (listed.standing, listed.until) {
        (Err(why), _) => Some(why.to_string()),
        (Ok(()), Some(until)) => Some(format!("until {}", date(until))),
        (Ok(()), None) => None,
    });
    facts.extend(line.last.map(|last| match last {
        LastUse::Signed(at) => format!("signed a beat {}", age(at)),
        LastUse::ServiceSays(at) => format!("signed in {}, says the service", age(at)),
    }));
    println!("            {}", facts.join("; "));
    for effect in &line.effects {
        let named = named(effect.devices(), state, directory);
        println!("            without it {}{named}", effect.text());
    }
}

fn named(devices: &[KeyId], state: &State, directory: Option<&OpeningKey>) -> String {
    if devices.is_empty() {
        return String::new();
    }
    let name = |id: &KeyId| name_in(state, directory, id).unwrap_or_else(|| id.to_string());
    let mut names: Vec<String> = devices.iter().take(NAMED_MAX).map(name).collect();
    if devices.len() > NAMED_MAX {
        names.push("...".to_owned());
    }
    format!(": {}", names.join(", "))
}

fn as_json(line: &Line) -> Value {
    let listed = &line.listed;
    let effects = line.effects.iter().map(|effect| {
        json!({
            "code": effect.code(), "text": effect.text(), "breaks": effect.is_breakage(), "devices": effect.devices(),
        })
    });
    let (last, word) = match line.last {
        Some(LastUse::Signed(at)) => (Some(at), Some("device")),
        Some(LastUse::ServiceSays(at)) => (Some(at), Some("service")),
        None => (None, None),
    };
    json!({
        "id": listed.id, "office": listed.office, "name": line.name, "person": listed.person, "groups": listed.groups,
        "held_by": listed.held_by, "origins": listed.origins, "until": listed.until,
        "in_force": listed.standing.is_ok(), "why_not": listed.standing.err().map(|why| why.to_string()),
        "last_used": last, "by_word_of": word, "without_it": effects.collect::<Vec<_>>(),
    })
}
