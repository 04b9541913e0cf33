//! What was acknowledged is there after `kill -9`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use api::ledger::{Appended, LedgerPage};
use reqwest::StatusCode;
use trust::SigningKey;
use trust::statement::Role;

use crate::support::org::admit;
use crate::support::{Member, OrgFixture, TestServer, unique32};

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wayleave-server"))
            .args(["run", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(url.starts_with("http://"), "{line}");
        Self { child, url }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Killed already when the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn no_acknowledged_statement_is_lost_when_the_service_is_killed() {
    // For the crypto provider of this process.
    let helper = TestServer::start().await;
    let dir = tempfile::tempdir().unwrap();
    let init = Command::new(env!("CARGO_BIN_EXE_wayleave-server"))
        .args(["init", "--dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        init.status.success(),
        "{}",
        String::from_utf8_lossy(&init.stderr)
    );
    let config = dir.path().join("server.toml");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("127.0.0.1:7443", "127.0.0.1:0");
    std::fs::write(&config, text).unwrap();

    let mut process = Process::start(&config);
    let mut org = OrgFixture::make_at(&process.url).await;
    let mut acknowledged = 1;
    for round in 0..5u64 {
        for _ in 0..round {
            org.device().await;
            acknowledged += 1;
        }
        // One more is under way when the kill comes; whether it arrives is open.
        let statement = org.statement(admit(Role::Device, &SigningKey::from_seed(unique32())));
        let under_way = tokio::spawn(
            org.http
                .post(org.at("/ledger"))
                .body(statement.to_text())
                .send(),
        );
        tokio::time::sleep(std::time::Duration::from_millis(round)).await;
        process.kill();
        let outcome = under_way.await.unwrap();
        process = Process::start(&config);
        org.url.clone_from(&process.url);
        let page: LedgerPage = Member::sign_in(&org, &org.admin)
            .await
            .read("/ledger")
            .await;
        if let Ok(answer) = outcome
            && answer.status() == StatusCode::OK
        {
            let appended: Appended = answer.json().await.unwrap();
            assert_eq!(
                page.leaves.get(appended.index as usize),
                Some(&statement.to_text())
            );
        }
        assert!(
            page.size >= acknowledged,
            "{} of {acknowledged} statements are left",
            page.size
        );
        if page.size > acknowledged {
            assert_eq!(page.leaves[acknowledged as usize], statement.to_text());
            org.state.append(statement.as_bytes());
            acknowledged += 1;
        }
        assert_eq!(page.size, acknowledged);
    }
    process.kill();
    helper.stop().await;
}
