//! Keys come, and go, with real programs: devices in bulk from a list made at the machines, and by an enroller.
#![allow(clippy::unwrap_used)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agent::trust_store::Glance;
use serde_json::{Value, json};
use tokio::process::Command;
use trust::receipt::Event;
use trust::seal::{Use, seal};
use trust::statement::{DirectoryShare, Roster, Say};
use trust::{PublicKey, Scope, SigningKey, X25519Public};
use wayleave_tests::org::policy;
use wayleave_tests::stage::{Agent, Cli, Ended, Process, World, program};
use wayleave_tests::{now_ms, random, soon};

/// Somebody whose computer holds a fresh key of `wayleave key new`.
async fn newcomer(world: &World, name: &str) -> (Cli, PublicKey, String) {
    let cli = Cli::at(&world.dir.path().join(name), world.org.id);
    let (org, server) = (world.org.id.to_string(), world.service.url.clone());
    cli.run(&["org", "pin", "--server", &server, "--", &org])
        .await
        .well();
    let made = cli.run(&["key", "new"]).await.well().json();
    let (key, keys) = public_of(&made);
    (cli, key, keys)
}

/// The key of `key new` or `key ssh`, and both as the admin gets them.
fn public_of(made: &Value) -> (PublicKey, String) {
    let text = made["key"].as_str().unwrap();
    let public: [u8; 32] = trust::bytes::from_b64u(text).unwrap().try_into().unwrap();
    let key = PublicKey::native(&public).unwrap();
    let member = made["member_key"].as_str().unwrap();
    (key, format!("{text},{member}"))
}

/// The command line of an admin of the organisation.
async fn admin(world: &mut World) -> Cli {
    let (cli, key, keys) = newcomer(world, "ada's").await;
    let bob = SigningKey::from_seed(*world.org.bob.seed());
    make_admin(world, key, &keys, &bob).await;
    cli
}

/// Replaces Ada's key in the roster, with a share of the directory key.
async fn make_admin(world: &mut World, key: PublicKey, keys: &str, by: &SigningKey) {
    let to: X25519Public = keys.split_once(',').unwrap().1.parse().unwrap();
    let secret = world.org.directory.secret();
    let sealed = seal(&to, Use::Directory, &world.org.id.0, secret, random()).unwrap();
    let roster = world.org.state.roster().clone();
    let mut next = Roster {
        version: roster.version + 1,
        ..roster
    };
    next.admins[0].key = key;
    next.admins[0].directory = Some(DirectoryShare { to, sealed });
    let envelope = world.org.signed(Say::Roster(Box::new(next)), by);
    world.org.publish(&envelope).await;
}

async fn waiting(world: &World, name: &str) -> Agent {
    let dir = world.dir.path().join(name);
    let mut agent = Agent::start(&dir, world.org.id, &world.service.url, None).await;
    let waits = |line: &str| line.contains("this device waits");
    agent.process.line(waits).await;
    agent
}

/// What `wayleave-agent fingerprint --list` prints at that machine.
async fn listed(dir: &Path, label: &str) -> String {
    let mut command = Command::new(program("wayleave-agent"));
    command.args(["fingerprint", "--list", "--label", label, "--dir"]);
    command.arg(dir.join("state"));
    let output = soon("fingerprint --list", command.output()).await.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

async fn admit_by_words(cli: &Cli, words: &str, group: &str) -> Ended {
    let which = [
        "org",
        "admit",
        "device",
        "--all-waiting",
        "--name",
        "desk 1",
    ];
    cli.run(&[&which[..], &["--words", words, "--group", group]].concat())
        .await
}

async fn devices(cli: &Cli) -> Value {
    cli.run(&["device", "list"]).await.well().json()
}

fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn devices_come_in_from_the_list_made_at_the_machines_and_no_other() {
    let mut world = World::start().await;
    let cli = admin(&mut world).await;
    let (first, second) = (waiting(&world, "one").await, waiting(&world, "two").await);
    let stranger = waiting(&world, "stranger").await;
    let dir = world.dir.path().to_owned();
    let away = listed(&dir.join("away"), "kiosk").await;
    let (one, two) = (
        listed(&first.dir, "desk 1").await,
        listed(&second.dir, "desk 2").await,
    );
    let file = dir.join("list");
    let list = file.display().to_string();
    let admit = [
        "org", "admit", "devices", "--group", "desks", "--list", &list,
    ];

    // Somebody put his own channel key beside a device of the list.
    let forged = one.replace(&first.noise.to_string(), &stranger.noise.to_string());
    std::fs::write(&file, format!("{forged}{two}")).unwrap();
    let refused = cli.run(&admit).await;
    assert_eq!(
        (refused.code, refused.refusal().as_str()),
        (3, "other_channel_key")
    );
    assert_eq!(devices(&cli).await["devices"], json!([]));

    std::fs::write(&file, format!("# ground floor\n{one}{two}{away}")).unwrap();
    let report = cli.run(&admit).await.well().json();
    assert_eq!(names(&report["admitted"]), ["desk 1", "desk 2"]);
    assert_eq!(names(&report["not_waiting"]), ["kiosk"]);
    let not_listed = report["not_listed"].as_array().unwrap();
    assert_eq!(not_listed.len(), 1);
    assert_eq!(not_listed[0]["keyid"], json!(stranger.id()));
    assert_eq!(report["statements"].as_array().unwrap().len(), 1);

    let now = devices(&cli).await;
    assert_eq!(names(&now["devices"]).len(), 2);
    assert_eq!(now["waiting"][0]["keyid"], json!(stranger.id()));
    let again = cli.run(&admit).await;
    assert_eq!(again.code, 1, "{}", again.err);
    assert!(
        again.err.contains("none of the list waits"),
        "{}",
        again.err
    );
}

#[tokio::test]
async fn an_enroller_admits_devices_into_its_own_groups_and_does_nothing_else() {
    let mut world = World::start().await;
    let ada = admin(&mut world).await;
    let (grace, key, _) = newcomer(&world, "grace's").await;
    let public = trust::bytes::to_b64u(key.public_bytes());
    let named = format!("--key={public}");
    let enroller = [
        "org",
        "admit",
        "enroller",
        &named,
        "--name",
        "installers",
        "--group",
        "desks",
    ];
    let device = waiting(&world, "one").await;
    let words = Glance::at(&device.state()).unwrap().keys.words();
    let unknown = admit_by_words(&grace, &words, "desks").await;
    assert_ne!(unknown.code, 0, "nobody's key admits nothing");
    ada.run(&enroller).await.well();
    let other = admit_by_words(&grace, &words, "servers").await;
    assert_eq!((other.code, other.refusal().as_str()), (3, "not_its_group"));
    admit_by_words(&grace, &words, "desks").await.well();
    let now = devices(&ada).await;
    assert_eq!(now["devices"][0]["groups"], json!(["desks"]));
    assert_eq!(now["devices"][0]["name"], json!("desk 1"));
    assert!(now["devices"][0]["until"].as_u64().unwrap() < now_ms() + 366 * 86_400_000);

    let policy = ["org", "invite", "--note", "nobody"];
    assert_eq!(grace.run(&policy).await.refusal(), "not_an_admin");
    let keyid = key.id().to_string();
    ada.run(&["org", "revoke", "key", "--reason", "left", "--", &keyid])
        .await
        .well();
    let gone = grace.run(&["device", "list"]).await;
    assert_ne!(gone.code, 0, "a revoked enroller reads nothing");
}

/// OpenSSH's own agent with one key in it, which it uses only while `confirmed` is there.
struct SshAgent {
    socket: PathBuf,
    confirmed: PathBuf,
    process: Process,
}

impl SshAgent {
    async fn start(dir: &Path) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let (socket, confirmed, askpass) = (
            dir.join("socket"),
            dir.join("confirmed"),
            dir.join("askpass"),
        );
        let script = format!("#!/bin/sh\ntest -e {}\n", confirmed.display());
        std::fs::write(&askpass, script).unwrap();
        std::fs::set_permissions(&askpass, Permissions::from_mode(0o700)).unwrap();
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a"]).arg(&socket);
        command
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("DISPLAY", ":none");
        let mut process = Process::start("ssh-agent", command);
        process.line(|line| line.contains("SSH_AUTH_SOCK")).await;
        let agent = Self {
            socket,
            confirmed,
            process,
        };
        let file = dir.join("id");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f"]);
        well(keygen.arg(&file)).await;
        well(agent.add(&["-c"]).arg(&file)).await;
        agent
    }

    fn add(&self, options: &[&str]) -> Command {
        let mut command = Command::new("ssh-add");
        command.args(options).env("SSH_AUTH_SOCK", &self.socket);
        command
    }

    fn confirm(&self, is_confirmed: bool) {
        if is_confirmed {
            std::fs::write(&self.confirmed, "").unwrap();
        } else {
            std::fs::remove_file(&self.confirmed).unwrap();
        }
    }
}

async fn well(command: &mut Command) {
    let output = soon("a program of OpenSSH", command.output())
        .await
        .unwrap();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{why}");
}

#[tokio::test]
async fn an_admin_signs_with_a_key_that_his_ssh_agent_holds() {
    let mut world = World::start().await;
    let mut agent = SshAgent::start(&world.dir.path().join("agent")).await;
    let cli = Cli::at(&world.dir.path().join("ada's"), world.org.id)
        .with_env("SSH_AUTH_SOCK", &agent.socket);
    let (org, server) = (world.org.id.to_string(), world.service.url.clone());
    cli.run(&["org", "pin", "--server", &server, "--", &org])
        .await
        .well();
    let listed = cli.run(&["key", "ssh"]).await.well().json();
    assert_eq!(listed[0]["comment"], json!("ada@laptop"));
    let (key, keys) = public_of(&cli.run(&["key", "ssh", "ada@laptop"]).await.well().json());
    let bob = SigningKey::from_seed(*world.org.bob.seed());
    make_admin(&mut world, key, &keys, &bob).await;
    let raise = ["org", "threshold", "2"];

    let refused = cli.run(&raise).await;
    assert_eq!(
        (refused.code, refused.refusal().as_str()),
        (3, "agent_refused")
    );
    agent.confirm(true);
    let rename = ["org", "roster", "--name", "Hafen Nord"];
    cli.run(&rename).await.well();
    let shown = cli.run(&["org", "roster"]).await.well().json();
    assert_eq!(shown["name"], json!("Hafen Nord"));

    well(&mut agent.add(&["-D"])).await;
    let gone = cli.run(&raise).await;
    assert_eq!((gone.code, gone.refusal().as_str()), (3, "agent_key_gone"));
    agent.process.kill().await;
    let away = cli.run(&raise).await;
    assert_eq!((away.code, away.refusal().as_str()), (3, "no_agent"));
}

#[tokio::test]
async fn a_technician_opens_a_device_with_a_key_that_his_ssh_agent_holds() {
    let mut world = World::start().await;
    let agent = SshAgent::start(&world.dir.path().join("agent")).await;
    let cli = Cli::at(&world.dir.path().join("toni"), world.org.id)
        .with_env("SSH_AUTH_SOCK", &agent.socket);
    agent.confirm(true);
    let which = ["--ssh-key", "ada@laptop"];
    let answer = cli
        .technician_init_with(&world.service.url, "Toni", &which)
        .await;
    world.org.admit_answer(&answer, "toni", &["support"]).await;
    let rule = policy("support", "support", "office", &[Scope::Shell]);
    world.org.say(Say::Policy(rule)).await;
    let device = world.device("desk", &["office"]).await;
    let id = device.id().to_string();
    let shell = ["shell", &id, "--unattended", "--", "true"];
    agent.confirm(false);
    assert_eq!(cli.run(&shell).await.code, 255);
    assert_eq!(device.count(Event::Open), 0);
    agent.confirm(true);
    cli.run(&shell).await.well();
    assert_eq!(device.count(Event::Open), 1);
}
