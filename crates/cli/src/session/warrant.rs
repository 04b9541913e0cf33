//! The warrant: agreed on with the technician, signed, and judged here first as the device will judge it.

use anyhow::{Context, Result, anyhow, ensure};
use trust::WarrantId;
use trust::envelope::{Envelope, PayloadType};
use trust::freshness::Stale;
use trust::judge::{Facts, Refusal, judge};
use trust::scope::Scope;
use trust::statement::{Policy, Role};
use trust::warrant::Warrant;

use super::{Target, Terms, target};
use crate::ambient::{date, now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::login::Login;
use crate::say;

/// What the technician has seen and agreed to sign.
pub struct Agreed {
    scopes: Vec<Scope>,
    seconds: u64,
    attended: bool,
    why: String,
    ticket: Option<String>,
}

/// A signed warrant.
pub struct SignedWarrant {
    /// Its id.
    pub id: WarrantId,
    /// Its envelope.
    pub envelope: Envelope,
}

/// Fills in what was not said from policy, refuses what no device would open, shows the rest and asks.
pub fn agree(
    login: &Login,
    target: &Target,
    scopes: &[Scope],
    terms: &Terms,
    common: &Common,
) -> Result<Agreed> {
    target::check_open_at_all(login)?;
    let matching = matching_policies(login, target);
    let covers = |p: &&&Policy| scopes.iter().all(|s| p.scopes.contains(s));
    let unattended_fits = || matching.iter().filter(covers).any(|p| p.unattended);
    let attended = terms.attended || (!terms.unattended && !unattended_fits());
    let longest = matching
        .iter()
        .filter(covers)
        .filter(|p| attended || p.unattended)
        .map(|p| p.max_seconds)
        .max();
    let agreed = Agreed {
        scopes: scopes.to_vec(),
        seconds: terms.seconds(longest.unwrap_or(u64::MAX)),
        attended,
        why: terms.why.clone(),
        ticket: terms.ticket.clone(),
    };
    check_fresh(login, attended, &matching)?;
    // Judged over a key that no channel will ever have: whatever is wrong is said before anybody is asked.
    sign(login, target, &agreed, &random())?;
    if !common.json {
        show(login, target, &agreed)?;
    }
    ensure!(
        common.yes || say::confirm("Sign this warrant?", "--yes")?,
        "Nothing was signed and nothing was opened."
    );
    Ok(agreed)
}

fn matching_policies<'a>(login: &'a Login, target: &Target) -> Vec<&'a Policy> {
    let state = login.state();
    let technician = login
        .technician()
        .ok()
        .and_then(|(key, _)| state.entry(&key.id()));
    let (Some(technician), Some(device)) = (technician, state.entry(&target.keyid)) else {
        return Vec::new();
    };
    let policies = state.policies().map(|p| &p.policy);
    policies
        .filter(|p| {
            technician.groups.contains(&p.technicians) && device.groups.contains(&p.devices)
        })
        .collect()
}

/// A ledger that no witness vouches for opens nothing unattended; attended only where a policy bears with it.
fn check_fresh(login: &Login, attended: bool, matching: &[&Policy]) -> Result<()> {
    let Err(why) = login.ledger.freshness() else {
        return Ok(());
    };
    if attended && why != Stale::OtherHead && matching.iter().any(|p| p.attended_when_stale) {
        eprintln!(
            "{}",
            say::red(&format!(
                "The ledger is not known to be fresh ({why}); the person at the device is told."
            ))
        );
        return Ok(());
    }
    Err(refused(
        "stale",
        format!("The ledger is not fresh: {why}. Nothing was opened."),
    ))
}

fn show(login: &Login, target: &Target, agreed: &Agreed) -> Result<()> {
    let (_, name) = login.technician()?;
    let roster = login.state().roster();
    eprintln!("Warrant");
    eprintln!(
        "  who     {} for {} ({})",
        name.name, roster.name, roster.domain
    );
    eprintln!("  device  {} {}", target.shown(), target.keyid);
    for (at, scope) in agreed.scopes.iter().enumerate() {
        eprintln!(
            "  {}  {}",
            if at == 0 { "what  " } else { "      " },
            scope.sentence()
        );
    }
    eprintln!(
        "  until   {}",
        date(now_ms() + agreed.seconds.saturating_mul(1000))
    );
    eprintln!(
        "  why     {}{}",
        agreed.why,
        agreed
            .ticket
            .as_ref()
            .map(|t| format!(" [{t}]"))
            .unwrap_or_default()
    );
    eprintln!(
        "  asks    {}",
        if agreed.attended {
            "the person at the device"
        } else {
            "nobody"
        }
    );
    Ok(())
}

/// Composes and signs a warrant for a channel key, and judges it over all that this computer knows.
pub fn sign(
    login: &Login,
    target: &Target,
    agreed: &Agreed,
    channel_key: &[u8; 32],
) -> Result<SignedWarrant> {
    let (key, name) = login.technician()?;
    let (from, id) = (now_ms(), WarrantId(random()));
    let warrant = Warrant {
        org: login.org(),
        id,
        device: target.keyid,
        by: key.id(),
        noise: wire::public_of(channel_key).context("a channel key cannot be made")?,
        scopes: agreed.scopes.clone(),
        from,
        until: from.saturating_add(agreed.seconds.saturating_mul(1000)),
        attended: agreed.attended,
        why: agreed.why.clone(),
        ticket: agreed.ticket.clone(),
        name: name.clone(),
        seen: login.state().head(),
    };
    warrant
        .check_shape()
        .map_err(|why| anyhow!("The warrant cannot be like this: {why}."))?;
    let envelope = Envelope::sign(PayloadType::Warrant, &warrant, &[key])?;
    judge_here(login, target, &warrant, &envelope)?;
    Ok(SignedWarrant { id, envelope })
}

fn judge_here(
    login: &Login,
    target: &Target,
    warrant: &Warrant,
    envelope: &Envelope,
) -> Result<()> {
    let facts = Facts {
        state: login.state(),
        checkpoint: login.ledger.checkpoint(),
        now: now_ms(),
        device: target.keyid,
        device_noise: target.noise,
        channel_noise: warrant.noise,
        spent: None,
        openings: &[],
    };
    match judge(&facts, envelope.as_bytes()) {
        Ok(_) => Ok(()),
        Err(Refusal::DeviceNotInForce(_)) => {
            let device = login
                .state()
                .in_force(&target.keyid, Role::Device, now_ms());
            Err(refused(
                "device_not_in_force",
                format!(
                    "{}: {}.",
                    target.shown(),
                    device.err().map(|w| w.to_string()).unwrap_or_default()
                ),
            ))
        }
        Err(why) => Err(refused(
            why.code(),
            format!("The device would refuse: {why}. Nothing was opened."),
        )),
    }
}
