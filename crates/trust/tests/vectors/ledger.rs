//! `ledger.json`: ledgers with what each leaf does, and what they mean in the end.

mod recovery;

use serde_json::{Value, json};
use trust::state::{HoldError, Inert, Outcome, State};
use trust::statement::*;
use trust::*;

use crate::settle;
use crate::support::*;

pub(crate) fn inert_code(why: &Inert) -> &'static str {
    match why {
        Inert::Unreadable(_) => "unreadable",
        Inert::OtherOrganisation => "other_organisation",
        Inert::Repeated => "repeated",
        Inert::Shape(_) => "shape",
        Inert::Forked => "forked",
        Inert::Superseded => "superseded",
        Inert::TooFewAdmins { .. } => "too_few_admins",
        Inert::VendorOrigin => "vendor_origin",
        Inert::NoAuthority => "no_authority",
        Inert::RoleConflict => "role_conflict",
        Inert::AlreadyRevoked => "already_revoked",
        Inert::Full => "full",
        Inert::TooFewRecoveryKeys { .. } => "too_few_recovery_keys",
        Inert::NoRecovery => "no_recovery",
        Inert::NotWaited(_) => "not_waited",
        Inert::TooLate => "too_late",
    }
}

fn outcome_code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Counts => "counts",
        Outcome::Inert(why) => inert_code(why),
    }
}

/// A ledger that grows while its steps are written down.
struct Story {
    world: World,
    steps: Vec<Value>,
}

impl Story {
    fn of(world: World) -> Self {
        let mut replay = State::genesis(world.org, &world.leaves[0]).unwrap();
        let mut steps = Vec::new();
        for leaf in &world.leaves[1..] {
            let outcome = replay.append(leaf);
            steps.push(step(leaf, outcome_code(&outcome)));
        }
        Self { world, steps }
    }

    fn put(&mut self, envelope: &Envelope, expected: &str) -> &mut Self {
        self.put_bytes(envelope.as_bytes(), expected)
    }

    fn put_bytes(&mut self, leaf: &[u8], expected: &str) -> &mut Self {
        let outcome = self.world.put_bytes(leaf);
        assert_eq!(
            outcome_code(&outcome),
            expected,
            "step {}",
            self.steps.len()
        );
        self.steps.push(step(leaf, expected));
        self
    }

    fn say(&mut self, say: Say, signers: &[&str], expected: &str) -> &mut Self {
        let envelope = self.world.signed(say, signers);
        self.put(&envelope, expected)
    }

    fn hold(&mut self, envelope: &Envelope, expected: &str) -> &mut Self {
        let outcome = match self.world.state.hold(envelope) {
            Ok(true) => "new",
            Ok(false) => "known",
            Err(HoldError::Inert(why)) => inert_code(&why),
            Err(HoldError::NotARevocation) => "not_a_revocation",
            Err(HoldError::Full) => "full",
        };
        assert_eq!(outcome, expected, "step {}", self.steps.len());
        self.steps
            .push(json!({"hold": envelope.to_text(), "outcome": expected}));
        self
    }

    fn end(&self, name: &str, drawing: &str) -> Value {
        let state = &self.world.state;
        let in_force = |id: &KeyId, entry: &trust::state::Entry| {
            use trust::state::NotInForce::*;
            match state.in_force(id, entry.role, self.world.now) {
                Ok(_) => "in_force",
                Err(NotAdmitted) => "not_admitted",
                Err(Expired) => "expired",
                Err(Revoked) => "revoked",
                Err(Tainted) => "tainted",
            }
        };
        let entries: serde_json::Map<String, Value> = state
            .entries()
            .map(|(id, e)| (id.to_string(), json!([e.role, in_force(id, e), e.index])))
            .collect();
        let mut recoveries: Vec<_> = state.recoveries().collect();
        recoveries.sort_by_key(|r| r.index);
        let policies: Vec<&str> = state.policies().map(|p| p.policy.name.as_str()).collect();
        let admins = state
            .roster()
            .admins
            .iter()
            .filter(|a| state.admin(&a.key.id()).is_some());
        json!({
            "name": name, "drawing": drawing, "now": self.world.now, "org": self.world.org,
            "genesis": String::from_utf8(self.world.leaves[0].clone()).unwrap(),
            "steps": self.steps,
            "end": {
                "head": state.head(), "version": state.roster().version,
                "suspended": state.is_suspended(), "tainted": state.is_roster_tainted(),
                "closed_by": state.closed_by(), "held": state.held().count(),
                "admins": admins.map(|a| a.key.id()).collect::<Vec<_>>(),
                "entries": entries, "policies": policies,
                "recoveries": recoveries.iter().map(|r| r.id).collect::<Vec<_>>(),
            },
        })
    }
}

fn step(leaf: &[u8], outcome: &str) -> Value {
    match std::str::from_utf8(leaf) {
        Ok(text) => json!({"leaf": text, "outcome": outcome}),
        Err(_) => json!({"leaf_b64u": trust::bytes::to_b64u(leaf), "outcome": outcome}),
    }
}

fn tess() -> Say {
    Say::Admit(technician("tess", &["support"]))
}

fn revoke_key(name: &str) -> Say {
    revoke(Target::Key(key(name).id()))
}

const TWO: [&str; 2] = ["ada", "bob"];

fn order() -> Value {
    let mut story = Story::of(World::new());
    let world = &mut story.world;
    let withheld = world.signed(tess(), &TWO);
    let desk = world.signed(Say::Policy(policy("desk")), &TWO);
    let crossing = world.signed(Say::Policy(policy("desk")), &TWO);
    let lab = world.signed(Say::Policy(policy("lab")), &TWO);
    let mut ahead = world.statement(tess());
    ahead.seen.size = 99;
    story
        .put(&desk, "counts")
        .put(&crossing, "superseded")
        .put(&lab, "counts")
        .put(&lab, "repeated");
    story.put(&sign(&ahead, &TWO), "forked");
    story
        .say(revoke_key("stranger"), &["cyd"], "counts")
        .put(&withheld, "superseded");
    story.say(tess(), &TWO, "counts");
    let again = story
        .world
        .signed(Say::Admit(technician("tess", &["leads"])), &TWO);
    story.say(tess(), &TWO, "counts").put(&again, "superseded");
    story.end(
        "order is not the service's to choose",
        "G -> P1 -> P2@G -> P3@G -> A0(ahead) -> R1 -> A1@G -> A2 -> A4 -> A3@A2",
    )
}

fn forks() -> Value {
    let mut there = World::new();
    there.give(Say::Admit(technician("abe", &["leads"])));
    let signed_there = there.signed(Say::Policy(policy("desk")), &TWO);
    let mut nord = World::with(|roster| roster.name = "Hafen Nord".to_owned());
    let foreign = nord.signed(tess(), &TWO);
    let mut story = Story::of(World::new());
    story
        .say(tess(), &TWO, "counts")
        .put(&signed_there, "forked")
        .put(&foreign, "other_organisation");
    story
        .put_bytes(b"junk", "unreadable")
        .put_bytes(b"", "unreadable")
        .put_bytes(&[0xff, 0xfe], "unreadable");
    let warrant = story.world.warrant();
    story.put(&sign_warrant(&warrant, &TWO), "unreadable");
    story.end(
        "other histories, other organisations, junk",
        "G -> A1 -> P@fork -> A@other -> junk",
    )
}

fn authority() -> Value {
    let mut story = Story::of(World::with(|r| r.admins.push(admin("ada/phone"))));
    story.say(tess(), &["ada"], "too_few_admins").say(
        tess(),
        &["ada", "ada/phone"],
        "too_few_admins",
    );
    story
        .say(tess(), &["ada", "stranger"], "too_few_admins")
        .say(tess(), &["log", "watch"], "too_few_admins");
    story.say(tess(), &["bob", "ada/phone"], "counts");
    story.say(
        Say::Admit(device("tess", &["office"])),
        &TWO,
        "role_conflict",
    );
    story.say(
        Say::Admit(technician("cyd", &["support"])),
        &TWO,
        "role_conflict",
    );
    story.say(
        Say::Admit(helper(Role::Stopper, "stop", &[])),
        &TWO,
        "counts",
    );
    story.say(
        Say::Admit(helper(Role::Enroller, "gate", &["office"])),
        &TWO,
        "counts",
    );
    story.say(Say::Admit(device("safe-1", &["vault"])), &TWO, "counts");
    story.say(
        Say::Admit(device("desk-1", &["office"])),
        &["gate"],
        "counts",
    );
    story.say(
        Say::Admit(device("desk-2", &["vault"])),
        &["gate"],
        "too_few_admins",
    );
    story.say(
        Say::Admit(device("safe-1", &["office"])),
        &["gate"],
        "too_few_admins",
    );
    take(&mut story);
    story.end("who may say what", "G -> A.. -> S -> E -> D.. -> R..")
}

fn take(story: &mut Story) {
    story.say(revoke_key("ada"), &["cyd"], "no_authority").say(
        revoke_key("ada"),
        &["stop"],
        "no_authority",
    );
    story
        .say(revoke_key("desk-1"), &["stop"], "no_authority")
        .say(revoke_key("desk-1"), &["tess"], "no_authority");
    story.say(revoke_key("ada/phone"), &["ada"], "counts").say(
        revoke_key("tess"),
        &["stop"],
        "counts",
    );
    story
        .say(revoke_key("tess"), &["cyd"], "already_revoked")
        .say(revoke_key("desk-1"), &["desk-1"], "counts");
    story.say(revoke_key("ada"), &["bob", "cyd"], "counts").say(
        Say::Policy(policy("desk")),
        &TWO,
        "too_few_admins",
    );
    story.say(revoke(Target::All), &["stop"], "counts").say(
        revoke(Target::All),
        &["cyd"],
        "already_revoked",
    );
}

fn shapes() -> Value {
    let mut story = Story::of(World::with(|r| {
        r.quorum = 0;
        r.witnesses.clear();
    }));
    let mut long = technician("tess", &["support"]);
    long.until = NOW + 30 * DAY + 1;
    let mut two = technician("tess", &["support"]);
    two.subjects.extend(technician("eve", &[]).subjects);
    let reserved = device("desk-1", &["joined"]);
    let idle = Policy {
        openings_per_hour: Some(0),
        ..policy("x")
    };
    let uncounted = Policy {
        devices_per_hour: Some(0),
        ..policy("x")
    };
    for say in [
        Say::Admit(long),
        Say::Admit(two),
        Say::Admit(reserved),
        Say::Policy(idle),
        Say::Policy(uncounted),
    ] {
        story.say(say, &TWO, "shape");
    }
    let mut version = story.world.next_roster();
    version.version = 1;
    story.say(Say::Roster(Box::new(version)), &TWO, "shape");
    let mut late = story.world.statement(tess());
    late.at = (1 << 53) + 2;
    story.put(&sign(&late, &TWO), "shape");
    story.say(tess(), &TWO, "counts");
    story.end("unsound statements", "G -> junk.. -> A1")
}

fn forms() -> Value {
    let mut story = Story::of(World::new());
    let good = serde_json::to_string(&story.world.statement(tess())).unwrap();
    let put = |story: &mut Story, text: &str, signers: &[&str], expected: &str| {
        let leaf = raw_envelope(PayloadType::Statement, text.as_bytes(), signers);
        story.put(&leaf, expected);
    };
    let as_array: Vec<Value> = serde_json::from_str::<Value>(&good)
        .unwrap()
        .as_object()
        .unwrap()
        .values()
        .cloned()
        .collect();
    for text in [
        good.replacen('{', r#"{"at":1,"#, 1),
        good.replacen('{', r#"{"x":1,"#, 1),
        good.replace(r#""groups":["support"]"#, r#""groups":null"#),
        good.replace(r#""at":"#, r#""at":1."#),
        good.replace(r#""role":"technician""#, r#""role":{"technician":null}"#),
        good.replace(r#""person":"tess""#, r#""person":"tess","noise":null"#),
        good.replace(r#""kind":"ed25519""#, r#""kind":"ed25519","origins":[]"#),
        serde_json::to_string(&as_array).unwrap(),
        "{".to_owned(),
    ] {
        assert_ne!(text, good);
        put(&mut story, &text, &["ada"], "unreadable");
    }
    put(&mut story, &good.replacen('{', " {\n", 1), &TWO, "counts");
    // k admins signed something that this version cannot read, and the organisation it names twice.
    let twice = good.replacen('{', &format!(r#"{{"org":"{}","#, story.world.org), 1);
    put(&mut story, &twice, &TWO, "unreadable");
    let unknown = good.replace(r#""admit":"#, r#""quarantine":"#);
    put(&mut story, &unknown, &["ada"], "unreadable");
    put(&mut story, &unknown, &TWO, "counts");
    story.end(
        "one value has one form, and an unknown kind closes",
        "G -> junk.. -> A1 -> ?",
    )
}

fn rosters() -> Value {
    let mut story = Story::of(World::ready());
    let mut next = story.world.next_roster();
    next.admins = ["dan", "eve", "ada"].map(admin).to_vec();
    let say = Say::Roster(Box::new(next));
    story.say(say.clone(), &TWO, "too_few_admins").say(
        say.clone(),
        &["ada", "dan"],
        "too_few_admins",
    );
    let withheld = story.world.signed(tess(), &TWO);
    story.say(revoke(Target::All), &["cyd"], "counts");
    story
        .say(say, &["ada", "bob", "dan"], "counts")
        .put(&withheld, "superseded");
    story
        .say(tess(), &TWO, "too_few_admins")
        .say(tess(), &["dan", "eve"], "counts");
    let mut tess_admin = story.world.next_roster();
    tess_admin.admins.push(admin("tess"));
    story.say(
        Say::Roster(Box::new(tess_admin)),
        &["dan", "eve"],
        "role_conflict",
    );
    let newer = Roster {
        format: 2,
        ..story.world.next_roster()
    };
    story.say(Say::Roster(Box::new(newer)), &["dan", "eve"], "counts");
    story.end(
        "rosters: old and new threshold, suspension lifted, a newer format closes",
        "G -> .. -> * -> C2 -> A@G -> A -> C3",
    )
}

fn origins() -> Value {
    let mut story = Story::of(World::with(|r| {
        r.threshold = 1;
        r.admins[0].key = page_key("ada", VENDOR).public().clone();
        r.admins[1].key = Passkey::of("bob", &[OWN, "https://elsewhere.example"]).key;
    }));
    let payload = |world: &mut World| serde_json::to_vec(&world.statement(tess())).unwrap();
    let on_vendor = page_key("ada", VENDOR);
    let statement = story.world.statement(tess());
    let signed = Envelope::sign(PayloadType::Statement, &statement, &[&on_vendor]).unwrap();
    story.put(&signed, "vendor_origin");
    for (origin, expected) in [
        ("https://elsewhere.example", "vendor_origin"),
        (VENDOR, "unreadable"),
        (OWN, "counts"),
    ] {
        let payload = payload(&mut story.world);
        let ceremony = Ceremony {
            origin: origin.to_owned(),
            ..Ceremony::default()
        };
        let phone = Passkey::of("bob", &[OWN, "https://elsewhere.example"]);
        let signature = phone.sign(PayloadType::Statement, &payload, &ceremony);
        let leaf = Envelope::assemble(PayloadType::Statement, &payload, vec![signature]).unwrap();
        story.put(&leaf, expected);
    }
    let taking = story.world.statement(revoke_key("tess"));
    let signed = Envelope::sign(PayloadType::Statement, &taking, &[&on_vendor]).unwrap();
    story.put(&signed, "counts");
    story.end(
        "a vendor's origin takes power and gives none",
        "G -> A.. -> R1",
    )
}

fn held() -> Value {
    let mut story = Story::of(World::ready());
    story.say(
        Say::Admit(helper(Role::Stopper, "stop", &[])),
        &TWO,
        "counts",
    );
    let world = &mut story.world;
    let real = world.statement(revoke_key("tess"));
    let mut shadow = world.statement(revoke(Target::Warrant(WarrantId([9; 16]))));
    shadow.id = real.id;
    let real = sign(&real, &["cyd"]);
    let (first, second) = (
        world.signed(revoke(Target::All), &["ada"]),
        world.signed(revoke(Target::All), &["bob"]),
    );
    let forged = world.signed(revoke_key("abe"), &["stranger"]);
    let gift = world.signed(tess(), &TWO);
    story
        .hold(&real, "new")
        .hold(&real, "known")
        .hold(&forged, "no_authority")
        .hold(&gift, "not_a_revocation");
    story
        .hold(&first, "new")
        .hold(&second, "new")
        .put(&sign(&shadow, &["stop"]), "counts");
    story.put(&first, "counts").put(&second, "already_revoked");
    let lift = Say::Roster(Box::new(story.world.next_roster()));
    story
        .say(lift, &TWO, "counts")
        .put(&first, "repeated")
        .hold(&first, "known");
    let policy_id = story.world.state.policies().next().unwrap().id;
    let pending = story
        .world
        .signed(revoke(Target::Policy(policy_id)), &["cyd"]);
    story.hold(&pending, "new");
    story.end(
        "revocations ahead of the ledger",
        "G -> .. -> [R1] [*1] [*2] -> R'(id of R1) -> *1 -> *2 -> C2 -> *1",
    )
}

fn lost_suspension() -> Value {
    let mut story = Story::of(World::ready());
    let stopper = Say::Admit(helper(Role::Stopper, "stop", &[]));
    story.say(stopper, &TWO, "counts");
    let world = &mut story.world;
    let lost = world.signed(revoke(Target::All), &["stop"]);
    let (waiting, policy_id) = (
        world.signed(revoke_key("abe"), &["cyd"]),
        world.state.policies().next().unwrap().id,
    );
    let policy = world.signed(revoke(Target::Policy(policy_id)), &["ada"]);
    story
        .hold(&lost, "new")
        .hold(&waiting, "new")
        .hold(&policy, "new")
        .say(revoke_key("stop"), &["cyd"], "counts")
        .put(&lost, "no_authority");
    let lift = Say::Roster(Box::new(story.world.next_roster()));
    story
        .say(lift, &TWO, "counts")
        .hold(&lost, "no_authority")
        .hold(&waiting, "known");
    story.end(
        "a roster lifts a held suspension that nobody may sequence any more",
        "G -> .. -> S1 [*] [R2] [R3] -> R1(S1) -> * -> C2",
    )
}

fn reach() -> Value {
    let mut story = Story::of(World::with(|r| r.threshold = 1));
    story.say(
        Say::Admit(technician("ann", &["support"])),
        &["ada"],
        "counts",
    );
    let world = &mut story.world;
    let real = world.signed(revoke_key("ada"), &["bob"]);
    let by_itself = world.signed(revoke_key("ada"), &["ada"]);
    story.say(
        Say::Admit(helper(Role::Enroller, "gate", &["office"])),
        &["ada"],
        "counts",
    );
    story.say(
        Say::Admit(device("desk-1", &["office"])),
        &["gate"],
        "counts",
    );
    story
        .say(Say::Policy(policy("desk")), &["ada"], "counts")
        .say(tess(), &["ada"], "counts");
    story.say(
        Say::Admit(technician("abe", &["leads"])),
        &["ada", "bob"],
        "counts",
    );
    story
        .hold(&real, "new")
        .put(&by_itself, "counts")
        .hold(&real, "known")
        .put(&real, "counts");
    story.say(revoke_key("ada"), &["bob"], "already_revoked");
    story.end(
        "what a revoked key gave unseen by its revoker",
        "G -> A1 -> E1 -> D1 -> P1 -> A2 -> A3 -> R'(itself)@A1 -> R@A1",
    )
}

/// A withheld revocation, the roster that a thief makes meanwhile, and what stands after it: his is laundered by no second
/// roster, and mended by an honest admin whom it kept.
fn laundered(name: &str, drawing: &str, signers: &[&str]) -> Value {
    let mut story = Story::of(World::with(|r| r.threshold = 1));
    let withheld = story.world.signed(revoke_key("ada"), &["bob"]);
    story.hold(&withheld, "new");
    let governed_by = |story: &Story, names: &[&str]| {
        Say::Roster(Box::new(Roster {
            admins: names.iter().map(|name| admin(name)).collect(),
            ..story.world.next_roster()
        }))
    };
    let stolen = governed_by(&story, &["mal", "bob"]);
    story.say(stolen, &["ada", "mal"], "counts").say(
        Say::Admit(technician("ann", &["support"])),
        &["mal"],
        "counts",
    );
    story.say(Say::Policy(policy("desk")), &["bob"], "counts");
    let next = governed_by(&story, signers);
    story
        .say(next, signers, "counts")
        .say(tess(), &signers[..1], "counts");
    story.end(name, drawing)
}

#[test]
fn ledger_json() {
    let stories = [
        order(),
        forks(),
        authority(),
        shapes(),
        forms(),
        rosters(),
        origins(),
        held(),
        lost_suspension(),
        reach(),
        laundered(
            "a second roster launders no stolen key",
            "G -> [R(ada)] -> C2(ada) -> A1(mal) -> P1(bob) -> C3(mal) -> A2(mal)",
            &["mal"],
        ),
        laundered(
            "an admin whom the thief's roster kept mends it",
            "G -> [R(ada)] -> C2(ada) -> A1(mal) -> P1(bob) -> C3(bob) -> A2(bob)",
            &["bob"],
        ),
        recovery::waits(),
        recovery::proofs(),
        recovery::ends(),
        recovery::vetoed_in_vain(),
        recovery::unwitnessed(),
    ];
    settle("ledger.json", &json!(stories));
}
