//! Technicians: public keys that a person left, after words were compared.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use api::ids::InviteId;
use api::invite::Invites;
use clap::Args;
use trust::bytes::Salt;
use trust::envelope::Envelope;
use trust::proof::InviteAnswer;
use trust::seal::{Use, open_label, seal, seal_label};
use trust::statement::{DirectoryShare, Role, Subject};
use trust::warrant::name_commitment;

use super::super::publish::tell;
use super::{Terms, check_given, compare, give};
use crate::ambient::random;
use crate::args::Common;
use crate::disk;
use crate::failure::refused;
use crate::login::Login;

/// Which person.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The invitation that was answered
    #[arg(long, value_name = "INVITE", required_unless_present = "answer")]
    invite: Option<InviteId>,
    /// The answer as a file that "wayleave technician init --answer" wrote
    #[arg(long, value_name = "FILE", conflicts_with = "invite")]
    answer: Option<PathBuf>,
    /// The person's opaque name in the ledger, such as "grace"
    #[arg(long)]
    person: String,
    /// The person's name as it was told to you; must be the one in the answer
    #[arg(long)]
    name: Option<String>,
    /// The salt that "technician init" showed: proves that --name is the name in the answer
    #[arg(long, requires = "name")]
    name_salt: Option<Salt>,
    /// The six words that the person reads to you
    #[arg(long)]
    words: Vec<String>,
    #[command(flatten)]
    terms: Terms,
}

pub(super) async fn run(login: &mut Login, arguments: Arguments, common: &Common) -> Result<()> {
    check_given(&arguments.words)?;
    let answer = answer(login, &arguments).await?;
    ensure!(
        answer.org == login.org(),
        refused("other_org", "The answer is for another organisation.")
    );
    ensure!(
        answer.role == Role::Technician,
        refused("other_role", "The answer does not ask to be a technician.")
    );
    let name = name(login, &arguments, &answer)?;
    let whose = format!(
        "{}, key {}",
        name.as_deref()
            .unwrap_or("A person whose name is not readable here"),
        answer.key.id()
    );
    ensure!(
        compare(&whose, &answer.words(), &arguments.words)?,
        refused(
            "other_words",
            format!(
                "The words differ: nothing was admitted.\n  the answer's words: {}",
                answer.words()
            )
        )
    );
    let subject = subject(login, &arguments, &answer, name.as_deref())?;
    let terms = &arguments.terms;
    let published = give(login, Role::Technician, vec![subject], terms, 30, common).await?;
    tell(&published, common);
    Ok(())
}

async fn answer(login: &Login, arguments: &Arguments) -> Result<InviteAnswer> {
    let bytes = match (&arguments.answer, arguments.invite) {
        (Some(file), _) => disk::read(file)?
            .with_context(|| format!("The answer {} is missing.", file.display()))?,
        (None, Some(wanted)) => {
            let invites: Invites = login.signed()?.get("/invites").await?;
            let invite = invites.invites.into_iter().find(|i| i.invite == wanted);
            let invite = invite.with_context(|| format!("There is no invitation {wanted}."))?;
            invite
                .answer
                .context("Nobody has answered this invitation yet.")?
                .into_bytes()
        }
        (None, None) => unreachable!("the grammar asks for one of them"),
    };
    let envelope = Envelope::parse(&bytes)
        .map_err(|e| refused("bad_answer", format!("The answer is refused: {e}.")))?;
    let answer = InviteAnswer::verify(&envelope)
        .map_err(|e| refused("bad_answer", format!("The answer is refused: {e}.")))?;
    let invited = arguments
        .invite
        .is_none_or(|i| i.to_string() == answer.invite);
    ensure!(
        invited,
        refused("other_invite", "The answer is for another invitation.")
    );
    Ok(answer)
}

/// The name that colleagues will read: as told, or as sealed by the person.
fn name(login: &Login, arguments: &Arguments, answer: &InviteAnswer) -> Result<Option<String>> {
    if let (Some(name), Some(salt)) = (&arguments.name, &arguments.name_salt) {
        ensure!(
            name_commitment(salt, name) == answer.name,
            refused(
                "other_name",
                "The answer commits to another name than the one given with --name and --name-salt."
            )
        );
    }
    let sealed = match (login.directory(), &answer.label) {
        (Some(directory), Some(label)) => open_label(&login.org(), &directory, label).ok(),
        _ => None,
    };
    if let (Some(told), Some(sealed)) = (&arguments.name, &sealed) {
        ensure!(
            told == sealed,
            refused(
                "other_name",
                format!("The answer names {sealed:?}, not {told:?}.")
            )
        );
    }
    Ok(arguments.name.clone().or(sealed))
}

fn subject(
    login: &Login,
    arguments: &Arguments,
    answer: &InviteAnswer,
    name: Option<&str>,
) -> Result<Subject> {
    let (org, roster) = (login.org(), login.state().roster());
    let label = name
        .map(|n| seal_label(&org, &roster.directory_key, n, random()))
        .transpose()?;
    let share = |key: trust::seal::OpeningKey| -> Result<DirectoryShare> {
        let sealed = seal(
            &answer.directory_to,
            Use::Directory,
            &org.0,
            key.secret(),
            random(),
        )?;
        Ok(DirectoryShare {
            to: answer.directory_to,
            sealed,
        })
    };
    Ok(Subject {
        key: answer.key.clone(),
        noise: None,
        person: Some(arguments.person.clone()),
        name: Some(answer.name),
        label,
        directory: login.directory().map(share).transpose()?,
    })
}
