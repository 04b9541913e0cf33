//! `wayleave technician`: make keys and ask to be admitted.

use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use api::ids::InviteId;
use api::invite::InviteView;
use clap::{Args, Subcommand};
use serde_json::json;
use trust::bytes::{Salt, X25519Public};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::InviteAnswer;
use trust::seal::{OpeningKey, seal_label};
use trust::statement::Role;
use trust::text::is_line;
use trust::warrant::OpenedName;
use trust::{OrgId, SigningKey};

use crate::ambient::random;
use crate::args::Common;
use crate::disk;
use crate::org_store::KeyKind;
use crate::sealed::Secret;
use crate::server_url::ServerUrl;
use crate::service::Service;
use crate::signer::{self, SignatureKey};
use crate::ssh_agent::{self, Agent};

/// Subcommands of `wayleave technician`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make the keys of a technician, and leave the public ones for an admin
    Init(InitArguments),
}

/// Who becomes a technician, and where.
#[derive(Args, Debug)]
pub struct InitArguments {
    /// The service's address [default: that of the pinned organisation]
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,
    /// The invitation: the answer goes to the service
    #[arg(long, value_name = "INVITE", required_unless_present = "answer")]
    invite: Option<InviteId>,
    /// Write the answer to this file, to be handed to an admin
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// Your name, as colleagues and end users will read it
    #[arg(long, value_name = "NAME", env = "WAYLEAVE_NAME")]
    your_name: String,
    /// A key of your ssh-agent, by its fingerprint or comment, instead of a new one; "wayleave key ssh" lists them
    #[arg(long, value_name = "WHICH")]
    ssh_key: Option<String>,
    /// The organisation's directory key, from the invitation: seals your name to the organisation
    #[arg(long, value_name = "KEY")]
    directory_key: Option<X25519Public>,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    let Command::Init(arguments) = command;
    ensure!(
        is_line(&arguments.your_name),
        "--your-name is one line of 1 to 200 characters."
    );
    ensure!(
        arguments.answer.as_ref().is_none_or(|f| !f.exists()),
        "The file of --answer exists already and is never replaced."
    );
    let keystore = crate::login::keystore(common)?;
    let org = match common.one_org()? {
        Some(org) => org,
        None => keystore.chosen(None)?.org(),
    };
    let store = keystore.org(org);
    match (&arguments.server, store.is_pinned()) {
        (None, false) => {
            return Err(anyhow!(
                "The organisation {org} is not pinned here: give its service with --server URL."
            ));
        }
        (server, is_pinned) => {
            let vault = keystore.unlock_or_create()?;
            if let Some(server) = server {
                store.pin(server)?;
            }
            debug_assert!(is_pinned || server.is_some());
            let key = match &arguments.ssh_key {
                Some(which) => {
                    let identities = Agent::of_environment()?.identities()?;
                    SignatureKey::Agent(ssh_agent::find(&identities, which)?.key.clone())
                }
                None => SignatureKey::Here(SigningKey::from_seed(random())),
            };
            let member = OpeningKey::from_secret(random())?;
            let name = OpenedName {
                name: arguments.your_name.clone(),
                salt: Salt(random()),
            };
            let answer = compose(org, &arguments, &key, &member, &name)?;
            match &key {
                SignatureKey::Here(key) => {
                    let (id, seed) = (key.id().to_string(), Secret::new(*key.seed()));
                    store.add_key(&vault, KeyKind::Signing, &id, &seed, Some(name.clone()))?;
                }
                SignatureKey::Agent(key) => store.add_ssh_key(key, Some(name.clone()))?,
            }
            store.add_key(
                &vault,
                KeyKind::Member,
                &member.public().to_string(),
                &Secret::new(*member.secret()),
                None,
            )?;
            leave(&arguments, &store.pinned()?.server, &answer).await?;
            report(&arguments, common, &InviteAnswer::verify(&answer)?, &name);
        }
    }
    Ok(())
}

fn compose(
    org: OrgId,
    arguments: &InitArguments,
    key: &SignatureKey,
    member: &OpeningKey,
    name: &OpenedName,
) -> Result<Envelope> {
    let label = arguments
        .directory_key
        .map(|to| seal_label(&org, &to, &name.name, random()))
        .transpose()?;
    let answer = InviteAnswer {
        org,
        // An answer that is handed over by hand belongs to no invitation.
        invite: arguments
            .invite
            .map_or_else(|| "by-hand".to_owned(), |i| i.to_string()),
        role: Role::Technician,
        key: key.public().clone(),
        directory_to: member.public(),
        name: name.commitment(),
        label,
    };
    signer::sign(PayloadType::InviteAnswer, &answer, &[key])
}

async fn leave(arguments: &InitArguments, server: &ServerUrl, answer: &Envelope) -> Result<()> {
    if let Some(file) = &arguments.answer {
        disk::create(file, answer.as_bytes())?;
    }
    if let Some(invite) = arguments.invite {
        let path = format!("/v1/invites/{invite}");
        let _: InviteView = Service::new(server)?
            .send_body(reqwest::Method::PUT, &path, answer.as_bytes().to_vec())
            .await?;
    }
    Ok(())
}

fn report(arguments: &InitArguments, common: &Common, answer: &InviteAnswer, name: &OpenedName) {
    if common.json {
        println!(
            "{}",
            json!({ "keyid": answer.key.id(), "words": answer.words(), "name": name.name, "name_salt": name.salt })
        );
        return;
    }
    println!("Your key      {}", answer.key.id());
    println!("Your words    {}", answer.words());
    println!("Your salt     {}", name.salt);
    if let Some(file) = &arguments.answer {
        println!(
            "Hand {} to an admin, and read him the six words. They are the proof that it is yours.",
            file.display()
        );
    } else {
        println!(
            "Read the six words to the admin who invited you. They are the proof that the answer is yours."
        );
    }
}
