//! `warrant.json`: warrants with the verdict or the refusal of `desk-1`.

use serde_json::{Value, json};
use trust::checkpoint::cosign;
use trust::count::{Count, counted_digest};
use trust::envelope::Signer;
use trust::judge::{Approvals, Spent, Standing, foresee, lacking};
use trust::statement::*;
use trust::warrant::Warrant;
use trust::*;

use crate::settle;
use crate::support::*;

/// One ledger and what its device says to warrants.
pub struct Desk {
    pub world: World,
    held: Vec<String>,
    pub note: String,
    pub cases: Vec<Value>,
}

impl Desk {
    pub fn of(world: World) -> Self {
        let mut desk = Self {
            world,
            held: Vec::new(),
            note: String::new(),
            cases: Vec::new(),
        };
        desk.witnessed(&["watch"], desk.world.now);
        desk
    }

    pub fn witnessed(&mut self, names: &[&str], at: u64) {
        let mut note = self.world.note();
        for name in names {
            note.add_line(&cosign(&note, name, &key(name), at / 1000))
                .unwrap();
        }
        self.note = note.to_string();
        self.world.checkpoint = note
            .verify(&self.world.org, self.world.state.roster())
            .unwrap();
    }

    pub fn hold(&mut self, say: Say, signers: &[&str]) {
        let envelope = self.world.signed(say, signers);
        assert!(self.world.state.hold(&envelope).unwrap());
        self.held.push(envelope.to_text());
    }

    /// What the desk says to a warrant of `tess`, changed.
    pub fn ask(
        &mut self,
        name: &str,
        signers: &[&str],
        change: impl FnOnce(&mut Warrant),
        expected: &str,
    ) {
        let mut warrant = self.world.warrant();
        change(&mut warrant);
        self.judge(name, &sign_warrant(&warrant, signers), expected);
    }

    fn judge(&mut self, name: &str, envelope: &Envelope, expected: &str) {
        let facts = self.world.facts();
        let (outcome, more) = match self.world.judge(envelope) {
            Ok(v) => (
                "opens",
                json!({"policy": v.policy, "bounds": v.bounds, "approvers": v.approvers, "resumes": v.resumes, "stale": v.stale, "digest": v.digest}),
            ),
            Err(Refusal::Uncovered(why)) => (
                "uncovered",
                json!({"sentence": Refusal::Uncovered(why).to_string()}),
            ),
            Err(why @ Refusal::Uncounted(_)) => (why.code(), json!({"sentence": why.to_string()})),
            Err(why) => (why.code(), json!(null)),
        };
        assert_eq!(outcome, expected, "{name}");
        let mut case = json!({
            "name": name, "envelope": envelope.to_text(), "note": self.note,
            "facts": {
                "now": facts.now, "device": facts.device, "device_noise": facts.device_noise,
                "channel_noise": facts.channel_noise, "joined": joined_technician(facts.standing), "openings": facts.openings.len(),
                "counts": facts.counts,
                "spent": facts.spent.as_ref().map(|s| json!({"noise": s.noise, "ended": s.ended, "bounds": s.bounds})),
            },
            "outcome": outcome, "details": more,
        });
        if matches!(outcome, "uncovered" | "uncounted" | "vendor_origin_alone") {
            case["approvals"] = approvals(&facts, envelope);
        }
        self.cases.push(case);
    }

    pub fn end(self, name: &str) -> Value {
        let leaves: Vec<String> = self
            .world
            .leaves
            .iter()
            .map(|l| String::from_utf8(l.clone()).unwrap())
            .collect();
        json!({"name": name, "org": self.world.org, "leaves": leaves, "held": self.held, "cases": self.cases})
    }
}

fn joined_technician(standing: Standing) -> Option<X25519Public> {
    match standing {
        Standing::Enrolled => None,
        Standing::Joined { technician } => Some(technician),
    }
}

/// What the warrant lacks, and what the signature of `abe` would do.
fn approvals(facts: &Facts<'_>, envelope: &Envelope) -> Value {
    let form = |a: &Approvals| json!({"policy": a.policy, "bounds": a.bounds, "approvers": a.approvers, "have": a.have, "need": a.need, "independent": a.independent});
    let lacks = lacking(facts, envelope.as_bytes()).unwrap();
    let abe = Signer {
        keyid: key("abe").id(),
        origin: None,
    };
    let foreseen = foresee(facts, envelope.as_bytes(), &abe).unwrap();
    json!({
        "lacks": lacks.as_ref().map(form), "approver": abe.keyid,
        "foreseen": foreseen.map(|f| json!({"approvals": form(&f.approvals), "opens": f.opens})),
    })
}

pub const TESS: [&str; 1] = ["tess"];
const BOTH: [&str; 2] = ["tess", "abe"];

fn aims() -> Value {
    let mut desk = Desk::of(World::ready());
    desk.ask("good", &TESS, |_| {}, "opens");
    desk.ask(
        "with a ticket",
        &TESS,
        |w| w.ticket = Some("T-1".to_owned()),
        "opens",
    );
    desk.ask(
        "another device",
        &TESS,
        |w| w.device = key("desk-2").id(),
        "other_device",
    );
    desk.ask(
        "another channel",
        &TESS,
        |w| w.noise = noise("mallory"),
        "other_channel",
    );
    desk.ask(
        "another organisation",
        &TESS,
        |w| w.org = OrgId([7; 32]),
        "other_organisation",
    );
    signed_by(&mut desk);
    sound_and_timed(&mut desk);
    known_and_covered(&mut desk);
    formed_and_spent(&mut desk);
    desk.end("one warrant, one device, one channel")
}

fn signed_by(desk: &mut Desk) {
    desk.ask(
        "not signed by the technician",
        &["abe"],
        |_| {},
        "not_signed",
    );
    desk.ask(
        "signed by service keys",
        &["log", "watch", "desk-1"],
        |_| {},
        "not_signed",
    );
    desk.ask(
        "by an admin",
        &["ada"],
        |w| w.by = key("ada").id(),
        "technician_not_in_force",
    );
    desk.ask(
        "another name",
        &TESS,
        |w| w.name = opened("abe"),
        "other_name",
    );
}

fn sound_and_timed(desk: &mut Desk) {
    desk.ask("no scope", &TESS, |w| w.scopes.clear(), "shape");
    desk.ask(
        "a line with bidi",
        &TESS,
        |w| w.why = "a\u{202E}b".to_owned(),
        "shape",
    );
    desk.ask("too early", &TESS, |w| w.from = NOW + 30_001, "too_early");
    desk.ask(
        "within the clock's skew",
        &TESS,
        |w| w.from = NOW + 30_000,
        "opens",
    );
    desk.ask(
        "expired",
        &TESS,
        |w| {
            w.from = NOW - 2;
            w.until = NOW;
        },
        "expired",
    );
}

fn known_and_covered(desk: &mut Desk) {
    desk.ask(
        "another history",
        &TESS,
        |w| w.seen.root = Hash([7; 32]),
        "ledger_forked",
    );
    desk.ask(
        "a longer history",
        &TESS,
        |w| w.seen.size += 1,
        "ledger_behind",
    );
    desk.ask(
        "too long",
        &TESS,
        |w| w.until = w.from + 3_600_001,
        "uncovered",
    );
    desk.ask(
        "unattended without approval",
        &TESS,
        |w| w.attended = false,
        "uncovered",
    );
    desk.ask(
        "unattended with approval",
        &BOTH,
        |w| w.attended = false,
        "opens",
    );
    desk.ask(
        "roles swapped",
        &BOTH,
        |w| {
            w.attended = false;
            w.by = key("abe").id();
            w.name = opened("abe");
        },
        "uncovered",
    );
}

fn formed_and_spent(desk: &mut Desk) {
    let warrant = desk.world.warrant();
    let payload = serde_json::to_vec(&warrant).unwrap();
    desk.judge(
        "a sign-in",
        &raw_envelope(PayloadType::SignIn, &payload, &TESS),
        "unreadable",
    );
    let extra = String::from_utf8(payload)
        .unwrap()
        .replacen('{', r#"{"x":1,"#, 1);
    desk.judge(
        "an unknown member",
        &raw_envelope(PayloadType::Warrant, extra.as_bytes(), &TESS),
        "unreadable",
    );
    for (name, noise, ended, expected) in [
        ("resumed", noise("tess"), false, "opens"),
        ("ended", noise("tess"), true, "spent"),
        ("replayed", noise("mallory"), false, "spent"),
    ] {
        desk.world.spent = Some(Spent {
            noise,
            ended,
            bounds: Bounds::default(),
        });
        desk.ask(name, &TESS, |_| {}, expected);
    }
}

fn joined() -> Value {
    let mut world = World::ready();
    world.give(Say::Policy(Policy {
        devices: "joined".to_owned(),
        scopes: vec![Scope::View],
        unattended: true,
        ..policy("joined")
    }));
    let by = |name| Standing::Joined {
        technician: noise(name),
    };
    (world.device, world.standing) = ("guest", by("tess"));
    let mut desk = Desk::of(world);
    desk.ask("good", &TESS, |_| {}, "opens");
    desk.ask(
        "unattended, and the policy would allow it",
        &BOTH,
        |w| w.attended = false,
        "joined_unattended",
    );
    desk.ask(
        "a scope of another policy",
        &TESS,
        |w| w.scopes = vec![Scope::Shell],
        "uncovered",
    );
    desk.world.standing = by("mallory");
    desk.ask("another technician's code", &TESS, |_| {}, "other_channel");
    desk.world.standing = Standing::Enrolled;
    desk.ask("without a code", &TESS, |_| {}, "device_not_in_force");
    (desk.world.device, desk.world.standing) = ("desk-1", by("tess"));
    desk.ask("an admitted key", &TESS, |_| {}, "device_known");
    desk.end("a machine that joined by a code")
}

fn joined_and_revoked() -> Value {
    let mut world = World::ready();
    world.device = "guest";
    world.standing = Standing::Joined {
        technician: noise("tess"),
    };
    let mut desk = Desk::of(world);
    desk.hold(revoke(Target::Key(key("guest").id())), &["cyd"]);
    desk.ask("its key is revoked", &TESS, |_| {}, "device_not_in_force");
    desk.end("a joined machine whose key is revoked")
}

fn freshness() -> Value {
    let mut desk = Desk::of(World::ready());
    desk.witnessed(&["watch"], NOW - 300_000);
    desk.ask("five minutes old", &TESS, |_| {}, "opens");
    desk.witnessed(&["watch"], NOW - 301_000);
    desk.ask("older", &TESS, |_| {}, "stale");
    desk.witnessed(&["watch"], NOW + 31_000);
    desk.ask("from the future", &TESS, |_| {}, "stale");
    desk.witnessed(&[], NOW);
    desk.ask("nobody", &TESS, |_| {}, "stale");
    desk.end("freshness")
}

fn outage() -> Value {
    let mut world = World::ready();
    world.give(Say::Policy(Policy {
        attended_when_stale: true,
        unattended: true,
        scopes: vec![Scope::View],
        ..policy("outage")
    }));
    let mut desk = Desk::of(world);
    desk.witnessed(&[], NOW);
    desk.ask("nobody, and the policy bears it", &TESS, |_| {}, "opens");
    desk.ask("nobody, unattended", &TESS, |w| w.attended = false, "stale");
    desk.ask(
        "nobody, too long",
        &TESS,
        |w| w.until = w.from + 3_600_001,
        "uncovered",
    );
    desk.ask(
        "nobody, another scope",
        &TESS,
        |w| w.scopes = vec![Scope::Shell],
        "stale",
    );
    desk.witnessed(&["watch"], NOW - 300_000);
    desk.ask("five minutes old", &TESS, |_| {}, "opens");
    desk.witnessed(&["watch"], NOW + 31_000);
    desk.ask(
        "from the future",
        &TESS,
        |w| w.scopes = vec![Scope::Shell],
        "stale",
    );
    desk.end("an outage of the witnesses")
}

fn revoked() -> Value {
    let mut desk = Desk::of(World::ready());
    desk.hold(revoke(Target::Warrant(WarrantId([3; 16]))), &["cyd"]);
    desk.hold(revoke(Target::Key(key("abe").id())), &["cyd"]);
    desk.ask("another warrant", &TESS, |_| {}, "opens");
    desk.ask(
        "a revoked warrant",
        &TESS,
        |w| w.id = WarrantId([3; 16]),
        "revoked",
    );
    desk.ask(
        "a revoked approver",
        &BOTH,
        |w| w.attended = false,
        "uncovered",
    );
    desk.ask(
        "a revoked technician",
        &["abe"],
        |w| w.by = key("abe").id(),
        "technician_not_in_force",
    );
    desk.end("revocations ahead of the ledger")
}

fn suspended() -> Value {
    let mut desk = Desk::of(World::ready());
    desk.hold(revoke(Target::All), &["cyd"]);
    desk.ask("suspended", &TESS, |_| {}, "suspended");
    desk.end("everything suspended")
}

pub fn staffed() -> World {
    let mut world = World::new();
    for admission in [
        technician("tess", &["support"]),
        technician("tess/phone", &["leads"]),
        technician("abe", &["leads"]),
        technician("abe/phone", &["leads"]),
        technician("eve", &["leads"]),
        device("desk-1", &["office"]),
    ] {
        world.give(Say::Admit(admission));
    }
    for policy in seven_policies() {
        world.give(Say::Policy(policy));
    }
    world
}

fn seven_policies() -> [Policy; 7] {
    let hours = |from_minute, to_minute| {
        Some(Hours {
            days: vec![3],
            from_minute,
            to_minute,
            offset_minutes: 60,
        })
    };
    [
        Policy {
            scopes: vec![Scope::View, Scope::Shell],
            max_seconds: 60,
            ..policy("a-short")
        },
        Policy {
            scopes: vec![Scope::View],
            hours: hours(593, 594),
            ..policy("b-now")
        },
        Policy {
            scopes: vec![Scope::Control],
            hours: hours(594, 700),
            ..policy("c-later")
        },
        Policy {
            scopes: vec![Scope::FilesRead],
            openings_per_hour: Some(1),
            ..policy("d-rate")
        },
        Policy {
            scopes: vec![Scope::FilesWrite],
            approvers: Some("leads".to_owned()),
            approvals: 2,
            ..policy("e-two")
        },
        Policy {
            scopes: vec![Scope::ClipboardRead],
            approvers: Some("admins".to_owned()),
            approvals: 1,
            ..policy("f-admin")
        },
        Policy {
            devices: "vault".to_owned(),
            ..policy("g-vault")
        },
    ]
}

fn policies() -> Value {
    let mut desk = Desk::of(staffed());
    let one = |scope: Scope| move |w: &mut Warrant| w.scopes = vec![scope];
    desk.ask("inside hours", &TESS, |_| {}, "opens");
    desk.ask(
        "two policies mixed",
        &TESS,
        |w| w.scopes = vec![Scope::View, Scope::Shell],
        "uncovered",
    );
    desk.ask(
        "the first policy",
        &TESS,
        |w| {
            w.scopes = vec![Scope::Shell];
            w.until = w.from + 60_000;
        },
        "opens",
    );
    desk.ask("outside hours", &TESS, one(Scope::Control), "uncovered");
    desk.ask(
        "clipboard_write is nowhere",
        &TESS,
        one(Scope::ClipboardWrite),
        "uncovered",
    );
    desk.ask("the first opening", &TESS, one(Scope::FilesRead), "opens");
    approved(&mut desk);
    desk.world.openings = vec![NOW];
    desk.ask(
        "the second opening",
        &TESS,
        one(Scope::FilesRead),
        "uncovered",
    );
    desk.world.spent = Some(Spent {
        noise: noise("tess"),
        ended: false,
        bounds: Bounds::default(),
    });
    desk.ask("the first resumed", &TESS, one(Scope::FilesRead), "opens");
    desk.end("one single policy covers the whole warrant")
}

fn approved(desk: &mut Desk) {
    let one = |scope: Scope| move |w: &mut Warrant| w.scopes = vec![scope];
    desk.ask("no approval", &TESS, one(Scope::FilesWrite), "uncovered");
    desk.ask(
        "one approver twice",
        &["tess", "abe", "abe/phone"],
        one(Scope::FilesWrite),
        "uncovered",
    );
    desk.ask(
        "his own approval",
        &["tess", "tess/phone", "abe"],
        one(Scope::FilesWrite),
        "uncovered",
    );
    desk.ask(
        "two approvals",
        &["tess", "abe", "eve"],
        one(Scope::FilesWrite),
        "opens",
    );
    desk.ask(
        "a lead where an admin is asked for",
        &["tess", "abe"],
        one(Scope::ClipboardRead),
        "uncovered",
    );
    desk.ask(
        "an admin",
        &["tess", "ada"],
        one(Scope::ClipboardRead),
        "opens",
    );
}

const UNLISTED: &str = "https://elsewhere.example";

pub fn on_pages(phone: &Passkey) -> World {
    let of_key = |key: &PublicKey, person: &str, groups: &[&str]| {
        let mut admit = technician(person, groups);
        admit.subjects[0].key = key.clone();
        Say::Admit(admit)
    };
    let mut world = World::new();
    world.give(of_key(&phone.key, "tess", &["support"]));
    world.give(Say::Admit(technician("abe", &["leads"])));
    world.give(of_key(page_key("eve", VENDOR).public(), "eve", &["leads"]));
    world.give(Say::Admit(device("desk-1", &["office"])));
    world.give(Say::Policy(Policy {
        unattended: true,
        approvers: Some("leads".to_owned()),
        ..policy("x")
    }));
    world
}

fn origins() -> Value {
    let phone = Passkey::of("tess", &[OWN, VENDOR, UNLISTED]);
    let mut desk = Desk::of(on_pages(&phone));
    let signed = |desk: &mut Desk, attended: bool, ceremony: Ceremony| {
        let warrant = Warrant {
            by: phone.key.id(),
            attended,
            ..desk.world.warrant()
        };
        let payload = serde_json::to_vec(&warrant).unwrap();
        let signature = phone.sign(PayloadType::Warrant, &payload, &ceremony);
        Envelope::assemble(PayloadType::Warrant, &payload, vec![signature]).unwrap()
    };
    let on = |origin: &str| Ceremony {
        origin: origin.to_owned(),
        ..Ceremony::default()
    };
    for (name, origin, attended, expected) in [
        ("on the customer's origin", OWN, true, "opens"),
        ("on the vendor's origin", VENDOR, true, "opens"),
        ("on an unlisted origin", UNLISTED, true, "origin_not_listed"),
        (
            "on an origin the key does not list",
            "https://evil.example",
            true,
            "unreadable",
        ),
        ("unattended on the customer's origin", OWN, false, "opens"),
        (
            "unattended on the vendor's origin",
            VENDOR,
            false,
            "vendor_origin_alone",
        ),
    ] {
        let envelope = signed(&mut desk, attended, on(origin));
        desk.judge(name, &envelope, expected);
    }
    let unverified = signed(
        &mut desk,
        true,
        Ceremony {
            flags: 1,
            ..Ceremony::default()
        },
    );
    desk.judge("user not verified", &unverified, "unreadable");
    let alone = signed(&mut desk, false, on(VENDOR));
    desk.judge(
        "approved on the same vendor's origin",
        &alone.countersign(&page_key("eve", VENDOR)).unwrap(),
        "vendor_origin_alone",
    );
    desk.judge(
        "approved elsewhere",
        &alone.countersign(&key("abe")).unwrap(),
        "opens",
    );
    desk.end("origins")
}

/// Three witnesses of which two fold the ledger, and two make it fresh; two devices of one person an hour.
pub fn counting() -> World {
    let mut world = World::with(|roster| {
        roster.witnesses = ["watch", "far", "roots"].map(witness).to_vec();
        roster.witnesses[2].holds_revocations = false;
        roster.quorum = 2;
    });
    world.furnish();
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(2),
        ..policy("attended")
    }));
    world
}

/// Counts of a warrant: by whom, how many devices, and how many milliseconds ago.
fn counts_of(desk: &Desk, warrant: &Envelope, counts: &[(&str, u32, i64)]) -> Vec<String> {
    let signed = counts.iter().map(|(witness, devices, ago)| {
        let count = Count {
            org: desk.world.org,
            warrant: counted_digest(warrant),
            devices: *devices,
            at: NOW.checked_add_signed(-ago).unwrap(),
        };
        count.sign(&key(witness)).unwrap().to_text()
    });
    signed.collect()
}

fn counted() -> Value {
    let mut desk = Desk::of(counting());
    desk.witnessed(&["watch", "far", "roots"], NOW);
    let mut ask = |name: &str, counts: &[(&str, u32, i64)], expected: &str| {
        let warrant = sign_warrant(&desk.world.warrant(), &TESS);
        desk.world.counts = counts_of(&desk, &warrant, counts);
        desk.judge(name, &warrant, expected);
    };
    ask("no count", &[], "uncounted");
    ask("one of two", &[("watch", 1, 0)], "uncounted");
    ask("both", &[("watch", 1, 0), ("far", 2, 0)], "opens");
    ask(
        "one twice",
        &[("watch", 1, 0), ("watch", 2, 0)],
        "uncounted",
    );
    let roots = [("watch", 1, 0), ("roots", 1, 0)];
    ask("one that folds no ledger", &roots, "uncounted");
    ask(
        "a stranger",
        &[("watch", 1, 0), ("tess", 1, 0)],
        "uncounted",
    );
    ask(
        "one too many",
        &[("watch", 3, 0), ("far", 2, 0)],
        "too_many_devices",
    );
    ask(
        "as old as it may be",
        &[("watch", 1, 300_000), ("far", 2, 0)],
        "opens",
    );
    ask(
        "too old",
        &[("watch", 1, 300_001), ("far", 2, 0)],
        "uncounted",
    );
    ask(
        "as early as it may be",
        &[("watch", 1, -30_000), ("far", 2, 0)],
        "opens",
    );
    ask(
        "too early",
        &[("watch", 1, -30_001), ("far", 2, 0)],
        "uncounted",
    );
    desk.ask("counts of another warrant", &TESS, |_| {}, "uncounted");
    desk.world.counts = vec!["{}".to_owned()];
    desk.ask("no envelope", &TESS, |_| {}, "uncounted");
    desk.world.counts.clear();
    desk.world.spent = Some(Spent {
        noise: noise("tess"),
        ended: false,
        bounds: Bounds::default(),
    });
    desk.ask("resumed without", &TESS, |_| {}, "opens");
    desk.end("witnesses count")
}

#[test]
fn warrant_json() {
    let desks = [
        aims(),
        freshness(),
        outage(),
        revoked(),
        suspended(),
        policies(),
        crate::bounds::bounds(),
        origins(),
        joined(),
        joined_and_revoked(),
        counted(),
    ];
    settle("warrant.json", &json!(desks));
}
