//! Honest technicians and the people at the devices.

use std::rc::Rc;

use trust::bounds::Bounds;
use trust::bytes::{Salt, WarrantId};
use trust::scope::Scope;
use trust::statement::Seen;
use trust::warrant::Warrant;

use crate::cast;
use crate::device::Said;
use crate::paper::{Paper, Way};
use crate::world::World;

/// What a technician means to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// Attended, in the office.
    Attended,
    /// At night, with approvals.
    Night,
    /// In the field.
    Field,
}

/// All of them.
pub const PLANS: [Plan; 3] = [Plan::Attended, Plan::Night, Plan::Field];

impl Plan {
    /// At which device.
    pub fn device(self) -> usize {
        usize::from(self == Self::Field)
    }

    /// By which policy.
    pub fn policy(self) -> &'static str {
        match self {
            Self::Attended => "attended",
            Self::Night => "night",
            Self::Field => "field",
        }
    }
}

/// A warrant as the product composes it.
pub fn warrant(w: &mut World, by: &str, plan: Plan, seen: Seen, channel: &str) -> Warrant {
    let scopes = match plan {
        Plan::Attended => vec![Scope::View, Scope::Control],
        Plan::Night => vec![Scope::View, Scope::Shell],
        Plan::Field => vec![Scope::View, Scope::FilesRead],
    };
    let (bounds, ticket) = bounds(w, plan);
    let lasts = w.rng.between(20, 600) * 1000;
    Warrant {
        org: w.org.id,
        id: WarrantId(w.rng.bytes()),
        device: w.devices[plan.device()].key,
        by: cast::id(by),
        noise: cast::channel(channel),
        scopes,
        bounds,
        from: w.now,
        until: w.now + lasts,
        attended: plan == Plan::Attended,
        why: "the printer is stuck".to_owned(),
        ticket,
        name: cast::opened(cast::person(by)),
        seen,
    }
}

/// Within which bounds: mostly what the policy of the plan asks for, sometimes something else.
fn bounds(w: &mut World, plan: Plan) -> (Bounds, Option<String>) {
    const FOLDERS: [&str; 6] = ["/", "/srv", "/srv/logs", "/srv/logs/web", "/srv2", "/var"];
    let (careful, picks) = (w.rng.percent(75), w.rng.percent(40));
    let (folder, user) = (FOLDERS[w.rng.index(6)], ["deploy", "root"][w.rng.index(2)]);
    let policies = w.desk.truth.policies();
    let policy = policies.iter().find(|(_, p)| p.name == plan.policy());
    let users = policy.map_or(&[][..], |(_, p)| &p.shell_as);
    let wants_ticket = policy.is_some_and(|(_, p)| p.ticket_required);
    let allowed = policy.map_or(&[][..], |(_, p)| &p.read_under);
    let inside = allowed
        .first()
        .map_or_else(|| folder.to_owned(), |f| format!("{f}/web"));
    let bounds = match plan {
        Plan::Field if picks && careful => Bounds {
            read_under: vec![inside],
            ..Bounds::default()
        },
        Plan::Field if picks => Bounds {
            read_under: vec![folder.to_owned()],
            ..Bounds::default()
        },
        Plan::Night if careful => Bounds {
            shell_as: users.first().cloned(),
            ..Bounds::default()
        },
        Plan::Night => Bounds {
            shell_as: picks.then(|| user.to_owned()),
            ..Bounds::default()
        },
        Plan::Attended | Plan::Field => Bounds::default(),
    };
    let has_ticket = if careful { wants_ticket } else { picks };
    (bounds, has_ticket.then(|| "T-1".to_owned()))
}

/// Who signs: the technician, and whoever the policy of the plan asks for.
pub fn hands(w: &World, by: &str, plan: Plan) -> Vec<(String, Way)> {
    let mut hands = vec![(by.to_owned(), Way::Well)];
    let policies = w.desk.truth.policies();
    let Some((_, policy)) = policies.iter().find(|(_, p)| p.name == plan.policy()) else {
        return hands;
    };
    let approvers: &[&str] = match policy.approvers.as_deref() {
        Some("admins") => &["ada", "bob"],
        _ => &["abe", "lia"],
    };
    let needed = approvers.iter().take(usize::from(policy.approvals));
    hands.extend(needed.map(|name| ((*name).to_owned(), Way::Well)));
    hands
}

/// Signs a warrant with these hands.
pub fn sign(warrant: &Warrant, hands: &[(String, Way)]) -> Rc<Paper> {
    let hands: Vec<(&str, Way)> = hands.iter().map(|(name, way)| (&**name, *way)).collect();
    Paper::warrant(warrant, &hands)
}

/// An honest technician asks for a session; both ends tell each other the revocations that the other lacks.
pub fn work(w: &mut World) {
    let by = ["tess", "tess", "tom@own", "pam#", "zoe", "vic@vendor"][w.rng.index(6)];
    let plan = PLANS[w.rng.index(3)];
    if w.rng.percent(70) {
        super::service::refresh(w, plan.device());
    }
    meet(w, plan.device());
    let (channel, name) = w.channel();
    let seen = w.desk.truth.head();
    let warrant = warrant(w, by, plan, seen, &name);
    let paper = sign(&warrant, &hands(w, by, plan));
    let counts = w.counts(&paper);
    let said = w.present_counted(plan.device(), &paper, &channel, &counts);
    if said == Said::Asking && w.rng.percent(50) {
        answer(w);
    }
}

/// The greeting of a channel: heads, receipts and revocations.
pub fn meet(w: &mut World, at: usize) {
    let (now, device) = (w.now, &w.devices[at]);
    let Some(head) = device.state().map(trust::State::head) else {
        return;
    };
    w.desk.meet(head, device.truth.as_ref(), now);
    w.service.heads[at] = device.receipt_head();
    let state = device.state().into_iter();
    let lacks: Vec<_> = state
        .flat_map(|state| state.held().map(|(hash, _)| *hash))
        .collect();
    let known = w.service.revocations.clone();
    for paper in known.iter().filter(|paper| lacks.contains(&paper.payload)) {
        w.desk.hold(paper);
    }
    let told: Vec<_> = w.desk.state.held().map(|(hash, _)| *hash).collect();
    for paper in known.iter().filter(|paper| told.contains(&paper.payload)) {
        w.hand(at, paper);
    }
}

/// The people at the devices answer.
pub fn answer(w: &mut World) {
    for at in 0..w.devices.len() {
        let allows = w.rng.percent(85);
        w.answer(at, allows);
    }
}

/// Somebody ends a session: the technician says goodbye, the user has enough, or the connection is lost.
pub fn end(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let is_final = w.rng.percent(50);
    let code = if is_final { "bye" } else { "lost" };
    let which = w.rng.below(2);
    w.with_device(at, |device, now| {
        device.end_where(now, code, is_final, |session| {
            session.is_open && u64::from(session.id.0[0]) % 2 == which
        })
    });
    w.tell(|| format!("sessions end: {code}"));
}

/// A technician comes back over the key of his warrant.
pub fn come_back(w: &mut World) {
    let Some((paper, channel)) = w.rng.pick(&w.presented.clone()).cloned() else {
        return;
    };
    let Some(warrant) = paper.as_warrant() else {
        return;
    };
    let key = warrant.device;
    let Some(at) = w.devices.iter().position(|device| device.key == key) else {
        return;
    };
    let salt: Salt = Salt(w.rng.bytes());
    let mut anew = channel.clone();
    anew.hash.0[..16].copy_from_slice(&salt.0);
    w.present(at, &paper, &anew);
}
