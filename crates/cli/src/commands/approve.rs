//! `wayleave approve`: what technicians ask approval for, opened and judged on this computer.

use anyhow::{Context, Result, anyhow, ensure};
use api::approval::{AnswerApproval, Approval, Approvals};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use trust::WarrantId;
use trust::envelope::{Envelope, PayloadType, Signer};
use trust::judge::{Foreseen, foresee};
use trust::seal::{open_warrant, seal_refusal};
use trust::text::{is_line, show_foreign};
use trust::warrant::Warrant;

use super::org::labels;
use crate::ambient::{date, now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::login::{As, Login, SHORT_MS};
use crate::people::name_of;
use crate::say;
use crate::session::warrant::facts;
use crate::signer::SignatureKey;

/// Subcommands of `wayleave approve`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List what waits for approval
    List,
    /// Show one request as it would be signed
    Show(Which),
    /// Sign one request
    Sign(Which),
    /// Refuse one request
    Refuse(Refuse),
}

/// A request.
#[derive(Args, Debug)]
pub struct Which {
    /// The warrant's id
    #[arg(allow_hyphen_values = true)]
    id: WarrantId,
}

/// A request and why not.
#[derive(Args, Debug)]
pub struct Refuse {
    /// The warrant's id
    #[arg(allow_hyphen_values = true)]
    id: WarrantId,
    /// Why not: the technician reads it
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    match command {
        Command::List => list(&login, common).await,
        Command::Show(Which { id }) => show(&login, &id, common).await,
        Command::Sign(Which { id }) => sign(&login, &id, common).await,
        Command::Refuse(Refuse { id, why }) => refuse(&login, &id, &why).await,
    }
}

/// A request that this computer opened and checked.
struct Request<'a> {
    envelope: Envelope,
    warrant: Warrant,
    /// The own key whose signature would count, and what it would do.
    mine: Option<(&'a SignatureKey, Foreseen)>,
}

async fn all(login: &Login) -> Result<Vec<Approval>> {
    let open: Approvals = login.signed()?.get("/approvals").await?;
    Ok(open.approvals)
}

async fn one(login: &Login, id: &WarrantId) -> Result<Approval> {
    let found = all(login).await?.into_iter().find(|a| a.warrant == *id);
    found.ok_or_else(|| {
        refused(
            "unknown_approval",
            format!(
                "Nothing waits for approval under {id}: it was taken back, or its time is over."
            ),
        )
    })
}

/// Opens a request and judges its warrant as the device will: what cannot be read or does not hold is never signed.
fn open<'a>(login: &'a Login, request: &Approval) -> Result<Request<'a>> {
    let directory = login.directory().context(
        "The organisation's directory key is not on this computer: the request cannot be read.",
    )?;
    let bytes = open_warrant(&login.org(), &directory, &request.warrant, &request.sealed)?;
    let envelope = Envelope::parse(&bytes)?;
    let warrant: Warrant = envelope.read(PayloadType::Warrant)?;
    ensure!(
        (warrant.id, warrant.device, warrant.by) == (request.warrant, request.device, request.by),
        refused(
            "other_warrant",
            "The sealed warrant is another than the one that the service announced. Tell your security officer."
        )
    );
    let device = login.state().entry(&warrant.device);
    let noise = device
        .and_then(|entry| entry.subject.noise)
        .context("The ledger admits no such device.")?;
    let facts = facts(login, warrant.device, noise, &warrant);
    let mut mine = None;
    for own in login.keys().iter().map(|own| &own.key) {
        let me = Signer {
            keyid: own.id(),
            origin: None,
        };
        let foreseen = foresee(&facts, envelope.as_bytes(), &me).map_err(|why| {
            let text = format!("The device would refuse this, whoever approves: {why}.");
            refused(why.code(), text)
        })?;
        let has_answered = request.answers.iter().any(|a| a.by == own.id());
        if let (Some(foreseen), false, None) = (foreseen, has_answered, &mine) {
            mine = Some((own, foreseen));
        }
    }
    Ok(Request {
        envelope,
        warrant,
        mine,
    })
}

async fn list(login: &Login, common: &Common) -> Result<()> {
    let requests = all(login).await?;
    let opened: Vec<_> = requests.iter().map(|r| (r, open(login, r))).collect();
    if common.json {
        let lines = opened.iter().map(|(request, opened)| match opened {
            Ok(opened) => as_json(login, opened),
            Err(why) => json!({ "id": request.warrant, "by": request.by, "device": request.device, "trouble": why.to_string() }),
        });
        println!("{}", Value::Array(lines.collect()));
        return Ok(());
    }
    if opened.is_empty() {
        println!("Nothing waits for approval.");
    }
    for (request, opened) in opened {
        let who = name_of(login, &request.by);
        match opened {
            Ok(opened) => println!(
                "{} {who} on {} until {}: {}{}",
                request.warrant,
                device_name(login, &opened.warrant),
                date(opened.warrant.until),
                quoted(&opened.warrant.why),
                if opened.mine.is_some() {
                    ""
                } else {
                    " (not for you)"
                },
            ),
            Err(why) => println!("{} {who}: {why}", request.warrant),
        }
    }
    Ok(())
}

fn as_json(login: &Login, request: &Request<'_>) -> Value {
    let warrant = &request.warrant;
    let approvals = request.mine.as_ref().map(|(key, foreseen)| {
        let a = &foreseen.approvals;
        json!({ "key": key.id(), "policy": a.policy, "approvers": a.approvers, "have": a.have, "need": a.need, "opens": foreseen.opens })
    });
    json!({
        "id": warrant.id, "by": warrant.by, "name": warrant.name.name, "device": warrant.device,
        "device_name": device_name(login, warrant), "scopes": warrant.scopes, "bounds": warrant.bounds, "until": warrant.until,
        "attended": warrant.attended, "why": warrant.why, "ticket": warrant.ticket, "mine": approvals,
    })
}

fn device_name(login: &Login, warrant: &Warrant) -> String {
    let directory = login.directory();
    let devices = labels(
        login.state(),
        trust::statement::Role::Device,
        directory.as_ref(),
    );
    let found = devices.into_iter().find(|d| d.keyid == warrant.device);
    found
        .and_then(|d| d.name)
        .unwrap_or_else(|| warrant.device.to_string())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", show_foreign(text, 200))
}

async fn show(login: &Login, id: &WarrantId, common: &Common) -> Result<()> {
    let request = one(login, id).await?;
    let opened = open(login, &request)?;
    if common.json {
        println!("{}", as_json(login, &opened));
    } else {
        lines(login, &opened)
            .iter()
            .for_each(|line| println!("{line}"));
    }
    Ok(())
}

fn lines(login: &Login, request: &Request<'_>) -> Vec<String> {
    let warrant = &request.warrant;
    let mut lines = vec![
        format!("who     {}", show_foreign(&warrant.name.name, 200)),
        format!("device  {} {}", device_name(login, warrant), warrant.device),
    ];
    for (at, scope) in warrant.scopes.iter().enumerate() {
        let head = if at == 0 { "what  " } else { "      " };
        lines.push(format!("{head}  {}", scope.sentence()));
        lines.extend(
            warrant
                .bounds
                .words(*scope)
                .map(|words| format!("          {words}")),
        );
    }
    let ticket = warrant
        .ticket
        .as_ref()
        .map(|t| format!(" [{}]", show_foreign(t, 200)));
    lines.push(format!("until   {}", date(warrant.until)));
    lines.push(format!(
        "why     {}{} (the technician's words)",
        quoted(&warrant.why),
        ticket.unwrap_or_default()
    ));
    let asks = if warrant.attended {
        "the person at the device"
    } else {
        "nobody"
    };
    lines.push(format!("asks    {asks}"));
    if let Some((_, foreseen)) = &request.mine {
        let a = &foreseen.approvals;
        lines.push(format!(
            "policy  {}: with your signature {} of {} approvals of {}",
            a.policy, a.have, a.need, a.approvers
        ));
    }
    lines
}

async fn sign(login: &Login, id: &WarrantId, common: &Common) -> Result<()> {
    let request = one(login, id).await?;
    let opened = open(login, &request)?;
    let (key, foreseen) = opened.mine.as_ref().ok_or_else(|| {
        refused(
            "not_an_approver",
            "No key on this computer counts as an approval of this warrant, or it has answered already.",
        )
    })?;
    if !common.json {
        eprintln!("You approve:");
        lines(login, &opened)
            .iter()
            .for_each(|line| eprintln!("  {line}"));
    }
    ensure!(
        common.yes || say::confirm("Sign this warrant?", "--yes")?,
        "Nothing was signed."
    );
    ensure!(
        now_ms() < opened.warrant.until,
        "The warrant's time is over."
    );
    let signed = key.countersign(&opened.envelope)?;
    let signature = signed.signatures().iter().find(|s| s.keyid == key.id());
    let signature = signature.context("a signature that was just made")?;
    answer(login, key, id, &AnswerApproval::Approve(signature.clone())).await?;
    if common.json {
        println!(
            "{}",
            json!({ "id": id, "approved_by": key.id(), "opens": foreseen.opens })
        );
    } else {
        println!("Approved.");
    }
    Ok(())
}

async fn refuse(login: &Login, id: &WarrantId, why: &str) -> Result<()> {
    if !is_line(why) {
        return Err(anyhow!("--why is one line of 1 to 200 characters."));
    }
    let request = one(login, id).await?;
    let opened = open(login, &request);
    // Who may approve may refuse; what cannot be read is refused with any key that may sign in.
    let mine = opened.as_ref().ok().and_then(|o| o.mine.as_ref());
    let key = match mine {
        Some((key, _)) => key,
        None => login.keys().first().map(|own| &own.key).context("no key")?,
    };
    let directory = login.state().roster().directory_key;
    let sealed = seal_refusal(&login.org(), &directory, id, why, random())?;
    answer(login, key, id, &AnswerApproval::Refuse(sealed)).await?;
    println!("Refused.");
    Ok(())
}

/// Answers as the key that answers: the service takes nobody's word for another.
async fn answer(
    login: &Login,
    key: &SignatureKey,
    id: &WarrantId,
    answer: &AnswerApproval,
) -> Result<()> {
    let signed = login.service().sign_in(login.org(), key, SHORT_MS).await?;
    let path = format!("/approvals/{id}/answer");
    signed
        .tell(Method::POST, &path, serde_json::to_vec(answer)?)
        .await
}
