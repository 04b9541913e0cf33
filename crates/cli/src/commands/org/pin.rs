//! `wayleave org pin`: trust an organisation by its id.

use anyhow::Result;
use clap::Args;
use trust::OrgId;

use crate::args::Common;
use crate::disk;
use crate::login::keystore;
use crate::server_url::ServerUrl;

/// What to pin.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The organisation's id, from somebody you trust: not from the service
    org: OrgId,
    /// The service's address
    #[arg(long, value_name = "URL")]
    server: ServerUrl,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let keystore = keystore(common)?;
    disk::make_dir(keystore.dir())?;
    keystore.org(arguments.org).pin(&arguments.server)?;
    if !common.json {
        println!(
            "Pinned {} with the service {}.",
            arguments.org, arguments.server
        );
    }
    Ok(())
}
