//! From a wish to a statement in the ledger: composed here, shown, signed, stored, handed over.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use api::ledger::Appended;
use serde_json::{Value, json};
use trust::bytes::{Hash, StatementId};
use trust::envelope::{Envelope, PayloadType};
use trust::state::Inert;
use trust::statement::{Role, Say, Statement};

use super::describe::statement_lines;
use super::drafts;
use crate::ambient::{now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::login::Login;
use crate::signer::{self, SignatureKey};
use crate::{disk, say};

/// What became of a statement.
pub(super) enum Published {
    /// The ledger carries it, and it counts.
    Sequenced {
        /// Its place.
        index: u64,
        /// Its id.
        id: StatementId,
    },
    /// It waits in a file for other admins.
    Proposed(PathBuf),
    /// It waits at the service for other admins.
    Drafted {
        /// Its name there.
        draft: Hash,
        /// Distinct persons who signed.
        have: u64,
        /// Distinct persons it takes.
        need: u64,
    },
}

/// A statement of this organisation over the ledger as it is known now.
pub(super) fn compose(login: &Login, say: Say) -> Statement {
    Statement {
        org: login.org(),
        id: StatementId(random()),
        at: now_ms(),
        seen: login.state().head(),
        say,
    }
}

/// Shows, signs and publishes a giving statement, or writes it to `propose` for the other admins it needs.
pub(super) async fn publish(
    login: &mut Login,
    say: Say,
    propose: Option<&Path>,
    common: &Common,
) -> Result<Published> {
    let statement = compose(login, say);
    show(login, &statement, common)?;
    let envelope = signer::sign(
        PayloadType::Statement,
        &statement,
        &[authority(login, &statement.say)?],
    )?;
    if login.admin_key().is_err() {
        // No further admin would sign what an enroller began: it says what it may, or nothing.
        login.state().check(envelope.as_bytes()).map_err(|why| {
            refused(
                "inert",
                format!(
                    "Your enroller key alone does not admit this ({why}). A device that is in a group of others already, an \
                     admin has to move."
                ),
            )
        })?;
    }
    finish(login, &envelope, propose).await
}

/// The own key that may say this: an admin's, or an enroller's for devices.
fn authority<'a>(login: &'a Login, say: &Say) -> Result<&'a SignatureKey> {
    match (login.admin_key(), say) {
        (Err(_), Say::Admit(admit)) if admit.role == Role::Device => {
            login.enroller().map(|(key, _)| key)
        }
        (key, _) => key,
    }
}

/// Shows what is about to be signed and asks.
pub(super) fn show(login: &Login, statement: &Statement, common: &Common) -> Result<()> {
    let directory = login.directory();
    let lines = statement_lines(&statement.say, &login.org(), directory.as_ref());
    if !common.json {
        eprintln!("You sign for {}:", login.state().roster().name);
        lines.iter().for_each(|line| eprintln!("  {line}"));
    }
    ensure!(
        common.yes || say::confirm("Sign this?", "--yes")?,
        "Nothing was signed."
    );
    Ok(())
}

/// Publishes a signed giving statement if it has the signatures it needs.
pub(super) async fn finish(
    login: &mut Login,
    envelope: &Envelope,
    propose: Option<&Path>,
) -> Result<Published> {
    match (login.state().check(envelope.as_bytes()), propose) {
        (
            Ok(()) | Err(Inert::TooFewAdmins { .. } | Inert::TooFewRecoveryKeys { .. }),
            Some(path),
        ) => {
            disk::replace(path, envelope.as_bytes())?;
            return Ok(Published::Proposed(path.to_owned()));
        }
        (Ok(()), None) => {}
        (Err(Inert::TooFewAdmins { .. }), None) => return drafts::leave(login, envelope).await,
        (Err(Inert::TooFewRecoveryKeys { have, need }), None) => bail!(
            "This needs {need} recovery keys and {have} signed. Write it to a file with --propose FILE; the holders of the \
             others sign that with \"wayleave org recover --sign FILE\"."
        ),
        (Err(why), _) => {
            return Err(refused(
                "inert",
                format!("The statement would not count: {why}."),
            ));
        }
    }
    submit(login, envelope).await
}

/// Stores a complete statement, hands it to the service, and makes sure that the ledger carries it.
pub(super) async fn submit(login: &mut Login, envelope: &Envelope) -> Result<Published> {
    let statement: Statement = envelope.read(PayloadType::Statement)?;
    login.store.add_signed(&envelope.to_text())?;
    let path = format!("/v1/orgs/{}/ledger", login.org());
    let appended: Appended = login
        .service()
        .send_body(reqwest::Method::POST, &path, envelope.as_bytes().to_vec())
        .await?;
    login.sync().await?;
    if login.state().has_statement(&statement.id) {
        return Ok(Published::Sequenced {
            index: appended.index,
            id: statement.id,
        });
    }
    let inert = login
        .state()
        .inert()
        .iter()
        .find(|(index, _)| *index == appended.index);
    match inert {
        Some((_, why)) => Err(refused(
            "inert",
            format!("The ledger carries it and it does not count: {why}."),
        )),
        None => Err(refused(
            "not_sequenced",
            "The service accepted it and its ledger does not show it yet. It is kept here; hand it over again with: \
             wayleave org push",
        )),
    }
}

/// What became of it, for scripts.
pub(super) fn as_json(published: &Published) -> Value {
    match published {
        Published::Sequenced { index, id } => json!({ "index": index, "id": id }),
        Published::Drafted { draft, have, need } => {
            json!({ "draft": draft, "have": have, "need": need })
        }
        Published::Proposed(path) => json!({ "proposed": path }),
    }
}

/// Says what became of it.
pub(super) fn tell(published: &Published, common: &Common) {
    if common.json {
        println!("{}", as_json(published));
        return;
    }
    match published {
        Published::Sequenced { index, .. } => println!("In the ledger as statement {index}."),
        Published::Drafted { draft, have, need } => println!(
            "{have} of {need} admins signed: it waits for the others. They sign it in the console, or with: wayleave org \
             cosign {draft}"
        ),
        Published::Proposed(path) => println!(
            "Proposed in {}. Another admin signs it with: wayleave org cosign {}",
            path.display(),
            path.display()
        ),
    }
}
