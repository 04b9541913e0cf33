//! The service: what it does when it is honest, and the lies that it can tell with the log key and the order in hand.

use std::rc::Rc;

use trust::statement::{Revoke, Say, Seen, Target};

use crate::cast;
use crate::model::vouch::{Line, Vouched};
use crate::org;
use crate::paper::{Paper, Way};
use crate::world::{World, describe};

/// Sequences what came first.
pub fn sequence(w: &mut World) {
    for _ in 0..w.rng.between(1, 2) {
        if w.service.pending.is_empty() {
            return;
        }
        let paper = w.service.pending.remove(0);
        put(w, 0, paper);
    }
}

/// Puts a leaf at the end of a history.
pub fn put(w: &mut World, branch: usize, paper: Rc<Paper>) {
    let size = w.service.branches[branch].len();
    w.tell(|| format!("leaf {size} of history {branch}: {}", describe(&paper)));
    w.service.branches[branch].push(paper);
}

/// Brings a device up to date, with a note that is as fresh as its witnesses make it.
pub fn serve(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    if w.devices[at].run.is_none() {
        let now = w.now;
        w.devices[at].start(now);
    }
    refresh(w, at);
}

/// The same for one device, unless it has all that there is and a note in the first half of its life.
pub fn refresh(w: &mut World, at: usize) {
    let size = w.service.branches[0].len();
    let device = &w.devices[at];
    let in_half = device.time(w.now) + w.org.truth.roster().what.max_age / 2;
    let is_young = device
        .note()
        .is_some_and(|note| note.is_fresh(w.org.truth.roster().what, in_half));
    if device.size() == size as u64 && is_young {
        return;
    }
    let note = w.collect(0, size);
    w.push(at, 0, size, &note);
}

/// Shows admins and technicians the ledger.
pub fn show(w: &mut World) {
    let (shown, now) = (w.service.branches[0].clone(), w.now);
    w.office.look(&shown, now);
    w.desk.look(&shown, now);
    w.office.missing(now);
}

/// Sequences what came later first.
pub fn shuffle(w: &mut World) {
    let at = w.rng.index(w.service.pending.len());
    if at < w.service.pending.len() {
        let paper = w.service.pending.remove(at);
        put(w, 0, paper);
    }
}

/// Never sequences a statement, or not for long.
pub fn forget(w: &mut World) {
    let at = w.rng.index(w.service.pending.len());
    if at < w.service.pending.len() {
        let paper = w.service.pending.remove(at);
        w.tell(|| format!("the service forgets: {}", describe(&paper)));
    }
}

/// Sequences what means nothing: noise, an old leaf again, somebody else's statement, one with signatures missing.
pub fn junk(w: &mut World) {
    let branch = w.rng.index(w.service.branches.len());
    let known = w.rng.pick(&w.service.branches[branch].clone()).cloned();
    let waiting = w
        .rng
        .pick(&w.service.pending.clone())
        .cloned()
        .or(known.clone());
    let paper = match w.rng.below(6) {
        0 => Some(Paper::junk(w.rng.bytes::<40>().to_vec())),
        1 => known,
        2 => Some(org::sister(&w.org)),
        3 => waiting.and_then(|paper| paper.with_marks(&[0])),
        4 => waiting
            .map(|paper| paper.spoiled("size", |text| format!("{text}{}", " ".repeat(66_000)))),
        _ => waiting
            .map(|paper| paper.spoiled("form", |text| text.replacen('{', r#"{"more":1,"#, 1))),
    };
    if let Some(paper) = paper {
        put(w, branch, paper);
    }
}

/// Begins another history that shares a beginning with the first.
pub fn fork(w: &mut World) {
    if w.service.branches.len() > 3 {
        return;
    }
    let main = &w.service.branches[0];
    let keep = main.len() - w.rng.index(4).min(main.len() - 1);
    let mut branch = main[..keep].to_vec();
    branch.extend(w.service.pending.iter().take(1).cloned());
    w.service.branches.push(branch);
    let at = w.service.branches.len() - 1;
    if w.rng.percent(50) {
        put(w, at, Paper::junk(b"another history".to_vec()));
    }
}

/// Pushes some history to a device, up to some leaf, under some note.
pub fn mislead(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let branch = w.rng.index(w.service.branches.len());
    let whole = w.service.branches[branch].len();
    let size = whole - w.rng.index(6).min(whole - 1);
    match w.rng.below(4) {
        // The genesis of another organisation.
        0 => {
            let other = org::sister(&w.org);
            let head = Seen {
                size: 1,
                root: crate::model::tree::root_of(std::slice::from_ref(&other)),
            };
            let log = &cast::player("log").signing;
            let note = Vouched::new(w.org.id, head, vec![Line::log(w.org.id, head, log)]);
            let at = w.devices.len() - 1;
            let from = w.devices[at].size();
            w.with_device(at, |device, now| device.extend(from, &[other], &note, now));
        }
        // A note about another moment.
        1 => {
            if let Some(note) = w.rng.pick(&w.service.notes.clone()) {
                w.push(at, branch, size, note);
            }
        }
        // Leaves from another place.
        2 => {
            let note = w.collect(branch, size);
            let from = w.rng.index(size);
            let leaves = w.service.branches[branch][from..size].to_vec();
            w.with_device(at, |device, now| {
                device.extend(from as u64, &leaves, &note, now)
            });
        }
        _ => {
            let note = w.collect(branch, size);
            w.push(at, branch, size, &note);
        }
    }
}

/// Makes a note out of lines that were made for others: of other heads, under other names, with other times, without the
/// log's line or with somebody else's.
pub fn mix(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let size = w.service.branches[0].len();
    let mut note = w.collect(0, size);
    let head = note.head;
    let old = w
        .rng
        .pick(&w.service.notes.clone())
        .cloned()
        .unwrap_or(note.clone());
    let thief = &cast::player("mal").signing;
    let seconds = w.now / 1000;
    match w.rng.below(10) {
        0 => {
            note.lines.remove(0);
        }
        1 => note.lines[0] = Line::log(w.org.id, head, thief),
        2 => note.lines = [&note.lines[..1], old.lines.get(1..).unwrap_or_default()].concat(),
        3 => {
            let now = seconds + w.rng.below(40);
            note.lines = note
                .lines
                .into_iter()
                .enumerate()
                .map(|(at, line)| if at == 0 { line } else { line.redated(now) })
                .collect();
        }
        4 => {
            let name = format!("watch-{}", w.rng.index(3));
            note.lines.truncate(1);
            note.lines
                .push(Line::witness(w.org.id, head, &name, thief, seconds));
        }
        // The one that lies, far ahead and under other names.
        5 | 6 => {
            let Some(liar) = w
                .watchers
                .iter()
                .find(|w| w.kind == crate::watcher::Kind::Corrupt)
            else {
                return;
            };
            let name = liar.name.clone();
            let key = &cast::player(&name).signing;
            let ahead = [0, 20, 60, 86_400][w.rng.index(4)];
            let line = Line::witness(w.org.id, head, &name, key, seconds + ahead);
            note.lines.retain(|line| line.name != name);
            if w.rng.percent(50) {
                note.lines.truncate(1);
            }
            let others = w.watchers.iter().map(|other| other.name.clone());
            let others: Vec<String> = others.filter(|other| *other != name).collect();
            note.lines.push(line.clone());
            note.lines
                .extend(others.iter().map(|other| line.clone().renamed(other)));
        }
        7 => note.lines.truncate(2),
        // The log's line of another organisation's ledger.
        8 => {
            let other = trust::OrgId(org::sister(&w.org).digest.0);
            let line = Line::log(other, head, &cast::player("log").signing);
            note = Vouched::new(other, head, [&[line][..], &note.lines[1..]].concat());
        }
        _ => {
            let twice = note.lines.get(1).cloned();
            note.lines.extend(twice);
        }
    }
    w.push(at, 0, size, &note);
}

/// Asks a witness for its word on something else than what it holds.
pub fn mislead_witness(w: &mut World) {
    let at = w.rng.index(w.watchers.len());
    if at >= w.watchers.len() {
        return;
    }
    let branch = w.rng.index(w.service.branches.len());
    let history = w.service.branches[branch].clone();
    let size = history.len() - w.rng.index(5).min(history.len() - 1);
    let head = w.head_of(branch, size);
    let log = if w.rng.percent(70) { "log" } else { "mal" };
    let line = Line::log(w.org.id, head, &cast::player(log).signing);
    let mut note = Vouched::new(w.org.id, head, vec![line]);
    if w.rng.percent(20) {
        note.head.size += 1;
        note.lines = vec![Line::log(w.org.id, note.head, &cast::player("log").signing)];
    }
    let have = w.watchers[at].size();
    let from = if w.rng.percent(70) {
        have.min(size)
    } else {
        w.rng.index(size)
    };
    let (leaves, now) = (history[from..size].to_vec(), w.now);
    if let Some(line) = w.watchers[at].cosign(from, &leaves, &note, now) {
        note.lines.push(line);
        w.service.notes.push(note);
    }
}

/// Shows somebody a shorter ledger, or another.
pub fn show_strange(w: &mut World) {
    let branch = w.rng.index(w.service.branches.len());
    let whole = w.service.branches[branch].len();
    let size = whole - w.rng.index(8).min(whole - 1);
    let (shown, now) = (w.service.branches[branch][..size].to_vec(), w.now);
    let reader = if w.rng.percent(50) {
        &mut w.office
    } else {
        &mut w.desk
    };
    let known: Vec<_> = reader.truth.papers().map(|paper| paper.digest).collect();
    let both = shown
        .iter()
        .zip(&known)
        .all(|(paper, digest)| paper.digest == *digest);
    let expected = match (both, shown.len() < known.len()) {
        (false, _) => Some("ledger_forked"),
        (true, true) => Some("shorter_ledger"),
        (true, false) => None,
    };
    let said = reader.look(&shown, now);
    if said != expected {
        let text = format!("shown another ledger, it said {said:?}, the model {expected:?}");
        w.broke(crate::found::Rule::Unnoticed, text);
    }
}

/// Passes revocations on to devices, as an honest service does at once; now and then one that an admin of two
/// organisations signed for the other.
pub fn pass_on(w: &mut World) {
    let known = w.rng.pick(&w.service.revocations.clone()).cloned();
    let paper = if w.rng.percent(25) {
        Some(foreign_revocation(w))
    } else {
        known
    };
    let Some(paper) = paper else {
        return;
    };
    let at = w.rng.index(w.devices.len());
    w.hand(at, &paper);
    if w.rng.percent(30) {
        let at = w.rng.index(w.watchers.len());
        w.hand_witness(at, &paper);
    }
}

fn foreign_revocation(w: &mut World) -> Rc<Paper> {
    let revoke = Revoke {
        target: Target::Key(cast::id("tess")),
        reason: "lost".to_owned(),
    };
    let seen = w.office.truth.head();
    let mut statement = w.statement(Say::Revoke(revoke), seen);
    statement.org = trust::OrgId(org::sister(&w.org).digest.0);
    Paper::statement(&statement, &[("ada", Way::Well)])
}
