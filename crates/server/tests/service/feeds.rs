//! `/v1/orgs/{org}/feeds`, and what arrives at real receivers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::feed::{Feed, FeedKind, FeedWhat, Feeds, MakeFeed};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use trust::receipt::ChainHead;
use trust::{PublicKey, SigningKey};

use crate::receipts::{connected, hand_in, opening};
use crate::support::member::refused;
use crate::support::{Member, OrgFixture, Socket, TestServer};

const PRIVATE: &str = "feeds_on_private_addresses = true\n";
/// What the customer is promised.
const PROMISED: Duration = Duration::from_secs(5);

/// A service, an organisation's admin, and one device that is connected.
struct Stage {
    server: TestServer,
    org: OrgFixture,
    admin: Member,
    device: SigningKey,
    agent: Socket,
    head: ChainHead,
}

impl Stage {
    async fn with(extra: &str) -> Self {
        let server = TestServer::start_with(&format!("{PRIVATE}{extra}")).await;
        let mut org = OrgFixture::make(&server).await;
        let device = org.device().await;
        let admin = Member::sign_in(&org, &org.admin).await;
        let agent = connected(&server, &org, &device, 0).await;
        Self {
            server,
            org,
            admin,
            device,
            agent,
            head: ChainHead::default(),
        }
    }

    async fn feed(&self, kind: FeedKind, target: &str, what: FeedWhat) -> Feed {
        let wish = MakeFeed {
            kind,
            target: target.to_owned(),
            what,
        };
        let answer = self.admin.post("/feeds", &wish).await;
        assert_eq!(answer.status(), StatusCode::CREATED, "{target}");
        answer.json().await.unwrap()
    }

    /// The device hands in an opening; gives its envelope.
    async fn opens(&mut self, attended: Option<bool>) -> String {
        let envelope = opening(self.org.id, &self.device, &mut self.head, attended);
        let done = hand_in(&mut self.agent, std::slice::from_ref(&envelope)).await;
        assert_eq!(done, (None, self.head.n));
        envelope
    }
}

type Heard = (HeaderMap, String);

/// A receiver of webhooks that answers with these statuses, then with 200.
struct Receiver {
    url: String,
    heard: mpsc::UnboundedReceiver<Heard>,
    _task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Answers {
    heard: mpsc::UnboundedSender<Heard>,
    statuses: Arc<Mutex<Vec<StatusCode>>>,
}

impl Receiver {
    async fn start(statuses: &[StatusCode]) -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap(), statuses).await
    }

    async fn start_on(address: SocketAddr, statuses: &[StatusCode]) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, heard) = mpsc::unbounded_channel();
        let statuses = statuses.iter().rev().copied().collect();
        let answers = Answers {
            heard: sender,
            statuses: Arc::new(Mutex::new(statuses)),
        };
        let router = Router::new().fallback(hear).with_state(answers);
        let serve = async move { axum::serve(listener, router).await.unwrap() };
        Self {
            url,
            heard,
            _task: tokio::spawn(serve),
        }
    }

    async fn next(&mut self) -> Heard {
        tokio::time::timeout(PROMISED, self.heard.recv())
            .await
            .expect("a webhook is due")
            .unwrap()
    }
}

async fn hear(State(answers): State<Answers>, headers: HeaderMap, body: String) -> StatusCode {
    answers.heard.send((headers, body)).unwrap();
    let next = answers.statuses.lock().unwrap().pop();
    next.unwrap_or(StatusCode::OK)
}

/// Verifies as Standard Webhooks say; gives the message.
fn verified(feeds: &Feeds, (headers, body): &Heard) -> Value {
    let header = |name: &str| headers[name].to_str().unwrap();
    let key = feeds.webhook_key.strip_prefix("whpk_").unwrap();
    let key: [u8; 32] = BASE64_STANDARD.decode(key).unwrap().try_into().unwrap();
    let key = PublicKey::native(&key).unwrap();
    let signature = header("webhook-signature").strip_prefix("v1a,").unwrap();
    let signature = BASE64_STANDARD.decode(signature).unwrap();
    let signed = |body: &str| {
        format!(
            "{}.{}.{body}",
            header("webhook-id"),
            header("webhook-timestamp")
        )
        .into_bytes()
    };
    assert!(key.verify_ed25519(&signed(body), &signature));
    assert!(!key.verify_ed25519(&signed(&format!("{body} ")), &signature));
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn an_unattended_opening_is_told_within_the_promised_time_signed_and_with_its_receipt() {
    let mut stage = Stage::with("").await;
    let mut receiver = Receiver::start(&[]).await;
    stage
        .feed(FeedKind::Webhook, &receiver.url, FeedWhat::Unattended)
        .await;
    stage.opens(Some(true)).await;
    let before = Instant::now();
    let envelope = stage.opens(Some(false)).await;
    let heard = receiver.next().await;
    assert!(before.elapsed() < PROMISED);
    let feeds: Feeds = stage.admin.read("/feeds").await;
    let message = verified(&feeds, &heard);
    assert_eq!(message["type"], "session.opened");
    let data = &message["data"];
    assert_eq!(data["receipt"], envelope);
    assert_eq!((&data["n"], &data["attended"]), (&2.into(), &false.into()));
    assert_eq!(data["device"], stage.device.id().to_string());
    // One that does not say whether it was attended is told as well, and none before it was.
    stage.opens(None).await;
    let message = verified(&feeds, &receiver.next().await);
    assert_eq!(message["data"]["n"], 3);
}

#[tokio::test]
async fn a_feed_of_all_openings_is_told_of_attended_ones() {
    let mut stage = Stage::with("").await;
    let mut receiver = Receiver::start(&[]).await;
    stage
        .feed(FeedKind::Webhook, &receiver.url, FeedWhat::All)
        .await;
    stage.opens(Some(true)).await;
    let feeds: Feeds = stage.admin.read("/feeds").await;
    let message = verified(&feeds, &receiver.next().await);
    assert_eq!(message["data"]["attended"], true);
}

#[tokio::test]
async fn a_message_that_was_answered_with_500_comes_again_under_the_same_id() {
    let mut stage = Stage::with("").await;
    let mut receiver = Receiver::start(&[StatusCode::INTERNAL_SERVER_ERROR]).await;
    stage
        .feed(FeedKind::Webhook, &receiver.url, FeedWhat::All)
        .await;
    stage.opens(Some(false)).await;
    let (first, again) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.0["webhook-id"], again.0["webhook-id"]);
    assert_eq!(first.1, again.1);
}

#[tokio::test]
async fn what_could_not_be_delivered_is_delivered_after_a_restart() {
    let mut stage = Stage::with("").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = format!("http://{address}/hook");
    let feed = stage.feed(FeedKind::Webhook, &target, FeedWhat::All).await;
    stage.opens(Some(false)).await;
    // The service says that it failed before it is stopped.
    let failing = loop {
        let feeds: Feeds = stage.admin.read("/feeds").await;
        if let Some(why) = &feeds.feeds[0].failing {
            break why.clone();
        }
        tokio::task::yield_now().await;
    };
    assert!(!failing.is_empty());
    let server = stage.server.restart().await;
    let mut receiver = Receiver::start_on(address, &[]).await;
    let heard = tokio::time::timeout(4 * PROMISED, receiver.heard.recv()).await;
    let (headers, _) = heard.expect("a webhook is due").unwrap();
    let id = format!("rcpt_{}_1", stage.device.id());
    assert_eq!(headers["webhook-id"], id.as_str());
    let admin = stage.admin.moved_to(&server.url);
    loop {
        let feeds: Feeds = admin.read("/feeds").await;
        if feeds.feeds[0].delivered.is_some() {
            assert_eq!(
                (feeds.feeds[0].feed, feeds.feeds[0].waiting),
                (feed.feed, 0)
            );
            assert_eq!(feeds.feeds[0].failing, None);
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let mut stage = Stage::with("").await;
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", hanging.local_addr().unwrap());
    stage.feed(FeedKind::Webhook, &target, FeedWhat::All).await;
    let mut receiver = Receiver::start(&[]).await;
    stage
        .feed(FeedKind::Webhook, &receiver.url, FeedWhat::All)
        .await;
    let feeds: Feeds = stage.admin.read("/feeds").await;
    stage.opens(Some(false)).await;
    let (_held, _) = hanging.accept().await.unwrap();
    assert_eq!(verified(&feeds, &receiver.next().await)["data"]["n"], 1);
    stage.opens(Some(false)).await;
    assert_eq!(verified(&feeds, &receiver.next().await)["data"]["n"], 2);
}

#[tokio::test]
async fn a_log_host_gets_a_message_of_rfc_5424_over_tcp_and_over_udp() {
    let mut stage = Stage::with("").await;
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for target in [
        format!("tcp://{}", tcp.local_addr().unwrap()),
        format!("udp://{}", udp.local_addr().unwrap()),
    ] {
        stage.feed(FeedKind::Syslog, &target, FeedWhat::All).await;
    }
    stage.opens(Some(false)).await;
    let (mut stream, _) = tcp.accept().await.unwrap();
    let mut framed = String::new();
    stream.read_to_string(&mut framed).await.unwrap();
    let (length, line) = framed.split_once(' ').unwrap();
    assert_eq!(length, line.len().to_string());
    assert!(
        line.starts_with("<84>1 1970-01-01T00:00:00.001Z localhost wayleave - session-opened ["),
        "{line}"
    );
    let device = format!("device=\"{}\" n=\"1\"", stage.device.id());
    assert!(line.contains(&device), "{line}");
    let mut datagram = vec![0; 4096];
    let length = udp.recv(&mut datagram).await.unwrap();
    assert_eq!(&datagram[..length], line.as_bytes());
}

/// A real mail server on loopback that files what it gets.
struct MailServer {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl MailServer {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("/usr/bin/aiosmtpd")
            .args(["--nosetuid", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--class", "aiosmtpd.handlers.Mailbox"])
            .arg(dir.path().join("mails"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Debian package python3-aiosmtpd is installed");
        let server = Self { child, port, dir };
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_err()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(6 * PROMISED, up)
            .await
            .expect("the mail server listens");
        server
    }

    /// The first mail, once it is there.
    async fn mail(&self) -> String {
        let new = self.dir.path().join("mails/new");
        let arrived = async {
            loop {
                let mut files = std::fs::read_dir(&new).into_iter().flatten();
                if let Some(Ok(file)) = files.next() {
                    return std::fs::read_to_string(file.path()).unwrap();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PROMISED, arrived)
            .await
            .expect("a mail is due")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_unattended_opening_arrives_as_a_mail() {
    let mails = MailServer::start().await;
    let config = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"wayleave@support.example\"\n",
        mails.port
    );
    let mut stage = Stage::with(&config).await;
    stage
        .feed(FeedKind::Mail, "soc@customer.example", FeedWhat::Unattended)
        .await;
    stage.opens(Some(false)).await;
    let mail = mails.mail().await.replace("\r\n", "\n");
    let (head, body) = mail.split_once("\n\n").unwrap();
    let head: HashMap<&str, &str> = head.lines().filter_map(|l| l.split_once(": ")).collect();
    assert_eq!(head["To"], "soc@customer.example");
    let device = stage.device.id().to_string();
    assert!(
        head["Subject"].starts_with(&format!("Unattended session opened on {device}")),
        "{head:?}"
    );
    let body = BASE64_STANDARD.decode(body.replace('\n', "")).unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.contains("wayleave receipts export") && body.contains(&device),
        "{body}"
    );
}

#[tokio::test]
async fn only_an_admin_has_feeds_and_only_to_fitting_targets() {
    let stage = Stage::with("").await;
    let made = stage
        .feed(FeedKind::Syslog, "udp://127.0.0.1:9", FeedWhat::All)
        .await;
    let wish = |kind, target: &str| MakeFeed {
        kind,
        target: target.to_owned(),
        what: FeedWhat::All,
    };
    for bad in [
        wish(FeedKind::Webhook, "http://soc.example/"),
        wish(FeedKind::Syslog, "tcp://soc.example"),
        wish(FeedKind::Mail, "soc@customer.example"),
    ] {
        let answer = stage.admin.post("/feeds", &bad).await;
        assert_eq!(refused(answer).await, (400, "bad_target".into()), "{bad:?}");
    }
    let mut org = OrgFixture::make(&stage.server).await;
    let technician = org.technician().await;
    let technician = Member::sign_in(&org, &technician).await;
    let answer = technician
        .post("/feeds", &wish(FeedKind::Syslog, "udp://127.0.0.1:9"))
        .await;
    assert_eq!(refused(answer).await, (403, "admins_only".into()));
    let other = Member::sign_in(&org, &org.admin).await;
    let feed = format!("/feeds/{}", made.feed);
    assert_eq!(
        refused(other.delete(&feed).await).await,
        (404, "unknown_feed".into())
    );
    assert_eq!(
        stage.admin.delete(&feed).await.status(),
        StatusCode::NO_CONTENT
    );
    let left: Feeds = stage.admin.read("/feeds").await;
    assert!(left.feeds.is_empty());
}
