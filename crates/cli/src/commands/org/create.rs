//! `wayleave org create`: the genesis, and in the same breath what keeps its admins from losing it.

mod backup;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use api::org::{OrgMade, ServerInfo};
use clap::Args;
use trust::bytes::{Salt, StatementId, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::seal::{OpeningKey, Use, seal, seal_label};
use trust::statement::{
    Admin, ConsoleOrigin, DirectoryShare, Recovery, Roster, Say, Seen, Statement, WitnessEntry,
};
use trust::text::{is_host, is_line, is_name};
use trust::warrant::name_commitment;
use trust::{OrgId, PublicKey, SigningKey};

use super::parse::{parse_key, parse_origin, parse_witness};
use crate::ambient::{now_ms, random};
use crate::args::Common;
use crate::failure::refused;
use crate::ledger::Ledger;
use crate::org_store::KeyKind;
use crate::sealed::Secret;
use crate::server_url::ServerUrl;
use crate::service::Service;

const RECOVERY_DELAY_MS: u64 = 72 * 3_600_000;

/// What the organisation is to be.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The service's address
    #[arg(long, value_name = "URL")]
    server: ServerUrl,
    /// The organisation's name, as end users will read it
    #[arg(long)]
    name: String,
    /// Its domain, as end users will read it
    #[arg(long)]
    domain: String,
    /// Your opaque name in the ledger, such as "ada": two keys of one person count once
    #[arg(long)]
    person: String,
    /// Your own name; the ledger holds only a commitment to it
    #[arg(long)]
    your_name: String,
    /// A witness as "wayleave witness init" printed it, with the URL where it listens; may be repeated
    #[arg(long, value_name = "NAME,KEY[,URL]", value_parser = parse_witness)]
    witness: Vec<WitnessEntry>,
    /// How many witnesses make a ledger fresh [default: more than half of them]
    #[arg(long)]
    quorum: Option<u64>,
    /// How old a witness's signature may be, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    max_age: u64,
    /// Where a browser may sign, and whose web server that is; may be repeated
    #[arg(long, value_name = "ORIGIN=customer|vendor", value_parser = parse_origin)]
    console_origin: Vec<ConsoleOrigin>,
    /// Write the recovery keys to this file, sealed under the passphrase, instead of showing them as words
    #[arg(long, value_name = "FILE")]
    recovery_file: Option<PathBuf>,
    /// How many recovery keys to make
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    recovery_keys: u8,
    /// Write the second admin key to this file [default: second-admin-key-ID.json in the directory of keys]
    #[arg(long, value_name = "FILE", conflicts_with = "no_second_key")]
    second_key_file: Option<PathBuf>,
    /// Make no second admin key
    #[arg(long)]
    no_second_key: bool,
    /// The key of the service's log, instead of asking the service for it
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    log_key: Option<PublicKey>,
    /// Do not tell the service yet: "wayleave org push" does that later
    #[arg(long, requires = "log_key")]
    offline: bool,
}

/// All secrets of a new organisation.
struct Fresh {
    admin: SigningKey,
    second: Option<SigningKey>,
    recovery: Vec<SigningKey>,
    audit: OpeningKey,
    directory: OpeningKey,
    member: OpeningKey,
}

/// What the founder's own label and share are bound to: the id is the hash of the very statement that holds them.
pub(crate) const NO_ORG: OrgId = OrgId([0; 32]);

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    check_texts(&arguments)?;
    for file in [&arguments.recovery_file, &arguments.second_key_file]
        .into_iter()
        .flatten()
    {
        ensure!(
            !file.exists(),
            "{} exists already and is never replaced.",
            file.display()
        );
    }
    let keystore = crate::login::keystore(common)?;
    let vault = keystore.unlock_or_create()?;
    let service = Service::new(&arguments.server)?;
    let log_key = log_key(&service, arguments.log_key.as_ref(), arguments.offline).await?;
    let fresh = Fresh::new(&arguments)?;
    let genesis = genesis(&arguments, &fresh, log_key)?;
    let org = OrgId(sha256(&[genesis.as_bytes()]).0);
    let made = if arguments.offline {
        None
    } else {
        Some(publish(&service, org, &genesis).await?)
    };

    let store = keystore.org(org);
    store.pin(&arguments.server)?;
    let seed = |key: &SigningKey| Secret::new(*key.seed());
    store.add_key(
        &vault,
        KeyKind::Signing,
        &fresh.admin.id().to_string(),
        &seed(&fresh.admin),
        None,
    )?;
    for (kind, key) in [
        (KeyKind::Directory, &fresh.directory),
        (KeyKind::Audit, &fresh.audit),
        (KeyKind::Member, &fresh.member),
    ] {
        store.add_key(
            &vault,
            kind,
            &key.public().to_string(),
            &Secret::new(*key.secret()),
            None,
        )?;
    }
    match &made {
        Some(made) => drop(Ledger::begin(
            &store,
            &[genesis.to_text()],
            &made.checkpoint,
        )?),
        None => store.add_signed(&genesis.to_text())?,
    }
    let files = backup::write(&arguments, common, &keystore, org, &fresh)?;
    backup::report(&arguments, common, org, &fresh, &files)
}

fn check_texts(arguments: &Arguments) -> Result<()> {
    ensure!(
        is_line(&arguments.name),
        "--name is one line of 1 to 200 characters."
    );
    ensure!(
        is_host(&arguments.domain),
        "--domain is a host name in lower-case ASCII, such as example.com."
    );
    ensure!(
        is_name(&arguments.person),
        "--person is 1 to 64 of a-z, 0-9, '.', '_' and '-', such as \"ada\"."
    );
    ensure!(
        is_line(&arguments.your_name),
        "--your-name is one line of 1 to 200 characters."
    );
    Ok(())
}

async fn log_key(service: &Service, given: Option<&PublicKey>, offline: bool) -> Result<PublicKey> {
    if let (Some(key), true) = (given, offline) {
        return Ok(key.clone());
    }
    let info: ServerInfo = service.get("/v1/server").await?;
    let url = service.url();
    ensure!(
        info.public_url == url.as_str(),
        refused(
            "other_url",
            format!(
                "The service says that its address is {}, not {url}: use that one, if it is the right service.",
                trust::text::show_foreign(&info.public_url, 200)
            )
        )
    );
    if let Some(key) = given {
        ensure!(
            *key == info.log_key,
            refused(
                "other_log_key",
                "The service's log key is not the one given with --log-key."
            )
        );
    }
    Ok(info.log_key)
}

impl Fresh {
    fn new(arguments: &Arguments) -> Result<Self> {
        let key = || SigningKey::from_seed(random());
        Ok(Self {
            admin: key(),
            second: (!arguments.no_second_key).then(key),
            recovery: (0..arguments.recovery_keys).map(|_| key()).collect(),
            audit: OpeningKey::from_secret(random())?,
            directory: OpeningKey::from_secret(random())?,
            member: OpeningKey::from_secret(random())?,
        })
    }
}

fn genesis(arguments: &Arguments, fresh: &Fresh, log_key: PublicKey) -> Result<Envelope> {
    let name = name_commitment(&Salt(random()), &arguments.your_name);
    let admins = [Some(&fresh.admin), fresh.second.as_ref()]
        .into_iter()
        .flatten();
    let directory = fresh.directory.public();
    let share = DirectoryShare {
        to: fresh.member.public(),
        sealed: seal(
            &fresh.member.public(),
            Use::Directory,
            &NO_ORG.0,
            fresh.directory.secret(),
            random(),
        )?,
    };
    let label = seal_label(&NO_ORG, &directory, &arguments.your_name, random())?;
    let admin = |key: &SigningKey| Admin {
        key: key.public().clone(),
        person: arguments.person.clone(),
        name: Some(name),
        label: Some(label.clone()),
        directory: Some(share.clone()),
    };
    let recovery_keys = fresh.recovery.iter().map(|k| k.public().clone()).collect();
    let count = arguments.witness.len() as u64;
    let roster = Roster {
        version: 1,
        format: 1,
        name: arguments.name.clone(),
        domain: arguments.domain.clone(),
        admins: admins.map(admin).collect(),
        threshold: 1,
        recovery: Some(Recovery {
            keys: recovery_keys,
            delay: RECOVERY_DELAY_MS,
        }),
        log_key,
        witnesses: arguments.witness.clone(),
        quorum: arguments
            .quorum
            .unwrap_or(if count == 0 { 0 } else { count / 2 + 1 }),
        max_age: arguments.max_age.saturating_mul(1000),
        console_origins: arguments.console_origin.clone(),
        audit_key: fresh.audit.public(),
        directory_key: directory,
    };
    roster
        .check_shape()
        .map_err(|why| anyhow::anyhow!("The organisation cannot be made like this: {why}."))?;
    let statement = Statement {
        org: NO_ORG,
        id: StatementId(random()),
        at: now_ms(),
        seen: Seen {
            size: 0,
            root: trust::tree::Tree::default().root(),
        },
        say: Say::Roster(Box::new(roster)),
    };
    Ok(Envelope::sign(
        PayloadType::Statement,
        &statement,
        &[&fresh.admin],
    )?)
}

/// Hands the genesis to the service.
pub(super) async fn publish(service: &Service, org: OrgId, genesis: &Envelope) -> Result<OrgMade> {
    let made: OrgMade = service
        .send_body(
            reqwest::Method::POST,
            "/v1/orgs",
            genesis.as_bytes().to_vec(),
        )
        .await?;
    ensure!(
        made.org == org,
        refused(
            "other_org",
            "The service made another organisation than the one that was signed."
        )
    );
    Ok(made)
}
