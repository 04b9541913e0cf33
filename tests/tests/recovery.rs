//! An organisation that lost its admin keys, with real programs: the witness's clock is turned back where days have to pass.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use trust::bytes::{StatementId, from_b64u};
use trust::checkpoint::{Note, cosign};
use trust::statement::{Recovery, Roster, Say, Target};
use trust::{SigningKey, State};
use wayleave_tests::org::revoke;
use wayleave_tests::stage::{Agent, Cli, Desktop, World, program};
use wayleave_tests::{now_ms, random};

const DELAY_MS: u64 = 72 * 3_600_000;

/// A world whose roster lists a recovery key, and somebody who holds it and no other key.
struct Lost {
    world: World,
    agent: Agent,
    cli: Cli,
    keys: PathBuf,
    backup: String,
}

impl Lost {
    async fn new() -> Self {
        let mut world = World::start().await;
        let agent = world.device("desk", &["office"]).await;
        let safe = SigningKey::from_seed(random());
        amend(&mut world, 1, &[&safe]).await;
        let keys = world.dir.path().join("finder");
        let cli = pinned(&world, "finder").await;
        let backup = backup(&world, "safe", &SigningKey::from_seed(random()), &safe);
        Self {
            world,
            agent,
            cli,
            keys,
            backup,
        }
    }

    /// Without the recovery key: the new one is on this computer.
    async fn go_on(&self) -> Value {
        let ended = self.cli.run(&["org", "recover"]).await.well();
        serde_json::from_slice(&ended.out).unwrap()
    }

    async fn recover(&self) -> Value {
        let arguments = ["org", "recover", "--file", &self.backup, "--person", "nina"];
        let ended = self.cli.run(&arguments).await.well();
        serde_json::from_slice(&ended.out).unwrap()
    }

    async fn show(&self) -> Value {
        let ended = self.cli.run(&["org", "show"]).await.well();
        serde_json::from_slice(&ended.out).unwrap()
    }

    /// Takes the leaves that somebody else sequenced.
    fn fold(&mut self) -> &State {
        let path = self.keys.join("orgs").join(self.world.org.id.to_string());
        let leaves = std::fs::read_to_string(path.join("ledger")).unwrap();
        let have = usize::try_from(self.world.org.state.head().size).unwrap();
        for line in leaves.lines().skip(have) {
            let leaf: String = serde_json::from_str(line).unwrap();
            self.world.org.state.append(leaf.as_bytes());
        }
        &self.world.org.state
    }

    /// The note that this computer kept of the recovery's beginning, as if the witness had signed it so long ago.
    fn turn_back(&self, recovery: &str, ms: u64) {
        let state = &self.world.org.state;
        let data = self.world.service.dir.join("data");
        let log = std::fs::read_to_string(data.join("log.key")).unwrap();
        let mut note = Note::sign(&state.org(), state.head(), &key(log.trim()));
        let at = (now_ms() - ms) / 1000;
        let line = cosign(&note, "watch", &witness_key(self.world.dir.path()), at);
        note.add_line(&line).unwrap();
        let path = self.keys.join("orgs").join(state.org().to_string());
        let begun = json!({ recovery: note.to_string() });
        std::fs::write(path.join("recoveries"), begun.to_string()).unwrap();
    }
}

/// The next roster: how many give power, and the recovery keys.
async fn amend(world: &mut World, threshold: u64, keys: &[&SigningKey]) {
    let roster = world.org.state.roster().clone();
    let next = Roster {
        version: roster.version + 1,
        threshold,
        recovery: Some(Recovery {
            keys: keys.iter().map(|key| key.public().clone()).collect(),
            delay: DELAY_MS,
        }),
        ..roster
    };
    let (ada, bob) = (&world.org.ada, &world.org.bob);
    let by_ada = world.org.signed(Say::Roster(Box::new(next)), ada);
    let by_both = by_ada.countersign(bob).unwrap();
    world.org.publish(&by_both).await;
}

async fn pinned(world: &World, name: &str) -> Cli {
    let cli = Cli::at(&world.dir.path().join(name), world.org.id);
    let (org, server) = (world.org.id.to_string(), world.service.url.clone());
    let pin = ["org", "pin", "--server", &server, "--", &org];
    cli.run(&pin).await.well();
    cli
}

/// A backup of the console with these keys; gives its path.
fn backup(world: &World, name: &str, admin: &SigningKey, recovery: &SigningKey) -> String {
    let file = world.dir.path().join(format!("{name}.json"));
    let text = json!({
        "what": "kept in a safe", "version": 1, "org": world.org.id, "server": world.service.url,
        "admin_seed": trust::Hash(*admin.seed()), "recovery_seed": trust::Hash(*recovery.seed()),
        "audit_secret": trust::Hash(random()), "directory_secret": trust::Hash(random()),
    });
    std::fs::write(&file, text.to_string()).unwrap();
    file.display().to_string()
}

fn key(seed: &str) -> SigningKey {
    SigningKey::from_seed(from_b64u(seed).unwrap().try_into().unwrap())
}

fn witness_key(dir: &Path) -> SigningKey {
    let file = std::fs::read(dir.join("witness").join("witness.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    key(file["key"]["plain"]["seed"].as_str().unwrap())
}

fn status(agent: &Agent) -> String {
    let output = Command::new(program("wayleave-agent"))
        .args(["status", "--dir"])
        .arg(agent.state())
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_the_recovery_key_governs_after_the_delay_and_not_before() {
    let mut lost = Lost::new().await;
    let said = lost.recover().await;
    assert_eq!(said["state"], "waits");
    let due = said["not_before"].as_u64().unwrap();
    assert!(due > now_ms() + DELAY_MS - 600_000, "{said}");
    let recovery = said["recovery"].as_str().unwrap().to_owned();
    let size = lost.fold().head().size;
    lost.agent.wait_for_ledger(size).await;
    let told = status(&lost.agent);
    assert!(
        told.contains("The administrators' keys of Hafen Süd are being replaced"),
        "{told}"
    );
    // An hour is not enough, whatever this computer believes.
    lost.turn_back(&recovery, 3_600_000);
    assert_eq!(lost.go_on().await["state"], "waits");
    let early = lost.cli.run(&["org", "show"]).await;
    assert_eq!(early.refusal(), "", "{}", early.err);
    let early = lost.cli.run(&["device", "list"]).await;
    assert_eq!(early.refusal(), "ledger_only", "{}", early.err);

    lost.turn_back(&recovery, DELAY_MS + 5_000);
    assert_eq!(lost.go_on().await["state"], "in_force");
    let shown = lost.show().await;
    assert_eq!(shown["roster"]["version"], 3);
    assert_eq!(shown["roster"]["admins"][0]["person"], "nina");
    assert_eq!(shown["recoveries"], json!([]));
    lost.fold();
    let by_ada = lost
        .world
        .org
        .signed(revoke(Target::All), &lost.world.org.ada);
    assert!(lost.world.org.append(&by_ada).await.is_err());
    // The device follows: its new administrator stops everything.
    lost.cli
        .run(&["org", "revoke", "all", "--reason", "a drill"])
        .await
        .well();
    let size = lost.fold().head().size;
    assert!(lost.world.org.state.is_suspended());
    lost.agent.wait_for_ledger(size).await;
    assert!(!status(&lost.agent).contains("RECOVERY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_is_there_vetoes_it() {
    let mut lost = Lost::new().await;
    let said = lost.recover().await;
    let recovery = said["recovery"].as_str().unwrap().to_owned();
    let id: StatementId = recovery.parse().unwrap();
    lost.fold();
    lost.world.org.say(revoke(Target::Recovery(id))).await;
    lost.turn_back(&recovery, DELAY_MS + 5_000);
    // Nothing of this computer's waits any more: it proposes another, which waits anew.
    let again = lost.recover().await;
    assert_ne!(again["recovery"], recovery.as_str());
    assert_eq!(again["state"], "waits");
    let state = lost.fold();
    assert_eq!(state.roster().version, 2);
    assert_eq!(state.recoveries().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_recovery_key_begins_nothing() {
    let lost = Lost::new().await;
    let stranger = lost.world.dir.path().join("stranger.json");
    let mut backup: Value = serde_json::from_slice(&std::fs::read(&lost.backup).unwrap()).unwrap();
    backup["recovery_seed"] = json!(trust::Hash(random()));
    std::fs::write(&stranger, backup.to_string()).unwrap();
    let file = stranger.display().to_string();
    let ended = lost.cli.run(&["org", "recover", "--file", &file]).await;
    assert_eq!(ended.refusal(), "not_a_member", "{}", ended.err);
    assert_eq!(lost.recover().await["state"], "waits", "the honest twin");
}

/// Two of two: each holder has a computer of his own, and so has each administrator.
#[tokio::test(flavor = "multi_thread")]
async fn two_holders_recover_together_and_two_administrators_veto_together() {
    let mut world = World::start().await;
    let [safe, vault] = [0; 2].map(|_| SigningKey::from_seed(random()));
    amend(&mut world, 2, &[&safe, &vault]).await;
    let [first, second, ada, bob] = [
        pinned(&world, "first").await,
        pinned(&world, "second").await,
        pinned(&world, "ada").await,
        pinned(&world, "bob").await,
    ];
    let nobody = SigningKey::from_seed(random());
    let of_safe = backup(&world, "of-safe", &nobody, &safe);
    let of_vault = backup(&world, "of-vault", &nobody, &vault);
    let proposal = world.dir.path().join("proposal").display().to_string();

    let alone = first.run(&["org", "recover", "--file", &of_safe]).await;
    assert_ne!(alone.code, 0);
    assert!(alone.err.contains("2 recovery keys"), "{}", alone.err);
    let propose = ["org", "recover", "--file", &of_safe, "--propose", &proposal];
    first.run(&propose).await.well();
    let sign = ["org", "recover", "--file", &of_vault, "--sign", &proposal];
    let said: Value = serde_json::from_slice(&second.run(&sign).await.well().out).unwrap();
    assert_eq!(said["state"], "waits");

    for (cli, key) in [(&ada, &world.org.ada), (&bob, &world.org.bob)] {
        let file = backup(&world, "of-admin", key, &nobody);
        cli.run(&["key", "import", &file]).await.well();
    }
    let waiting = |shown: &[u8]| {
        let shown: Value = serde_json::from_slice(shown).unwrap();
        shown["recoveries"].as_array().unwrap().len()
    };
    let shown = ada.run(&["org", "show"]).await.well();
    assert_eq!(waiting(&shown.out), 1);
    assert!(shown.err.contains("org veto"), "{}", shown.err);
    // One alone stops nothing; it waits for the other.
    let alone = ada.run(&["org", "veto"]).await.well().json();
    let draft = alone["draft"].as_str().unwrap();
    let shown = ada.run(&["org", "show"]).await.well();
    assert_eq!(waiting(&shown.out), 1);
    let done = bob.run(&["org", "cosign", draft]).await.well().json();
    assert_eq!(done["witnesses"][0]["held"], true, "{done}");
    let shown = ada.run(&["org", "show"]).await.well();
    assert_eq!(waiting(&shown.out), 0);
}

/// The person at the desk is told, and no more when the administrators have objected.
#[tokio::test(flavor = "multi_thread")]
async fn the_desk_shows_that_the_keys_are_being_replaced() {
    const TITLE: &str = "Your organisation's administrators";
    let desktop = Desktop::start().await;
    let mut lost = Lost::new().await;
    let world = &mut lost.world;
    let _agent = world.device_on(&desktop, "till", &["office"]).await;
    assert!(desktop.find(TITLE).is_none());
    let said = lost.recover().await;
    desktop.window(TITLE);
    let id: StatementId = said["recovery"].as_str().unwrap().parse().unwrap();
    lost.fold();
    lost.world.org.say(revoke(Target::Recovery(id))).await;
    desktop.window_gone(TITLE);
}
