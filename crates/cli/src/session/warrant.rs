//! The warrant: agreed on with the technician, signed, and judged here first as the device will judge it.

use anyhow::{Context, Result, anyhow, ensure};
use trust::envelope::{Envelope, PayloadType};
use trust::freshness::Stale;
use trust::judge::{Approvals, Facts, Refusal, Standing, granted_if_counted, judge, lacking};
use trust::scope::Scope;
use trust::state::DeviceGroups;
use trust::statement::{Policy, Role};
use trust::warrant::Warrant;
use trust::{Bounds, KeyId, WarrantId, X25519Public};

use super::{Target, Terms, target};
use crate::ambient::{date, now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::login::Login;
use crate::people::approvers;
use crate::say;
use crate::signer;

/// What the technician has seen and agreed to sign.
pub struct Agreed {
    scopes: Vec<Scope>,
    bounds: Bounds,
    seconds: u64,
    attended: bool,
    why: String,
    ticket: Option<String>,
    asks: Option<Approvals>,
}

impl Agreed {
    /// Whether somebody else has to approve first.
    pub fn asks(&self) -> bool {
        self.asks.is_some()
    }
}

/// A signed warrant.
#[derive(Clone)]
pub struct SignedWarrant {
    /// Its id.
    pub id: WarrantId,
    /// When it ends.
    pub until: u64,
    /// Its envelope.
    pub envelope: Envelope,
    /// What it lacks, if it lacks approvals.
    pub lacks: Option<Approvals>,
    /// What the session may reach by the policy that covers it, or would with these approvals.
    pub granted: Bounds,
}

impl SignedWarrant {
    /// What it says.
    pub fn warrant(&self) -> Result<Warrant> {
        Ok(self.envelope.read(PayloadType::Warrant)?)
    }
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
    let mut agreed = Agreed {
        scopes: scopes.to_vec(),
        bounds: terms.bounds(),
        seconds: terms.seconds(longest.unwrap_or(u64::MAX)),
        attended,
        why: terms.why.clone(),
        ticket: terms.ticket.clone(),
        asks: None,
    };
    check_fresh(login, attended, &matching)?;
    // Judged over a key that no channel will ever have: whatever is wrong is said before anybody is asked.
    let fitting = matching
        .iter()
        .filter(covers)
        .map(|p| p.shell_as.as_slice());
    if scopes.contains(&Scope::Shell) && agreed.bounds.shell_as.is_none() {
        agreed.bounds.shell_as = only_user(fitting);
    }
    let signed = sign(login, target, &agreed, &random())?;
    // From here on the warrant says itself what the policy allows: that is what is shown, signed and approved.
    agreed.bounds = signed.granted;
    agreed.asks = signed.lacks;
    if !common.json {
        show(login, target, &agreed)?;
    }
    ensure!(
        common.yes || say::confirm(question(&agreed), "--yes")?,
        "Nothing was signed and nothing was opened."
    );
    Ok(agreed)
}

/// The user as whom a shell has to run, where the policies leave no choice.
fn only_user<'a>(mut policies: impl Iterator<Item = &'a [String]>) -> Option<String> {
    let [user] = policies.next()? else {
        return None;
    };
    policies
        .all(|users| users == std::slice::from_ref(user))
        .then(|| user.clone())
}

fn question(agreed: &Agreed) -> &'static str {
    if agreed.asks() {
        "Sign this warrant and ask for approval?"
    } else {
        "Sign this warrant?"
    }
}

fn matching_policies<'a>(login: &'a Login, target: &Target) -> Vec<&'a Policy> {
    let state = login.state();
    let technician = login
        .technician()
        .ok()
        .and_then(|(key, _)| state.entry(&key.id()));
    let Some(technician) = technician else {
        return Vec::new();
    };
    let device = match state.entry(&target.keyid) {
        _ if target.joined => DeviceGroups::Joined,
        Some(device) => DeviceGroups::Admitted(device),
        None => return Vec::new(),
    };
    state.joining(technician, device).collect()
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
    match target.joined {
        true => eprintln!("  device  {}, by a join code", target.shown()),
        false => eprintln!("  device  {} {}", target.shown(), target.keyid),
    }
    for (at, scope) in agreed.scopes.iter().enumerate() {
        eprintln!(
            "  {}  {}",
            if at == 0 { "what  " } else { "      " },
            scope.sentence()
        );
        if let Some(words) = agreed.bounds.words(*scope) {
            eprintln!("            {words}");
        }
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
    if let Some(asks) = &agreed.asks {
        let (key, _) = login.technician()?;
        let names = approvers(login, &asks.approvers, &key.id())
            .into_iter()
            .map(|(_, name)| name);
        eprintln!(
            "  approve {} of {} (policy {})",
            asks.need,
            names.collect::<Vec<_>>().join(", "),
            asks.policy
        );
    }
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
        bounds: agreed.bounds.clone(),
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
    let envelope = signer::sign(PayloadType::Warrant, &warrant, &[key])?;
    let (lacks, granted) = judge_here(login, target, &warrant, &envelope)?;
    Ok(SignedWarrant {
        id,
        until: warrant.until,
        envelope,
        lacks,
        granted,
    })
}

/// What this computer knows when it judges a warrant for a device as that device will.
pub fn facts<'a>(
    login: &'a Login,
    device: KeyId,
    device_noise: X25519Public,
    warrant: &Warrant,
) -> Facts<'a> {
    Facts {
        state: login.state(),
        checkpoint: login.ledger.checkpoint(),
        now: now_ms(),
        device,
        device_noise,
        standing: Standing::Enrolled,
        channel_noise: warrant.noise,
        spent: None,
        openings: &[],
        counts: &[],
    }
}

/// The approvals that are all that it lacks, and what it may reach.
fn judge_here(
    login: &Login,
    target: &Target,
    warrant: &Warrant,
    envelope: &Envelope,
) -> Result<(Option<Approvals>, Bounds)> {
    let standing = match target.joined {
        true => Standing::Joined {
            technician: warrant.noise,
        },
        false => Standing::Enrolled,
    };
    let facts = Facts {
        standing,
        ..facts(login, target.keyid, target.noise, warrant)
    };
    if let Ok(Some(lacks)) = lacking(&facts, envelope.as_bytes()) {
        let granted = lacks.bounds.clone();
        return Ok((Some(lacks), granted));
    }
    match judge(&facts, envelope.as_bytes()) {
        Ok(verdict) => Ok((None, verdict.bounds)),
        // Counts are asked for just before the device is.
        Err(Refusal::Uncounted(_)) => {
            let granted = granted_if_counted(&facts, envelope.as_bytes());
            let granted = granted.ok().flatten();
            Ok((None, granted.unwrap_or_else(|| warrant.bounds.clone())))
        }
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
