//! `wayleave org drafts`: statements at the service that wait for the signatures of further admins.

use anyhow::{Context, Result, ensure};
use api::draft::{Draft, Drafts};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use trust::bytes::{Hash, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::state::Inert;
use trust::statement::Statement;

use super::describe::statement_lines;
use super::publish::{Published, submit};
use crate::ambient::date;
use crate::args::Common;
use crate::failure::refused;
use crate::login::{As, Login, SHORT_MS};
use crate::people::name_of;

/// What to do with the drafts; without an option they are listed.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Discard this one
    #[arg(long, value_name = "DRAFT", allow_hyphen_values = true)]
    discard: Option<Hash>,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Admin, SHORT_MS).await?;
    if let Some(draft) = &arguments.discard {
        let path = format!("/drafts/{draft}");
        login
            .signed()?
            .tell(Method::DELETE, &path, Vec::new())
            .await?;
        println!("Discarded.");
        return Ok(());
    }
    let drafts = all(&login).await?;
    if common.json {
        let lines = drafts.iter().map(|draft| as_json(&login, draft));
        println!("{}", Value::Array(lines.collect::<Result<_>>()?));
        return Ok(());
    }
    if drafts.is_empty() {
        println!("No draft waits for signatures.");
    }
    for draft in &drafts {
        tell(&login, draft)?;
    }
    Ok(())
}

async fn all(login: &Login) -> Result<Vec<Draft>> {
    let drafts: Drafts = login.signed()?.get("/drafts").await?;
    Ok(drafts.drafts)
}

/// Parses what the service handed out: its name for it has to be that of the payload.
fn read(login: &Login, draft: &Draft) -> Result<(Envelope, Statement)> {
    let envelope = Envelope::parse(draft.envelope.as_bytes())?;
    let statement: Statement = envelope.read(PayloadType::Statement)?;
    ensure!(
        sha256(&[envelope.payload()]) == draft.draft && statement.org == login.org(),
        refused(
            "other_draft",
            "The service hands out another draft than the one it names. Nothing was signed."
        )
    );
    Ok((envelope, statement))
}

/// The draft of this name.
pub(super) async fn find(login: &Login, wanted: &Hash) -> Result<(Envelope, Statement)> {
    let drafts = all(login).await?;
    match drafts.iter().find(|d| d.draft == *wanted) {
        Some(draft) => read(login, draft),
        None => Err(refused(
            "unknown_draft",
            format!(
                "No draft {wanted} waits: it is in the ledger, was discarded, or its time is over."
            ),
        )),
    }
}

/// Leaves a statement for the other admins; publishes it if their signatures are there already.
pub(super) async fn leave(login: &mut Login, envelope: &Envelope) -> Result<Published> {
    // The service takes a draft from one who signed it.
    let mut mine = login.keys().iter().map(|own| &own.key);
    let signer = mine.find(|key| envelope.claimed_signers().any(|keyid| keyid == key.id()));
    let signer = signer.context("a statement that was signed here")?;
    let service = login
        .service()
        .sign_in(login.org(), signer, SHORT_MS)
        .await?;
    let body = envelope.as_bytes().to_vec();
    let left: Draft = service.post_bytes("/drafts", body).await?;
    let (joined, _) = read(login, &left)?;
    ensure!(
        joined.payload() == envelope.payload(),
        refused(
            "other_draft",
            "The service kept another statement than the one that was left. Nothing was published."
        )
    );
    match login.state().check(joined.as_bytes()) {
        Ok(()) => submit(login, &joined).await,
        Err(Inert::TooFewAdmins { have, need }) => Ok(Published::Drafted {
            draft: left.draft,
            have,
            need,
        }),
        // One admin alone does not revoke another.
        Err(Inert::NoAuthority) => Ok(Published::Drafted {
            draft: left.draft,
            have: joined.claimed_signers().count() as u64,
            need: login.state().roster().threshold,
        }),
        Err(why) => Err(refused(
            "inert",
            format!("The statement would not count: {why}."),
        )),
    }
}

fn signers(login: &Login, envelope: &Envelope) -> Vec<String> {
    envelope
        .claimed_signers()
        .map(|keyid| name_of(login, &keyid))
        .collect()
}

/// What is lacking, in words.
fn standing(login: &Login, envelope: &Envelope) -> String {
    match login.state().check(envelope.as_bytes()) {
        Ok(()) => "complete; hand it over with \"wayleave org cosign\"".to_owned(),
        Err(Inert::TooFewAdmins { have, need }) => format!("{have} of {need} admins signed"),
        Err(Inert::NoAuthority) => "one admin alone does not revoke another".to_owned(),
        Err(why) => format!("will never count: {why}. Discard it and make it anew"),
    }
}

fn as_json(login: &Login, draft: &Draft) -> Result<Value> {
    let (envelope, statement) = read(login, draft)?;
    let directory = login.directory();
    Ok(json!({
        "draft": draft.draft, "say": statement_lines(&statement.say, &login.org(), directory.as_ref()),
        "signed": signers(login, &envelope), "standing": standing(login, &envelope), "expires": draft.expires,
        "envelope": draft.envelope,
    }))
}

fn tell(login: &Login, draft: &Draft) -> Result<()> {
    let (envelope, statement) = read(login, draft)?;
    let directory = login.directory();
    println!("{}", draft.draft);
    for line in statement_lines(&statement.say, &login.org(), directory.as_ref()) {
        println!("  {line}");
    }
    println!(
        "  {}: {}; until {}",
        standing(login, &envelope),
        signers(login, &envelope).join(", "),
        date(draft.expires)
    );
    Ok(())
}
