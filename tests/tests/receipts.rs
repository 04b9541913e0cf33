//! Receipts from the workstation to the file of an auditor who has nothing but the file and the ledger.
#![allow(clippy::unwrap_used)]

use trust::bytes::to_b64u;
use trust::scope::Scope;
use trust::statement::Say;
use wayleave_tests::org::policy;
use wayleave_tests::stage::{Agent, Cli, World};

/// A technician's command line that also holds the audit key.
async fn auditor(world: &mut World) -> Cli {
    let cli = Cli::at(&world.dir.path().join("tess"), world.org.id);
    let answer = cli.technician_init(&world.service.url, "Tess").await;
    world.org.admit_answer(&answer, "tess", &["support"]).await;
    let all = policy("all", "support", "office", &Scope::ALL);
    world.org.say(Say::Policy(all)).await;
    cli
}

/// Gives the command line the organisation's audit key, as the console's backup file has it.
async fn hand_over_audit_key(world: &World, cli: &Cli) {
    let backup = serde_json::json!({
        "what": "Wayleave backup keys", "version": 1, "org": world.org.id, "server": world.service.url,
        "admin_seed": to_b64u(world.org.ada.seed()), "recovery_seed": to_b64u(&[9; 32]),
        "audit_secret": to_b64u(world.org.audit.secret()), "directory_secret": to_b64u(&[8; 32]),
    });
    let file = world.dir.path().join("backup.json");
    std::fs::write(&file, backup.to_string()).unwrap();
    let name = file.display().to_string();
    cli.run(&["org", "import", &name]).await.well();
}

/// One shell session, and its two receipts with the service.
async fn session(cli: &Cli, agent: &mut Agent, receipts_after: u64) {
    let device = agent.id().to_string();
    let why = "the spooler hangs";
    let shell = ["shell", &device, "--unattended", "--why", why, "--", "true"];
    cli.run(&shell).await.well();
    let all = format!("have={receipts_after}");
    agent
        .process
        .line(|line| line.contains("the service holds the receipts") && line.contains(&all))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_verifies_and_opens_receipts_offline_and_one_flipped_byte_is_named() {
    let mut world = World::start().await;
    let cli = auditor(&mut world).await;
    let mut agent = world.device("desk", &["office"]).await;
    agent.wait_for_ledger(world.org.state.head().size).await;
    session(&cli, &mut agent, 2).await;
    session(&cli, &mut agent, 4).await;

    let at = |name: &str| world.dir.path().join(name).display().to_string();
    let (sealed, table) = (at("receipts.jsonl"), at("receipts.csv"));
    let refused = cli
        .run(&["receipts", "export", &sealed, "--open", &table])
        .await;
    assert_eq!(refused.refusal(), "no_audit_key");
    hand_over_audit_key(&world, &cli).await;
    cli.run(&["receipts", "export", &sealed, "--open", &table])
        .await
        .well();
    let opened = std::fs::read_to_string(&table).unwrap();
    assert_eq!(opened.lines().count(), 5, "{opened}");
    assert_eq!(opened.matches("the spooler hangs").count(), 4, "{opened}");

    let said = cli.run(&["device", "list"]).await.well();
    let listed: serde_json::Value = serde_json::from_slice(&said.out).unwrap();
    assert!(listed["devices"][0]["last_word"]["at"].is_u64(), "{listed}");

    // From here on nobody answers.
    world.service.process.kill().await;
    let said = cli.run(&["receipts", "verify", &sealed]).await.well();
    let found: serde_json::Value = serde_json::from_slice(&said.out).unwrap();
    assert_eq!(found["devices"][0]["complete_to"], 4, "{found}");

    let good = std::fs::read(&sealed).unwrap();
    let mut bad = good.clone();
    let middle = good.len() / 2;
    bad[middle] ^= 1;
    let line = 1 + good[..middle].iter().filter(|b| **b == b'\n').count();
    let altered = at("altered.jsonl");
    std::fs::write(&altered, bad).unwrap();
    let said = cli.run(&["receipts", "verify", &altered]).await;
    assert_eq!(
        (said.code, said.refusal().as_str()),
        (3, "receipts_altered")
    );
    assert!(
        said.err.contains(&format!("altered.jsonl:{line}: ")),
        "{}",
        said.err
    );

    // Without its newest receipt the file is not whole: this computer remembers that there were four.
    let cut = at("cut.jsonl");
    let three: Vec<&str> = std::str::from_utf8(&good)
        .unwrap()
        .split_inclusive('\n')
        .take(3)
        .collect();
    std::fs::write(&cut, three.concat()).unwrap();
    let said = cli.run(&["receipts", "verify", &cut]).await;
    assert_eq!(said.refusal(), "receipts_unknown", "{}", said.err);
}
