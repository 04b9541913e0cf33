//! `receipt.json` and `seal.json`.

use serde_json::{Value, json};
use trust::bytes::{Blob, to_b64u};
use trust::receipt::*;
use trust::seal::{OpeningKey, Use, seal, seal_label};
use trust::*;

use crate::settle;
use crate::support::*;

fn body(n: u64) -> Body {
    Body {
        by: key("tess").id(),
        name: "Tess".to_owned(),
        scopes: vec![Scope::View, Scope::FilesRead],
        bounds: Bounds {
            read_under: (n == 2)
                .then(|| "/home/anna/Documents".to_owned())
                .into_iter()
                .collect(),
            ..Bounds::default()
        },
        why: "printer is stuck".to_owned(),
        ticket: (n == 2).then(|| "T-1".to_owned()),
        attended: true,
        policy: (n < 4).then(|| "attended".to_owned()),
        approvers: if n == 2 {
            vec![key("abe").id()]
        } else {
            vec![]
        },
        outcome: (n > 2).then(|| Outcome {
            code: "ended".to_owned(),
            text: "The user pressed End.".to_owned(),
        }),
    }
}

/// The receipt after `head`, as `desk-1` writes it.
fn next(world: &World, head: &ChainHead, ev: Event, signer: &str) -> (Receipt, Envelope) {
    let n = head.n + 1;
    let device = key("desk-1").id();
    let sealed = seal_body(
        &audit().public(),
        &world.org,
        &device,
        head,
        ev,
        &body(n),
        [n as u8; 32],
    )
    .unwrap();
    let receipt = Receipt {
        org: world.org,
        device,
        n,
        prev: head.hash,
        at: NOW + n,
        session: Salt([5; 16]),
        ev,
        attended: ev.opens().then_some(n.is_multiple_of(2)),
        warrant: Some(Hash([6; 32])),
        channel: (ev != Event::Deny).then_some(Hash([8; 32])),
        ledger: world.state.head(),
        count: (ev == Event::Deny).then_some(3),
        body: sealed,
    };
    let envelope = Envelope::sign(PayloadType::Receipt, &receipt, &[&key(signer)]).unwrap();
    (receipt, envelope)
}

#[test]
fn a_gap_tells_which_receipt_is_due() {
    let world = World::ready();
    let head = ChainHead {
        n: 4,
        ..ChainHead::default()
    };
    let (_, sixth) = next(&world, &ChainHead { n: 5, ..head }, Event::Open, "desk-1");
    let told = head
        .clone()
        .follow(&world.org, key("desk-1").public(), &sixth);
    let due = ChainError::Gap {
        expected: 5,
        found: 6,
    };
    assert_eq!(told, Err(due));
}

fn error_code(error: &ChainError) -> &'static str {
    match error {
        ChainError::Unreadable(e) => crate::code(e),
        ChainError::OtherDevice => "other_device",
        ChainError::Gap { .. } => "gap",
        ChainError::Fork(_) => "fork",
    }
}

#[test]
fn receipt_json() {
    let world = World::ready();
    let device = key("desk-1").public().clone();
    let mut head = ChainHead::default();
    let (mut chain, mut bad): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut refuse = |name: &str, head: ChainHead, envelope: &Envelope, expected: &str| {
        let mut at = head;
        let why = at.follow(&world.org, &device, envelope).unwrap_err();
        assert_eq!((error_code(&why), at), (expected, head), "{name}");
        bad.push(json!({"name": name, "head": head, "envelope": envelope.to_text(), "outcome": expected}));
    };
    for ev in [
        Event::Open,
        Event::Pause,
        Event::Resume,
        Event::Close,
        Event::Deny,
    ] {
        let (receipt, envelope) = next(&world, &head, ev, "desk-1");
        refuse(
            "too early",
            ChainHead {
                n: head.n + 1,
                ..head
            },
            &envelope,
            "gap",
        );
        refuse(
            "another history",
            ChainHead {
                hash: Hash([9; 32]),
                ..head
            },
            &envelope,
            "fork",
        );
        refuse(
            "by a stranger",
            head,
            &next(&world, &head, ev, "tess").1,
            "other_device",
        );
        head.follow(&world.org, &device, &envelope).unwrap();
        assert_eq!(open_body(&audit(), &receipt).unwrap(), body(receipt.n));
        refuse("again", head, &envelope, "gap");
        chain.push(json!({"envelope": envelope.to_text(), "body": body(receipt.n), "head": head}));
    }
    let warrant = raw_envelope(PayloadType::Warrant, b"{}", &["desk-1"]);
    refuse("a warrant", head, &warrant, "wrong_type");
    let renamed: [Change<Receipt>; 2] = [
        ("another organisation", |r| r.org = OrgId([7; 32])),
        ("another device's name", |r| r.device = KeyId([7; 32])),
    ];
    for (name, change) in renamed {
        let (mut receipt, _) = next(&world, &head, Event::Open, "desk-1");
        change(&mut receipt);
        let own = Envelope::sign(PayloadType::Receipt, &receipt, &[&key("desk-1")]).unwrap();
        refuse(name, head, &own, "other_device");
    }
    let (mut moved, _) = next(&world, &head, Event::Open, "desk-1");
    moved.ev = Event::Close;
    assert!(open_body(&audit(), &moved).is_err());
    let moved = Envelope::sign(PayloadType::Receipt, &moved, &[&key("desk-1")]).unwrap();
    let built = json!({
        "org": world.org, "device": device, "audit_secret": to_b64u(audit().secret()), "audit": audit().public(),
        "chain": chain, "bad": bad, "body_of_another_event": moved.to_text(),
    });
    settle("receipt.json", &built);
}

/// Some receipts of `desk-1`, with what a check of them finds.
fn checked(
    name: &str,
    receipts: &[&Envelope],
    heads: &[ChainHead],
    told: u64,
    expected: (u64, &[Fault]),
) -> Value {
    let (world, device) = (World::ready(), key("desk-1").public().clone());
    let mut check = ChainCheck::new(world.org, &device);
    for envelope in receipts {
        check.take(envelope).unwrap();
    }
    let verdict = check.finish(heads, told);
    assert_eq!((verdict.whole_to, &verdict.faults[..]), expected, "{name}");
    let receipts: Vec<String> = receipts.iter().map(|e| e.to_text()).collect();
    json!({
        "name": name, "receipts": receipts, "heads": heads, "told": told,
        "whole_to": verdict.whole_to, "newest": verdict.newest, "faults": verdict.faults,
    })
}

/// Chains of four receipts, whole and damaged.
fn damaged_cases(world: &World, heads: &[ChainHead], all: &[Envelope; 4]) -> Vec<Value> {
    let [one, two, three, four] = all;
    let (_, other) = next(world, &heads[2], Event::Close, "desk-1");
    let (gap, fork) = (|from, to| Fault::Gap { from, to }, |at| Fault::Fork { at });
    let case =
        |name, receipts: &[&Envelope], told, found| checked(name, receipts, &[], told, found);
    let (whole, switched) = ([one, two, three, four], [one, two, &other, four]);
    let (twice, backwards) = ([one, two, three, &other], [one, three, two]);
    vec![
        case("a whole chain", &whole, 4, (4, &[])),
        case("none, and none told of", &[], 0, (0, &[])),
        case("one twice", &[one, two, two], 2, (2, &[])),
        case("a gap", &[one, four], 4, (1, &[gap(2, 3)])),
        case("without the first", &[two, three], 3, (0, &[gap(1, 1)])),
        case("another history", &switched, 4, (3, &[fork(4)])),
        case("two of one number", &twice, 3, (2, &[fork(3)])),
        case("backwards", &backwards, 3, (1, &[gap(2, 2), fork(2)])),
    ]
}

/// Chains that the device or the service told more of; `heads` are those before each receipt and after the last.
fn told_cases(heads: &[ChainHead], all: &[Envelope; 4]) -> Vec<Value> {
    let [one, two, three, four] = all;
    let whole = [one, two, three, four];
    let strange = ChainHead {
        n: 2,
        hash: Hash([9; 32]),
    };
    let unknown = |after, told| Fault::Unknown { after, told };
    let fork = Fault::Fork { at: 2 };
    vec![
        checked("heads that fit", &whole, &heads[1..], 4, (4, &[])),
        checked("another head", &whole, &[strange], 4, (1, &[fork])),
        checked(
            "a later head",
            &[one, two],
            &heads[4..],
            2,
            (2, &[unknown(2, 4)]),
        ),
        checked("a larger count", &[one, two], &[], 3, (2, &[unknown(2, 3)])),
        checked(
            "a head of nothing",
            &[],
            &heads[2..3],
            0,
            (0, &[unknown(0, 2)]),
        ),
    ]
}

#[test]
fn receipt_check_json() {
    let world = World::ready();
    let mut heads = vec![ChainHead::default()];
    let mut all = Vec::new();
    for n in 0..4 {
        let (_, envelope) = next(&world, &heads[n], Event::Open, "desk-1");
        heads.push(ChainHead {
            n: n as u64 + 1,
            hash: envelope.digest(),
        });
        all.push(envelope);
    }
    let all = all.try_into().expect("four were made");
    let mut cases = damaged_cases(&world, &heads, &all);
    cases.extend(told_cases(&heads, &all));
    let device = key("desk-1").public().clone();
    settle(
        "receipt_check.json",
        &json!({"org": world.org, "device": device, "cases": cases}),
    );
}

#[test]
fn beat_json() {
    let world = World::ready();
    let device = key("desk-1").public().clone();
    let beat = Beat {
        org: world.org,
        device: device.id(),
        k: 7,
        at: NOW,
        head: ChainHead {
            n: 3,
            hash: Hash([3; 32]),
        },
        open: 1,
        ledger: world.state.head(),
    };
    let signed =
        |beat: &Beat, by: &str| Envelope::sign(PayloadType::Beat, beat, &[&key(by)]).unwrap();
    let good = signed(&beat, "desk-1");
    assert_eq!(Beat::verify(&world.org, &device, &good).unwrap(), beat);
    let other_org = Beat {
        org: OrgId([7; 32]),
        ..beat.clone()
    };
    let other_name = Beat {
        device: KeyId([7; 32]),
        ..beat.clone()
    };
    let (_, receipt) = next(&world, &ChainHead::default(), Event::Open, "desk-1");
    let bad = [
        ("by a stranger", signed(&beat, "tess"), "other_device"),
        (
            "another organisation",
            signed(&other_org, "desk-1"),
            "other_device",
        ),
        (
            "another device's name",
            signed(&other_name, "desk-1"),
            "other_device",
        ),
        ("a receipt", receipt, "wrong_type"),
    ]
    .map(|(name, envelope, outcome)| {
        let why = Beat::verify(&world.org, &device, &envelope).unwrap_err();
        assert_eq!(error_code(&why), outcome, "{name}");
        json!({"name": name, "envelope": envelope.to_text(), "outcome": outcome})
    });
    settle(
        "beat.json",
        &json!({"org": world.org, "device": device, "envelope": good.to_text(), "beat": beat, "bad": bad}),
    );
}

fn sealed(name: &str, purpose: Use, aad: &[u8], blob: &Blob, plain: Option<&[u8]>) -> Value {
    let opened = audit().open(purpose, aad, blob).ok();
    assert_eq!(opened.as_deref(), plain, "{name}");
    let purpose = match purpose {
        Use::Label => "label",
        Use::Directory => "directory",
        Use::Receipt => "receipt",
        Use::Approval => "approval",
        Use::Refusal => "refusal",
    };
    json!({"name": name, "use": purpose, "aad": to_b64u(aad), "sealed": blob, "plain": plain.map(to_b64u)})
}

#[test]
fn seal_json() {
    let cases = [opened(), asked(), not_opened()].concat();
    let built =
        json!({"secret": to_b64u(audit().secret()), "public": audit().public(), "cases": cases});
    settle("seal.json", &built);
}

const ORG: OrgId = OrgId([1; 32]);

fn sealed_at(purpose: Use, aad: &[u8], plain: &[u8]) -> Blob {
    seal(&audit().public(), purpose, aad, plain, [7; 32]).unwrap()
}

fn label() -> Blob {
    seal_label(&ORG, &audit().public(), "empfang-3", [8; 32]).unwrap()
}

fn opened() -> Vec<Value> {
    let directory = sealed_at(Use::Directory, &ORG.0, &[42; 32]);
    let nothing = sealed_at(Use::Receipt, b"aad", b"");
    vec![
        sealed("a label", Use::Label, &ORG.0, &label(), Some(b"empfang-3")),
        sealed(
            "a directory key",
            Use::Directory,
            &ORG.0,
            &directory,
            Some(&[42; 32]),
        ),
        sealed("nothing", Use::Receipt, b"aad", &nothing, Some(b"")),
    ]
}

/// What travels when a technician asks for approvals.
fn asked() -> Vec<Value> {
    let aad = [ORG.0.as_slice(), &[2; 16]].concat();
    let warrant = sealed_at(Use::Approval, &aad, b"{}");
    let refusal = sealed_at(Use::Refusal, &aad, b"not now");
    vec![
        sealed(
            "a warrant that asks for approvals",
            Use::Approval,
            &aad,
            &warrant,
            Some(b"{}"),
        ),
        sealed(
            "a refusal to approve",
            Use::Refusal,
            &aad,
            &refusal,
            Some(b"not now"),
        ),
        sealed(
            "a refusal as a warrant",
            Use::Approval,
            &aad,
            &refusal,
            None,
        ),
    ]
}

fn not_opened() -> Vec<Value> {
    let label = label();
    let mut altered = label.clone();
    altered.0[40] ^= 1;
    let mut zero_point = label.clone();
    zero_point.0[..32].fill(0);
    let other = OpeningKey::from_secret([9; 32]).unwrap();
    let for_other = seal(&other.public(), Use::Label, &ORG.0, b"x", [7; 32]).unwrap();
    let cut = |length: usize| Blob(label.0[..length].to_vec());
    let without_tag = cut(label.0.len() - 1);
    vec![
        sealed(
            "a label as a directory key",
            Use::Directory,
            &ORG.0,
            &label,
            None,
        ),
        sealed(
            "a label of another organisation",
            Use::Label,
            &[2; 32],
            &label,
            None,
        ),
        sealed("altered", Use::Label, &ORG.0, &altered, None),
        sealed("for another key", Use::Label, &ORG.0, &for_other, None),
        sealed(
            "a point of small order",
            Use::Label,
            &ORG.0,
            &zero_point,
            None,
        ),
        sealed("short", Use::Label, &ORG.0, &cut(31), None),
        sealed("without its tag", Use::Label, &ORG.0, &without_tag, None),
    ]
}
