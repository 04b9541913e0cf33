//! Receipts: handed in on `GET /v1/agent`, read at `GET /v1/orgs/{org}/receipts`.

use api::device::Devices;
use api::receipt::Receipts;
use api::signal::agent::{FromAgent, ToAgent};
use trust::envelope::{Envelope, PayloadType};
use trust::receipt::{Beat, ChainHead, Event, Receipt};
use trust::statement::Seen;
use trust::{Blob, Hash, OrgId, Salt, SigningKey};

use crate::support::{Member, OrgFixture, Socket, TestServer, unique32};

fn receipt(org: OrgId, key: &SigningKey, head: &mut ChainHead) -> String {
    opening(org, key, head, Some(false))
}

/// The next receipt, of an opening.
pub fn opening(
    org: OrgId,
    key: &SigningKey,
    head: &mut ChainHead,
    attended: Option<bool>,
) -> String {
    let payload = Receipt {
        org,
        device: key.id(),
        n: head.n + 1,
        prev: head.hash,
        at: 1,
        session: Salt([1; 16]),
        ev: Event::Open,
        attended,
        warrant: None,
        channel: None,
        ledger: Seen {
            size: 1,
            root: Hash([0; 32]),
        },
        count: None,
        body: Blob(vec![1, 2, 3]),
    };
    let envelope = Envelope::sign(PayloadType::Receipt, &payload, &[key]).unwrap();
    *head = ChainHead {
        n: head.n + 1,
        hash: envelope.digest(),
    };
    envelope.to_text()
}

/// A device's agent on a service that holds `have` of its receipts.
pub async fn connected(
    server: &TestServer,
    org: &OrgFixture,
    device: &SigningKey,
    have: u64,
) -> Socket {
    let mut agent = Socket::agent(server, org, device).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have })
        .await;
    agent
}

/// Hands receipts in; gives the refusal, if any, and how many the service holds then.
pub async fn hand_in(agent: &mut Socket, envelopes: &[String]) -> (Option<String>, u64) {
    agent
        .write(&FromAgent::Receipts {
            envelopes: envelopes.to_vec(),
        })
        .await;
    let mut refused = None;
    loop {
        match agent.read().await {
            ToAgent::Receipts { have } => return (refused, have),
            ToAgent::Error { code, .. } => refused = Some(code),
            _ => {}
        }
    }
}

#[tokio::test]
async fn receipts_are_acknowledged_and_read_back_as_they_were() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let device = org.device().await;
    let mut agent = connected(&server, &org, &device, 0).await;
    let mut head = ChainHead::default();
    let all: Vec<String> = (0..3)
        .map(|_| receipt(org.id, &device, &mut head))
        .collect();
    assert_eq!(hand_in(&mut agent, &all[..2]).await, (None, 2));
    assert_eq!(
        hand_in(&mut agent, &all).await,
        (None, 3),
        "known ones are passed over"
    );
    let member = Member::sign_in(&org, &org.admin).await;
    let page: Receipts = member
        .read(&format!("/receipts?device={}", device.id()))
        .await;
    assert_eq!((page.have, &page.receipts), (3, &all));
    let page: Receipts = member
        .read(&format!("/receipts?device={}&from=3", device.id()))
        .await;
    assert_eq!(page.receipts, all[2..]);
    connected(&server, &org, &device, 3).await;
}

#[tokio::test]
async fn a_gap_a_fork_and_a_foreign_receipt_are_refused_and_the_rest_stays() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (device, other) = (org.device().await, org.device().await);
    let mut agent = connected(&server, &org, &device, 0).await;
    let mut head = ChainHead::default();
    let first = receipt(org.id, &device, &mut head);
    assert_eq!(
        hand_in(&mut agent, std::slice::from_ref(&first)).await,
        (None, 1)
    );
    let refused = Some("receipt_refused".to_owned());
    let mut far = ChainHead {
        n: 5,
        hash: head.hash,
    };
    assert_eq!(
        hand_in(&mut agent, &[receipt(org.id, &device, &mut far)]).await,
        (refused.clone(), 1),
        "gap"
    );
    let mut forked = ChainHead {
        n: 1,
        hash: Hash([7; 32]),
    };
    assert_eq!(
        hand_in(&mut agent, &[receipt(org.id, &device, &mut forked)]).await,
        (refused.clone(), 1),
        "fork"
    );
    let mut again = ChainHead {
        n: 0,
        hash: Hash([7; 32]),
    };
    assert_eq!(
        hand_in(&mut agent, &[receipt(org.id, &device, &mut again)]).await,
        (refused.clone(), 1),
        "rewritten"
    );
    let mut foreign = head;
    assert_eq!(
        hand_in(&mut agent, &[receipt(org.id, &other, &mut foreign)]).await,
        (refused.clone(), 1),
        "foreign"
    );
    assert_eq!(
        hand_in(&mut agent, &["{}".to_owned()]).await,
        (refused, 1),
        "junk"
    );
    assert_eq!(
        hand_in(&mut agent, &[receipt(org.id, &device, &mut head)]).await,
        (None, 2),
        "the honest twin"
    );
}

#[tokio::test]
async fn a_device_that_is_not_admitted_hands_in_nothing() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let key = SigningKey::from_seed(unique32());
    let mut agent = Socket::agent(&server, &org, &key).await;
    let envelope = receipt(org.id, &key, &mut ChainHead::default());
    agent
        .write(&FromAgent::Receipts {
            envelopes: vec![envelope],
        })
        .await;
    assert_eq!(agent.refusal().await, "not_admitted");
}

fn beat(org: OrgId, key: &SigningKey, signer: &SigningKey, k: u64) -> String {
    let payload = Beat {
        org,
        device: key.id(),
        k,
        at: k,
        head: ChainHead::default(),
        open: 0,
        ledger: Seen {
            size: 1,
            root: Hash([0; 32]),
        },
    };
    let envelope = Envelope::sign(PayloadType::Beat, &payload, &[signer]).unwrap();
    envelope.to_text()
}

#[tokio::test]
async fn the_newest_beat_is_kept_and_another_device_s_is_refused() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (device, other) = (org.device().await, org.device().await);
    let member = Member::sign_in(&org, &org.admin).await;
    let path = format!("/receipts?device={}", device.id());
    let mut agent = connected(&server, &org, &device, 0).await;
    let [old, new] = [1, 2].map(|k| beat(org.id, &device, &device, k));
    for envelope in [&new, &old] {
        agent.write(&FromAgent::Beat(envelope.clone())).await;
    }
    // Messages are taken in order: when this one is answered, the beats were taken.
    assert_eq!(hand_in(&mut agent, &[]).await, (None, 0));
    let page: Receipts = member.read(&path).await;
    assert_eq!(page.beat.as_ref(), Some(&new));
    let devices: Devices = member.read("/devices").await;
    let told = |key: &SigningKey| {
        let mut all = devices.devices.iter();
        all.find(|d| d.keyid == key.id()).unwrap().beat.clone()
    };
    assert_eq!((told(&device), told(&other)), (Some(new.clone()), None));

    let foreign = beat(org.id, &device, &other, 3);
    agent.write(&FromAgent::Beat(foreign)).await;
    let refused = agent.read_until(|message: &ToAgent| matches!(message, ToAgent::Error { .. }));
    assert!(matches!(refused.await, ToAgent::Error { code, .. } if code == "bad_beat"));
    let page: Receipts = member.read(&path).await;
    assert_eq!(page.beat, Some(new));
}
