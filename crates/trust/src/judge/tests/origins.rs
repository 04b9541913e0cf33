//! Where a signature was made, and by whom it was verified.

use super::*;
use crate::envelope::Signer;
use crate::judge::{foresee, lacking};
use crate::key::{PublicKey, SigningKey};
use crate::state::Outcome;
use crate::statement::Admit;

/// `tess` holds a passkey that may sign on the customer's, the vendor's and an unlisted origin.
struct Desk {
    world: World,
    phone: Passkey,
}

const UNLISTED: &str = "https://elsewhere.example";

impl Desk {
    fn new() -> Self {
        let phone = Passkey::of("tess", &[OWN, VENDOR, UNLISTED]);
        let mut world = World::new();
        for admission in [
            of_key(&phone.key, "tess", &["support"]),
            technician("abe", &["leads"]),
            of_key(page_key("eve", VENDOR).public(), "eve", &["leads"]),
            device("desk-1", &["office"]),
        ] {
            world.give(Say::Admit(admission));
        }
        world.give(Say::Policy(Policy {
            unattended: true,
            approvers: Some("leads".to_owned()),
            ..policy("x")
        }));
        Self { world, phone }
    }

    fn warrant(&mut self, attended: bool) -> Warrant {
        Warrant {
            by: self.phone.key.id(),
            attended,
            ..self.world.warrant()
        }
    }

    fn signed(&mut self, attended: bool, ceremony: &Ceremony) -> Envelope {
        let payload = serde_json::to_vec(&self.warrant(attended)).unwrap();
        let signature = self.phone.sign(PayloadType::Warrant, &payload, ceremony);
        Envelope::assemble(PayloadType::Warrant, &payload, vec![signature]).unwrap()
    }
}

fn of_key(key: &PublicKey, person: &str, groups: &[&str]) -> Admit {
    let mut admit = technician(person, groups);
    admit.subjects[0].key = key.clone();
    admit
}

fn on(origin: &str) -> Ceremony {
    Ceremony {
        origin: origin.to_owned(),
        ..Ceremony::default()
    }
}

#[test]
fn a_passkey_opens_on_a_listed_origin_only() {
    let mut desk = Desk::new();
    let own = desk.signed(true, &on(OWN));
    assert!(desk.world.judge(&own).is_ok());
    let vendors = desk.signed(true, &on(VENDOR));
    assert!(desk.world.judge(&vendors).is_ok());
    let unlisted = desk.signed(true, &on(UNLISTED));
    assert_eq!(code(desk.world.judge(&unlisted)), "origin_not_listed");
    let phishing = desk.signed(true, &on("https://console.hafen.example.evil.example"));
    assert_eq!(code(desk.world.judge(&phishing)), "unreadable");
}

#[test]
fn a_passkey_counts_with_user_verification_only() {
    let mut desk = Desk::new();
    for (flags, opens) in [
        (0x05, true),
        (0x1d, true),
        (0x01, false),
        (0x04, false),
        (0x00, false),
    ] {
        let ceremony = Ceremony {
            flags,
            ..Ceremony::default()
        };
        let envelope = desk.signed(true, &ceremony);
        assert_eq!(desk.world.judge(&envelope).is_ok(), opens, "{flags:#x}");
    }
}

#[test]
fn a_vendors_page_alone_opens_nothing_unattended() {
    let mut desk = Desk::new();
    let alone = desk.signed(false, &on(VENDOR));
    assert_eq!(code(desk.world.judge(&alone)), "vendor_origin_alone");
    let at_home = desk.signed(false, &on(OWN));
    assert!(desk.world.judge(&at_home).is_ok());
    // An approver on the same vendor's page is not independent of it.
    let both = alone.countersign(&page_key("eve", VENDOR)).unwrap();
    assert_eq!(code(desk.world.judge(&both)), "vendor_origin_alone");
    let approved = alone.countersign(&key("abe")).unwrap();
    let verdict = desk.world.judge(&approved).unwrap();
    assert_eq!(verdict.approvers, [key("abe").id()]);
    // Somebody who is no approver does not help.
    let bystander = alone.countersign(&key("ada")).unwrap();
    assert_eq!(code(desk.world.judge(&bystander)), "vendor_origin_alone");
}

#[test]
fn an_unattended_warrant_of_a_vendors_page_asks_for_an_independent_approval() {
    let mut desk = Desk::new();
    let alone = desk.signed(false, &on(VENDOR));
    let facts = desk.world.facts();
    let lack = lacking(&facts, alone.as_bytes()).unwrap().unwrap();
    assert_eq!((lack.have, lack.need, lack.independent), (0, 1, true));
    let signer = |keyid, origin: Option<&str>| Signer {
        keyid,
        origin: origin.map(str::to_owned),
    };
    let on_same_page = signer(page_key("eve", VENDOR).id(), Some(VENDOR));
    let foreseen = foresee(&facts, alone.as_bytes(), &on_same_page).unwrap();
    assert!(!foreseen.unwrap().opens);
    let elsewhere = signer(key("abe").id(), None);
    let foreseen = foresee(&facts, alone.as_bytes(), &elsewhere).unwrap();
    assert!(foreseen.unwrap().opens);
    let unlisted = signer(key("abe").id(), Some(UNLISTED));
    let refusal = foresee(&facts, alone.as_bytes(), &unlisted).unwrap_err();
    assert_eq!(refusal.code(), "origin_not_listed");
    let at_home = desk.signed(false, &on(OWN));
    assert_eq!(lacking(&desk.world.facts(), at_home.as_bytes()), Ok(None));
}

#[test]
fn an_approval_on_an_unlisted_origin_refuses_the_warrant() {
    let mut desk = Desk::new();
    let ron = page_key("ron", UNLISTED);
    desk.world
        .give(Say::Admit(of_key(ron.public(), "ron", &["leads"])));
    let own = desk.signed(true, &on(OWN));
    assert!(desk.world.judge(&own).is_ok());
    assert_eq!(
        code(desk.world.judge(&own.countersign(&ron).unwrap())),
        "origin_not_listed"
    );
}

#[test]
fn a_page_held_key_counts_as_signed_where_it_was_made() {
    for (origin, opens) in [(OWN, true), (VENDOR, false)] {
        let held: SigningKey = page_key("tess", origin);
        let mut world = World::new();
        world.give(Say::Admit(of_key(held.public(), "tess", &["support"])));
        world.give(Say::Admit(device("desk-1", &["office"])));
        let unattended = Policy {
            unattended: true,
            ..policy("x")
        };
        assert_eq!(
            world.say(Say::Policy(unattended), &["ada", "bob"]),
            Outcome::Counts
        );
        let mut warrant = world.warrant();
        warrant.by = held.id();
        warrant.attended = false;
        let envelope = Envelope::sign(PayloadType::Warrant, &warrant, &[&held]).unwrap();
        assert_eq!(world.judge(&envelope).is_ok(), opens, "{origin}");
    }
}

#[test]
fn a_sign_in_is_no_warrant_for_a_passkey_either() {
    let mut desk = Desk::new();
    let payload = serde_json::to_vec(&desk.warrant(true)).unwrap();
    let signature = desk
        .phone
        .sign(PayloadType::SignIn, &payload, &Ceremony::default());
    let oracle = Envelope::assemble(PayloadType::Warrant, &payload, vec![signature]).unwrap();
    assert_eq!(code(desk.world.judge(&oracle)), "unreadable");
}
