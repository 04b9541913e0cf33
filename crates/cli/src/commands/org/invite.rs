//! `wayleave org invite`: ask a person to leave public keys.

use anyhow::Result;
use api::invite::{InviteMade, MakeInvite};
use clap::Args;
use serde_json::json;

use crate::ambient::date;
use crate::args::Common;
use crate::login::{As, Login, SHORT_MS};

/// Whom to invite.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Your reminder of who this is for; the service reads it
    #[arg(long, default_value = "")]
    note: String,
}

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Admin, SHORT_MS).await?;
    login.admin_key()?;
    let made: InviteMade = login
        .signed()?
        .post(
            "/invites",
            &MakeInvite {
                note: arguments.note,
            },
        )
        .await?;
    let (org, server) = (login.org(), login.service().url());
    let directory = login.state().roster().directory_key;
    let command = format!(
        "wayleave technician init --org {org} --server {server} --invite {} --directory-key {directory} --your-name NAME",
        made.invite
    );
    if common.json {
        println!(
            "{}",
            json!({ "invite": made.invite, "expires": made.expires, "command": command })
        );
        return Ok(());
    }
    println!(
        "Send this to the person, by a way that you trust, until {}:\n\n  {command}\n",
        date(made.expires)
    );
    println!(
        "Then compare the six words with him, and: wayleave org admit technician --invite {} ...",
        made.invite
    );
    Ok(())
}
