//! Honest admins: they sign what they mean, over the ledger that their program folded, and keep it until it is sequenced.

use std::rc::Rc;

use trust::bytes::KeyId;
use trust::statement::*;

use crate::cast;
use crate::org::{self, DAY};
use crate::paper::Paper;
use crate::world::World;

/// Admin keys that may give: one for each of as many persons as it takes, whose holders can sign at home.
pub fn givers(w: &mut World) -> Vec<String> {
    let truth = &w.office.truth;
    let roster = truth.roster().what;
    let mut persons: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for admin in &roster.admins {
        let name = cast::name_of(&admin.key.id()).unwrap_or_default();
        let is_free = truth.admin(&admin.key.id()).is_some() && !name.contains("@vendor");
        if is_free && !persons.contains(&&*admin.person) {
            persons.push(&admin.person);
            names.push(name);
        }
    }
    names.truncate(usize::try_from(roster.threshold).unwrap_or(1).max(1));
    names
}

/// Signs, keeps and submits.
pub fn say(w: &mut World, say: Say, names: &[String]) -> Rc<Paper> {
    let seen = w.office.truth.head();
    let paper = w.signed(say, seen, names);
    w.tell(|| format!("the office {}", crate::world::describe(&paper)));
    w.office.outbox.push((paper.clone(), w.now));
    w.service.pending.push(paper.clone());
    paper
}

/// Admits somebody, anew or again.
pub fn admit(w: &mut World) {
    // Who sees that everything stands still lifts that first.
    if w.office.truth.is_suspended() && w.rng.percent(70) {
        return roster(w);
    }
    let names = givers(w);
    let until = w.now + w.rng.between(1, 40) * DAY / 2;
    let admitted = match w.rng.below(9) {
        4 => org::rekeyed("desk-1", &["office".to_owned()], until),
        0 => {
            let office = vec!["office".to_owned()];
            org::devices(&["desk-3"], &office, until)
        }
        1 => org::devices(&["desk-1"], &["office".to_owned(), "lab".to_owned()], until),
        2 => org::helper(Role::Stopper, "stop", &[], w.now + DAY),
        3 => org::devices(&["desk-2"], &["field".to_owned()], until),
        _ => {
            let everybody = ["tess", "abe", "lia", "zoe", "tom@own", "pam#", "rex"];
            let name = everybody[w.rng.index(everybody.len())];
            let groups = if w.rng.percent(75) {
                org::groups_of(name)
            } else {
                vec![["support", "leads", "lab"][w.rng.index(3)].to_owned()]
            };
            let soon = w.now + w.rng.between(1, 60) * 60_000;
            org::technician(name, &groups, if w.rng.percent(20) { soon } else { until })
        }
    };
    say(w, admitted, &names);
}

/// Makes a policy wider or narrower.
pub fn policy(w: &mut World) {
    let names = givers(w);
    let mut policies = org::policies(&mut w.rng);
    let at = w.rng.index(policies.len());
    let mut policy = policies.swap_remove(at);
    match w.rng.below(6) {
        4 => policy.devices_per_hour = Some(1),
        0 => policy.scopes.push(trust::Scope::ClipboardRead),
        1 => policy.max_seconds = 120,
        2 => policy.hours = Some(org::hours(&mut w.rng)),
        3 => policy.openings_per_hour = Some(1),
        _ => {}
    }
    say(w, Say::Policy(policy), &names);
}

/// Revokes something, and hands it to the service, the witnesses and whoever listens.
pub fn revoke(w: &mut World) {
    let givers = givers(w);
    let target = target(w);
    let Some(first) = givers.first() else {
        return;
    };
    let of_admin = matches!(target, Target::Key(key) if w.office.truth.roster().what.admins.iter().any(|a| a.key.id() == key));
    let by = if of_admin {
        givers.clone()
    } else {
        vec![first.clone()]
    };
    revoke_as(w, target, &by);
}

/// Revokes as these admins.
pub fn revoke_as(w: &mut World, target: Target, by: &[String]) {
    let reason = "lost".to_owned();
    let paper = say(w, Say::Revoke(Revoke { target, reason }), by);
    hand_out(w, &paper);
    w.office.hold(&paper);
    if w.rng.percent(50) {
        w.desk.hold(&paper);
    }
}

/// Hands a revocation to the service and straight to every witness: each way takes its time, or fails.
pub fn hand_out(w: &mut World, paper: &Rc<Paper>) {
    w.service.revocations.push(paper.clone());
    for at in 0..w.watchers.len() {
        let takes = if w.rng.percent(80) {
            w.rng.below(3_000)
        } else {
            w.rng.below(600_000)
        };
        w.mail.push((w.now + takes, at, paper.clone()));
    }
}

fn target(w: &mut World) -> Target {
    // What was stolen goes first, once somebody noticed.
    if let Some(name) = w
        .rng
        .pick(&w.stolen.clone())
        .filter(|_| !w.now.is_multiple_of(3))
    {
        return Target::Key(cast::id(name));
    }
    let truth = &w.office.truth;
    let names = [
        "tess",
        "rex",
        "abe",
        "rex/phone",
        "vic@vendor",
        "enos",
        "stop",
        "desk-2",
        "ada/phone",
        "mal",
    ];
    let key = |w: &mut World| -> KeyId { cast::id(names[w.rng.index(names.len())]) };
    match w.rng.below(10) {
        0 => Target::All,
        1 => {
            let policies = truth.policies();
            policies
                .first()
                .map_or(Target::All, |(id, _)| Target::Policy(*id))
        }
        2 | 3 => {
            let key = cast::id(["rex", "tess", "enos", "desk-2", "stop"][w.rng.index(5)]);
            let admission = w.office.truth.admission(&key).map(|(given, _)| given.id);
            admission.map_or(Target::Key(key), Target::Admit)
        }
        4 | 5 => {
            let warrants: Vec<_> = w
                .presented
                .iter()
                .filter_map(|(p, _)| Some(p.as_warrant()?.id))
                .collect();
            w.rng
                .pick(&warrants)
                .map_or(Target::Key(cast::id("rex")), |id| Target::Warrant(*id))
        }
        _ => Target::Key(key(w)),
    }
}

/// Changes the roster: the threshold, a person's key, or nothing but to lift a suspension.
pub fn roster(w: &mut World) {
    let mut names = givers(w);
    let old = w.office.truth.roster().what.clone();
    let gone = |key: &KeyId| w.office.truth.admin(key).is_none();
    let mut next = Roster {
        version: old.version + 1,
        admins: old
            .admins
            .iter()
            .filter(|a| !gone(&a.key.id()))
            .cloned()
            .collect(),
        ..old
    };
    match w.rng.below(4) {
        0 => next.threshold = 3 - next.threshold.clamp(1, 2),
        1 => {
            let name = format!("dan/{}", next.version);
            next.admins.push(org::admin(&name));
            if w.rng.percent(50) {
                names.push(name);
            }
        }
        2 => next.admins.retain(|a| a.key.id() != cast::id("ada/phone")),
        _ => {}
    }
    let mut persons: Vec<&str> = next.admins.iter().map(|a| &*a.person).collect();
    persons.sort_unstable();
    persons.dedup();
    if next.admins.is_empty() || next.threshold > persons.len() as u64 {
        return;
    }
    if next.threshold as usize > names.len() {
        for extra in ["ada", "bob", "cyd", "cyd@own", "cyd#"] {
            let is_listed = next.admins.iter().any(|a| a.key.id() == cast::id(extra));
            if is_listed && !names.iter().any(|n| cast::person(n) == cast::person(extra)) {
                names.push(extra.to_owned());
            }
        }
    }
    say(w, Say::Roster(Box::new(next)), &names);
}
