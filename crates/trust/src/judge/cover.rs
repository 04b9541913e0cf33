//! Whether one single policy covers the whole warrant.

use std::collections::BTreeSet;

use super::Refusal;
use crate::bounds::{Bounds, any_of, are_beneath};
use crate::bytes::KeyId;
use crate::checkpoint::Checkpoint;
use crate::count::counts_needed;
use crate::envelope::Signer;
use crate::freshness;
use crate::scope::Scope;
use crate::state::{DeviceGroups, Entry, State};
use crate::statement::{Owner, Policy, Role};

/// Why the nearest policy does not cover a warrant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Uncovered {
    /// No policy joins this technician's groups and this device's groups.
    #[error("no policy joins the technician's groups with this device's groups")]
    Groups,
    /// The nearest lacks a scope.
    #[error("the policy does not allow {0}")]
    Scope(Scope),
    /// Files outside of the folders of the nearest.
    #[error("the policy allows files to be fetched only under {}", any_of(.0))]
    ReadUnder(Vec<String>),
    /// Files outside of the folders of the nearest.
    #[error("the policy allows files to be put only under {}", any_of(.0))]
    WriteUnder(Vec<String>),
    /// A shell as another user than the nearest allows.
    #[error("the policy allows a shell only as {}", shell_users(.0))]
    ShellAs(Vec<String>),
    /// The nearest is attended only.
    #[error("the policy asks that somebody at the device agrees")]
    AttendedOnly,
    /// Longer than the nearest allows.
    #[error("the policy allows {} at most", span(*.0))]
    TooLong(u64),
    /// Outside its hours.
    #[error("the policy does not allow it at this hour")]
    Hours,
    /// Too many openings.
    #[error("the policy allows this technician {0} openings on this device within an hour")]
    Rate(u32),
    /// The nearest asks for a ticket.
    #[error("the policy asks for a ticket")]
    Ticket,
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

/// Why the counts beside a warrant do not satisfy the one policy that covers everything else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Uncounted {
    /// Too few witnesses counted it.
    #[error("too few witnesses counted this opening just before it ({have} of {need})")]
    TooFew {
        /// Witnesses whose counts hold.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// They counted more devices than the policy allows.
    #[error(
        "the policy allows this person {0} devices within an hour, and the witnesses counted more"
    )]
    Devices(u32),
}

impl Uncovered {
    /// How near a policy came: by the step that it fails, then by what it allows.
    fn rank(&self) -> (u8, u64, u64) {
        match *self {
            Self::Groups => (0, 0, 0),
            Self::Scope(scope) => (1, scope as u64, 0),
            Self::ReadUnder(_) => (2, 0, 0),
            Self::WriteUnder(_) => (3, 0, 0),
            Self::ShellAs(_) => (4, 0, 0),
            Self::AttendedOnly => (5, 0, 0),
            Self::TooLong(seconds) => (6, seconds, 0),
            Self::Hours => (7, 0, 0),
            Self::Rate(openings) => (8, u64::from(openings), 0),
            Self::Ticket => (9, 0, 0),
            Self::Approvals { have, need } => (10, u64::from(have), u64::from(need)),
            Self::Stale => (11, 0, 0),
        }
    }
}

fn shell_users(users: &[String]) -> String {
    if users.is_empty() {
        "the user of the display".to_owned()
    } else {
        any_of(users)
    }
}

/// A time in the largest unit that leaves no rest.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s > 0 && s % 3600 == 0 => (s / 3600, "hour"),
        s if s > 0 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// What policies are asked about: a warrant, or a wish that is not signed yet.
pub(super) struct Asked<'a> {
    pub state: &'a State,
    pub checkpoint: &'a Checkpoint,
    pub now: u64,
    pub by: KeyId,
    pub technician: &'a Entry,
    pub device: DeviceGroups<'a>,
    pub scopes: &'a [Scope],
    pub bounds: &'a Bounds,
    pub has_ticket: bool,
    pub lasts_ms: u64,
    pub attended: bool,
    pub signers: &'a [Signer],
    pub openings: usize,
    /// Which witnesses counted it, and their numbers.
    pub counts: &'a [(usize, u32)],
    pub resumes: bool,
    pub stale: bool,
}

pub(super) struct Covered {
    pub policy: String,
    pub bounds: Bounds,
    pub approvals: Vec<Signer>,
}

impl Asked<'_> {
    /// The policies that join the technician's groups with the device's, by name.
    pub fn joining(&self) -> impl Iterator<Item = &Policy> {
        self.state.joining(self.technician, self.device)
    }

    /// The first policy that covers everything; else the refusal of the one that came nearest.
    pub fn find(&self) -> Result<Covered, Refusal> {
        let mut nearest = Uncovered::Groups;
        let mut is_vendor_alone = false;
        let mut uncounted = None;
        for policy in self.joining() {
            let approvals = self.approvals(policy);
            let first = self.misses(policy, approvals.len()).next();
            match first {
                Some(why) if why.rank() > nearest.rank() => nearest = why,
                Some(_) => {}
                None if self.is_vendor_alone(&approvals) => is_vendor_alone = true,
                None if self.uncounted(policy).is_some() => {
                    uncounted = uncounted.max(self.uncounted(policy));
                }
                None => {
                    return Ok(Covered {
                        policy: policy.name.clone(),
                        bounds: self.granted(policy),
                        approvals,
                    });
                }
            }
        }
        if let Some(why) = uncounted {
            return Err(Refusal::Uncounted(why));
        }
        if is_vendor_alone {
            return Err(Refusal::VendorOriginAlone);
        }
        if self.stale && nearest == Uncovered::Stale {
            let why = freshness::check(self.state, self.checkpoint, self.now).err();
            return Err(why.map_or(Refusal::Uncovered(nearest), Refusal::Stale));
        }
        Err(Refusal::Uncovered(nearest))
    }

    /// Everything in which a policy falls short, in the order of judging.
    pub fn misses(&self, policy: &Policy, approvals: usize) -> impl Iterator<Item = Uncovered> {
        let scopes = self.scopes.iter().filter(|s| !policy.scopes.contains(s));
        let hours = policy.hours.as_ref();
        let rate = policy.openings_per_hour.filter(|limit| {
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            !self.resumes && self.openings >= limit
        });
        let (have, need) = (approvals.min(255) as u8, policy.approvals);
        let when = |is_missed: bool, miss: Uncovered| is_missed.then_some(miss);
        let others = [
            when(
                !self.attended && !policy.unattended,
                Uncovered::AttendedOnly,
            ),
            when(
                self.lasts_ms > policy.max_seconds.saturating_mul(1000),
                Uncovered::TooLong(policy.max_seconds),
            ),
            when(
                hours.is_some_and(|h| !h.contain(self.now)),
                Uncovered::Hours,
            ),
            rate.map(Uncovered::Rate),
            when(
                policy.ticket_required && !self.has_ticket,
                Uncovered::Ticket,
            ),
            when(have < need, Uncovered::Approvals { have, need }),
            when(self.stale && !policy.attended_when_stale, Uncovered::Stale),
        ];
        let scopes: Vec<_> = scopes.map(|s| Uncovered::Scope(*s)).collect();
        let bounds = self.out_of_bounds(policy).into_iter();
        scopes.into_iter().chain(bounds.chain(others).flatten())
    }

    /// Where what is asked for reaches beyond the policy's folders and users.
    fn out_of_bounds(&self, policy: &Policy) -> [Option<Uncovered>; 3] {
        let Bounds {
            read_under,
            write_under,
            shell_as,
        } = self.bounds;
        let is_outside = |scope, asked: &[String], allowed: &[String]| {
            let is_left_open = asked.is_empty() && !self.resumes;
            let is_inside = is_left_open || (!asked.is_empty() && are_beneath(asked, allowed));
            self.scopes.contains(&scope) && !allowed.is_empty() && !is_inside
        };
        let (read, write) = (&policy.read_under, &policy.write_under);
        let is_other_user = match shell_as {
            Some(user) => !policy.shell_as.contains(user),
            None => !policy.shell_as.is_empty() && self.scopes.contains(&Scope::Shell),
        };
        [
            is_outside(Scope::FilesRead, read_under, read)
                .then(|| Uncovered::ReadUnder(read.clone())),
            is_outside(Scope::FilesWrite, write_under, write)
                .then(|| Uncovered::WriteUnder(write.clone())),
            is_other_user.then(|| Uncovered::ShellAs(policy.shell_as.clone())),
        ]
    }

    /// What is asked for, and what the policy has where nothing is: for a policy that covers it.
    pub fn granted(&self, policy: &Policy) -> Bounds {
        let narrower = |scope, asked: &[String], allowed: &[String]| {
            let folders = if asked.is_empty() { allowed } else { asked };
            let folders = self.scopes.contains(&scope).then_some(folders);
            folders.unwrap_or_default().to_vec()
        };
        let Bounds {
            read_under,
            write_under,
            shell_as,
        } = self.bounds;
        Bounds {
            read_under: narrower(Scope::FilesRead, read_under, &policy.read_under),
            write_under: narrower(Scope::FilesWrite, write_under, &policy.write_under),
            shell_as: shell_as.clone(),
        }
    }

    /// Where witnesses did not count this opening, or counted more devices than the policy allows.
    pub fn uncounted(&self, policy: &Policy) -> Option<Uncounted> {
        let rate = policy.devices_per_hour.filter(|_| !self.resumes)?;
        let need = counts_needed(self.state.roster());
        let distinct = |counts: &mut dyn Iterator<Item = &(usize, u32)>| {
            counts
                .map(|(witness, _)| witness)
                .collect::<BTreeSet<_>>()
                .len()
        };
        let have = distinct(&mut self.counts.iter());
        let within = distinct(&mut self.counts.iter().filter(|(_, n)| *n <= rate));
        if within >= need {
            return None;
        }
        Some(if have >= need {
            Uncounted::Devices(rate)
        } else {
            Uncounted::TooFew { have, need }
        })
    }

    /// One signature of each distinct person of the approvers' group, never of the technician himself.
    pub fn approvals(&self, policy: &Policy) -> Vec<Signer> {
        let Some(group) = &policy.approvers else {
            return Vec::new();
        };
        let own = self.technician.subject.person.as_deref();
        let mut persons = BTreeSet::new();
        self.signers
            .iter()
            .filter(|s| s.keyid != self.by)
            .filter(|s| {
                self.approver(s, group)
                    .is_some_and(|p| Some(p) != own && persons.insert(p))
            })
            .cloned()
            .collect()
    }

    fn approver(&self, signer: &Signer, group: &str) -> Option<&str> {
        if group == "admins" {
            return self.state.admin(&signer.keyid).map(|a| a.person.as_str());
        }
        let entry = self
            .state
            .in_force(&signer.keyid, Role::Technician, self.now)
            .ok()?;
        if entry.groups.iter().any(|g| g == group) {
            entry.subject.person.as_deref()
        } else {
            None
        }
    }

    /// Code served by the vendor cannot open an unattended workstation with one person's key.
    pub fn is_vendor_alone(&self, approvals: &[Signer]) -> bool {
        let roster = self.state.roster();
        let on_vendor = |s: &Signer| {
            s.origin
                .as_deref()
                .is_some_and(|o| roster.origin_owner(o) == Some(Owner::Vendor))
        };
        let by_on_vendor = self
            .signers
            .iter()
            .any(|s| s.keyid == self.by && on_vendor(s));
        !self.attended && by_on_vendor && approvals.iter().all(on_vendor)
    }
}
