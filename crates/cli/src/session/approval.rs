//! Where the policy asks for approvals: the signed warrant goes sealed to the approvers, and this waits until their
//! signatures are on it.

use anyhow::{Context, Result};
use api::approval::{Answer, AnswerApproval, Approval, Approvals, AskApproval};
use api::signal::console::ToConsole;
use reqwest::Method;
use tokio::time::{Duration, timeout};
use trust::envelope::{Envelope, Signature};
use trust::judge::{Approvals as Wanted, Facts, judge, lacking};
use trust::seal::{OpeningKey, open_refusal, seal_warrant};
use trust::text::show_foreign;

use super::Target;
use super::relay::{self, Socket};
use super::warrant::{self, Agreed, SignedWarrant};
use crate::ambient::{now_ms, random};
use crate::failure::{Kind, find, refused};
use crate::login::Login;
use crate::people::{approvers, name_of, person_of};
use crate::say::count;

/// The service hints at every answer; without a hint the list is read again after this time.
const UNPROMPTED: Duration = Duration::from_secs(15);

/// Signs a warrant, asks for the approvals it lacks, and returns once it lacks none. Ctrl-C takes the request back.
pub async fn collect(
    login: &mut Login,
    target: &Target,
    agreed: &Agreed,
    channel_key: &[u8; 32],
) -> Result<SignedWarrant> {
    let signed = warrant::sign(login, target, agreed, channel_key)?;
    let directory = login.state().roster().directory_key;
    let sealed = seal_warrant(
        &login.org(),
        &directory,
        &signed.id,
        &signed.envelope,
        random(),
    )?;
    let wish = AskApproval {
        warrant: signed.id,
        device: target.keyid,
        until: signed.until,
        sealed,
    };
    login
        .signed()?
        .tell(Method::POST, "/approvals", serde_json::to_vec(&wish)?)
        .await?;
    let outcome = tokio::select! {
        outcome = wait(login, target, &signed) => outcome,
        _ = tokio::signal::ctrl_c() => Err(refused(
            "cancelled",
            "The request for approval was taken back. Nothing was opened.",
        )),
    };
    // Taken back, answered or over: nobody else has to look at it.
    let path = format!("/approvals/{}", signed.id);
    let gone = login
        .signed()?
        .tell(Method::DELETE, &path, Vec::new())
        .await;
    let envelope = outcome?;
    if let Err(why) = gone {
        eprintln!("The request for approval is still shown to others: {why}");
    }
    Ok(SignedWarrant { envelope, ..signed })
}

async fn wait(login: &mut Login, target: &Target, signed: &SignedWarrant) -> Result<Envelope> {
    let mut hints: Option<Socket> = None;
    let mut told = String::new();
    loop {
        if hints.is_none() {
            hints = relay::console(login).await.ok();
        }
        let request = match request(login, signed).await {
            Ok(request) => request,
            // A service that is away for a moment does not end the waiting.
            Err(why) if is_away(&why) && now_ms() < signed.until => {
                hints = hinted(None, UNPROMPTED).await;
                continue;
            }
            Err(why) => return Err(why),
        };
        let answers = Answers::take(login, target, signed, &request.answers)?;
        let Some(lack) = answers.lacks else {
            eprintln!("Approved by {}.", answers.approved.join(", "));
            return Ok(answers.envelope);
        };
        let line = progress(login, signed, &lack, &answers.refused)?;
        if line != told {
            eprintln!("{line}");
            told = line;
        }
        if now_ms() >= request.until {
            return Err(over());
        }
        let left = Duration::from_millis(request.until.saturating_sub(now_ms()));
        hints = hinted(hints, left.min(UNPROMPTED)).await;
        match login.sync().await {
            Err(why) if !is_away(&why) => return Err(why),
            _ => {}
        }
    }
}

fn is_away(why: &anyhow::Error) -> bool {
    find(why).is_some_and(|failure| failure.kind == Kind::Unreachable)
}

fn over() -> anyhow::Error {
    refused(
        "not_approved",
        "The request for approval is over and too few approved. Nothing was opened.",
    )
}

async fn request(login: &Login, signed: &SignedWarrant) -> Result<Approval> {
    let open: Approvals = login.signed()?.get("/approvals").await?;
    let mine = open.approvals.into_iter().find(|a| a.warrant == signed.id);
    mine.ok_or_else(over)
}

/// Waits for a hint, or for some time; a socket that broke is given up.
async fn hinted(hints: Option<Socket>, patience: Duration) -> Option<Socket> {
    let Some(mut socket) = hints else {
        tokio::time::sleep(patience.min(Duration::from_secs(2))).await;
        return None;
    };
    let heard = timeout(patience, async {
        loop {
            match relay::hint(&mut socket).await {
                Ok(ToConsole::Approvals {} | ToConsole::Ledger { .. }) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    });
    match heard.await {
        Ok(false) => None,
        Ok(true) | Err(_) => Some(socket),
    }
}

/// What the answers make of a warrant.
struct Answers {
    envelope: Envelope,
    approved: Vec<String>,
    /// Person and line.
    refused: Vec<(Option<String>, String)>,
    lacks: Option<Wanted>,
}

impl Answers {
    fn take(
        login: &Login,
        target: &Target,
        signed: &SignedWarrant,
        answers: &[Answer],
    ) -> Result<Self> {
        let warrant = signed.warrant()?;
        let facts = warrant::facts(login, target.keyid, target.noise, &warrant);
        let directory = login.directory();
        let mut taken = Self {
            envelope: signed.envelope.clone(),
            approved: Vec::new(),
            refused: Vec::new(),
            lacks: None,
        };
        for Answer { by, answer, .. } in answers {
            let name = name_of(login, by);
            match answer {
                AnswerApproval::Approve(signature) if signature.keyid == *by => {
                    if let Some(next) = with_signature(&taken.envelope, signature, &facts) {
                        taken.envelope = next;
                        taken.approved.push(name);
                    }
                }
                AnswerApproval::Approve(_) => {}
                AnswerApproval::Refuse(sealed) => {
                    let why = reason(login, directory.as_ref(), signed, sealed);
                    let person = person_of(login, by).map(str::to_owned);
                    taken
                        .refused
                        .push((person, format!("{name} refused: {why}")));
                }
            }
        }
        taken.lacks = lacking(&facts, taken.envelope.as_bytes())
            .and_then(|lacks| match lacks {
                Some(lacks) => Ok(Some(lacks)),
                None => judge(&facts, taken.envelope.as_bytes()).map(|_| None),
            })
            .map_err(|why| {
                let text = format!("The device would refuse: {why}. Nothing was opened.");
                refused(why.code(), text)
            })?;
        Ok(taken)
    }
}

/// The envelope with one more signature; none where that would spoil the warrant.
fn with_signature(
    envelope: &Envelope,
    signature: &Signature,
    facts: &Facts<'_>,
) -> Option<Envelope> {
    facts.state.known_key(&signature.keyid)?;
    let next = envelope.with_signature(signature.clone()).ok()?;
    lacking(facts, next.as_bytes()).ok()?;
    Some(next)
}

fn reason(
    login: &Login,
    directory: Option<&OpeningKey>,
    signed: &SignedWarrant,
    sealed: &trust::Blob,
) -> String {
    let opened = directory
        .context("no directory key")
        .and_then(|key| Ok(open_refusal(&login.org(), key, &signed.id, sealed)?));
    opened.map_or_else(
        |_| "(the reason cannot be read here)".to_owned(),
        |why| show_foreign(&why, 200),
    )
}

/// How far it has come; an error where those who are left are too few.
fn progress(
    login: &Login,
    signed: &SignedWarrant,
    lack: &Wanted,
    refusals: &[(Option<String>, String)],
) -> Result<String> {
    let by = signed.warrant()?.by;
    let all = approvers(login, &lack.approvers, &by);
    let has_refused = |person: &str| refusals.iter().any(|(p, _)| p.as_deref() == Some(person));
    let left: Vec<&str> = all
        .iter()
        .filter(|(person, _)| !has_refused(person))
        .map(|(_, name)| name.as_str())
        .collect();
    let said: Vec<&str> = refusals.iter().map(|(_, line)| line.as_str()).collect();
    if left.len() < usize::from(lack.need) {
        let said = said.join(" ");
        let text = if said.is_empty() {
            format!(
                "The policy {} asks for {} of the group {}, and {} in it.",
                lack.policy,
                count(lack.need.into(), "approval"),
                lack.approvers,
                if left.is_empty() {
                    "nobody else is"
                } else {
                    "too few others are"
                },
            )
        } else {
            format!("{said} Nothing was opened.")
        };
        return Err(refused("not_approved", text));
    }
    let line = format!(
        "Waiting for approval ({} of {}): asked {}. Ctrl-C takes the request back.",
        lack.have,
        lack.need,
        left.join(", ")
    );
    Ok(said
        .iter()
        .chain([&line.as_str()])
        .copied()
        .collect::<Vec<_>>()
        .join("\n"))
}
