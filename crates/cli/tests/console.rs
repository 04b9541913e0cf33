//! `wayleave console`: who may ask, and what the page may do.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;

use support::{Answer, Running, http, wayleave};

struct Console {
    port: u16,
    _running: Running,
}

impl Console {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = wayleave();
        command.args([
            "console",
            "--server",
            "https://support.example",
            "--port",
            &port.to_string(),
        ]);
        let running = Running::start(command);
        assert!(
            running
                .first_line
                .contains(&format!("http://localhost:{port}")),
            "{}",
            running.first_line
        );
        Self {
            port,
            _running: running,
        }
    }

    fn get(&self, path: &str, more: &[&str]) -> Answer {
        let host = format!("Host: localhost:{}", self.port);
        let headers: Vec<&str> = std::iter::once(host.as_str())
            .chain(more.iter().copied())
            .collect();
        http(self.port, "GET", path, &headers, b"")
    }
}

#[test]
fn the_page_is_served_to_its_own_name_only() {
    let console = Console::start();
    let port = console.port;
    assert_eq!(console.get("/", &[]).status, 200);
    for host in [
        format!("127.0.0.1:{port}"),
        "localhost".into(),
        format!("evil.example:{port}"),
        format!("localhost.:{port}"),
    ] {
        let answer = http(port, "GET", "/", &[&format!("Host: {host}")], b"");
        assert_eq!(answer.status, 421, "{host}");
    }
}

#[test]
fn another_origin_gets_nothing_and_the_own_one_does() {
    let console = Console::start();
    let own = format!("Origin: http://localhost:{}", console.port);
    assert_eq!(console.get("/console.json", &[&own]).status, 200);
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost",
        "http://127.0.0.1:7171",
    ] {
        assert_eq!(
            console
                .get("/console.json", &[&format!("Origin: {origin}")])
                .status,
            403,
            "{origin}"
        );
    }
    assert_eq!(
        console
            .get("/console.json", &[&own, "Origin: https://evil.example"])
            .status,
        403
    );
    let cross = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"];
    assert_eq!(console.get("/console.json", &cross).status, 403);
    let link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"];
    assert_eq!(console.get("/", &link).status, 200);
}

#[test]
fn the_page_may_talk_to_itself_to_the_service_and_to_witnesses_over_tls() {
    let console = Console::start();
    let answer = console.get("/", &[]);
    let policy = answer
        .head
        .lines()
        .find(|l| l.starts_with("content-security-policy:"))
        .unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        policy.contains("connect-src 'self' https://support.example wss://support.example https:;"),
        "{policy}"
    );
    assert!(!policy.contains("script-src 'self' 'unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(
        console.get("/console.json", &[]).body,
        r#"{"server":"https://support.example"}"#
    );
}

#[test]
fn nothing_is_written_and_no_service_worker_is_served() {
    let console = Console::start();
    let host = format!("Host: localhost:{}", console.port);
    assert_eq!(http(console.port, "POST", "/", &[&host], b"x").status, 405);
    assert_eq!(
        console
            .get("/worker.js", &["Service-Worker: script"])
            .status,
        403
    );
    assert_eq!(console.get("/assets/no-such-file.js", &[]).status, 404);
    let outside = console.get("/../../Cargo.toml", &[]);
    assert!(!outside.body.contains("[package]"), "{outside:?}");
}

#[test]
fn a_taken_port_is_an_end_with_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = wayleave();
    command.args([
        "console",
        "--server",
        "https://support.example",
        "--port",
        &port,
    ]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("Port {port} is taken")), "{text}");
}
