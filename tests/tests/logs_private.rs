//! What is private stands in no log: not on the workstation, not at the service, not even where both say the most that an
//! operator can ask for.
#![allow(clippy::unwrap_used)]

use agent::trust_store::Glance;
use trust::Scope;
use trust::bytes::to_b64u;
use wayleave_tests::channel::Channel;
use wayleave_tests::org::{policy, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::World;
use wayleave_tests::technician::Technician;

const NAME: &str = "Tess Vandersecret";
const WHY: &str = "The printer of Mr Whisper is stuck";
const TICKET: &str = "HUSH-4711";
const TYPED: &str = "echo confidential-$((40+2))";
const PRINTED: &str = "confidential-42";
const FILE: &str = "salaries-of-the-board.txt";
const CONTENT: &str = "ada earns seven hundred";

const SCOPES: [Scope; 3] = [Scope::Shell, Scope::FilesRead, Scope::FilesWrite];

/// Does what leaves something private behind: at the device it is all seen.
async fn work(channel: &mut Channel) {
    assert!(channel.shell(TYPED).await.unwrap().contains(PRINTED));
    channel.put(FILE, CONTENT.as_bytes()).await.unwrap();
    assert_eq!(channel.get(FILE).await.unwrap(), CONTENT.as_bytes());
    // A refusal and a failure have sentences of their own.
    assert!(
        channel
            .get("../etc/salaries-of-the-board.txt")
            .await
            .is_err()
    );
    assert!(channel.get("no-salaries-of-the-board.txt").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_names_reasons_files_keys_or_what_was_typed() {
    let mut world = World::start().await;
    let all = policy("all", "support", "office", &SCOPES);
    world.org.say(trust::statement::Say::Policy(all)).await;
    let tess = world.org.technician(NAME, &["support"]).await;
    let agent = world.device("desk", &["office"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;

    let private: [u8; 32] = random();
    let noise = wire::public_of(&private).unwrap();
    let mut warrant = world.org.warrant(&tess.person, agent.id(), noise, &SCOPES);
    warrant.why = WHY.to_owned();
    warrant.ticket = Some(TICKET.to_owned());
    let envelope = sign_warrant(&warrant, &[&tess.person.key]);
    let (mut channel, answer) = tess.open_with(&agent, &private, &envelope).await;
    assert_eq!(answer.code(), "opened", "{answer:?}");
    work(&mut channel).await;
    channel.bye().await;
    // A second use is refused, with the warrant in hand.
    let (_channel, answer) = tess.open_with(&agent, &private, &envelope).await;
    assert_eq!(answer.code(), "spent", "{answer:?}");

    let keys = Glance::at(&agent.state()).unwrap().keys;
    let secrets = [
        NAME.to_owned(),
        WHY.to_owned(),
        TICKET.to_owned(),
        TYPED.to_owned(),
        PRINTED.to_owned(),
        FILE.to_owned(),
        CONTENT.to_owned(),
        to_b64u(&private),
        to_b64u(keys.signing.seed()),
        to_b64u(&tess.person.name.salt.0),
        to_b64u(envelope.payload()),
        String::from_utf8(envelope.payload().to_vec()).unwrap(),
    ];
    let logs = [
        ("the agent", agent.process.text()),
        ("the service", world.service.process.text()),
    ];
    for (whose, log) in &logs {
        // Both say a lot: what is absent is not absent for want of words.
        assert!(log.contains("DEBUG"), "{whose} says little:\n{log}");
        let found: Vec<_> = secrets
            .iter()
            .filter(|s| log.contains(s.as_str()))
            .collect();
        assert!(found.is_empty(), "{whose} logs {found:?}:\n{log}");
    }
    assert!(logs[0].1.contains("a session is open"), "{}", logs[0].1);
    assert!(
        logs[1].1.contains("/v1/orgs/{org}/sessions"),
        "{}",
        logs[1].1
    );
}
