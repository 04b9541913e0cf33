//! The door: each refusal beside a warrant that opens and differs in one thing only.

mod approvals;
mod bounds;
mod counts;
mod cover;
mod explain;
mod joined;
mod ledger;
mod origins;

use super::{Refusal, Spent, Uncounted, Uncovered, Verdict, judge, peek_id};
use crate::bounds::Bounds;
use crate::bytes::{Hash, OrgId, Salt, WarrantId};
use crate::envelope::{Envelope, PayloadType};
use crate::scope::Scope;
use crate::state::Outcome::Counts;
use crate::statement::{Policy, Role, Say, Target};
use crate::support::*;
use crate::warrant::Warrant;

fn code(judged: Result<Verdict, Refusal>) -> &'static str {
    match judged {
        Ok(verdict) => panic!("opened by {}", verdict.policy),
        Err(refusal) => refusal.code(),
    }
}

/// The code of the refusal when one thing of a good warrant is changed, and `tess` signs what came out.
fn refused(world: &mut World, change: impl FnOnce(&mut Warrant)) -> &'static str {
    let mut warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok(), "the twin opens");
    change(&mut warrant);
    code(world.ask(&warrant, &["tess"]))
}

#[test]
fn a_good_warrant_opens() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let envelope = sign_warrant(&warrant, &["tess"]);
    let verdict = world.judge(&envelope).unwrap();
    assert_eq!(verdict.policy, "attended");
    assert_eq!(verdict.digest, envelope.digest());
    assert_eq!(verdict.warrant, warrant);
    assert_eq!(verdict.approvers, []);
    assert!(!verdict.resumes && !verdict.stale);
    assert!(verdict.allows(Scope::View) && !verdict.allows(Scope::Control));
    assert_eq!(peek_id(envelope.as_bytes()).unwrap(), warrant.id);
}

#[test]
fn a_forged_warrant_is_refused() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let all_service_keys = ["log", "watch", "stop", "stranger", "desk-1"];
    assert_eq!(code(world.ask(&warrant, &all_service_keys)), "not_signed");
    // Somebody else's signature under the technician's name.
    let good = sign_warrant(&warrant, &["tess"]).to_text();
    let forged = sign_warrant(&warrant, &["stranger"]).to_text();
    let renamed = forged.replace(
        &key("stranger").id().to_string(),
        &key("tess").id().to_string(),
    );
    let bytes = |text: &str| judge(&world.facts(), text.as_bytes());
    assert_eq!(code(bytes(&renamed)), "unreadable");
    assert!(bytes(&good).is_ok());
}

#[test]
fn a_signed_warrant_cannot_be_widened_extended_or_turned() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let signed = sign_warrant(&warrant, &["tess"]);
    let changes: [fn(&mut Warrant); 5] = [
        |w| w.scopes.push(Scope::Shell),
        |w| w.until += 1,
        |w| w.attended = false,
        |w| w.id = WarrantId([7; 16]),
        |w| w.why = "other".to_owned(),
    ];
    for change in changes {
        let mut altered = warrant.clone();
        change(&mut altered);
        let payload = serde_json::to_vec(&altered).unwrap();
        let raw: serde_json::Value = serde_json::from_slice(signed.as_bytes()).unwrap();
        let signatures = serde_json::from_value(raw["signatures"].clone()).unwrap();
        let forged = Envelope::assemble(PayloadType::Warrant, &payload, signatures).unwrap();
        assert_eq!(code(world.judge(&forged)), "unreadable");
    }
    assert!(world.judge(&signed).is_ok());
}

#[test]
fn a_warrant_opens_one_device_through_one_channel_in_one_organisation() {
    let mut world = World::ready();
    assert_eq!(
        refused(&mut world, |w| w.device = key("desk-2").id()),
        "other_device"
    );
    assert_eq!(
        refused(&mut world, |w| w.noise = noise("mallory")),
        "other_channel"
    );
    assert_eq!(
        refused(&mut world, |w| w.org = OrgId([7; 32])),
        "other_organisation"
    );
    let warrant = world.warrant();
    world.channel_noise = noise("mallory");
    assert_eq!(code(world.ask(&warrant, &["tess"])), "other_channel");
}

#[test]
fn a_warrant_for_another_organisation_is_refused_there() {
    let (mut here, mut there) = (World::ready(), World::with(|r| r.name = "Nord".to_owned()));
    there.furnish();
    let warrant = here.warrant();
    assert_eq!(code(there.ask(&warrant, &["tess"])), "other_organisation");
    let warrant = there.warrant();
    assert!(there.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn the_name_opens_the_commitment() {
    let mut world = World::ready();
    assert_eq!(
        refused(&mut world, |w| w.name.name = "The director".to_owned()),
        "other_name"
    );
    assert_eq!(
        refused(&mut world, |w| w.name.salt = Salt([0; 16])),
        "other_name"
    );
    assert_eq!(
        refused(&mut world, |w| w.name = opened("abe")),
        "other_name"
    );
}

#[test]
fn the_technician_named_must_have_signed() {
    let mut world = World::ready();
    let warrant = world.warrant();
    assert_eq!(code(world.ask(&warrant, &["abe"])), "not_signed");
    assert_eq!(
        code(world.ask(&warrant, &["ada", "bob", "cyd"])),
        "not_signed"
    );
    assert!(world.ask(&warrant, &["tess", "abe"]).is_ok());
}

#[test]
fn admins_devices_and_helpers_are_no_technicians() {
    let mut world = World::ready();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &["support"])));
    world.give(Say::Admit(helper(Role::Enroller, "gate", &["support"])));
    for name in ["ada", "desk-1", "stop", "gate"] {
        let mut warrant = world.warrant();
        warrant.by = key(name).id();
        assert_eq!(
            code(world.ask(&warrant, &[name])),
            "technician_not_in_force",
            "{name}"
        );
    }
}

#[test]
fn a_spent_warrant_opens_again_over_the_same_key_until_it_ended() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let spent = |noise, ended| {
        Some(Spent {
            noise,
            ended,
            bounds: Bounds::default(),
        })
    };
    world.spent = spent(noise("tess"), false);
    assert!(world.ask(&warrant, &["tess"]).unwrap().resumes);
    world.spent = spent(noise("tess"), true);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "spent");
    world.spent = spent(noise("mallory"), false);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "spent");
}

#[test]
fn a_warrant_has_its_time() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let at = |world: &mut World, now: u64| {
        world.now = now;
        world.refresh();
        world.ask(&warrant, &["tess"])
    };
    assert_eq!(code(at(&mut world, warrant.from - 30_001)), "too_early");
    assert!(at(&mut world, warrant.from - 30_000).is_ok());
    assert!(at(&mut world, warrant.until - 1).is_ok());
    assert_eq!(code(at(&mut world, warrant.until)), "expired");
}

#[test]
fn an_unsound_warrant_is_refused() {
    let mut world = World::ready();
    let changes: [Change<Warrant>; 10] = [
        ("no scope", |w| w.scopes.clear()),
        ("scope twice", |w| w.scopes = vec![Scope::View; 2]),
        ("why empty", |w| w.why.clear()),
        ("why long", |w| w.why = "x".repeat(201)),
        ("why bidi", |w| w.why = "\u{202E}x".to_owned()),
        ("ticket", |w| w.ticket = Some("a\nb".to_owned())),
        ("name", |w| w.name.name = "a\tb".to_owned()),
        ("ends first", |w| w.until = w.from - 1),
        ("ends as it begins", |w| w.until = w.from),
        ("number", |w| w.until = crate::limits::INTEGER_MAX + 1),
    ];
    for (what, change) in changes {
        assert_eq!(refused(&mut world, change), "shape", "{what}");
    }
    let largest = |w: &mut Warrant| w.until = crate::limits::INTEGER_MAX;
    assert_eq!(refused(&mut world, largest), "uncovered");
    let mut warrant = world.warrant();
    warrant.ticket = Some("T-1".to_owned());
    warrant.why = "x".repeat(200);
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn an_unknown_or_repeated_member_is_refused() {
    let mut world = World::ready();
    let good = serde_json::to_string(&world.warrant()).unwrap();
    let judged = |text: &str| {
        let envelope = raw_envelope(PayloadType::Warrant, text.as_bytes(), &["tess"]);
        world.judge(&envelope)
    };
    assert!(judged(&good).is_ok());
    for bad in [
        good.replacen('{', r#"{"extra":1,"#, 1),
        good.replacen('{', r#"{"attended":true,"#, 1),
        good.replacen('{', r#"{"ticket":null,"#, 1),
        good.replace(r#""size":"#, r#""sizes":"#),
        good.replace("true", "1"),
        good.replacen(',', ",,", 1),
        format!("{good} x"),
        format!("[{good}]"),
    ] {
        assert_eq!(code(judged(&bad)), "unreadable", "{bad}");
    }
}

#[test]
fn another_type_of_envelope_is_no_warrant() {
    let mut world = World::ready();
    let payload = serde_json::to_vec(&world.warrant()).unwrap();
    for kind in [
        PayloadType::SignIn,
        PayloadType::Socket,
        PayloadType::Statement,
        PayloadType::Receipt,
        PayloadType::Enrol,
        PayloadType::InviteAnswer,
    ] {
        let oracle = raw_envelope(kind, &payload, &["tess"]);
        assert_eq!(code(world.judge(&oracle)), "unreadable", "{kind:?}");
        // The same signature under the right name of the type.
        let relabelled = oracle
            .to_text()
            .replace(kind.as_str(), PayloadType::Warrant.as_str());
        assert_eq!(
            code(judge(&world.facts(), relabelled.as_bytes())),
            "unreadable"
        );
    }
    assert!(
        world
            .judge(&raw_envelope(PayloadType::Warrant, &payload, &["tess"]))
            .is_ok()
    );
}

#[test]
fn a_revoked_warrant_is_refused_wherever_the_revocation_is() {
    for held in [true, false] {
        let mut world = World::ready();
        let warrant = world.warrant();
        assert!(world.ask(&warrant, &["tess"]).is_ok());
        let revocation = world.signed(revoke(Target::Warrant(warrant.id)), &["cyd"]);
        if held {
            assert!(world.state.hold(&revocation).unwrap());
        } else {
            assert_eq!(world.put(&revocation), Counts);
        }
        assert_eq!(code(world.ask(&warrant, &["tess"])), "revoked");
        let another = world.warrant();
        assert!(world.ask(&another, &["tess"]).is_ok());
    }
}

#[test]
fn junk_is_refused() {
    let world = World::ready();
    for junk in [&b""[..], b"{}", b"null", &[0xff; 100], &[b'['; 70_000]] {
        assert_eq!(code(judge(&world.facts(), junk)), "unreadable");
    }
}

#[test]
fn every_refusal_has_its_own_code_and_sentence() {
    use crate::freshness::Stale;
    use crate::state::NotInForce;
    let all = [
        Refusal::Unreadable(crate::envelope::EnvelopeError::TooLarge(1)),
        Refusal::Shape("x"),
        Refusal::OtherOrganisation,
        Refusal::OtherDevice,
        Refusal::OtherChannel,
        Refusal::LedgerTooNew(1),
        Refusal::Suspended,
        Refusal::RosterTainted,
        Refusal::DeviceNotInForce(NotInForce::Revoked),
        Refusal::DeviceNoise,
        Refusal::DeviceKnown,
        Refusal::JoinedUnattended,
        Refusal::LedgerBehind,
        Refusal::LedgerForked,
        Refusal::Stale(Stale::OtherHead),
        Refusal::NotSigned,
        Refusal::TechnicianNotInForce(NotInForce::Revoked),
        Refusal::OriginNotListed,
        Refusal::VendorOriginAlone,
        Refusal::OtherName,
        Refusal::Revoked,
        Refusal::Spent,
        Refusal::TooEarly,
        Refusal::Expired,
        Refusal::Uncovered(Uncovered::Groups),
        Refusal::Uncounted(Uncounted::TooFew { have: 0, need: 1 }),
        Refusal::Uncounted(Uncounted::Devices(5)),
    ];
    let mut codes: Vec<_> = all.iter().map(Refusal::code).collect();
    let mut texts: Vec<_> = all.iter().map(ToString::to_string).collect();
    for list in [
        &mut codes.iter().map(|c| (*c).to_owned()).collect(),
        &mut texts,
    ] {
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), all.len());
    }
    codes.retain(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    assert_eq!(codes.len(), all.len());
}
