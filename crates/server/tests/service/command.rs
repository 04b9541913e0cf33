//! `wayleave-server init`, `check` and `run`.

use std::path::Path;
use std::process::{Command, Output};

use wayleave_server::Running;
use wayleave_server::config::Config;

fn command(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wayleave-server"))
        .args(arguments)
        .arg(path)
        .output()
        .unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_new_folder_is_checked_and_not_made_twice() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("server");
    let made = command(&["init", "--dir"], &folder);
    assert!(made.status.success(), "{}", error(&made));
    let config = folder.join("server.toml");
    let checked = command(&["check", "--config"], &config);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("http://localhost:7443"));
    assert!(error(&command(&["init", "--dir"], &folder)).contains("exists already"));
}

#[test]
fn a_bad_configuration_is_refused_by_check_and_run_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("server.toml");
    std::fs::write(
        &config,
        "listen = \"0.0.0.0:80\"\ndata_dir = \"/x\"\ninsecure_loopback = true\n",
    )
    .unwrap();
    for verb in ["check", "run"] {
        let text = error(&command(&[verb, "--config"], &config));
        assert!(
            text.contains("insecure_loopback serves plain HTTP and is refused on 0.0.0.0:80"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_second_service_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let text =
        format!("listen = \"127.0.0.1:0\"\ninsecure_loopback = true\ndata_dir = \"{path}\"\n");
    let running = Running::start(Config::parse(&text).unwrap()).await.unwrap();
    let second = Running::start(Config::parse(&text).unwrap())
        .await
        .err()
        .unwrap();
    assert!(
        second.to_string().contains("another wayleave-server"),
        "{second:#}"
    );
    running.stop().await;
    Running::start(Config::parse(&text).unwrap())
        .await
        .unwrap()
        .stop()
        .await;
}
