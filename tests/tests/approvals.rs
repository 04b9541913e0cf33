//! A policy asks for approval: technician and approver at their command lines, real service, real workstation.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use serde_json::Value;
use trust::receipt::{Event, open_body};
use trust::statement::{Policy, Say, Target};
use trust::{KeyId, Scope};
use wayleave_tests::org::{Person, policy, revoke, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, Cli, Process, World};
use wayleave_tests::technician::Technician;

const WHY: &str = "The printer of Mr Whisper is stuck";

/// Tess asks, Lea approves, the policy `asks` wants one approval of the group `leads`.
struct Desk {
    world: World,
    tess: Cli,
    lea: Cli,
    lea_key: KeyId,
    agent: Agent,
}

impl Desk {
    async fn start() -> Self {
        let mut world = World::start().await;
        let (tess, _) = person(&mut world, "tess", &["support"]).await;
        let (lea, lea_key) = person(&mut world, "lea", &["leads"]).await;
        let asks = Policy {
            approvers: Some("leads".to_owned()),
            approvals: 1,
            ..policy("asks", "support", "office", &Scope::ALL)
        };
        world.org.say(Say::Policy(asks)).await;
        let agent = world.device("desk", &["office"]).await;
        Self {
            world,
            tess,
            lea,
            lea_key,
            agent,
        }
    }

    /// Tess wants to leave a file on the desk, and waits.
    async fn ask(&self) -> (Process, String) {
        let device = self.agent.id().to_string();
        let command = format!("touch {}", self.marker().display());
        let wish = [
            "shell",
            &device,
            "--unattended",
            "--why",
            WHY,
            "--",
            &command,
        ];
        let mut asking = self.tess.start(&wish);
        asking
            .line(|line| line.contains("Waiting for approval (0 of 1): asked lea"))
            .await;
        let requests = self.requests().await;
        let id = requests[0]["id"].as_str().unwrap().to_owned();
        (asking, id)
    }

    async fn requests(&self) -> Vec<Value> {
        let list = self.lea.run(&["approve", "list"]).await.well();
        serde_json::from_slice(&list.out).unwrap()
    }

    fn marker(&self) -> std::path::PathBuf {
        self.agent.home().join("marker")
    }
}

async fn person(world: &mut World, name: &str, groups: &[&str]) -> (Cli, KeyId) {
    let cli = Cli::at(&world.dir.path().join(name), world.org.id);
    let answer = cli.technician_init(&world.service.url, name).await;
    let keyid = world.org.admit_answer(&answer, name, groups).await;
    (cli, keyid)
}

fn holds(dir: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.into_iter().any(|entry| {
        if entry.file_type().unwrap().is_dir() {
            return holds(&entry.path(), text);
        }
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_opens_the_session_and_the_receipt_names_the_approver() {
    let desk = Desk::start().await;
    let (mut asking, id) = desk.ask().await;
    let shown = desk.lea.run(&["approve", "show", &id]).await.well();
    let shown: Value = serde_json::from_slice(&shown.out).unwrap();
    assert_eq!(
        (&shown["name"], &shown["why"]),
        (&"tess".into(), &WHY.into())
    );
    assert_eq!(
        (&shown["attended"], &shown["mine"]["policy"]),
        (&false.into(), &"asks".into())
    );
    assert!(!desk.marker().exists());
    let service = &desk.world.service.dir;
    assert!(holds(service, &id), "what is looked for is found");
    for private in [WHY, "\"tess\""] {
        assert!(!holds(service, private), "the service holds {private}");
    }

    desk.lea.run(&["approve", "sign", &id]).await.well();
    assert_eq!(asking.ended().await, Some(0), "{}", asking.text());
    assert!(desk.marker().exists());
    let receipts = desk.agent.receipts();
    let open = receipts.iter().find(|r| r.ev == Event::Open).unwrap();
    let body = open_body(&desk.world.org.audit, open).unwrap();
    assert_eq!(body.policy.as_deref(), Some("asks"));
    assert_eq!(body.approvers, [desk.lea_key]);

    assert!(
        desk.requests().await.is_empty(),
        "it is asked of nobody any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_approval_the_device_itself_refuses_the_same_warrant() {
    let mut desk = Desk::start().await;
    let dora = desk.world.org.technician("Dora", &["support"]).await;
    let (lars, carl) = (
        desk.world.org.technician("Lars", &["leads"]).await,
        desk.world.org.technician("Carl", &["cleaners"]).await,
    );
    let dora = Technician::sign_in(&desk.world.org, &desk.world.service.url, dora).await;
    desk.agent
        .wait_for_ledger(desk.world.org.state.head().size)
        .await;
    let cases: [(&[&Person], &str); 4] = [
        (&[], "uncovered"),
        (&[&carl], "uncovered"),
        (&[&lars], "opened"),
        (&[&lars, &carl], "opened"),
    ];
    for (approvers, expected) in cases {
        let private: [u8; 32] = random();
        let noise = wire::public_of(&private).unwrap();
        let org = &desk.world.org;
        let warrant = org.warrant(&dora.person, desk.agent.id(), noise, &[Scope::Shell]);
        let keys: Vec<_> = [&dora.person]
            .iter()
            .chain(approvers)
            .map(|person| &person.key)
            .collect();
        let envelope = sign_warrant(&warrant, &keys);
        let (_channel, answer) = dora.open_with(&desk.agent, &private, &envelope).await;
        assert_eq!(answer.code(), expected, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_and_opens_nothing() {
    let desk = Desk::start().await;
    let (mut asking, id) = desk.ask().await;
    let why = "Not while the audit runs";
    let refusal = desk
        .lea
        .run(&["approve", "refuse", &id, "--why", why])
        .await;
    refusal.well();
    assert_eq!(asking.ended().await, Some(255));
    asking
        .line(|line| line.contains("not_approved") && line.contains(why))
        .await;
    assert!(!desk.marker().exists());
    assert_eq!(desk.agent.receipts(), []);
    assert!(!holds(&desk.world.service.dir, why));
    let again = desk.lea.run(&["approve", "sign", &id]).await;
    assert_eq!(again.refusal(), "unknown_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_outlives_a_service_that_is_killed() {
    let mut desk = Desk::start().await;
    let (mut asking, id) = desk.ask().await;
    desk.world.service.process.kill().await;
    desk.world.service.restart().await;
    desk.lea.run(&["approve", "sign", &id]).await.well();
    assert_eq!(asking.ended().await, Some(0), "{}", asking.text());
    assert!(desk.marker().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_technician_takes_his_request_back() {
    let desk = Desk::start().await;
    let (mut asking, _) = desk.ask().await;
    asking.interrupt();
    assert_eq!(asking.ended().await, Some(255));
    asking.line(|line| line.contains("cancelled")).await;
    assert!(desk.requests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_who_is_no_approver_or_was_revoked() {
    let mut desk = Desk::start().await;
    let (carl, _) = person(&mut desk.world, "carl", &["cleaners"]).await;
    let (_asking, id) = desk.ask().await;
    let by_carl = carl.run(&["approve", "sign", &id]).await;
    assert_eq!(by_carl.refusal(), "not_an_approver");
    desk.world.org.say(revoke(Target::Key(desk.lea_key))).await;
    let by_lea = desk.lea.run(&["approve", "sign", &id]).await;
    assert_eq!(by_lea.refusal(), "revoked");
    assert!(!desk.marker().exists());
}
