//! `wayleave org show`: the organisation as this computer folds it.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use trust::bytes::Hash;
use trust::state::Pending;
use trust::statement::Role;
use trust::{freshness, inventory};

use super::describe::{groups, labels, role_name, statement_line, statement_lines};
use super::warnings::warnings;
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::ledger::{Ledger, NotSequenced};
use crate::login::{As, Login, SHORT_MS};
use crate::org_store::OrgStore;
use crate::say;

/// How to show.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Show what is stored, without asking the service and without names
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    if arguments.offline {
        let store = crate::login::keystore(common)?.chosen(common.one_org()?)?;
        return match Ledger::load(&store)? {
            Some(ledger) => show(&store, &ledger, None, common),
            None => show_unsequenced(&store, common),
        };
    }
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    show(&login.store, &login.ledger, Some(&login), common)
}

fn show_unsequenced(store: &OrgStore, common: &Common) -> Result<()> {
    let pin = store.pinned()?;
    if common.json {
        println!(
            "{}",
            json!({ "org": pin.org, "server": pin.server, "size": 0, "not_sequenced": store.signed_here()?.len() })
        );
        return Ok(());
    }
    println!("Id            {}", pin.org);
    println!("Service       {}", pin.server);
    println!("Ledger        nothing stored yet");
    if !store.signed_here()?.is_empty() {
        println!(
            "Not sequenced: the organisation itself. Tell the service with: wayleave org push"
        );
    }
    Ok(())
}

fn show(store: &OrgStore, ledger: &Ledger, login: Option<&Login>, common: &Common) -> Result<()> {
    let waiting = ledger.not_sequenced()?;
    if common.json {
        println!("{}", as_json(store, ledger, login, &waiting)?);
        return Ok(());
    }
    let (state, pin) = (ledger.state(), store.pinned()?);
    let roster = state.roster();
    println!("Organisation  {} ({})", roster.name, roster.domain);
    println!("Id            {}", pin.org);
    println!("Words         {}", trust::words::encode(&Hash(pin.org.0)));
    println!("Service       {}", pin.server);
    println!(
        "Ledger        {} statements, {}",
        state.head().size,
        vouched(ledger)
    );
    statement_lines(
        &trust::statement::Say::Roster(Box::new(roster.clone())),
        &pin.org,
        None,
    )
    .iter()
    .skip(1)
    .for_each(|line| println!("{}", line.trim_start()));
    for pending in state.recoveries() {
        println!("{}", recovery_line(ledger, pending)?);
    }
    tell_standing(state);
    let directory = login.and_then(Login::directory);
    let newest = login.map(|login| login.ledger.checkpoint());
    for warning in warnings(state, newest, directory.as_ref(), now_ms()) {
        println!("{}", say::red(&warning));
    }
    for policy in state.policies() {
        println!(
            "{}",
            statement_line(&trust::statement::Say::Policy(policy.policy.clone()))
        );
    }
    for role in [
        Role::Technician,
        Role::Device,
        Role::Enroller,
        Role::Stopper,
    ] {
        for key in labels(state, role, directory.as_ref()) {
            let name = key.name.unwrap_or_default();
            let standing = standing(state, &key.keyid, role);
            println!(
                "{:<11} {} {name} [{}] {standing}",
                role_name(role),
                key.keyid,
                groups(&key.entry.groups)
            );
        }
    }
    tell_inert(state);
    waiting.iter().for_each(tell_waiting);
    Ok(())
}

/// What closes every device, if anything.
fn tell_standing(state: &trust::State) {
    if state.is_roster_tainted() {
        println!(
            "TAINTED       the roster owes its power to a key or a recovery whose revocation was withheld"
        );
    }
    if state.is_suspended() {
        println!("SUSPENDED     everything, until a new roster");
    }
    if let Some(index) = state.closed_by() {
        println!("CLOSED        statement {index} needs a newer version of this program");
    }
}

/// A recovery that waits, and what to do about it.
pub(crate) fn recovery_line(ledger: &Ledger, pending: &Pending) -> Result<String> {
    let admins: Vec<String> = pending
        .roster
        .admins
        .iter()
        .map(|a| format!("{} {}", a.person, a.key.id()))
        .collect();
    Ok(format!(
        "RECOVERY      {} waits, and takes effect on {} at the earliest; then the admins are {}. Stop it with: wayleave org \
         veto {}",
        pending.id,
        date(ledger.recovery_not_before(pending)?),
        admins.join(", "),
        pending.id
    ))
}

fn tell_inert(state: &trust::State) {
    for (index, why) in state.inert() {
        println!("inert         statement {index}: {why} (the service should not have taken it)");
    }
}

pub(crate) fn tell_waiting(waiting: &NotSequenced) {
    let line = statement_line(&waiting.statement.say);
    match &waiting.dead {
        None => println!("not sequenced {line}; hand it over again with: wayleave org push"),
        Some(why) => println!("not sequenced {line}; it would no longer count: {why}"),
    }
}

/// Whether a key counts, in words.
pub(crate) fn standing(state: &trust::State, keyid: &trust::KeyId, role: Role) -> String {
    match state.in_force(keyid, role, now_ms()) {
        Ok(entry) => format!("until {}", date(entry.until)),
        Err(why) => why.to_string(),
    }
}

fn vouched(ledger: &Ledger) -> String {
    if ledger.state().roster().quorum == 0 {
        return "no witness: the service's word".to_owned();
    }
    match ledger.freshness() {
        Ok(()) => "fresh".to_owned(),
        Err(why) => why.to_string(),
    }
}

fn as_json(
    store: &OrgStore,
    ledger: &Ledger,
    login: Option<&Login>,
    waiting: &[NotSequenced],
) -> Result<Value> {
    let (state, pin) = (ledger.state(), store.pinned()?);
    let directory = login.and_then(Login::directory);
    let keys = [Role::Technician, Role::Device, Role::Enroller, Role::Stopper].into_iter().flat_map(|role| {
        labels(state, role, directory.as_ref()).into_iter().map(move |key| {
            json!({
                "keyid": key.keyid, "role": role, "name": key.name, "groups": key.entry.groups,
                "until": key.entry.until, "admit": key.entry.admit, "in_force": state.in_force(&key.keyid, role, now_ms()).is_ok(),
            })
        })
    });
    let waiting = waiting.iter().map(|w| {
        json!({ "id": w.statement.id, "say": statement_line(&w.statement.say), "dead": w.dead.as_ref().map(ToString::to_string) })
    });
    let recovery = |pending: &Pending| {
        let admins = pending.roster.admins.iter();
        let admins = admins.map(|a| json!({ "person": a.person, "keyid": a.key.id() }));
        Ok(json!({
            "id": pending.id, "at": pending.at, "not_before": ledger.recovery_not_before(pending)?,
            "threshold": pending.roster.threshold, "admins": admins.collect::<Vec<_>>(),
        }))
    };
    let recoveries: Result<Vec<Value>> = state.recoveries().map(recovery).collect();
    let outage = login
        .and_then(|login| freshness::outage(state, login.ledger.checkpoint(), now_ms()))
        .map(|o| json!({ "since": o.since, "refused_from": o.refused_from }));
    let expiring = inventory::keys(state, now_ms())
        .into_iter()
        .filter_map(|key| {
            let days = inventory::expiry_warning(&key, now_ms())?;
            Some(json!({ "id": key.id, "until": key.until, "within_days": days }))
        });
    Ok(json!({
        "recoveries": recoveries?, "outage": outage, "spare_witness": !freshness::has_no_spare_witness(state),
        "expiring": expiring.collect::<Vec<_>>(),
        "org": pin.org, "server": pin.server, "size": state.head().size, "root": state.head().root,
        "fresh": ledger.freshness().is_ok(), "suspended": state.is_suspended(), "roster": state.roster(),
        "policies": state.policies().map(|p| json!({ "id": p.id, "policy": p.policy })).collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(), "inert": state.inert().len(), "not_sequenced": waiting.collect::<Vec<_>>(),
    }))
}
