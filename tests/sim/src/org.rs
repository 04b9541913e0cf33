//! Organisations to begin with: a few dozen kinds, each made once and then copied into every run that plays in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use trust::bytes::{OrgId, StatementId, sha256};
use trust::scope::Scope;
use trust::state::State;
use trust::statement::*;

use crate::cast::{self, OWN, VENDOR};
use crate::model::Ledger;
use crate::model::vouch::{Line, Vouched};
use crate::paper::{Paper, Way};
use crate::rng::Rng;
use crate::watcher::{Kind, Watcher};

/// How many kinds of organisations there are.
pub const KINDS: u64 = 48;
/// Thursday 9 October 2025, 08:53:20 UTC, in milliseconds.
pub const BEGIN: u64 = 1_760_000_000_000;
/// A day, in milliseconds.
pub const DAY: u64 = 86_400_000;

/// An organisation when a run begins.
#[derive(Clone)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its ledger.
    pub leaves: Vec<Rc<Paper>>,
    /// That, folded.
    pub state: State,
    /// What it truly is.
    pub truth: Ledger,
    /// Its witnesses.
    watchers: Vec<Watcher>,
    /// Keys that signed the genesis and may sign for it.
    pub admins: Vec<String>,
    /// Technicians.
    pub technicians: Vec<String>,
    /// Workstations.
    pub devices: Vec<String>,
}

thread_local! {
    static MADE: RefCell<BTreeMap<u64, Rc<Org>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The organisation of a kind.
pub fn org(kind: u64) -> Rc<Org> {
    let known = MADE.with_borrow(|made| made.get(&kind).cloned());
    known.unwrap_or_else(|| {
        let org = Rc::new(make(&mut Rng::new(kind ^ 0x0e0e)));
        MADE.with_borrow_mut(|made| made.insert(kind, org.clone()));
        org
    })
}

impl Org {
    /// Its witnesses, at the ledger's end.
    pub fn watchers(&self) -> Vec<Watcher> {
        self.watchers.clone()
    }
}

/// Another organisation, with the same admins and devices.
pub fn sister(org: &Org) -> Rc<Paper> {
    let roster = Roster {
        name: "Hafen Nord".to_owned(),
        ..org.truth.roster().what.clone()
    };
    genesis(roster, &org.admins)
}

fn make(rng: &mut Rng) -> Org {
    let roster = roster(rng);
    let admins = signers(&roster);
    let witnesses = WITNESSES[rng.index(WITNESSES.len())];
    let (quorum, kinds) = witnesses;
    let named: Vec<(String, Kind)> = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| (format!("watch-{at}"), *kind))
        .collect();
    let roster = Roster {
        quorum,
        witnesses: named
            .iter()
            .map(|(name, kind)| witness(name, *kind))
            .collect(),
        ..roster
    };
    let genesis = genesis(roster, &admins);
    let id = OrgId(genesis.digest.0);
    let state = State::genesis(id, &genesis.bytes).expect("the genesis is sound");
    let truth = Ledger::begin(id, &genesis).expect("the genesis is sound");
    let mut org = Org {
        id,
        leaves: vec![genesis],
        state,
        truth,
        watchers: Vec::new(),
        admins,
        technicians: technicians(rng),
        devices: vec!["desk-1".to_owned(), "desk-2".to_owned()],
    };
    furnish(&mut org, rng);
    let watched = named.iter().map(|(name, kind)| watcher(&org, name, *kind));
    org.watchers = watched.collect();
    org
}

fn watcher(org: &Org, name: &str, kind: Kind) -> Watcher {
    let mut watcher = Watcher::new(name, kind, 0, org.id);
    let head = org.truth.head();
    let log = Line::log(org.id, head, &cast::player("log").signing);
    watcher.cosign(
        0,
        &org.leaves,
        &Vouched::new(org.id, head, vec![log]),
        BEGIN,
    );
    watcher
}

const WITNESSES: [(u64, &[Kind]); 9] = [
    (0, &[]),
    (0, &[Kind::Holder]),
    (1, &[Kind::Holder]),
    (1, &[Kind::Holder, Kind::Plain]),
    (2, &[Kind::Holder, Kind::Plain]),
    (2, &[Kind::Holder, Kind::Holder]),
    (2, &[Kind::Holder, Kind::Corrupt, Kind::Holder]),
    (2, &[Kind::Holder, Kind::Holder, Kind::Plain]),
    (3, &[Kind::Holder, Kind::Corrupt, Kind::Holder, Kind::Plain]),
];

/// A roster of three persons, one of them with two keys, now and then one on a page or with a passkey.
fn roster(rng: &mut Rng) -> Roster {
    let third = ["cyd", "cyd@own", "cyd@vendor", "cyd#"][rng.index(4)];
    let names = ["ada", "ada/phone", "bob", third];
    let origin = |origin: &str, owner| ConsoleOrigin {
        origin: origin.to_owned(),
        owner,
    };
    Roster {
        version: 1,
        format: 1,
        name: "Hafen".to_owned(),
        domain: "hafen.example".to_owned(),
        admins: names.iter().map(|name| admin(name)).collect(),
        threshold: rng.between(1, 2),
        recovery: None,
        log_key: cast::player("log").public.clone(),
        witnesses: Vec::new(),
        quorum: 0,
        max_age: [10_000, 60_000, 300_000][rng.index(3)],
        console_origins: vec![origin(OWN, Owner::Customer), origin(VENDOR, Owner::Vendor)],
        audit_key: cast::audit().public(),
        directory_key: cast::channel("directory"),
    }
}

/// An admin as rosters list him.
pub fn admin(name: &str) -> Admin {
    Admin {
        key: cast::player(name).public.clone(),
        person: cast::person(name).to_owned(),
        name: None,
        label: None,
        directory: None,
    }
}

fn witness(name: &str, kind: Kind) -> WitnessEntry {
    WitnessEntry {
        name: name.to_owned(),
        key: cast::player(name).public.clone(),
        holds_revocations: kind != Kind::Plain,
        url: None,
    }
}

/// Admin keys, one for each person, as many as the threshold asks for.
pub fn signers(roster: &Roster) -> Vec<String> {
    let names = ["ada", "bob"];
    let count = usize::try_from(roster.threshold).unwrap_or(2);
    names
        .iter()
        .take(count)
        .map(|name| (*name).to_owned())
        .collect()
}

fn genesis(roster: Roster, admins: &[String]) -> Rc<Paper> {
    let statement = Statement {
        org: OrgId([0; 32]),
        id: StatementId([1; 16]),
        at: BEGIN - DAY,
        seen: Seen {
            size: 0,
            root: sha256(&[]),
        },
        say: Say::Roster(Box::new(roster)),
    };
    let hands: Vec<(&str, Way)> = admins.iter().map(|name| (&**name, Way::Well)).collect();
    Paper::statement(&statement, &hands)
}

fn technicians(rng: &mut Rng) -> Vec<String> {
    let mut names = vec!["tess".to_owned(), "rex".to_owned(), "abe".to_owned()];
    let more = [
        "rex/phone",
        "abe/phone",
        "lia",
        "tom@own",
        "vic@vendor",
        "una@else",
        "pam#",
        "lea@vendor",
    ];
    names.extend(
        more.iter()
            .filter(|_| rng.percent(55))
            .map(|name| (*name).to_owned()),
    );
    names
}

/// In which groups a technician begins.
pub fn groups_of(name: &str) -> Vec<String> {
    let groups: &[&str] = match name {
        "abe" | "abe/phone" | "lia" | "lea@vendor" => &["leads"],
        "rex/phone" => &["leads", "support"],
        _ => &["support"],
    };
    groups.iter().map(|group| (*group).to_owned()).collect()
}

/// An admission of one technician.
pub fn technician(name: &str, groups: &[String], until: u64) -> Say {
    let subject = Subject {
        person: Some(cast::person(name).to_owned()),
        name: Some(cast::opened(cast::person(name)).commitment()),
        ..subject(name)
    };
    admit(Role::Technician, vec![subject], groups, until)
}

/// An admission of workstations.
pub fn devices(names: &[&str], groups: &[String], until: u64) -> Say {
    let one = |name: &&str| Subject {
        noise: Some(cast::channel(name)),
        ..subject(name)
    };
    admit(Role::Device, names.iter().map(one).collect(), groups, until)
}

/// An admission of a workstation whose channel key was made anew.
pub fn rekeyed(name: &str, groups: &[String], until: u64) -> Say {
    let subject = Subject {
        noise: Some(cast::channel(&format!("{name}/new"))),
        ..subject(name)
    };
    admit(Role::Device, vec![subject], groups, until)
}

/// An admission of an enroller or a stopper.
pub fn helper(role: Role, name: &str, groups: &[String], until: u64) -> Say {
    admit(role, vec![subject(name)], groups, until)
}

fn admit(role: Role, subjects: Vec<Subject>, groups: &[String], until: u64) -> Say {
    Say::Admit(Admit {
        role,
        subjects,
        groups: groups.to_vec(),
        until,
    })
}

fn subject(name: &str) -> Subject {
    Subject {
        key: cast::player(name).public.clone(),
        noise: None,
        person: None,
        name: None,
        label: None,
        directory: None,
    }
}

/// The policies of an organisation: attended, unattended with approvals, and for devices in the field.
pub fn policies(rng: &mut Rng) -> Vec<Policy> {
    let base = Policy {
        name: "attended".to_owned(),
        technicians: "support".to_owned(),
        devices: "office".to_owned(),
        approvers: None,
        scopes: vec![Scope::View, Scope::Control],
        max_seconds: 600,
        unattended: false,
        approvals: 0,
        hours: None,
        openings_per_hour: None,
        devices_per_hour: None,
        attended_when_stale: rng.percent(30),
        read_under: Vec::new(),
        write_under: Vec::new(),
        shell_as: Vec::new(),
        ticket_required: rng.percent(25),
    };
    let night = Policy {
        name: "night".to_owned(),
        approvers: Some(if rng.percent(70) { "leads" } else { "admins" }.to_owned()),
        approvals: if rng.percent(70) { 1 } else { 2 },
        unattended: true,
        scopes: vec![Scope::View, Scope::Shell],
        max_seconds: 3600,
        openings_per_hour: rng.percent(30).then_some(3),
        devices_per_hour: None,
        attended_when_stale: false,
        shell_as: one_of(rng, &[&[], &["deploy"], &["deploy", "root"]]),
        ticket_required: false,
        ..base.clone()
    };
    let field = Policy {
        name: "field".to_owned(),
        devices: "field".to_owned(),
        unattended: true,
        scopes: vec![Scope::View, Scope::FilesRead],
        openings_per_hour: rng.percent(60).then_some(2),
        devices_per_hour: None,
        hours: rng.percent(40).then(|| hours(rng)),
        attended_when_stale: false,
        read_under: one_of(rng, &[&[], &[], &["/srv"], &["/srv/logs", "/var"]]),
        ticket_required: false,
        ..base.clone()
    };
    vec![base, night, field]
}

fn one_of(rng: &mut Rng, lists: &[&[&str]]) -> Vec<String> {
    let list = lists[rng.index(lists.len())];
    list.iter().map(|&item| item.to_owned()).collect()
}

/// Some hours of some days; now is a Thursday morning.
pub fn hours(rng: &mut Rng) -> Hours {
    let from = rng.between(0, 18) * 60;
    Hours {
        days: vec![2, 3, 4],
        from_minute: from as u16,
        to_minute: (from + 360) as u16,
        offset_minutes: [-840, -120, 0, 120, 840][rng.index(5)],
    }
}

fn furnish(org: &mut Org, rng: &mut Rng) {
    let until = |rng: &mut Rng| BEGIN + rng.between(5, 25) * DAY;
    let groups = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let mut say = vec![
        devices(&["desk-1"], &groups(&["office"]), until(rng)),
        devices(&["desk-2"], &groups(&["field"]), until(rng)),
        helper(Role::Stopper, "stop", &[], BEGIN + DAY / 2),
        helper(
            Role::Enroller,
            "enos",
            &groups(&["field", "lab"]),
            until(rng),
        ),
    ];
    let mut policies = policies(rng);
    if rng.percent(40) {
        for policy in &mut policies {
            policy.devices_per_hour = rng.percent(70).then(|| rng.between(1, 2) as u32);
        }
    }
    say.extend(policies.into_iter().map(Say::Policy));
    for name in org.technicians.clone() {
        say.push(technician(&name, &groups_of(&name), until(rng)));
    }
    for say in say {
        let statement = Statement {
            org: org.id,
            id: StatementId(rng.bytes()),
            at: BEGIN - DAY / 2,
            seen: org.truth.head(),
            say,
        };
        let hands: Vec<(&str, Way)> = org.admins.iter().map(|name| (&**name, Way::Well)).collect();
        let paper = Paper::statement(&statement, &hands);
        org.state.append(&paper.bytes);
        org.truth.push(&paper);
        org.leaves.push(paper);
    }
}
