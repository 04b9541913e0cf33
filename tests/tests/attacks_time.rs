//! A session that opened while the ledger was fresh does not outlive its freshness.
#![allow(clippy::unwrap_used)]

use trust::Scope;
use trust::receipt::{Event, open_body};
use trust::statement::Say;
use wayleave_tests::now_ms;
use wayleave_tests::org::policy;
use wayleave_tests::stage::World;
use wayleave_tests::technician::Technician;

const MAX_AGE_MS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_open_session_lasts_while_a_witness_vouches_and_ends_when_none_does() {
    let mut world = World::fresh_for(MAX_AGE_MS).await;
    let all = policy("all", "support", "office", &[Scope::Shell]);
    world.org.say(Say::Policy(all)).await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let agent = world.device("desk", &["office"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    let mut channel = tess.open(&world.org, &agent, &[Scope::Shell]).await;

    // Longer than any one cosignature counts.
    let until = now_ms() + 2 * MAX_AGE_MS;
    while now_ms() < until {
        channel.round_trip().await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(
        channel
            .shell("echo here")
            .await
            .map(|out| out.contains("here")),
        Ok(true)
    );

    world.witness.process.kill().await;
    assert_eq!(channel.over().await, "stale");
    let last = agent.receipts().pop().unwrap();
    assert_eq!(last.ev, Event::Close);
    let outcome = open_body(&world.org.audit, &last).unwrap().outcome.unwrap();
    assert_eq!(outcome.code, "stale");
}
