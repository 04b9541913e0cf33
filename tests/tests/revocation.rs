//! A revocation waits for the signed word of every device: real service, witness, agents and command line.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use trust::KeyId;
use wayleave_tests::stage::{Cli, World};

/// Revokes a technician's key, and says who has confirmed.
async fn revoke(cli: &Cli, keyid: KeyId, wait: &str) -> Value {
    let keyid = keyid.to_string();
    let how = ["org", "revoke", "--reason", "he left", "--wait", wait];
    // A key may begin with a hyphen.
    let command = [&how[..], &["--", "key", &keyid]].concat();
    cli.run(&command).await.well().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_waits_until_every_device_has_signed_that_it_holds_it() {
    let mut world = World::start().await;
    let _desk = world.device("desk", &["office"]).await;
    let mut till = world.device("till", &["office"]).await;
    let mut leavers = Vec::new();
    for name in ["tess", "tim", "toni"] {
        leavers.push(world.org.technician(name, &["support"]).await.key.id());
    }
    let cli = world.admin("ada", &world.org.ada).await;
    let said = revoke(&cli, leavers[0], "25").await;
    assert_eq!(
        said["devices"],
        json!({ "confirmed": 2, "of": 2, "not_confirmed": [] })
    );
    assert_eq!(said["witnesses"][0]["confirmed"], true, "{said}");
    assert!(said["in_force_by"].is_u64(), "{said}");

    // One of them is off: it is named, and nobody else's word stands in for it.
    let till_id = till.id().to_string();
    till.process.kill().await;
    let said = revoke(&cli, leavers[1], "3").await;
    assert_eq!(said["devices"]["confirmed"], 1, "{said}");
    assert_eq!(said["devices"]["of"], 2);
    let missing = said["devices"]["not_confirmed"].as_array().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0]["keyid"], till_id.as_str());
    assert_eq!(missing[0]["other_history"], false);
    assert!(missing[0]["last_seen"].is_u64(), "{said}");
    // The witness holds it: who does not learn of it closes by itself.
    assert!(said["in_force_by"].is_u64(), "{said}");

    // The same with it on again.
    till.restart().await;
    let said = revoke(&cli, leavers[2], "25").await;
    assert_eq!(said["devices"]["confirmed"], 2, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_no_witness_holds_is_not_yet_in_force() {
    let mut world = World::start().await;
    let mut desk = world.device("desk", &["office"]).await;
    let cli = world.admin("ada", &world.org.ada).await;
    desk.process.kill().await;
    let person = world.org.technician("tess", &["support"]).await;
    world.witness.process.kill().await;
    let said = revoke(&cli, person.key.id(), "0").await;
    assert_eq!(said["in_force_by"], Value::Null, "{said}");
    assert_eq!(said["witnesses"][0]["confirmed"], false, "{said}");
    assert_eq!(said["devices"]["confirmed"], 0, "{said}");
}
