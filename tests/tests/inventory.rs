//! What the command line says of an organisation's keys and witnesses: real service, witness and agent.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use trust::KeyId;
use trust::statement::Say;
use trust::{Scope, SigningKey};
use wayleave_tests::org::policy;
use wayleave_tests::soon;
use wayleave_tests::stage::{Cli, World};

async fn ask(cli: &Cli, command: &[&str]) -> Value {
    cli.run(command).await.well().json()
}

fn of(keys: &Value, id: KeyId) -> &Value {
    let id = id.to_string();
    let mut all = keys.as_array().unwrap().iter();
    all.find(|key| key["id"] == id.as_str()).unwrap()
}

fn effects(key: &Value) -> Vec<&str> {
    let effects = key["without_it"].as_array().unwrap().iter();
    effects.map(|e| e["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_listed_with_its_last_use_and_what_breaks_without_it() {
    let mut world = World::start().await;
    let desk = world.device("desk", &["office"]).await;
    let tess = world.org.technician("tess", &["support"]).await;
    let all = policy("all", "support", "office", &Scope::ALL);
    world.org.say(Say::Policy(all)).await;
    let ada: &SigningKey = &world.org.ada;
    let cli = world.admin("ada", ada).await;

    let keys = ask(&cli, &["org", "keys"]).await;
    let listed = of(&keys, tess.key.id());
    assert_eq!(
        effects(listed),
        [
            "policy_without_technician",
            "devices_unopenable",
            "last_key_of_person"
        ]
    );
    assert_eq!(
        listed["without_it"][1]["devices"][0],
        desk.id().to_string().as_str()
    );
    assert_eq!(listed["last_used"], Value::Null, "she never signed in");
    let listed = of(&keys, desk.id());
    assert_eq!(effects(listed), ["device_closed", "policy_without_device"]);
    // The device signed when; of the admin only the service says it.
    assert_eq!(listed["by_word_of"], "device");
    let listed = of(&keys, world.org.ada.id());
    assert_eq!(listed["by_word_of"], "service");
    assert!(listed["last_used"].as_u64() > Some(0));
    let offices = keys.as_array().unwrap().iter();
    let offices: Vec<&str> = offices.map(|k| k["office"].as_str().unwrap()).collect();
    assert_eq!(
        offices,
        [
            "admin",
            "admin",
            "technician",
            "device",
            "witness",
            "log",
            "audit",
            "directory"
        ]
    );

    // With a second technician nothing breaks.
    world.org.technician("tim", &["support"]).await;
    let keys = ask(&cli, &["org", "keys"]).await;
    assert_eq!(effects(of(&keys, tess.key.id())), ["last_key_of_person"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_witness_is_told_and_one_that_is_there_is_not() {
    let mut world = World::fresh_for(10_000).await;
    let cli = world.admin("ada", &world.org.ada).await;
    let shown = ask(&cli, &["org", "show"]).await;
    assert_eq!(shown["outage"], Value::Null);
    assert_eq!(shown["spare_witness"], false);
    world.witness.process.kill().await;
    let outage = async {
        loop {
            let shown = ask(&cli, &["org", "show"]).await;
            if let Some(outage) = shown["outage"].as_object() {
                return outage.clone();
            }
        }
    };
    let outage = soon("the warning of the outage", outage).await;
    let since = outage["since"].as_u64().unwrap();
    assert_eq!(outage["refused_from"].as_u64(), Some(since + 10_000));
}
