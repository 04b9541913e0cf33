//! Who holds keys that are not his: stolen ones, the stopper's, the enroller's.

use std::rc::Rc;

use trust::bytes::StatementId;
use trust::scope::Scope;
use trust::statement::*;

use super::{office, rex, service};
use crate::cast;
use crate::org::{self, DAY};
use crate::paper::{Content, Paper, Way};
use crate::world::World;

const LOOT: [&str; 12] = [
    "tess",
    "abe",
    "ada",
    "ada/phone",
    "bob",
    "cyd",
    "cyd@vendor",
    "cyd#",
    "tom@own",
    "enos",
    "rex",
    "rex/phone",
];

/// Steals a key. Its owner will notice, sooner or later.
pub fn steal(w: &mut World) {
    let name = LOOT[w.rng.index(LOOT.len())].to_owned();
    w.tell(|| format!("a thief has the key of {name}"));
    if !w.stolen.contains(&name) {
        w.stolen.push(name);
    }
}

/// Opens with what he has.
pub fn work(w: &mut World) {
    let name = w.rng.pick(&w.stolen.clone()).cloned();
    let by = if w.rng.percent(40) {
        "mal".to_owned()
    } else {
        name.unwrap_or_else(|| "mal".to_owned())
    };
    rex::attempt(w, &by);
}

/// What the author of a gift knew: the ledger as it is, as it was, or a lie.
fn seen(w: &mut World) -> Seen {
    let size = w.service.branches[0].len();
    match w.rng.below(10) {
        0..=6 => w.head_of(0, size),
        7 | 8 => {
            let back = w.rng.index(6).min(size - 1);
            w.head_of(0, size - back)
        }
        _ => Seen {
            size: w.rng.below(size as u64 + 2),
            root: trust::Hash(w.rng.bytes()),
        },
    }
}

/// Puts a statement where it helps him: into the ledger at once, or into the queue.
fn place(w: &mut World, paper: Rc<Paper>) {
    if w.rng.percent(70) {
        let branch = if w.rng.percent(80) {
            0
        } else {
            w.rng.index(w.service.branches.len())
        };
        service::put(w, branch, paper);
    } else {
        w.service.pending.push(paper);
    }
}

/// Admits himself, makes a policy or a roster, with stolen admin keys and perhaps one that signs blindly.
pub fn give(w: &mut World) {
    let mut hands: Vec<(String, Way)> = w
        .stolen
        .iter()
        .filter(|name| !["tess", "enos"].contains(&&***name))
        .map(|name| (name.clone(), Way::Well))
        .collect();
    if w.rng.percent(50) {
        hands.push(("ada".to_owned(), Way::Well));
    }
    match w.rng.below(8) {
        0 => hands.push(("cyd@vendor".to_owned(), Way::Well)),
        1 => hands.push(("cyd#".to_owned(), Way::On(cast::VENDOR))),
        2 => hands.push(("ada/phone".to_owned(), Way::Well)),
        3 => hands.push(("bob".to_owned(), Way::Forged)),
        4 => hands.push(("bob".to_owned(), Way::Borrowed)),
        5 => hands.push(("bob".to_owned(), Way::Well)),
        _ => {}
    }
    dedup(&mut hands);
    if hands.is_empty() {
        hands.push(("mal".to_owned(), Way::Well));
    }
    let gift = gift(w);
    let seen = seen(w);
    let statement = w.statement(gift, seen);
    let paper = paper(&statement, &hands);
    place(w, paper);
}

/// Each key once.
pub fn dedup(hands: &mut Vec<(String, Way)>) {
    let all = std::mem::take(hands);
    for hand in all {
        if !hands.iter().any(|(name, _)| *name == hand.0) {
            hands.push(hand);
        }
    }
}

fn paper(statement: &Statement, hands: &[(String, Way)]) -> Rc<Paper> {
    let hands: Vec<(&str, Way)> = hands.iter().map(|(name, way)| (&**name, *way)).collect();
    Paper::statement(statement, &hands)
}

/// A raid: he has the keys of as many admins as it takes, gives, and the service sequences that before the revocation of
/// an office that had not seen it. Then he comes in.
pub fn raid(w: &mut World) {
    let first = ["ada", "ada/phone", "bob"][w.rng.index(3)];
    let mut loot = vec![first.to_owned()];
    if w.office.truth.roster().what.threshold > 1 {
        loot.push(if first == "bob" { "ada" } else { "bob" }.to_owned());
    }
    let gift = gift(w);
    let seen = w.head_of(0, w.service.branches[0].len());
    let given = w.signed(gift, seen, &loot);
    service::put(w, 0, given);
    let shield = w.rng.percent(30);
    if shield {
        spread(
            w,
            Target::Key(cast::id(first)),
            &[(first.to_owned(), Way::Well)],
        );
    }
    w.stolen.extend(loot);
    let roster = w.office.truth.roster().what;
    let others = ["ada", "ada/phone", "bob", "cyd", "cyd@own", "cyd#"]
        .iter()
        .filter(|name| {
            **name != first && roster.admins.iter().any(|a| a.key.id() == cast::id(name))
        });
    let others: Vec<String> = others.map(|name| (*name).to_owned()).collect();
    office::revoke_as(w, Target::Key(cast::id(first)), &others);
    if w.rng.percent(70) {
        // The revocation is the last that waits; it overtakes the rest.
        w.service
            .pending
            .pop()
            .into_iter()
            .for_each(|paper| service::put(w, 0, paper));
    } else {
        super::weather::deliver(w);
    }
    for _ in 0..3 {
        rex::attempt(w, "mal");
    }
}

fn gift(w: &mut World) -> Say {
    let until = w.now + w.rng.between(1, 29) * DAY;
    let both = vec!["support".to_owned(), "leads".to_owned()];
    match w.rng.below(6) {
        0 | 1 => org::technician("mal", &both, until),
        2 => org::technician("rex", &both, until),
        3 => {
            let wide = Policy {
                name: ["attended", "night", "wide"][w.rng.index(3)].to_owned(),
                scopes: Scope::ALL.to_vec(),
                unattended: true,
                approvals: 0,
                max_seconds: 604_800,
                ..org::policies(&mut w.rng).swap_remove(0)
            };
            Say::Policy(wide)
        }
        4 => org::helper(
            Role::Enroller,
            "enos",
            &["office".to_owned(), "field".to_owned()],
            until,
        ),
        _ => {
            let old = w.office.truth.roster().what.clone();
            let mut next = Roster {
                version: old.version + 1,
                threshold: 1,
                ..old
            };
            if !next
                .admins
                .iter()
                .any(|a| a.key.id() == cast::id("mal/admin"))
            {
                next.admins.push(org::admin("mal/admin"));
            }
            Say::Roster(Box::new(next))
        }
    }
}

/// He launders what he stole. One device was told that ada's key is revoked, and nobody else yet: he makes a roster with it
/// that names his own key, and another one with that. Now and then the office mends it, if it can.
pub fn launder(w: &mut World) {
    let loot = ["ada", "ada/phone", "bob"][w.rng.index(3)].to_owned();
    let others: Vec<String> = office::givers(w)
        .into_iter()
        .filter(|name| cast::person(name) != cast::person(&loot))
        .collect();
    let seen = w.head_of(0, w.service.branches[0].len());
    let reason = "lost".to_owned();
    let target = Target::Key(cast::id(&loot));
    let told = w.signed(Say::Revoke(Revoke { target, reason }), seen, &others);
    let mut loot = vec![loot];
    if w.office.truth.roster().what.threshold > 1 {
        loot.extend(others);
    }
    w.stolen.extend(loot.clone());
    let at = w.rng.index(w.devices.len());
    if w.rng.percent(80) {
        w.hand(at, &told);
    }
    let mal = "mal/admin".to_owned();
    let both = vec![mal.clone(), "mal/phone".to_owned()];
    for mut hands in [loot, Vec::new()] {
        let roster = usurped(w, &both);
        let seen = w.head_of(0, w.service.branches[0].len());
        if !hands.contains(&mal) {
            hands.push(mal.clone());
        }
        let given = w.signed(roster, seen, &hands);
        service::put(w, 0, given);
        if w.rng.percent(40) {
            break;
        }
    }
    for _ in 0..2 {
        let gift = match w.rng.below(3) {
            0 => org::technician("mal", &["support".to_owned()], w.now + 20 * DAY),
            _ => gift(w),
        };
        let seen = w.head_of(0, w.service.branches[0].len());
        let given = w.signed(gift, seen, std::slice::from_ref(&mal));
        service::put(w, 0, given);
        service::refresh(w, at);
        rex::attempt(w, "mal");
    }
    if w.rng.percent(50) {
        service::show(w);
        office::roster(w);
        sequence_newest(w);
        service::refresh(w, at);
    }
}

/// The next roster, with his keys beside the admins' or, now and then, in their place.
fn usurped(w: &mut World, keys: &[String]) -> Say {
    service::show(w);
    let old = w.office.truth.roster().what.clone();
    let mut next = Roster {
        version: old.version + 1,
        threshold: 1,
        ..old
    };
    let is_own = |admin: &Admin| keys.iter().any(|key| admin.key.id() == cast::id(key));
    if w.rng.percent(40) {
        next.admins.clear();
    }
    next.admins.retain(|admin| !is_own(admin));
    next.admins.extend(keys.iter().map(|key| org::admin(key)));
    Say::Roster(Box::new(next))
}

/// What is given wrongly, and by whom.
struct Wrong {
    say: Say,
    names: Vec<String>,
    flaw: Option<&'static str>,
    is_later: bool,
}

/// Gives what even k admins cannot give, or not so: with their signatures, so that nothing else is wrong. Honest admins
/// never sign most of this: it stands for what a thief of k keys, or a faulty client, may send.
pub fn give_wrongly(w: &mut World) {
    let seen = seen(w);
    let wrong = if w.rng.percent(40) {
        unsound(w)
    } else {
        unlawful(w)
    };
    let mut statement = w.statement(wrong.say, seen);
    match w.rng.below(6) {
        0 => statement.org = trust::OrgId(org::sister(&w.org).digest.0),
        1 => statement.id = reused_id(w),
        _ => {}
    }
    let hands: Vec<(String, Way)> = wrong
        .names
        .into_iter()
        .map(|name| (name, Way::Well))
        .collect();
    let is_later = wrong.is_later || wrong.flaw.is_none() && w.rng.percent(4);
    let mut signed = if is_later {
        unread(w.org.id, &statement, &hands)
    } else {
        paper(&statement, &hands)
    };
    if let Some(flaw) = wrong.flaw {
        signed = signed.marked(flaw);
    }
    place(w, signed);
}

/// Statements whose content is not sound.
fn unsound(w: &mut World) -> Wrong {
    let old = w.office.truth.roster().what.clone();
    let policy = org::policies(&mut w.rng).swap_remove(0);
    let say = match w.rng.below(4) {
        0 => org::technician("mal", &["admins".to_owned()], w.now + 20 * DAY),
        1 => Say::Policy(Policy {
            approvals: 1,
            approvers: None,
            ..policy
        }),
        2 => Say::Policy(Policy {
            scopes: vec![Scope::View, Scope::View],
            ..policy
        }),
        _ => Say::Roster(Box::new(Roster {
            version: old.version + 1,
            threshold: 9,
            ..old
        })),
    };
    Wrong {
        say,
        names: office::givers(w),
        flaw: Some("shape"),
        is_later: false,
    }
}

/// Sound statements that nobody may make, or not these.
fn unlawful(w: &mut World) -> Wrong {
    let until = w.now + 20 * DAY;
    let support = vec!["support".to_owned()];
    let old = w.office.truth.roster().what.clone();
    let next = Roster {
        version: old.version + 1,
        ..old.clone()
    };
    let mal = || org::technician("mal", &support, until);
    let mut names = office::givers(w);
    let mut is_later = false;
    let say = match w.rng.below(9) {
        0 => org::technician("ada", &support, until),
        1 => org::technician("desk-2", &support, until),
        2 => org::technician("mal", &support, w.now + 31 * DAY),
        3 => Say::Roster(Box::new(Roster {
            version: old.version + 2,
            ..old
        })),
        4 => Say::Roster(Box::new(with_taken_key(w, next))),
        5 => {
            // The word of an organisation that a later version reads.
            is_later = w.rng.percent(30);
            names.truncate(if is_later { 2 } else { 1 });
            mal()
        }
        6 => {
            // Fewer than it takes, though with two keys.
            names = vec!["ada".to_owned(), "ada/phone".to_owned()];
            mal()
        }
        7 => mal(),
        _ => {
            names.truncate(1);
            mal()
        }
    };
    Wrong {
        say,
        names,
        flaw: None,
        is_later,
    }
}

/// A roster with a key that was revoked or that has another role.
fn with_taken_key(w: &mut World, mut next: Roster) -> Roster {
    let taken = ["tess", "ada/phone", "rex", "bob"][w.rng.index(4)];
    if !next.admins.iter().any(|a| a.key.id() == cast::id(taken)) {
        next.admins.push(org::admin(taken));
    }
    next
}

fn reused_id(w: &mut World) -> StatementId {
    let known: Vec<StatementId> = w.service.branches[0]
        .iter()
        .filter_map(|p| Some(p.as_statement()?.id))
        .collect();
    w.rng.pick(&known).copied().unwrap_or(StatementId([1; 16]))
}

/// A statement of a kind that only a later version knows.
fn unread(org: trust::OrgId, statement: &Statement, hands: &[(String, Way)]) -> Rc<Paper> {
    let mut value = serde_json::to_value(statement).unwrap_or_default();
    value["say"] = serde_json::json!({"lease": {"of": "everything"}});
    let hands: Vec<(&str, Way)> = hands.iter().map(|(name, way)| (&**name, *way)).collect();
    let payload = serde_json::to_vec(&value).unwrap_or_default();
    let content = if statement.org == org {
        Content::Later
    } else {
        Content::Junk
    };
    Paper::signed(trust::PayloadType::Statement, payload, content, &hands)
}

/// Revokes: a key that he stole, to shield what it gave; others' keys, with whatever he has; as of another history.
pub fn revoke(w: &mut World) {
    let own = w
        .rng
        .pick(&w.stolen.clone())
        .cloned()
        .unwrap_or_else(|| "rex".to_owned());
    let victims = [
        "tess", "ada", "bob", "abe", "desk-1", "stop", "enos", "mal", "rex",
    ];
    let target = match w.rng.below(5) {
        0 | 1 => Target::Key(cast::id(&own)),
        2 => Target::All,
        _ => Target::Key(cast::id(victims[w.rng.index(victims.len())])),
    };
    let hands = if w.rng.percent(20) {
        vec![(own, Way::Well), ("rex".to_owned(), Way::Well)]
    } else {
        vec![(own, Way::Well)]
    };
    let mut hands = hands;
    dedup(&mut hands);
    spread(w, target, &hands);
}

/// The service's stopper, whose time may be over.
pub fn stop(w: &mut World) {
    let warrants: Vec<_> = w
        .presented
        .iter()
        .filter_map(|(p, _)| Some(p.as_warrant()?.id))
        .collect();
    let target = match w.rng.below(6) {
        0 => Target::All,
        1 => w
            .rng
            .pick(&warrants)
            .map_or(Target::All, |id| Target::Warrant(*id)),
        2 => Target::Key(cast::id(["tess", "rex", "pam#"][w.rng.index(3)])),
        3 => Target::Key(cast::id(["ada", "desk-1", "enos", "stop"][w.rng.index(4)])),
        4 => w
            .office
            .truth
            .policies()
            .first()
            .map_or(Target::All, |(id, _)| Target::Policy(*id)),
        _ => {
            let key = cast::id("tess");
            let id = w.office.truth.admission(&key).map(|(given, _)| given.id);
            id.map_or(Target::All, Target::Admit)
        }
    };
    let hands = [("stop".to_owned(), Way::Well)];
    spread(w, target, &hands);
}

/// The stopper suspends everything and says so to devices and witnesses alone; the office revokes it and lifts by a roster
/// what the ledger never carried.
pub fn whisper(w: &mut World) {
    let reason = "because".to_owned();
    let target = Target::All;
    let seen = w.head_of(0, w.service.branches[0].len());
    let say = Say::Revoke(Revoke { target, reason });
    let paper = w.signed(say, seen, &["stop".to_owned()]);
    w.tell(|| format!("whispered: {}", crate::world::describe(&paper)));
    for at in 0..w.devices.len() {
        w.hand(at, &paper);
    }
    for at in 0..w.watchers.len() {
        w.hand_witness(at, &paper);
    }
    let by = office::givers(w);
    office::revoke_as(w, Target::Key(cast::id("stop")), &by);
    sequence_newest(w);
    office::roster(w);
    sequence_newest(w);
    for at in [0, 1] {
        service::refresh(w, at);
    }
}

/// The newest statement overtakes what else waits, and everybody sees it.
fn sequence_newest(w: &mut World) {
    let newest = w.service.pending.pop();
    newest
        .into_iter()
        .for_each(|paper| service::put(w, 0, paper));
    service::show(w);
}

/// Hands a revocation to everybody, or puts it into the ledger.
fn spread(w: &mut World, target: Target, hands: &[(String, Way)]) {
    let seen = seen(w);
    let reason = "because".to_owned();
    let mut statement = w.statement(Say::Revoke(Revoke { target, reason }), seen);
    if w.rng.percent(10) {
        statement.at = 0;
    }
    // A shadow: another statement under the id of an honest one.
    if w.rng.percent(25)
        && let Some(id) = w
            .office
            .outbox
            .last()
            .and_then(|(p, _)| Some(p.as_statement()?.id))
    {
        statement.id = id;
    }
    let paper = paper(&statement, hands);
    w.tell(|| format!("spread: {}", crate::world::describe(&paper)));
    if w.rng.percent(60) {
        office::hand_out(w, &paper);
        let at = w.rng.index(w.devices.len());
        w.hand(at, &paper);
    }
    if w.rng.percent(60) {
        place(w, paper);
    }
}

/// The enroller's key in the wrong hands.
pub fn enrol(w: &mut World) {
    let until = w.now + w.rng.between(1, 24) * DAY;
    let group = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let say = match w.rng.below(7) {
        0 | 1 => org::devices(&["desk-3"], &group(&["field"]), until),
        2 => org::devices(&["desk-3"], &group(&["office"]), until),
        3 => org::devices(&["desk-2"], &group(&["field", "lab"]), until),
        4 => org::devices(&["desk-1"], &group(&["field"]), until),
        5 => org::technician("mal", &group(&["field"]), until),
        _ => org::devices(&["desk-3"], &group(&["field"]), w.now + 300 * DAY),
    };
    let seen = seen(w);
    let paper = w.signed(say, seen, &["enos".to_owned()]);
    place(w, paper);
}
