//! The way to a machine that is not enrolled: a join code, its exchange, then a session like every other.

use anyhow::{Result, ensure};
use api::join::JoinOpened;
use api::session::SessionMade;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::Message;
use trust::nameplate::Nameplate;
use trust::scope::Scope;
use wire::attempts::Attempts;
use wire::join_code::{JoinCode, Secret};
use wire::pake::{Agreed, PakeError, Technician};
use wire::{Binding, Mode, Viewer};

use super::relay::{self, Socket};
use super::{Driver, Session, Target, Terms, greet, warrant};
use crate::ambient::{date, now_ms, random};
use crate::args::Common;
use crate::failure::{Kind, named, refused};
use crate::login::{As, Login};
use crate::org_store::OrgStore;

/// How long the other end may take to answer within the exchange.
const EXCHANGE: Duration = Duration::from_secs(20);

/// Makes a join code, waits for whoever types it, and opens a session there.
pub async fn open(scopes: &[Scope], terms: &Terms, common: &Common) -> Result<Session> {
    let terms = Terms {
        attended: true,
        ..terms.clone()
    };
    let mut login = Login::online(common, As::Technician, terms.request_key_ms()).await?;
    login.technician()?;
    check_attempts(&login.store)?;
    // Agreed on before anybody waits on the phone; the machine's keys come with it.
    let unknown = Target::joining(trust::KeyId(random()), trust::X25519Public(random()));
    let agreed_terms = warrant::agree(&login, &unknown, scopes, &terms, common)?;
    ensure!(
        !agreed_terms.asks(),
        refused(
            "approvals_not_here",
            "The policy for machines that join by a code asks for approvals, which cannot be collected for a machine that \
             nobody knows yet. Ask an admin for a policy without them."
        )
    );
    let channel_key: [u8; 32] = random();
    let (mut socket, agreed) = meet(&login, &channel_key, common).await?;
    eprintln!("The join code is confirmed.");
    let target = Target::joining(agreed.device_id(), agreed.device_noise);
    let signed = warrant::sign(&login, &target, &agreed_terms, &channel_key)?;
    let binding = Binding {
        mode: Mode::Joined {
            pake_key: agreed.pake_key.clone(),
        },
        org: login.org(),
        device: target.keyid,
    };
    let viewer = Viewer::new(binding, &channel_key, &target.noise, &random(), now_ms());
    let viewer = match viewer {
        Ok(viewer) => viewer,
        Err(error) => {
            let _ = socket.close(None).await;
            return Err(error.into());
        }
    };
    let mut driver = Driver::new(socket, viewer);
    // No witness counts a machine that its ledger does not know.
    let counts = Vec::new();
    let opened = greet(&mut login, &mut driver, &target, &signed, counts).await?;
    Ok(Session {
        driver,
        opened,
        target,
    })
}

/// Shows the code, waits on the relay, and runs the exchange once.
async fn meet(
    login: &Login,
    channel_key: &[u8; 32],
    common: &Common,
) -> Result<(Socket, Box<Agreed>)> {
    let opened: JoinOpened = login.signed()?.post("/joins", &()).await?;
    let code = JoinCode {
        nameplate: opened.nameplate,
        secret: Secret::from_random(&random()),
    };
    tell(login, &code, opened.expires, common);
    let made = SessionMade {
        session: opened.session,
        relay: opened.relay,
    };
    let mut socket = relay::join(login, &made).await?;
    note_attempt(&login.store, code.nameplate)?;
    let agreed = confirm(login, &mut socket, &code, channel_key).await?;
    forget_attempt(&login.store, code.nameplate)?;
    Ok((socket, Box::new(agreed)))
}

/// Read to the person at the machine, by voice. With `--json` it is a line of its own, before anything else.
fn tell(login: &Login, code: &JoinCode, expires: u64, common: &Common) {
    let text = code.to_text();
    let server = login.service().url();
    if common.json {
        let line = serde_json::json!({"join_code": *text, "expires": expires});
        println!("{line}");
    }
    eprintln!("Join code:  {}", *text);
    eprintln!("  Read it to the person at the machine, who types it into the agent there:");
    eprintln!("  wayleave-agent join CODE --server {server}");
    eprintln!(
        "  It works once, until {}. Never type it into a page.",
        date(expires)
    );
}

/// The exchange of `docs/protocol.md`, section 1.8. Whatever goes wrong, the code is used up.
async fn confirm(
    login: &Login,
    socket: &mut Socket,
    code: &JoinCode,
    channel_key: &[u8; 32],
) -> Result<Agreed> {
    let noise = wire::public_of(channel_key)?;
    let (technician, hello) = Technician::start(&login.org(), code, noise, &random());
    send(socket, hello).await?;
    let answer = receive(socket).await?;
    let (agreed, confirmation) = technician.finish(&answer).map_err(burnt)?;
    send(socket, confirmation).await?;
    Ok(agreed)
}

fn burnt(why: PakeError) -> anyhow::Error {
    refused(
        "join_code_burnt",
        format!("Nothing was opened: {why}. The code is used up."),
    )
}

async fn send(socket: &mut Socket, message: Vec<u8>) -> Result<()> {
    let sent = timeout(EXCHANGE, socket.send(Message::Binary(message.into()))).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(parted(&error.to_string())),
        Err(_) => Err(parted("it takes nothing")),
    }
}

async fn receive(socket: &mut Socket) -> Result<Vec<u8>> {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_)) | None => return Err(parted("the other end left")),
                Some(Err(error)) => return Err(parted(&error.to_string())),
            }
        }
    };
    timeout(EXCHANGE, next)
        .await
        .map_err(|_| parted("the other end does not answer"))?
}

fn parted(why: &str) -> anyhow::Error {
    named(
        Kind::Device,
        "join_parted",
        format!(
            "The machine left while the join code was tried ({why}). The code is used up; make a new one."
        ),
    )
}

fn check_attempts(store: &OrgStore) -> Result<()> {
    let mut attempts = store.join_attempts()?;
    attempts.check(now_ms()).map_err(stopped)
}

fn note_attempt(store: &OrgStore, nameplate: Nameplate) -> Result<()> {
    store.change_join_attempts(|attempts: &mut Attempts| {
        attempts.begin(nameplate, now_ms()).map_err(stopped)
    })
}

fn forget_attempt(store: &OrgStore, nameplate: Nameplate) -> Result<()> {
    store.change_join_attempts(|attempts| {
        attempts.take_back(nameplate);
        Ok(())
    })
}

fn stopped(why: wire::attempts::Stopped) -> anyhow::Error {
    refused("join_stopped", format!("No join code is made: {why}."))
}
