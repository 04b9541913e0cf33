//! Who may come in, by section 5 of `docs/warrant.md`: all that speaks against a warrant, not only the first.

use std::collections::BTreeSet;

use trust::bytes::{KeyId, X25519Public};
use trust::judge::Spent;
use trust::scope::Scope;
use trust::statement::{Hours, Owner, Policy, Role, Roster};
use trust::warrant::Warrant;

use super::bounds::are_kept;
use super::count::{self, Slip};
use super::ledger::{Hand, Ledger};
use super::vouch::{AHEAD_MS, Vouched};
use crate::cast;
use crate::paper::Paper;

/// What a device is asked, and what it truly knows.
pub struct Asked<'a> {
    /// Its ledger.
    pub ledger: &'a Ledger,
    /// The note it holds about that ledger.
    pub note: &'a Vouched,
    /// What it is asked with.
    pub paper: &'a Paper,
    /// The other side's key on the channel.
    pub channel: X25519Public,
    /// The device.
    pub device: KeyId,
    /// The device's channel key.
    pub device_channel: X25519Public,
    /// Its time.
    pub now: u64,
    /// Over which channel the warrant was used, within which bounds, and whether it is over.
    pub used: Option<&'a Spent>,
    /// How often this technician came within the last hour.
    pub came: usize,
    /// What witnesses' counts came beside it.
    pub counts: &'a [Slip],
}

/// Everything that speaks against it, by the names of refusals; empty if the device has to open.
pub fn objections(asked: &Asked<'_>) -> BTreeSet<&'static str> {
    let mut against = BTreeSet::new();
    let Some(warrant) = asked.paper.as_warrant() else {
        return BTreeSet::from(["unreadable"]);
    };
    match asked.paper.flaw {
        Some("shape") => drop(against.insert("shape")),
        Some(_) => return BTreeSet::from(["unreadable"]),
        None => {}
    }
    against.extend(about_aim(asked, warrant));
    against.extend(about_ledger(asked, warrant));
    against.extend(about_use(asked, warrant));
    match asked.ledger.hands(asked.paper) {
        None => drop(against.insert("unreadable")),
        Some(hands) => against.extend(about_hands(asked, warrant, &hands)),
    }
    against
}

fn about_aim(asked: &Asked<'_>, warrant: &Warrant) -> Vec<&'static str> {
    let of_us = asked.ledger.papers().next();
    [
        (
            of_us.is_none_or(|genesis| genesis.digest.0 != warrant.org.0),
            "other_organisation",
        ),
        (warrant.device != asked.device, "other_device"),
        (warrant.noise != asked.channel, "other_channel"),
    ]
    .into_iter()
    .filter_map(|(is, code)| is.then_some(code))
    .collect()
}

fn about_ledger(asked: &Asked<'_>, warrant: &Warrant) -> Vec<&'static str> {
    let ledger = asked.ledger;
    let own = ledger.in_force(&asked.device, Role::Device, asked.now);
    let root = ledger.root_at(warrant.seen.size);
    let is_stale = !asked.note.is_fresh(ledger.roster().what, asked.now);
    [
        (ledger.is_closed(), "ledger_too_new"),
        (ledger.is_suspended(), "suspended"),
        (ledger.is_roster_tainted(), "roster_tainted"),
        (root.is_none(), "ledger_behind"),
        (
            root.is_some_and(|r| r != warrant.seen.root),
            "ledger_forked",
        ),
        (own.is_none(), "device_not_in_force"),
        (
            own.is_some_and(|(_, s)| s.noise != Some(asked.device_channel)),
            "device_noise",
        ),
        (asked.note.head != ledger.head(), "stale"),
        (is_stale && !warrant.attended, "stale"),
    ]
    .into_iter()
    .filter_map(|(is, code)| is.then_some(code))
    .collect()
}

fn about_use(asked: &Asked<'_>, warrant: &Warrant) -> Vec<&'static str> {
    let is_spent = asked
        .used
        .is_some_and(|used| used.ended || used.noise != warrant.noise);
    [
        (asked.ledger.is_warrant_gone(warrant.id), "revoked"),
        (is_spent, "spent"),
        (warrant.from > asked.now + AHEAD_MS, "too_early"),
        (asked.now >= warrant.until, "expired"),
    ]
    .into_iter()
    .filter_map(|(is, code)| is.then_some(code))
    .collect()
}

fn about_hands(asked: &Asked<'_>, warrant: &Warrant, hands: &[Hand]) -> Vec<&'static str> {
    let (ledger, roster) = (asked.ledger, asked.ledger.roster().what);
    let mut against = Vec::new();
    let Some(own) = hands.iter().find(|hand| hand.key == warrant.by) else {
        return vec!["not_signed"];
    };
    if hands
        .iter()
        .any(|hand| hand.origin.is_some() && owner(roster, hand).is_none())
    {
        against.push("origin_not_listed");
    }
    let Some((groups, person)) = ledger
        .in_force(&warrant.by, Role::Technician, asked.now)
        .map(|(admit, subject)| (&admit.groups, subject))
    else {
        against.push("technician_not_in_force");
        return against;
    };
    // Everybody's commitment opens to his own name, and to no other.
    let own_name = person.person.as_deref().map(cast::opened);
    if own_name.as_ref() != Some(&warrant.name) {
        against.push("other_name");
    }
    let Some((device, _)) = ledger.in_force(&asked.device, Role::Device, asked.now) else {
        return against;
    };
    // All that covers it; of that, one policy whose approvers do not leave it to the vendor's page alone is enough.
    let covering = ledger.policies().into_iter().filter_map(|(_, policy)| {
        let joins = groups.contains(&policy.technicians) && device.groups.contains(&policy.devices);
        let approvals = approvals(asked, warrant, policy, hands, person.person.as_deref());
        let covers = joins && covers(asked, warrant, policy, approvals.len());
        covers.then_some((policy.devices_per_hour, approvals))
    });
    let covering: Vec<_> = covering.collect();
    if covering.is_empty() {
        against.extend(["uncovered", "stale"]);
        return against;
    }
    let by_vendor = |hand: &Hand| owner(roster, hand) == Some(Owner::Vendor);
    let is_alone = |all: &[Hand]| !warrant.attended && by_vendor(own) && all.iter().all(by_vendor);
    let rates: Vec<_> = covering
        .iter()
        .filter(|(_, approvals)| !is_alone(approvals))
        .map(|(rate, _)| rate.filter(|_| asked.used.is_none()))
        .collect();
    if rates.is_empty() {
        against.push("vendor_origin_alone");
    }
    let uncounted = |rate: &Option<u32>| count::objection(asked, warrant, (*rate)?);
    if rates.iter().all(|rate| uncounted(rate).is_some()) {
        against.extend(rates.iter().filter_map(uncounted));
    }
    against
}

fn covers(asked: &Asked<'_>, warrant: &Warrant, policy: &Policy, approvals: usize) -> bool {
    let allowed = |scope: &Scope| policy.scopes.contains(scope);
    let lasts = warrant.until.saturating_sub(warrant.from);
    let resumes = asked.used.is_some();
    let is_fresh = asked.note.is_fresh(asked.ledger.roster().what, asked.now);
    let granted = asked.used.map(|used| &used.bounds);
    warrant.scopes.iter().all(allowed)
        && are_kept(warrant, granted, policy)
        && (policy.unattended || warrant.attended)
        && lasts <= policy.max_seconds * 1000
        && policy
            .hours
            .as_ref()
            .is_none_or(|hours| is_within(hours, asked.now))
        && (resumes
            || policy
                .openings_per_hour
                .is_none_or(|most| asked.came < most as usize))
        && approvals >= usize::from(policy.approvals)
        && (is_fresh || warrant.attended && policy.attended_when_stale)
}

/// One signature for each person who may approve and is not the technician.
fn approvals(
    asked: &Asked<'_>,
    warrant: &Warrant,
    policy: &Policy,
    hands: &[Hand],
    own: Option<&str>,
) -> Vec<Hand> {
    let Some(group) = &policy.approvers else {
        return Vec::new();
    };
    let ledger = asked.ledger;
    let mut persons = BTreeSet::new();
    let mut approvals = Vec::new();
    for hand in hands.iter().filter(|hand| hand.key != warrant.by) {
        let person = if group == "admins" {
            ledger.admin(&hand.key)
        } else {
            ledger
                .in_force(&hand.key, Role::Technician, asked.now)
                .filter(|(admit, _)| admit.groups.contains(group))
                .and_then(|(_, subject)| subject.person.as_deref())
        };
        if let Some(person) = person.filter(|person| Some(*person) != own)
            && persons.insert(person)
        {
            approvals.push(hand.clone());
        }
    }
    approvals
}

fn owner(roster: &Roster, hand: &Hand) -> Option<Owner> {
    let origin = hand.origin.as_ref()?;
    let listed = roster.console_origins.iter().find(|o| o.origin == *origin);
    listed.map(|o| o.owner)
}

/// Day by day from Thursday 1 January 1970.
fn is_within(hours: &Hours, now: u64) -> bool {
    const DAY: i64 = 1440;
    let minutes = i64::try_from(now / 60_000).unwrap_or(i64::MAX) + i64::from(hours.offset_minutes);
    let (days, minute) = (minutes.div_euclid(DAY), minutes.rem_euclid(DAY));
    let weekday = (days + 3).rem_euclid(7);
    hours.days.iter().any(|day| i64::from(*day) == weekday)
        && (i64::from(hours.from_minute)..i64::from(hours.to_minute)).contains(&minute)
}
