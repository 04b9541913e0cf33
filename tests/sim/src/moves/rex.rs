//! A technician with a valid key who wants more than he was given, and whatever else a service can make of warrants.

use std::rc::Rc;

use trust::envelope::PayloadType;
use trust::scope::Scope;
use trust::statement::Seen;
use trust::warrant::Warrant;
use trust::{Hash, OrgId};

use super::desk::{PLANS, Plan, hands, sign, warrant};
use super::thief::dedup;
use crate::cast::{self, OWN, VENDOR};
use crate::device::Channel;
use crate::model::count::Slip;
use crate::paper::{CEREMONIES, Content, Paper, Way, json};
use crate::watcher::{Kind, Watcher};
use crate::world::World;

/// One warrant on its way, and everything that may be turned about it.
struct Try {
    warrant: Warrant,
    hands: Vec<(String, Way)>,
    plan: Plan,
    at: usize,
    channel: Channel,
    spoil: Option<Spoil>,
    counts: Counts,
}

/// Which counts stand beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counts {
    Honest,
    None,
    OneTwice,
    Old,
    Roots,
    Stranger,
    Lowered,
    Elsewhere,
}

/// What is done to the envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spoil {
    OtherType,
    Null,
    Unknown,
    Twice,
    Oversize,
    ManySignatures,
    DoubleSignature,
    Shape(u64),
}

/// Presents a warrant with one or two things wrong, or none.
pub fn reach(w: &mut World) {
    let who = [
        "rex",
        "rex",
        "rex",
        "rex/phone",
        "vic@vendor",
        "una@else",
        "pam#",
        "lea@vendor",
        "mal",
    ];
    let by = who[w.rng.index(who.len())].to_owned();
    attempt(w, &by);
}

/// The same by somebody else.
pub fn attempt(w: &mut World, by: &str) {
    let plan = PLANS[w.rng.index(3)];
    if w.rng.percent(85) {
        super::service::refresh(w, plan.device());
    }
    let (channel, name) = w.channel();
    // A corrupt technician has seen what the service showed him: what the device holds.
    let device = &w.devices[plan.device()];
    let seen = device
        .truth
        .as_ref()
        .map_or_else(|| w.desk.truth.head(), crate::model::Ledger::head);
    let warrant = warrant(w, by, plan, seen, &name);
    let mut attempt = Try {
        hands: hands(w, by, plan),
        warrant,
        plan,
        at: plan.device(),
        channel,
        spoil: None,
        counts: Counts::Honest,
    };
    for _ in 0..[0, 1, 1, 1, 1, 2][w.rng.index(6)] {
        // Approvals matter where they are asked for.
        let turns = if plan == Plan::Night && w.rng.percent(50) {
            APPROVALS
        } else {
            TURNS
        };
        let turn = turns[w.rng.index(turns.len())];
        turn(w, &mut attempt);
    }
    if w.rng.percent(20) {
        miscounted(w, &mut attempt);
    }
    dedup(&mut attempt.hands);
    if let Some(Spoil::Shape(which)) = attempt.spoil {
        make_unsound(&mut attempt.warrant, which);
    }
    let paper = finish(&attempt);
    let counts = counts(w, &paper, attempt.counts);
    let said = w.present_counted(attempt.at, &paper, &attempt.channel, &counts);
    if said == crate::device::Said::Asking && w.rng.percent(70) {
        w.answer(attempt.at, true);
    }
}

/// Has a good warrant counted, and lets time pass before he uses it.
pub fn lay_in(w: &mut World) {
    let plan = PLANS[w.rng.index(3)];
    let (channel, name) = w.channel();
    let seen = w.desk.truth.head();
    let mut warrant = warrant(w, "rex", plan, seen, &name);
    warrant.until = warrant.from + 600_000;
    let paper = sign(&warrant, &hands(w, "rex", plan));
    let counts = w.counts(&paper);
    let ms = w.rng.between(200_000, 500_000);
    w.pass(ms);
    super::service::refresh(w, plan.device());
    if w.present_counted(plan.device(), &paper, &channel, &counts) == crate::device::Said::Asking {
        w.answer(plan.device(), true);
    }
}

/// Presents something that was presented before: elsewhere, again, over another channel.
pub fn replay(w: &mut World) {
    let Some((paper, channel)) = w.rng.pick(&w.presented.clone()).cloned() else {
        return;
    };
    let (fresh, _) = w.channel();
    let channel = if w.rng.percent(40) { fresh } else { channel };
    let at = w.rng.index(w.devices.len());
    let keep: Vec<usize> = (0..paper.marks.len())
        .filter(|_| w.rng.percent(70))
        .collect();
    let paper = if w.rng.percent(30) {
        paper.with_marks(&keep).unwrap_or(paper)
    } else {
        paper
    };
    w.present(at, &paper, &channel);
}

type Turn = fn(&mut World, &mut Try);

const TURNS: &[Turn] = &[
    more_scopes,
    other_scopes,
    other_folders,
    other_user,
    no_ticket,
    longer,
    much_longer,
    later,
    a_little_later,
    over,
    other_name,
    for_another,
    unsigned,
    forged,
    borrowed,
    other_channel,
    other_device,
    elsewhere,
    other_org,
    forked,
    behind,
    behind_by_far,
    unattended,
    attended,
    ceremony,
    on_vendor,
    on_own,
    spoiled,
    spoiled,
    unsound,
    reused,
    by_helper,
];

const APPROVALS: &[Turn] = &[
    own_phone,
    one_person_twice,
    one_person_twice,
    no_approval,
    forged_approval,
    outsider_approves,
    admin_approves,
    vendor_approves,
    revoked_approves,
];

fn more_scopes(w: &mut World, t: &mut Try) {
    let scope = Scope::ALL[w.rng.index(Scope::ALL.len())];
    if !t.warrant.scopes.contains(&scope) {
        t.warrant.scopes.push(scope);
    }
}

fn miscounted(w: &mut World, t: &mut Try) {
    let all = [
        Counts::None,
        Counts::OneTwice,
        Counts::Old,
        Counts::Roots,
        Counts::Stranger,
        Counts::Lowered,
        Counts::Elsewhere,
    ];
    t.counts = all[w.rng.index(all.len())];
}

/// What he has in the place of counts.
fn counts(w: &mut World, paper: &Rc<Paper>, which: Counts) -> Vec<Slip> {
    if which == Counts::None {
        return Vec::new();
    }
    let honest = w.counts(paper);
    let (now, org) = (w.now, w.org.id);
    let by = |name: &str, org| Watcher::new(name, Kind::Corrupt, 0, org).slip(paper, 1, now);
    let one = honest.first().cloned();
    match which {
        Counts::None | Counts::Honest => honest,
        Counts::OneTwice => one.iter().cycle().take(4).cloned().collect(),
        Counts::Old => {
            let known = w.slips.clone();
            let mut pick = || w.rng.pick(&known).cloned();
            std::iter::repeat_with(&mut pick)
                .take(4)
                .flatten()
                .collect()
        }
        Counts::Roots => {
            let plain = w.watchers.iter().filter(|w| w.kind == Kind::Plain);
            plain.map(|w| by(&w.name, org)).chain(one).collect()
        }
        Counts::Stranger => {
            let strangers = ["rex", "ada", "log"].map(|name| by(name, org));
            strangers.into_iter().chain(one).collect()
        }
        // A smaller number under the signature of the larger.
        Counts::Lowered => honest.into_iter().map(|slip| lowered(slip, 1)).collect(),
        // The same witnesses count for another organisation too.
        Counts::Elsewhere => {
            let sister = OrgId(crate::org::sister(&w.org).digest.0);
            let honest = w.watchers.iter().filter(|w| w.kind == Kind::Holder);
            honest.map(|w| by(&w.name, sister)).collect()
        }
    }
}

fn lowered(slip: Slip, devices: u32) -> Slip {
    let count = trust::count::Count {
        org: slip.org,
        warrant: slip.warrant,
        devices,
        at: slip.at,
    };
    let mut raw: serde_json::Value = serde_json::from_str(&slip.text).unwrap_or_default();
    raw["payload"] = serde_json::json!(trust::Blob(json(&count)));
    Slip {
        text: raw.to_string(),
        is_genuine: slip.is_genuine && slip.devices == devices,
        devices,
        ..slip
    }
}

/// What two policies give together, and neither alone.
fn other_scopes(_: &mut World, t: &mut Try) {
    t.warrant.scopes = vec![Scope::Control, Scope::Shell];
    t.warrant.bounds.read_under.clear();
}

/// Folders beside, above or beneath those that the policy names.
fn other_folders(w: &mut World, t: &mut Try) {
    let folders = ["/", "/srv", "/srv2", "/srv/logs2", "/etc"];
    let folder = folders[w.rng.index(folders.len())].to_owned();
    let bounds = &mut t.warrant.bounds;
    if t.warrant.scopes.contains(&Scope::FilesRead) && !bounds.read_under.contains(&folder) {
        bounds.read_under.push(folder);
    }
}

fn other_user(w: &mut World, t: &mut Try) {
    let users = ["root", "deploy", "anna"];
    if t.warrant.scopes.contains(&Scope::Shell) {
        t.warrant.bounds.shell_as = Some(users[w.rng.index(users.len())].to_owned());
    }
}

fn no_ticket(_: &mut World, t: &mut Try) {
    t.warrant.ticket = None;
}

fn longer(w: &mut World, t: &mut Try) {
    t.warrant.until = t.warrant.from + 600_000 + w.rng.between(0, 1) * 1000;
}

fn much_longer(_: &mut World, t: &mut Try) {
    t.warrant.until = t.warrant.from + 5 * 86_400_000;
}

fn later(w: &mut World, t: &mut Try) {
    shift(t, w.rng.between(31, 3_600) * 1000 + 5_000);
}

fn a_little_later(w: &mut World, t: &mut Try) {
    shift(t, w.rng.between(1, 36) * 1000);
}

fn shift(t: &mut Try, by: u64) {
    t.warrant.from += by;
    t.warrant.until += by;
}

fn over(w: &mut World, t: &mut Try) {
    let by = w.rng.between(1, 700) * 1000;
    t.warrant.from -= by;
    t.warrant.until -= by;
}

fn other_name(_: &mut World, t: &mut Try) {
    t.warrant.name = cast::opened("tess");
}

fn for_another(_: &mut World, t: &mut Try) {
    t.warrant.by = cast::id("tess");
    t.warrant.name = cast::opened("tess");
}

fn unsigned(_: &mut World, t: &mut Try) {
    if t.hands.len() > 1 {
        t.hands.remove(0);
    } else {
        t.hands = vec![("abe".to_owned(), Way::Well)];
    }
}

fn forged(_: &mut World, t: &mut Try) {
    t.hands[0].1 = Way::Forged;
}

fn borrowed(_: &mut World, t: &mut Try) {
    t.hands[0].1 = Way::Borrowed;
}

fn other_channel(w: &mut World, t: &mut Try) {
    t.channel = w.channel().0;
}

fn other_device(w: &mut World, t: &mut Try) {
    t.warrant.device = w.devices[1 - t.plan.device()].key;
}

fn elsewhere(_: &mut World, t: &mut Try) {
    t.at = 1 - t.plan.device();
}

fn other_org(w: &mut World, t: &mut Try) {
    t.warrant.org = OrgId(crate::org::sister(&w.org).digest.0);
}

fn forked(w: &mut World, t: &mut Try) {
    t.warrant.seen.root = Hash(w.rng.bytes());
}

fn behind(_: &mut World, t: &mut Try) {
    t.warrant.seen.size += 1;
}

fn behind_by_far(w: &mut World, t: &mut Try) {
    let size = w.rng.below(40);
    t.warrant.seen = Seen {
        size,
        root: w.desk.truth.root_at(size).unwrap_or(Hash([0; 32])),
    };
}

fn approve(t: &mut Try, names: &[&str], way: Way) {
    t.hands.truncate(1);
    t.hands
        .extend(names.iter().map(|name| ((*name).to_owned(), way)));
    dedup(&mut t.hands);
}

fn own_phone(_: &mut World, t: &mut Try) {
    approve(t, &["rex/phone"], Way::Well);
}

fn one_person_twice(_: &mut World, t: &mut Try) {
    approve(t, &["abe", "abe/phone"], Way::Well);
}

/// Who has another role signs as a technician.
fn by_helper(w: &mut World, t: &mut Try) {
    let name = ["enos", "stop", "ada", "desk-2"][w.rng.index(4)];
    t.hands[0].0 = name.to_owned();
    t.warrant.by = cast::id(name);
}

fn no_approval(_: &mut World, t: &mut Try) {
    t.hands.truncate(1);
}

fn forged_approval(w: &mut World, t: &mut Try) {
    let way = if w.rng.percent(50) {
        Way::Forged
    } else {
        Way::Borrowed
    };
    approve(t, &["abe", "lia"], way);
}

fn outsider_approves(_: &mut World, t: &mut Try) {
    approve(t, &["tess", "tom@own"], Way::Well);
}

fn admin_approves(_: &mut World, t: &mut Try) {
    approve(t, &["ada", "ada/phone"], Way::Well);
}

fn vendor_approves(_: &mut World, t: &mut Try) {
    approve(t, &["lea@vendor"], Way::Well);
}

/// Approvers whose keys are stolen sign whatever the thief likes.
fn revoked_approves(w: &mut World, t: &mut Try) {
    let names = w.stolen.clone();
    let names: Vec<&str> = names
        .iter()
        .map(|name| &**name)
        .filter(|n| t.hands[0].0 != **n)
        .collect();
    approve(t, &names, Way::Well);
}

fn unattended(_: &mut World, t: &mut Try) {
    t.warrant.attended = false;
}

fn attended(_: &mut World, t: &mut Try) {
    t.warrant.attended = true;
}

fn ceremony(w: &mut World, t: &mut Try) {
    let way = Way::Badly(CEREMONIES[w.rng.index(CEREMONIES.len())]);
    if !t.hands[0].0.contains('#') {
        t.hands[0].0 = "pam#".to_owned();
        t.warrant.by = cast::id("pam#");
        t.warrant.name = cast::opened("pam");
    }
    t.hands[0].1 = way;
}

fn on_vendor(_: &mut World, t: &mut Try) {
    t.hands[0].1 = Way::On(VENDOR);
}

fn on_own(_: &mut World, t: &mut Try) {
    t.hands[0].1 = Way::On(OWN);
}

/// The id of a warrant that was used before, in a new one.
fn reused(w: &mut World, t: &mut Try) {
    if let Some(old) = w
        .rng
        .pick(&w.presented.clone())
        .and_then(|(p, _)| p.as_warrant())
    {
        t.warrant.id = old.id;
    }
}

fn spoiled(w: &mut World, t: &mut Try) {
    let all = [
        Spoil::OtherType,
        Spoil::Null,
        Spoil::Unknown,
        Spoil::Twice,
        Spoil::Oversize,
        Spoil::ManySignatures,
        Spoil::DoubleSignature,
    ];
    t.spoil = Some(all[w.rng.index(all.len())]);
}

fn unsound(w: &mut World, t: &mut Try) {
    t.spoil = Some(Spoil::Shape(w.rng.below(5)));
}

/// Comes last: another turn could make it sound again.
fn make_unsound(warrant: &mut Warrant, which: u64) {
    match which {
        0 => warrant.scopes.push(warrant.scopes[0]),
        1 => warrant.scopes.clear(),
        2 => warrant.bounds.read_under = vec!["/srv/../etc".to_owned()],
        3 => warrant.why = "ask \u{202e}nobody".to_owned(),
        _ => warrant.until = warrant.from,
    }
}

fn finish(t: &Try) -> Rc<Paper> {
    let paper = sign(&t.warrant, &t.hands);
    let names: Vec<(&str, Way)> = t.hands.iter().map(|(name, way)| (&**name, *way)).collect();
    let again = |payload: Vec<u8>, flaw| {
        let content = Content::Warrant(Box::new(t.warrant.clone()));
        Paper::signed(PayloadType::Warrant, payload, content, &names).marked(flaw)
    };
    let inside = |more: &str| {
        let mut text = String::from_utf8_lossy(&json(&t.warrant)).into_owned();
        text.insert_str(1, more);
        text.into_bytes()
    };
    match t.spoil {
        None => paper,
        Some(Spoil::Shape(_)) => paper.marked("shape"),
        Some(Spoil::OtherType) => {
            let content = Content::Warrant(Box::new(t.warrant.clone()));
            Paper::signed(PayloadType::SignIn, json(&t.warrant), content, &names).marked("type")
        }
        Some(Spoil::Null) => again(inside(r#""ticket":null,"#), "form"),
        Some(Spoil::Unknown) => again(inside(r#""urgent":true,"#), "form"),
        Some(Spoil::Twice) => paper.spoiled("form", |text| {
            text.replacen('{', r#"{"payloadType":"x","#, 1)
        }),
        Some(Spoil::Oversize) => {
            paper.spoiled("size", |text| format!("{text}{}", " ".repeat(70_000)))
        }
        Some(Spoil::ManySignatures) => {
            let extra: Vec<String> = (0..17).map(|at| format!("nobody-{at}")).collect();
            let many = names
                .iter()
                .copied()
                .chain(extra.iter().map(|n| (&**n, Way::Well)));
            let content = Content::Warrant(Box::new(t.warrant.clone()));
            let hands: Vec<(&str, Way)> = many.collect();
            Paper::signed(PayloadType::Warrant, json(&t.warrant), content, &hands)
                .marked("signatures")
        }
        Some(Spoil::DoubleSignature) => {
            let twice: Vec<(&str, Way)> = names.iter().chain(&names).copied().collect();
            let content = Content::Warrant(Box::new(t.warrant.clone()));
            Paper::signed(PayloadType::Warrant, json(&t.warrant), content, &twice).marked("twice")
        }
    }
}
