//! `wayleave org roster`, `threshold` and `cosign`: the constitution, and proposals that need several admins.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use trust::bytes::{Hash, KeyId, X25519Public};
use trust::envelope::{Envelope, PayloadType};
use trust::seal::{Use, seal};
use trust::state::Inert;
use trust::statement::{
    Admin, ConsoleOrigin, DirectoryShare, Roster, Say, Statement, WitnessEntry,
};
use trust::{PublicKey, State};

use super::create::NO_ORG;
use super::describe::statement_lines;
use super::drafts;
use super::parse::{parse_key, parse_origin, parse_witness};
use super::publish::{Published, publish, show, submit, tell};
use super::revoke;
use crate::ambient::random;
use crate::args::Common;
use crate::disk;
use crate::failure::refused;
use crate::login::{As, Login, SHORT_MS, keystore};
use crate::say;
use crate::signer::SignatureKey;

/// Changes to the roster; without any it is shown.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Another name for the organisation
    #[arg(long)]
    name: Option<String>,
    /// Another domain
    #[arg(long)]
    domain: Option<String>,
    /// How many distinct admins give power
    #[arg(long)]
    threshold: Option<u64>,
    /// How many witnesses make a ledger fresh
    #[arg(long)]
    quorum: Option<u64>,
    /// How old a witness's signature may be, in seconds
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Add an admin; KEY and MEMBERKEY as "wayleave key new" printed them; may be repeated
    #[arg(long, value_name = "PERSON=KEY[,MEMBERKEY]", value_parser = parse_admin)]
    add_admin: Vec<NewAdmin>,
    /// Remove an admin key; may be repeated
    #[arg(long, value_name = "KEYID")]
    remove_admin: Vec<KeyId>,
    /// Add a witness, or replace the one of that name; may be repeated
    #[arg(long, value_name = "NAME,KEY[,URL]", value_parser = parse_witness)]
    add_witness: Vec<WitnessEntry>,
    /// Remove a witness; may be repeated
    #[arg(long, value_name = "NAME")]
    remove_witness: Vec<String>,
    /// Add or change a console origin; may be repeated
    #[arg(long, value_name = "ORIGIN=customer|vendor", value_parser = parse_origin)]
    console_origin: Vec<ConsoleOrigin>,
    /// Remove a console origin; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    remove_console_origin: Vec<String>,
    /// Another log key, when the organisation moves to another service
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    log_key: Option<PublicKey>,
    /// A new roster without any change: lifts a revocation of everything
    #[arg(long)]
    lift: bool,
    /// Write the new roster to this file for other admins to sign
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// Countersign the proposal in this file
    #[arg(long, value_name = "FILE", exclusive = true)]
    sign: Option<PathBuf>,
}

/// A draft to countersign.
#[derive(Args, Debug)]
pub struct SignArguments {
    /// The draft, as "wayleave org drafts" names it, or the file that --propose wrote
    #[arg(allow_hyphen_values = true, value_name = "DRAFT|FILE")]
    file: PathBuf,
}

/// How many admins give power.
#[derive(Args, Debug)]
pub struct ThresholdArguments {
    /// Distinct admins
    #[arg(value_name = "K")]
    admins: u64,
    /// Write the new roster to this file for other admins to sign
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

/// An admin to add.
#[derive(Clone, Debug)]
pub(super) struct NewAdmin {
    person: String,
    key: PublicKey,
    member: Option<X25519Public>,
}

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    if let Some(file) = arguments.sign {
        return sign(&SignArguments { file }, common).await;
    }
    let mut login = Login::online(common, As::Admin, SHORT_MS).await?;
    let old = login.state().roster().clone();
    let new = changed(&login, &old, &arguments)?;
    if new == old && !arguments.lift {
        return print(login.state(), common);
    }
    give(&mut login, new, arguments.propose.as_deref(), common).await
}

/// `wayleave org threshold K`.
pub(super) async fn threshold(arguments: &ThresholdArguments, common: &Common) -> Result<()> {
    let mut login = Login::online(common, As::Admin, SHORT_MS).await?;
    let old = login.state().roster();
    ensure!(
        old.threshold != arguments.admins,
        "{} of the admins give power already.",
        old.threshold
    );
    let new = Roster {
        threshold: arguments.admins,
        ..old.clone()
    };
    give(&mut login, new, arguments.propose.as_deref(), common).await
}

/// Publishes a changed roster as the next version.
async fn give(
    login: &mut Login,
    new: Roster,
    propose: Option<&Path>,
    common: &Common,
) -> Result<()> {
    let new = Roster {
        version: login.state().roster().version + 1,
        ..new
    };
    new.check_shape()
        .map_err(|why| anyhow!("The roster cannot be like this: {why}."))?;
    let published = publish(login, Say::Roster(Box::new(new)), propose, common).await?;
    tell(&published, common);
    Ok(())
}

fn print(state: &State, common: &Common) -> Result<()> {
    if common.json {
        println!("{}", serde_json::to_string(state.roster())?);
        return Ok(());
    }
    let say = Say::Roster(Box::new(state.roster().clone()));
    statement_lines(&say, &state.org(), None)
        .iter()
        .for_each(|line| println!("{line}"));
    Ok(())
}

fn changed(login: &Login, old: &Roster, arguments: &Arguments) -> Result<Roster> {
    let mut new = old.clone();
    let set = |to: &mut u64, from: Option<u64>| *to = from.unwrap_or(*to);
    set(&mut new.threshold, arguments.threshold);
    set(&mut new.quorum, arguments.quorum);
    set(
        &mut new.max_age,
        arguments.max_age.map(|s| s.saturating_mul(1000)),
    );
    new.name = arguments.name.clone().unwrap_or(new.name);
    new.domain = arguments.domain.clone().unwrap_or(new.domain);
    new.log_key = arguments.log_key.clone().unwrap_or(new.log_key);
    for keyid in &arguments.remove_admin {
        ensure!(
            new.admin(keyid).is_some(),
            "The roster lists no admin key {keyid}."
        );
        new.admins.retain(|a| a.key.id() != *keyid);
    }
    for admin in &arguments.add_admin {
        new.admins.push(admit_admin(login, admin)?);
    }
    for name in &arguments.remove_witness {
        ensure!(
            new.witnesses.iter().any(|w| w.name == *name),
            "The roster lists no witness {name:?}."
        );
        new.witnesses.retain(|w| w.name != *name);
    }
    for witness in &arguments.add_witness {
        new.witnesses.retain(|w| w.name != witness.name);
        new.witnesses.push(witness.clone());
    }
    for origin in &arguments.remove_console_origin {
        ensure!(
            new.origin_owner(origin).is_some(),
            "The roster lists no console origin {origin:?}."
        );
        new.console_origins.retain(|o| o.origin != *origin);
    }
    for origin in &arguments.console_origin {
        new.console_origins.retain(|o| o.origin != origin.origin);
        new.console_origins.push(origin.clone());
    }
    Ok(new)
}

fn admit_admin(login: &Login, admin: &NewAdmin) -> Result<Admin> {
    let directory = match (admin.member, login.directory()) {
        (Some(to), Some(key)) => Some(DirectoryShare {
            to,
            sealed: seal(&to, Use::Directory, &login.org().0, key.secret(), random())?,
        }),
        _ => None,
    };
    Ok(Admin {
        key: admin.key.clone(),
        person: admin.person.clone(),
        name: None,
        label: None,
        directory,
    })
}

fn parse_admin(text: &str) -> Result<NewAdmin, String> {
    let (person, keys) = text
        .split_once('=')
        .ok_or("write PERSON=KEY or PERSON=KEY,MEMBERKEY")?;
    if !trust::text::is_name(person) {
        return Err("a person is 1 to 64 of a-z, 0-9, '.', '_' and '-'".into());
    }
    let (key, member) = match keys.split_once(',') {
        Some((key, member)) => (key, Some(member.parse()?)),
        None => (keys, None),
    };
    Ok(NewAdmin {
        person: person.to_owned(),
        key: parse_key(key)?,
        member,
    })
}

/// `wayleave org cosign`: parse, show, countersign; publish when it is complete.
pub(super) async fn sign(arguments: &SignArguments, common: &Common) -> Result<()> {
    let path: &Path = &arguments.file;
    if let Some(draft) = path.to_str().and_then(|text| text.parse().ok()) {
        return cosign_draft(&draft, common).await;
    }
    let bytes = disk::read(path)?
        .with_context(|| format!("The proposal {} is missing.", path.display()))?;
    let bad = |e| refused("bad_proposal", format!("The proposal is refused: {e}."));
    let envelope = Envelope::parse(&bytes).map_err(bad)?;
    let statement: Statement = envelope.read(PayloadType::Statement).map_err(bad)?;
    if let (Say::Roster(roster), Some(signer)) = (&statement.say, Newcomer::of(common, &statement)?)
    {
        return signer.sign(path, &envelope, roster, common);
    }
    let mut login = Login::online(common, As::Member, SHORT_MS).await?;
    ensure!(
        statement.org == login.org(),
        refused("other_org", "The proposal is for another organisation.")
    );
    if let Some((signed, why)) = cosign(&mut login, &envelope, &statement, common).await? {
        disk::replace(path, signed.as_bytes())?;
        tell(&Published::Proposed(path.to_owned()), common);
        eprintln!("It still needs more signatures: {why}.");
    }
    Ok(())
}

async fn cosign_draft(draft: &Hash, common: &Common) -> Result<()> {
    let mut login = Login::online(common, As::Admin, SHORT_MS).await?;
    let (envelope, statement) = drafts::find(&login, draft).await?;
    if let Some((signed, _)) = cosign(&mut login, &envelope, &statement, common).await? {
        tell(&drafts::leave(&mut login, &signed).await?, common);
    }
    Ok(())
}

/// Shows and countersigns, and publishes what is complete; gives back what still lacks signatures, with what it lacks.
async fn cosign(
    login: &mut Login,
    envelope: &Envelope,
    statement: &Statement,
    common: &Common,
) -> Result<Option<(Envelope, Inert)>> {
    let standing = login.state().check(envelope.as_bytes());
    if standing.is_ok() {
        return whole(login, envelope, statement, common)
            .await
            .map(|()| None);
    }
    check_worth(standing)?;
    show(login, statement, common)?;
    let signed = signing_key(login, statement, envelope)?.countersign(envelope)?;
    match login.state().check(signed.as_bytes()) {
        Ok(()) => whole(login, &signed, statement, common)
            .await
            .map(|()| None),
        Err(why) => {
            check_worth(Err(why.clone()))?;
            Ok(Some((signed, why)))
        }
    }
}

/// Publishes a statement that has all its signatures; a revocation goes to the witnesses too.
async fn whole(
    login: &mut Login,
    envelope: &Envelope,
    statement: &Statement,
    common: &Common,
) -> Result<()> {
    if matches!(statement.say, Say::Revoke(_)) {
        return revoke::hand_over(login, envelope, common).await;
    }
    tell(&submit(login, envelope).await?, common);
    Ok(())
}

/// Somebody whom a new roster makes an admin: the service does not know him yet, and he knows no ledger.
struct Newcomer {
    key: SignatureKey,
}

impl Newcomer {
    fn of(common: &Common, statement: &Statement) -> Result<Option<Self>> {
        let keystore = keystore(common)?;
        let store = keystore.chosen(Some(statement.org))?;
        let Say::Roster(roster) = &statement.say else {
            return Ok(None);
        };
        if !store.leaves()?.is_empty() {
            return Ok(None);
        }
        let keys = store.signing_keys(&keystore.unlock()?)?;
        let mine = keys.into_iter().map(|(key, _)| key);
        Ok(mine
            .into_iter()
            .find(|k| roster.admin(&k.id()).is_some())
            .map(|key| Self { key }))
    }

    fn sign(
        self,
        path: &Path,
        envelope: &Envelope,
        roster: &Roster,
        common: &Common,
    ) -> Result<()> {
        let say = Say::Roster(Box::new(roster.clone()));
        eprintln!("You sign for {}, and become an admin by it:", roster.name);
        for line in statement_lines(&say, &NO_ORG, None) {
            eprintln!("  {line}");
        }
        ensure!(
            common.yes || say::confirm("Sign this?", "--yes")?,
            "Nothing was signed."
        );
        disk::replace(path, self.key.countersign(envelope)?.as_bytes())?;
        tell(&Published::Proposed(path.to_owned()), common);
        Ok(())
    }
}

/// A proposal may lack signatures; anything else wrong with it will not get better by signing.
fn check_worth(outcome: Result<(), Inert>) -> Result<()> {
    match outcome {
        Ok(()) | Err(Inert::TooFewAdmins { .. } | Inert::NoAuthority) => Ok(()),
        Err(why) => Err(refused(
            "inert",
            format!("The proposal would not count, however many sign it: {why}."),
        )),
    }
}

/// An own key that has not signed and whose signature this statement needs: an admin's of the old or new roster.
fn signing_key<'a>(
    login: &'a Login,
    statement: &Statement,
    envelope: &Envelope,
) -> Result<&'a SignatureKey> {
    let new = match &statement.say {
        Say::Roster(roster) => Some(roster),
        _ => None,
    };
    let is_needed = |keyid: &KeyId| {
        login.state().admin(keyid).is_some() || new.is_some_and(|r| r.admin(keyid).is_some())
    };
    let fresh = |keyid: &KeyId| !envelope.claimed_signers().any(|k| k == *keyid);
    let mine = login
        .keys()
        .iter()
        .map(|k| &k.key)
        .find(|k| is_needed(&k.id()) && fresh(&k.id()));
    mine.ok_or_else(|| {
        refused(
            "no_key",
            "No key on this computer may sign this, or all that may have signed it already.",
        )
    })
}
