//! Whether one single policy covers the whole warrant.

use std::collections::BTreeSet;

use super::{Asked, Facts, Refusal};
use crate::envelope::Signer;
use crate::freshness;
use crate::scope::Scope;
use crate::state::State;
use crate::statement::{Policy, Role};

/// Why the nearest policy does not cover a warrant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Uncovered {
    /// No policy joins this technician's groups and this device's groups.
    #[error("no policy joins the technician's groups with this device's groups")]
    Groups,
    /// The nearest lacks a scope.
    #[error("the policy does not allow {0}")]
    Scope(Scope),
    /// The nearest is attended only.
    #[error("the policy asks that somebody at the device agrees")]
    AttendedOnly,
    /// Longer than the nearest allows.
    #[error("the policy allows {0} seconds at most")]
    TooLong(u64),
    /// Outside its hours.
    #[error("the policy does not allow it at this hour")]
    Hours,
    /// Too many openings.
    #[error("the policy allows this technician {0} openings on this device within an hour")]
    Rate(u32),
    /// Too few approvals.
    #[error("the policy asks for {need} approvals and {have} count")]
    Approvals {
        /// Distinct persons of the approvers' group who signed.
        have: u8,
        /// How many the policy asks for.
        need: u8,
    },
    /// The ledger is not fresh, and the policy does not bear with it.
    #[error("the ledger is not fresh and the policy asks that it is")]
    Stale,
}

pub(super) struct Covered {
    pub policy: String,
    pub approvals: Vec<Signer>,
}

/// The first policy that covers everything; else the refusal of the one that came nearest.
pub(super) fn find(
    facts: &Facts<'_>,
    asked: &Asked<'_>,
    signers: &[Signer],
) -> Result<Covered, Refusal> {
    let mut nearest = Uncovered::Groups;
    for policy in joining(facts, asked) {
        let approvals = approvals(facts, policy, asked, signers);
        match check(facts, asked, policy, approvals.len()) {
            Ok(()) => {
                return Ok(Covered {
                    policy: policy.name.clone(),
                    approvals,
                });
            }
            Err(why) => nearest = nearest.max(why),
        }
    }
    if asked.stale && nearest == Uncovered::Stale {
        let why = freshness::check(facts.state, facts.checkpoint, facts.now).err();
        return Err(why.map_or(Refusal::Uncovered(nearest), Refusal::Stale));
    }
    Err(Refusal::Uncovered(nearest))
}

/// The policies that join the technician's groups with the device's, by name.
pub(super) fn joining<'a>(
    facts: &Facts<'a>,
    asked: &Asked<'a>,
) -> impl Iterator<Item = &'a Policy> + use<'a> {
    let (technician, device) = (asked.technician, asked.device);
    facts.state.policies().map(|p| &p.policy).filter(|policy| {
        technician.groups.contains(&policy.technicians) && device.groups.contains(&policy.devices)
    })
}

/// Why `policy` does not cover it where so many approvals count.
pub(super) fn check(
    facts: &Facts<'_>,
    asked: &Asked<'_>,
    policy: &Policy,
    approvals: usize,
) -> Result<(), Uncovered> {
    let warrant = &asked.warrant;
    if let Some(scope) = warrant.scopes.iter().find(|s| !policy.scopes.contains(s)) {
        return Err(Uncovered::Scope(*scope));
    }
    if !warrant.attended && !policy.unattended {
        return Err(Uncovered::AttendedOnly);
    }
    if warrant.until - warrant.from > policy.max_seconds.saturating_mul(1000) {
        return Err(Uncovered::TooLong(policy.max_seconds));
    }
    if !policy
        .hours
        .as_ref()
        .is_none_or(|hours| hours.contain(facts.now))
    {
        return Err(Uncovered::Hours);
    }
    if let Some(limit) = policy.openings_per_hour
        && !asked.resumes
        && facts.openings.len() >= limit as usize
    {
        return Err(Uncovered::Rate(limit));
    }
    if approvals < usize::from(policy.approvals) {
        return Err(Uncovered::Approvals {
            have: approvals.min(255) as u8,
            need: policy.approvals,
        });
    }
    if asked.stale && !policy.attended_when_stale {
        return Err(Uncovered::Stale);
    }
    Ok(())
}

/// One signature of each distinct person of the approvers' group, never of the technician himself.
pub(super) fn approvals(
    facts: &Facts<'_>,
    policy: &Policy,
    asked: &Asked<'_>,
    signers: &[Signer],
) -> Vec<Signer> {
    let Some(group) = &policy.approvers else {
        return Vec::new();
    };
    let own = asked.technician.subject.person.as_deref();
    let mut persons = BTreeSet::new();
    signers
        .iter()
        .filter(|s| s.keyid != asked.warrant.by)
        .filter(|s| {
            approver(facts.state, s, group, facts.now)
                .is_some_and(|p| Some(p) != own && persons.insert(p))
        })
        .cloned()
        .collect()
}

fn approver<'a>(state: &'a State, signer: &Signer, group: &str, now: u64) -> Option<&'a str> {
    if group == "admins" {
        return state.admin(&signer.keyid).map(|a| a.person.as_str());
    }
    let entry = state.in_force(&signer.keyid, Role::Technician, now).ok()?;
    if entry.groups.iter().any(|g| g == group) {
        entry.subject.person.as_deref()
    } else {
        None
    }
}
