//! What [`judge`](super::judge) would say to a wish, with everything that stands in its way and who can change that.
//!
//! For administrators and technicians, before anything is signed. The checks are those of `judge`.

use super::cover::{Asked, Uncounted, Uncovered};
use super::{Refusal, check_fresh, check_origins, check_standing};
use crate::bounds::Bounds;
use crate::bytes::KeyId;
use crate::checkpoint::Checkpoint;
use crate::count::counts_needed;
use crate::envelope::Signer;
use crate::scope::Scope;
use crate::state::{DeviceGroups, State};
use crate::statement::{Owner, Policy, Role, Roster};

/// What a technician would like to do on a device. Times in milliseconds.
pub struct Wish<'a> {
    /// The folded ledger with held revocations.
    pub state: &'a State,
    /// The newest verified checkpoint.
    pub checkpoint: &'a Checkpoint,
    /// When.
    pub now: u64,
    /// Whose key.
    pub technician: KeyId,
    /// On which device.
    pub device: KeyId,
    /// What.
    pub scopes: &'a [Scope],
    /// Within which bounds.
    pub bounds: &'a Bounds,
    /// Whether it names a ticket.
    pub has_ticket: bool,
    /// For how long.
    pub lasts_ms: u64,
    /// Whether somebody at the device is asked.
    pub attended: bool,
    /// Keys that would sign besides the technician's.
    pub approvers: &'a [KeyId],
    /// How many sessions the technician opened on the device within the last hour.
    pub openings: usize,
}

/// What stands between a wish and a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// What holds whatever the policies say, in the order of judging.
    pub obstacles: Vec<Refusal>,
    /// The policies that join technician and device, by name.
    pub policies: Vec<Weighed>,
}

/// One policy, held against a wish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weighed {
    /// Its name.
    pub policy: String,
    /// Everything in which it falls short; nothing if it covers the wish.
    pub misses: Vec<Refusal>,
    /// Approvers who would count.
    pub approvers: Vec<KeyId>,
    /// What it also takes from witnesses, before the session opens.
    pub counts: Option<Counts>,
}

/// Witnesses count the technician's devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// How many witnesses have to.
    pub need: usize,
    /// Devices of one person within an hour.
    pub devices_per_hour: u32,
}

impl Explanation {
    /// The policy that would open the session.
    pub fn allowed_by(&self) -> Option<&str> {
        if !self.obstacles.is_empty() {
            return None;
        }
        let covering = self.policies.iter().find(|p| p.misses.is_empty());
        covering.map(|p| p.policy.as_str())
    }
}

/// Holds a wish against everything that a workstation's judge holds a warrant against, and names all that is in its way.
pub fn explain(wish: &Wish<'_>) -> Explanation {
    let Wish { state, now, .. } = *wish;
    let mut obstacles = Vec::new();
    let mut note = |refusal: Refusal| obstacles.push(refusal);
    let _ = check_standing(state).map_err(&mut note);
    let device = state
        .in_force(&wish.device, Role::Device, now)
        .map_err(|why| note(Refusal::DeviceNotInForce(why)))
        .ok();
    let stale = check_fresh(state, wish.checkpoint, now, wish.attended).unwrap_or_else(|why| {
        note(why);
        false
    });
    let technician = state
        .in_force(&wish.technician, Role::Technician, now)
        .map_err(|why| note(Refusal::TechnicianNotInForce(why)))
        .ok();
    let signers = signers(wish);
    let _ = check_origins(state, &signers).map_err(&mut note);
    let (Some(technician), Some(device)) = (technician, device) else {
        return Explanation {
            obstacles,
            policies: Vec::new(),
        };
    };
    let asked = Asked {
        state,
        checkpoint: wish.checkpoint,
        now,
        by: wish.technician,
        technician,
        device: DeviceGroups::Admitted(device),
        scopes: wish.scopes,
        bounds: wish.bounds,
        has_ticket: wish.has_ticket,
        lasts_ms: wish.lasts_ms,
        attended: wish.attended,
        signers: &signers,
        openings: wish.openings,
        counts: &[],
        resumes: false,
        stale,
    };
    let policies: Vec<Weighed> = asked.joining().map(|p| weigh(&asked, p)).collect();
    if policies.is_empty() {
        obstacles.push(Refusal::Uncovered(Uncovered::Groups));
    }
    Explanation {
        obstacles,
        policies,
    }
}

fn weigh(asked: &Asked<'_>, policy: &Policy) -> Weighed {
    let approvals = asked.approvals(policy);
    let misses = asked.misses(policy, approvals.len());
    let alone = asked
        .is_vendor_alone(&approvals)
        .then_some(Refusal::VendorOriginAlone);
    Weighed {
        policy: policy.name.clone(),
        misses: misses
            .map(Refusal::Uncovered)
            .chain(alone)
            .chain(uncountable(asked.state.roster(), policy))
            .collect(),
        approvers: approvals.into_iter().map(|s| s.keyid).collect(),
        counts: policy.devices_per_hour.map(|devices_per_hour| Counts {
            need: counts_needed(asked.state.roster()),
            devices_per_hour,
        }),
    }
}

/// A policy that asks for counts where no witness can count.
fn uncountable(roster: &Roster, policy: &Policy) -> Option<Refusal> {
    let counts = roster.witnesses.iter().any(|w| w.holds_revocations);
    policy.devices_per_hour.filter(|_| !counts)?;
    let need = counts_needed(roster);
    Some(Refusal::Uncounted(Uncounted::TooFew { have: 0, need }))
}

/// Who would sign, each on the best origin that his key may be used on.
fn signers(wish: &Wish<'_>) -> Vec<Signer> {
    let roster = wish.state.roster();
    let worth = |origin: &&String| match roster.origin_owner(origin) {
        Some(Owner::Customer) => 2,
        Some(Owner::Vendor) => 1,
        None => 0,
    };
    let keys = std::iter::once(&wish.technician).chain(wish.approvers);
    let known = keys.filter_map(|keyid| Some((*keyid, wish.state.known_key(keyid)?)));
    known
        .map(|(keyid, key)| Signer {
            keyid,
            origin: key.origins().iter().max_by_key(worth).cloned(),
        })
        .collect()
}

impl Refusal {
    /// Who can change it, and how: a sentence without a full stop. Nothing where the refusal itself says it, or is about one
    /// envelope or channel.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Refusal::RosterTainted => "the admins sign a new roster",
            Refusal::DeviceNotInForce(_) => "an admin admits the device",
            Refusal::TechnicianNotInForce(_) => "an admin admits the technician",
            Refusal::Stale(_) => {
                "whoever runs the witnesses brings them back; some policies let attended sessions open meanwhile"
            }
            Refusal::OriginNotListed => {
                "sign on an origin that the roster lists, or the admins list this one"
            }
            Refusal::VendorOriginAlone => {
                "somebody of the approvers' group signs elsewhere, or the technician signs on an origin of the organisation"
            }
            Refusal::Uncovered(miss) => return Some(miss.remedy()),
            Refusal::Uncounted(Uncounted::TooFew { .. }) => {
                "whoever runs the witnesses brings them back, or the admins name more that hold revocations"
            }
            Refusal::Uncounted(Uncounted::Devices(_)) => {
                "wait, or an admin allows more devices in the policy"
            }
            _ => return None,
        })
    }
}

impl Uncovered {
    fn remedy(&self) -> &'static str {
        match self {
            Uncovered::Groups => {
                "an admin makes a policy for these groups, or admits the technician or the device into others"
            }
            Uncovered::Scope(_) => "do without it, or an admin allows it in the policy",
            Uncovered::ReadUnder(_) | Uncovered::WriteUnder(_) | Uncovered::ShellAs(_) => {
                "ask for what the policy names, or an admin allows more in it"
            }
            Uncovered::AttendedOnly => {
                "ask the person at the device, or an admin allows unattended sessions in the policy"
            }
            Uncovered::TooLong(_) => "ask for less, or an admin allows more in the policy",
            Uncovered::Hours => "wait, or an admin changes the hours of the policy",
            Uncovered::Rate(_) => "wait, or an admin allows more openings in the policy",
            Uncovered::Ticket => "name the ticket that this is about",
            Uncovered::Approvals { .. } => "somebody else of the approvers' group signs too",
            Uncovered::Stale => {
                "whoever runs the witnesses brings them back, or an admin sets attended_when_stale in the policy"
            }
        }
    }
}
