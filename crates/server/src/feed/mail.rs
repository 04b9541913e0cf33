//! Mail: one message to the operator's own relay, by SMTP (RFC 5321), over TLS unless the relay is on this machine.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Failure;
use super::event::{Event, rfc5322};
use super::target::is_mail_address;
use crate::clock::now_ms;
use crate::net::outside;

const REPLY_LINES_MAX: usize = 100;
const LINE_BYTES_MAX: u64 = 2_000;

/// The operator's mail relay.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: MailTls,
    /// The sender's address.
    pub from: String,
    /// Who signs in to the relay, if anybody has to.
    #[serde(default)]
    pub user: Option<String>,
    /// The file whose first line is the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// STARTTLS, and nothing is sent without it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// None: a relay on this machine only.
    None,
}

impl MailConfig {
    /// Checks it; the error is a sentence.
    pub fn check(&self) -> anyhow::Result<()> {
        let is_here = self.host == "localhost"
            || outside::literal(&self.host).is_some_and(|address| address.is_loopback());
        anyhow::ensure!(
            self.tls != MailTls::None || is_here,
            "mail.tls = \"none\" is for a relay on this machine; {:?} is not: use starttls or implicit",
            self.host
        );
        anyhow::ensure!(
            is_mail_address(&self.from),
            "mail.from is a mail address, not {:?}",
            self.from
        );
        anyhow::ensure!(
            self.user.is_some() == self.password_file.is_some(),
            "mail.user and mail.password_file belong together"
        );
        Ok(())
    }
}

pub(super) async fn send(config: &MailConfig, to: &str, event: &Event) -> Result<(), Failure> {
    let stream = TcpStream::connect((config.host.as_str(), config.port)).await?;
    match config.tls {
        MailTls::None => {
            let mut talk = Talk::begin(stream).await?;
            talk.hello(event).await?;
            talk.deliver(config, to, event).await
        }
        MailTls::Implicit => {
            let mut talk = Talk::begin(outside::tls(stream, &config.host).await?).await?;
            talk.hello(event).await?;
            talk.deliver(config, to, event).await
        }
        MailTls::Starttls => {
            let mut talk = Talk::begin(stream).await?;
            talk.hello(event).await?;
            talk.say("STARTTLS", b'2').await?;
            if !talk.stream.buffer().is_empty() {
                let text = "the relay spoke on before TLS began";
                return Err(Failure::Refused(text.to_owned()));
            }
            let stream = outside::tls(talk.stream.into_inner(), &config.host).await?;
            let mut talk = Talk {
                stream: BufReader::new(stream),
            };
            talk.hello(event).await?;
            talk.deliver(config, to, event).await
        }
    }
}

/// A conversation with the relay.
struct Talk<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn begin(stream: S) -> Result<Self, Failure> {
        let mut talk = Self {
            stream: BufReader::new(stream),
        };
        talk.reply(b'2').await?;
        Ok(talk)
    }

    async fn hello(&mut self, event: &Event) -> Result<(), Failure> {
        self.say(&format!("EHLO {}", event.host), b'2').await
    }

    async fn deliver(
        &mut self,
        config: &MailConfig,
        to: &str,
        event: &Event,
    ) -> Result<(), Failure> {
        if let (Some(user), Some(file)) = (&config.user, &config.password_file) {
            let password = tokio::fs::read_to_string(file).await?;
            let password = password.lines().next().unwrap_or_default();
            let plain = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
            self.say(&format!("AUTH PLAIN {plain}"), b'2').await?;
        }
        self.say(&format!("MAIL FROM:<{}>", config.from), b'2')
            .await?;
        self.say(&format!("RCPT TO:<{to}>"), b'2').await?;
        self.say("DATA", b'3').await?;
        self.say(&format!("{}\r\n.", letter(&config.from, to, event)), b'2')
            .await?;
        // It has the message: how it takes the goodbye changes nothing.
        let _ = self.say("QUIT", b'2').await;
        Ok(())
    }

    async fn say(&mut self, line: &str, expected: u8) -> Result<(), Failure> {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .await?;
        self.stream.flush().await?;
        self.reply(expected).await
    }

    /// Reads a reply of one or more lines whose code begins with `expected`.
    async fn reply(&mut self, expected: u8) -> Result<(), Failure> {
        for _ in 0..REPLY_LINES_MAX {
            let mut line = Vec::new();
            let mut bounded = tokio::io::AsyncReadExt::take(&mut self.stream, LINE_BYTES_MAX);
            bounded.read_until(b'\n', &mut line).await?;
            if line.last() != Some(&b'\n') {
                let text = "the relay hung up, or answers without end";
                return Err(Failure::Unreachable(text.to_owned()));
            }
            if line.get(3) == Some(&b'-') {
                continue;
            }
            if line.first() == Some(&expected) {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&line).trim().to_owned();
            return Err(Failure::Refused(format!("the relay says: {said}")));
        }
        Err(Failure::Refused("the relay's reply has no end".to_owned()))
    }
}

/// Head and body. The body is base64 in lines of 76: no line begins with a dot, and none is too long.
fn letter(from: &str, to: &str, event: &Event) -> String {
    let head = [
        format!("From: {from}"),
        format!("To: {to}"),
        format!("Subject: {} ({})", event.title(), event.domain),
        format!("Date: {}", rfc5322(now_ms())),
        format!("Message-ID: <{}@{}>", event.id(), event.host),
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: base64".to_owned(),
    ];
    let body = BASE64_STANDARD.encode(event.text());
    let lines: Vec<&str> = (0..body.len())
        .step_by(76)
        .map(|at| &body[at..body.len().min(at + 76)])
        .collect();
    format!("{}\r\n\r\n{}", head.join("\r\n"), lines.join("\r\n"))
}
