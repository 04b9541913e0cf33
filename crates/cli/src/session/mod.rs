//! The way to a device: name to key, warrant, relay, channel.
//!
//! Names and keys come from the ledger that this computer folded under the organisation it pinned, never from the
//! service: a service that shows another device gets a refusal with its name.

mod approval;
mod count;
mod driver;
mod join;
mod relay;
pub(crate) mod target;
mod terms;
pub(crate) mod warrant;

use anyhow::{Context, Result, ensure};
use api::session::{MakeSession, SessionMade};
use tokio::time::{Duration, sleep};
use trust::KeyId;
use trust::bytes::X25519Public;
use trust::scope::Scope;
use trust::text::show_foreign;
use wire::control::{Head, Opened, ReceiptHead};
use wire::{Binding, End, Mode, Viewer, ViewerEvent};

use crate::ambient::{now_ms, random};
use crate::args::Common;
use crate::failure::{Kind, find, named, refused};
use crate::login::{As, Login};
use crate::say;
use warrant::SignedWarrant;

pub use driver::{Driver, end_error};
pub use join::open as open_by_code;
pub use terms::Terms;

/// How often a device that has not read the newest ledger yet is asked again.
const ATTEMPTS: u32 = 6;
const RETRY_MS: u64 = 300;

/// A device of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its key.
    pub keyid: KeyId,
    /// Its channel key, as admitted.
    pub noise: X25519Public,
    /// Its name, as sealed in the ledger.
    pub name: Option<String>,
    /// Whether it joined by a code: its keys are those of the code's exchange, and stand in no ledger.
    pub joined: bool,
}

impl Target {
    /// A machine that joins by a code.
    fn joining(keyid: KeyId, noise: X25519Public) -> Self {
        Self {
            keyid,
            noise,
            name: Some("the machine that joins".to_owned()),
            joined: true,
        }
    }

    /// For people: the name, or the key where the name is not readable.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.keyid.to_string())
    }
}

/// An open session.
pub struct Session {
    /// The channel.
    pub driver: Driver,
    /// What the device granted.
    pub opened: Opened,
    /// To which device.
    pub target: Target,
}

/// Opens a session with `scopes` on the device that `device` names.
pub async fn open(
    device: &str,
    scopes: &[Scope],
    terms: &Terms,
    common: &Common,
) -> Result<Session> {
    let mut login = Login::online(common, As::Technician, terms.request_key_ms()).await?;
    login.technician()?;
    let target = target::find(&login, device, common)?;
    let agreed = warrant::agree(&login, &target, scopes, terms, common)?;
    let approved = match agreed.asks() {
        true => {
            let channel_key: [u8; 32] = random();
            let signed = approval::collect(&mut login, &target, &agreed, &channel_key).await?;
            Some((channel_key, signed))
        }
        false => None,
    };
    let mut attempt = 0;
    loop {
        attempt += 1;
        // Approvals are for one warrant; without them each attempt has its own.
        let (channel_key, signed) = match &approved {
            Some(approved) => approved.clone(),
            None => {
                let channel_key: [u8; 32] = random();
                let signed = warrant::sign(&login, &target, &agreed, &channel_key)?;
                (channel_key, signed)
            }
        };
        match try_counted(&mut login, &target, &channel_key, &signed).await {
            Err(why) if is_behind(&why) && attempt < ATTEMPTS => {
                sleep(Duration::from_millis(RETRY_MS << attempt)).await
            }
            other => return other,
        }
    }
}

/// The device has not read the newest ledger yet: it fetches it because it was told of a longer one. Or a witness has not.
fn is_behind(why: &anyhow::Error) -> bool {
    find(why).is_some_and(|f| f.code == "ledger_behind")
}

/// Counts are asked for just before: they are for this very opening.
async fn try_counted(
    login: &mut Login,
    target: &Target,
    channel_key: &[u8; 32],
    signed: &SignedWarrant,
) -> Result<Session> {
    let counts = count::collect(login, target, signed).await?;
    try_open(login, target, channel_key, signed, counts).await
}

async fn try_open(
    login: &mut Login,
    target: &Target,
    channel_key: &[u8; 32],
    signed: &SignedWarrant,
    counts: Vec<String>,
) -> Result<Session> {
    let wish = MakeSession {
        device: target.keyid,
        warrant: Some(signed.id),
    };
    let made: SessionMade = login.signed()?.post("/sessions", &wish).await?;
    let socket = relay::join(login, &made).await?;
    let binding = Binding {
        mode: Mode::Enrolled,
        org: login.org(),
        device: target.keyid,
    };
    let viewer = Viewer::new(binding, channel_key, &target.noise, &random(), now_ms())
        .with_context(|| format!("the channel key of {} is not usable", target.shown()))?;
    let mut driver = Driver::new(socket, viewer);
    let opened = greet(login, &mut driver, target, signed, counts).await?;
    Ok(Session {
        driver,
        opened,
        target: target.clone(),
    })
}

/// From the handshake to the device's verdict.
async fn greet(
    login: &mut Login,
    driver: &mut Driver,
    target: &Target,
    signed: &SignedWarrant,
    mut counts: Vec<String>,
) -> Result<Opened> {
    loop {
        match driver.next().await? {
            ViewerEvent::Secured { .. }
            | ViewerEvent::Paused { .. }
            | ViewerEvent::Resumed
            | ViewerEvent::Pong { .. }
            | ViewerEvent::Room { .. } => {}
            ViewerEvent::Head(head) => {
                check_head(login, &head).await?;
                let known = login
                    .state()
                    .held()
                    .map(|(_, held)| held.envelope.to_text())
                    .collect::<Vec<_>>();
                if !known.is_empty() {
                    driver.viewer.send_revocations(known)?;
                }
                let seen = receipts_so_far(login, target, &head)?;
                let counts = std::mem::take(&mut counts);
                driver
                    .viewer
                    .open(signed.envelope.to_text(), counts, seen, now_ms())?;
            }
            ViewerEvent::Revocations(envelopes) => take_revocations(login, &envelopes, target)?,
            ViewerEvent::Asking { until } => {
                let seconds = until.saturating_sub(now_ms()) / 1000;
                eprintln!(
                    "Asking the person at {} (up to {seconds} s) ...",
                    target.shown()
                );
            }
            ViewerEvent::Opened(opened) => return Ok(opened),
            ViewerEvent::Message { .. } => {
                return Err(named(
                    Kind::Device,
                    "protocol",
                    "The device spoke before it opened.",
                ));
            }
            ViewerEvent::Over(end) => return Err(over(end)),
        }
    }
}

/// The device's history must be this one: a fork is seen here without any third party.
async fn check_head(login: &mut Login, head: &Head) -> Result<()> {
    if head.size > login.state().head().size {
        login.sync().await?;
    }
    let ours = login.state().root_at(head.size);
    ensure!(
        ours.is_none_or(|root| root == head.root),
        refused(
            "forked_ledger",
            "The device and this computer see different histories of the organisation's ledger. Nothing was opened. Tell \
             your security officer."
        )
    );
    ensure!(
        ours.is_some(),
        refused(
            "ledger_withheld",
            "The device knows a longer ledger than the service shows to this computer. Nothing was opened. Tell your security \
             officer."
        )
    );
    Ok(())
}

/// Remembers the device's newest receipt. A chain that became shorter, or another one, is told: what is missing is unknown.
fn receipts_so_far(login: &Login, target: &Target, head: &Head) -> Result<Option<ReceiptHead>> {
    // Fresh keys: there was nothing before, and nothing comes after.
    if target.joined {
        return Ok(None);
    }
    let before = login.store.receipt_head(&target.keyid)?;
    if went_back(before, head.receipt) {
        let had = before.map_or(0, |b| b.n);
        let text = format!(
            "The receipts of {} do not continue those it told of before ({had} of them): what happened there is UNKNOWN. Tell \
             your security officer.",
            target.shown()
        );
        eprintln!("{}", say::red(&text));
    } else if let Some(now) = head.receipt {
        login.store.set_receipt_head(target.keyid, now)?;
    }
    Ok(before)
}

fn went_back(before: Option<ReceiptHead>, now: Option<ReceiptHead>) -> bool {
    match (before, now) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(now)) => {
            now.n < before.n || (now.n == before.n && now.hash != before.hash)
        }
    }
}

/// Revocations from the device count at once; one that hits this session ends it before it opens.
fn take_revocations(login: &mut Login, envelopes: &[String], target: &Target) -> Result<()> {
    let new = login.ledger.hold(envelopes)?;
    if new == 0 {
        return Ok(());
    }
    eprintln!(
        "{}",
        say::red(&format!(
            "The device told of {} that the service had not shown.",
            say::count(new, "revocation")
        ))
    );
    login.technician()?;
    if target.joined {
        return Ok(());
    }
    target::check_in_force(login, &target.keyid, &target.shown())
}

/// How a session's end reads as an error.
fn over(end: End) -> anyhow::Error {
    match end {
        End::Refused { code, text } => named(
            Kind::Device,
            &code,
            format!("The device refuses: {}", show_foreign(&text, 500)),
        ),
        other => end_error(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trust::Hash;

    #[test]
    fn receipts_may_grow_and_never_shrink_or_change() {
        let head = |n, byte| {
            Some(ReceiptHead {
                n,
                hash: Hash([byte; 32]),
            })
        };
        assert!(!went_back(None, None));
        assert!(!went_back(None, head(5, 1)));
        assert!(!went_back(head(5, 1), head(5, 1)));
        assert!(!went_back(head(5, 1), head(6, 2)));
        assert!(went_back(head(5, 1), head(5, 2)));
        assert!(went_back(head(5, 1), head(4, 2)));
        assert!(went_back(head(5, 1), None));
    }
}
