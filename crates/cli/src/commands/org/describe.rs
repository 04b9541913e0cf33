//! Statements in words, for who is about to sign them and for who reads the ledger.

use trust::scope::Scope;
use trust::seal::OpeningKey;
use trust::statement::{Admit, Owner, Policy, Role, Roster, Say, Target};
use trust::{OrgId, State};

use crate::ambient::date;
use crate::login::open_name;
use crate::say::count;

/// The name of a role.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Technician => "technician",
        Role::Device => "device",
        Role::Enroller => "enroller",
        Role::Stopper => "stopper",
    }
}

/// One line that says what a statement does.
pub(crate) fn statement_line(say: &Say) -> String {
    match say {
        Say::Roster(roster) => format!(
            "roster {} of {:?}: {}, {} needed; {}, quorum {}",
            roster.version,
            roster.name,
            count(roster.admins.len(), "admin key"),
            roster.threshold,
            if roster.witnesses.len() == 1 {
                "1 witness".to_owned()
            } else {
                format!("{} witnesses", roster.witnesses.len())
            },
            roster.quorum
        ),
        Say::Admit(admit) => format!(
            "admit {} in {} until {}",
            count(admit.subjects.len(), role_name(admit.role)),
            groups(&admit.groups),
            date(admit.until)
        ),
        Say::Policy(policy) => policy_line(policy),
        Say::Revoke(revoke) => format!("revoke {}: {}", target(&revoke.target), revoke.reason),
        Say::Recover(recover) => format!("recovery {} takes effect", recover.recovery),
    }
}

/// All that a signer should see of a statement.
pub(crate) fn statement_lines(
    say: &Say,
    org: &OrgId,
    directory: Option<&OpeningKey>,
) -> Vec<String> {
    let mut lines = vec![statement_line(say)];
    match say {
        Say::Roster(roster) => lines.extend(roster_lines(roster)),
        Say::Admit(admit) => lines.extend(admit_lines(admit, org, directory)),
        Say::Policy(_) | Say::Revoke(_) | Say::Recover(_) => {}
    }
    lines
}

fn roster_lines(roster: &Roster) -> Vec<String> {
    let mut lines = vec![format!("  name {}, domain {}", roster.name, roster.domain)];
    lines.extend(
        roster
            .admins
            .iter()
            .map(|a| format!("  admin {} {}", a.person, a.key.id())),
    );
    lines.extend(roster.witnesses.iter().map(|w| {
        let holds = if w.holds_revocations {
            "holds revocations"
        } else {
            "history only"
        };
        format!(
            "  witness {} {} ({holds})",
            w.name,
            w.url.as_deref().unwrap_or("without address")
        )
    }));
    lines.extend(roster.console_origins.iter().map(|o| {
        let owner = if o.owner == Owner::Customer {
            "customer's"
        } else {
            "vendor's"
        };
        format!("  console {} ({owner})", o.origin)
    }));
    let recovery = match &roster.recovery {
        Some(recovery) => format!(
            "{} ({} needed, after {} hours)",
            count(recovery.keys.len(), "recovery key"),
            recovery.need(roster.threshold),
            recovery.delay / 3_600_000
        ),
        None => count(0, "recovery key"),
    };
    lines.push(format!("  {recovery}, max_age {} s", roster.max_age / 1000));
    lines
}

fn admit_lines(admit: &Admit, org: &OrgId, directory: Option<&OpeningKey>) -> Vec<String> {
    let line = |subject: &trust::statement::Subject| {
        let name = open_name(org, directory, subject.label.as_ref());
        let person = subject
            .person
            .as_ref()
            .map(|p| format!(" person {p}"))
            .unwrap_or_default();
        format!(
            "  {} {}{person}",
            subject.key.id(),
            name.as_deref().unwrap_or("(name not readable here)")
        )
    };
    admit.subjects.iter().map(line).collect()
}

fn policy_line(policy: &Policy) -> String {
    let scopes: Vec<&str> = policy.scopes.iter().map(|s: &Scope| s.as_str()).collect();
    let mut line = format!(
        "policy {}: {} may {} on {}, {} min at most, {}",
        policy.name,
        policy.technicians,
        scopes.join(", "),
        policy.devices,
        policy.max_seconds / 60,
        if policy.unattended {
            "unattended too"
        } else {
            "attended only"
        }
    );
    if policy.approvals > 0 {
        let group = policy.approvers.as_deref().unwrap_or("nobody");
        line += &format!(
            ", {} of {group}",
            count(policy.approvals.into(), "approval")
        );
    }
    if let Some(rate) = policy.openings_per_hour {
        line += &format!(", {rate} openings an hour");
    }
    if let Some(rate) = policy.devices_per_hour {
        let devices = count(rate as usize, "device");
        line += &format!(", {devices} of the fleet an hour as witnesses count");
    }
    if policy.hours.is_some() {
        line += ", within its hours";
    }
    if policy.attended_when_stale {
        line += ", attended even when no witness vouches";
    }
    for (what, list) in [
        ("files fetched only under", &policy.read_under),
        ("files put only under", &policy.write_under),
        ("shells only as", &policy.shell_as),
    ] {
        if !list.is_empty() {
            line += &format!(", {what} {}", list.join(" or "));
        }
    }
    if policy.ticket_required {
        line += ", with a ticket";
    }
    line
}

/// What a revocation aims at.
pub(crate) fn target(target: &Target) -> String {
    match target {
        Target::Key(id) => format!("key {id}"),
        Target::Admit(id) => format!("admission {id}"),
        Target::Policy(id) => format!("policy version {id}"),
        Target::Warrant(id) => format!("warrant {id}"),
        Target::Recovery(id) => format!("recovery {id}"),
        Target::All => "everything (*)".to_owned(),
    }
}

pub(crate) fn groups(groups: &[String]) -> String {
    if groups.is_empty() {
        "no group".to_owned()
    } else {
        groups.join(", ")
    }
}

/// An admitted key with its readable name.
pub(crate) struct Labelled<'a> {
    pub keyid: trust::KeyId,
    pub entry: &'a trust::state::Entry,
    pub name: Option<String>,
}

/// All admitted keys of a role, in force or not, by name.
pub(crate) fn labels<'a>(
    state: &'a State,
    role: Role,
    directory: Option<&OpeningKey>,
) -> Vec<Labelled<'a>> {
    let org = state.org();
    let of_role = state.entries().filter(|(_, e)| e.role == role);
    let mut all: Vec<Labelled<'a>> = of_role
        .map(|(keyid, entry)| Labelled {
            keyid: *keyid,
            entry,
            name: open_name(&org, directory, entry.subject.label.as_ref()),
        })
        .collect();
    all.sort_by(|a, b| (&a.name, a.keyid).cmp(&(&b.name, b.keyid)));
    all
}
