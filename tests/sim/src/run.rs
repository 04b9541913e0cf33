//! One run: a seed, a world, and what happens in it until something must not be or the day is over.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::device::Said;
use crate::found::{Rule, Violation};
use crate::model::Ledger;
use crate::moves::{self, MOVES, desk, service};
use crate::world::World;

/// Things that happen in one run.
const STEPS: u64 = 110;

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The first thing that must not be.
    pub violation: Option<Violation>,
    /// How many things happened.
    pub steps: u64,
    /// How many sessions opened.
    pub opened: u64,
    /// What happened, if it was asked for.
    pub story: Vec<String>,
}

/// Plays a seed.
pub fn run(seed: u64) -> Report {
    play(seed, false)
}

/// Plays a seed and tells what happens.
pub fn told(seed: u64) -> Report {
    play(seed, true)
}

fn play(seed: u64, is_told: bool) -> Report {
    catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        world.story = is_told.then(Vec::new);
        let violation = live(&mut world);
        Report {
            violation,
            steps: world.steps,
            opened: world.opened,
            story: world.story.unwrap_or_default(),
        }
    }))
    .unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Report {
            violation: Some(Violation {
                rule: Rule::Panicked,
                text: text.unwrap_or_default(),
                at: 0,
            }),
            ..Report::default()
        }
    })
}

fn live(w: &mut World) -> Option<Violation> {
    let weights = moves::weights(&mut w.rng);
    for _ in 0..STEPS {
        let ms = match w.rng.below(100) {
            0..=64 => w.rng.below(1_500),
            65..=91 => w.rng.below(12_000),
            92..=97 => w.rng.below(300_000),
            98 => w.rng.below(4_000_000),
            _ => w.rng.below(40_000_000),
        };
        w.pass(ms);
        let at = moves::draw(&mut w.rng, &weights);
        let (name, _, _, act) = MOVES[at];
        w.tell(|| format!("- {name}"));
        act(w);
        w.steps += 1;
        w.gather();
        if let Some(violation) = first(w) {
            return Some(violation);
        }
    }
    good_day(w);
    w.gather();
    first(w)
}

fn first(w: &mut World) -> Option<Violation> {
    (!w.found.is_empty()).then(|| w.found.swap_remove(0))
}

/// From now on everybody is honest. Where no lie has parted the histories, an honest technician gets in.
fn good_day(w: &mut World) {
    w.tell(|| "- from now on everybody is honest".to_owned());
    w.pass(700_000);
    while !w.service.pending.is_empty() {
        service::sequence(w);
    }
    while !w.mail.is_empty() {
        let (_, witness, paper) = w.mail.swap_remove(0);
        w.hand_witness(witness, &paper);
    }
    let now = w.now;
    w.watchers.iter_mut().for_each(|watcher| watcher.drift = 0);
    let restarted = w.rng.index(w.devices.len());
    for (at, device) in w.devices.iter_mut().enumerate() {
        if at == restarted {
            device.stop();
        }
        device.disk.fuse = None;
        if !device.clock_was_set {
            device.drift = 0;
        }
        if device.run.is_none() {
            device.start(now);
        }
    }
    service::show(w);
    for at in [0, 1] {
        service::refresh(w, at);
        enter(w, at);
    }
}

fn enter(w: &mut World, at: usize) {
    let main = w.service.branches[0].clone();
    let is_main = |ledger: &Ledger| {
        let all = ledger
            .papers()
            .zip(&main)
            .all(|(a, b)| a.digest == b.digest);
        all && ledger.size() == main.len() as u64
    };
    let holds_all = w.devices[at].truth.as_ref().is_some_and(is_main) && is_main(&w.desk.truth);
    let watched = w.watchers.iter().all(|watcher| {
        watcher.kind == crate::watcher::Kind::Corrupt
            || watcher.size() == main.len()
                && (watcher.kind == crate::watcher::Kind::Plain || watcher.lacks_nothing())
    });
    if !holds_all || !watched || w.devices[at].clock_was_set {
        return;
    }
    desk::meet(w, at);
    let plan = if at == 0 {
        desk::Plan::Attended
    } else {
        desk::Plan::Field
    };
    let (channel, name) = w.channel();
    let seen = w.desk.truth.head();
    let warrant = desk::warrant(w, "tess", plan, seen, &name);
    let paper = desk::sign(&warrant, &desk::hands(w, "tess", plan));
    let may = may_enter(w, at, &warrant);
    let counts = w.counts(&paper);
    let mut said = w.present_counted(at, &paper, &channel, &counts);
    if said == Said::Asking {
        said = w.answer(at, true).unwrap_or(Said::Nothing);
    }
    if may && said != Said::Opened {
        let text = format!(
            "tess is let into {} by nobody: {said:?}",
            w.devices[at].name
        );
        w.broke(Rule::Locked, text);
    }
}

/// Whether an honest technician has everything that it takes, by the ledger alone.
fn may_enter(w: &World, at: usize, warrant: &trust::Warrant) -> bool {
    use trust::statement::Role;
    let truth = &w.desk.truth;
    let device = truth.in_force(&w.devices[at].key, Role::Device, w.now);
    let own = truth.in_force(&warrant.by, Role::Technician, w.now);
    let (Some((device, subject)), Some((own, _))) = (device, own) else {
        return false;
    };
    // What a device was told and the ledger never says binds it alone.
    let knows_no_more = w.devices[at]
        .truth
        .as_ref()
        .is_some_and(|truth| truth.lacks().is_empty());
    let is_reachable = knows_no_more && subject.noise == Some(w.devices[at].channel);
    let covers = |policy: &trust::statement::Policy| {
        own.groups.contains(&policy.technicians)
            && device.groups.contains(&policy.devices)
            && warrant
                .scopes
                .iter()
                .all(|scope| policy.scopes.contains(scope))
            && (policy.unattended || warrant.attended)
            && crate::model::bounds::are_kept(warrant, None, policy)
            && policy.approvals == 0
            && policy.hours.is_none()
            && policy.openings_per_hour.is_none()
            && policy.devices_per_hour.is_none()
            && warrant.until - warrant.from <= policy.max_seconds * 1000
    };
    is_reachable
        && !truth.is_closed()
        && !truth.is_suspended()
        && !truth.is_roster_tainted()
        && truth.policies().iter().any(|(_, policy)| covers(policy))
}
