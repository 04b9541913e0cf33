//! A session that opened while the ledger was fresh does not outlive its freshness.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use trust::Scope;
use trust::receipt::{Event, open_body};
use trust::statement::{Policy, Say};
use wayleave_tests::beat::{BEAT, beat, moves_on};
use wayleave_tests::org::{policy, sign_warrant};
use wayleave_tests::stage::{Agent, Desktop, PROMPT, Process, World};
use wayleave_tests::technician::Technician;
use wayleave_tests::{now_ms, random};

const MAX_AGE_MS: u64 = 10_000;

/// An organisation whose ledger is fresh for `MAX_AGE_MS`, a technician with a shell on a device.
async fn stage(change: impl FnOnce(Policy) -> Policy) -> (World, Agent, Technician) {
    let mut world = World::fresh_for(MAX_AGE_MS).await;
    let all = change(policy("all", "support", "office", &[Scope::Shell]));
    world.org.say(Say::Policy(all)).await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let agent = world.device("desk", &["office"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    (world, agent, tess)
}

fn signal(process: &Process, what: &str) {
    let sent = std::process::Command::new("kill")
        .args([what, &process.pid().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_session_lasts_while_a_witness_vouches_and_ends_when_none_does() {
    let (mut world, agent, tess) = stage(|policy| policy).await;
    let mut channel = tess.open(&world.org, &agent, &[Scope::Shell]).await;

    // Longer than any one cosignature counts.
    let until = now_ms() + MAX_AGE_MS + 2_000;
    while now_ms() < until {
        channel.round_trip().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let said = channel.shell("echo here").await.unwrap();
    assert!(said.contains("here"));
    assert_eq!(agent.count(Event::Pause), 0);

    world.witness.process.kill().await;
    assert_eq!(channel.turn().await, "stale");
    assert_eq!(channel.over().await, "stale");
    let receipts = agent.receipts();
    let [.., pause, close] = &receipts[..] else {
        panic!("{receipts:?}");
    };
    assert_eq!((pause.ev, close.ev), (Event::Pause, Event::Close));
    for receipt in [pause, close] {
        let body = open_body(&world.org.audit, receipt).unwrap();
        assert_eq!(body.outcome.unwrap().code, "stale");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_no_witness_vouches_an_open_session_stands_still_and_goes_on_when_one_does() {
    let (world, agent, tess) = stage(|policy| policy).await;
    let home = agent.home();
    let mut channel = tess.open(&world.org, &agent, &[Scope::Shell]).await;
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut other = tess.open(&world.org, &agent, &[Scope::Shell]).await;
    let shell = tokio::spawn(async move { other.shell(BEAT).await });
    moves_on(&home, "").await;

    signal(&world.witness.process, "-STOP");
    tokio::spawn(async move {
        while let Ok(turn) = said.send(channel.turn().await) {
            let () = turn;
        }
    });
    assert_eq!(heard.recv().await.unwrap(), "stale");
    // Both sessions are paused in one breath; what was written before that is over by then.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let still = beat(&home);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(beat(&home), still, "the shell ran in a paused session");

    signal(&world.witness.process, "-CONT");
    assert_eq!(heard.recv().await.unwrap(), "resumed");
    moves_on(&home, &still).await;
    std::fs::write(home.join("stop"), "").unwrap();
    assert!(shell.await.unwrap().is_ok());
    let count = |ev| agent.count(ev);
    assert_eq!((count(Event::Pause), count(Event::Resume)), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attended_session_whose_policy_bears_an_outage_goes_on_through_it() {
    let desktop = Desktop::start().await;
    let mut world = World::fresh_for(MAX_AGE_MS).await;
    let bears = Policy {
        attended_when_stale: true,
        ..policy("all", "support", "office", &[Scope::Shell])
    };
    world.org.say(Say::Policy(bears)).await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let agent = world.device_on(&desktop, "desk", &["office"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    tess.wait_for_display(&agent).await;

    let private: [u8; 32] = random();
    let noise = wire::public_of(&private).unwrap();
    let scopes = [Scope::Shell];
    let mut warrant = world.org.warrant(&tess.person, agent.id(), noise, &scopes);
    warrant.attended = true;
    let warrant = sign_warrant(&warrant, &[&tess.person.key]);
    let mut attended = tess.call(&agent, &private).await;
    attended.ask(&warrant.to_text()).await.unwrap();
    attended.asking().await;
    let prompt = desktop.window(PROMPT);
    desktop.press_until_gone(PROMPT, Desktop::allow(prompt));
    assert_eq!(attended.answer().await.code(), "opened");
    let mut unattended = tess.open(&world.org, &agent, &scopes).await;

    world.witness.process.kill().await;
    assert_eq!(unattended.turn().await, "stale");
    assert_eq!(unattended.over().await, "stale");
    let said = attended.shell("echo still here").await.unwrap();
    assert!(said.contains("still here"));
    assert_eq!(agent.count(Event::Pause), 1);
}
