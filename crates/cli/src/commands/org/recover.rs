//! `wayleave org recover`: recovery keys replace the administrators' keys, after every witness saw them wait.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use serde_json::json;
use trust::bytes::{KeyId, Salt, StatementId};
use trust::envelope::{Envelope, PayloadType};
use trust::seal::{OpeningKey, Use, seal, seal_label};
use trust::state::Pending;
use trust::statement::{Admin, DirectoryShare, Recover, Roster, Say};
use trust::text::{is_line, is_name};
use trust::warrant::name_commitment;
use trust::{SigningKey, State};
use zeroize::Zeroizing;

use super::publish::{Published, compose, finish, show, submit, tell};
use crate::ambient::{date, random};
use crate::args::Common;
use crate::failure::refused;
use crate::keyfile;
use crate::ledger::recovery_delay;
use crate::login::{Login, SHORT_MS, keystore};
use crate::org_store::KeyKind;
use crate::passphrase::Source;
use crate::phrase;
use crate::sealed::Secret;
use crate::signer::{self, SignatureKey};

/// How long the witnesses get to sign what was just proposed, in seconds.
const WITNESSES_S: u32 = 20;
/// Most bytes of words on standard input.
const WORDS_BYTES_MAX: u64 = 16 * 1024;

/// Whose keys replace whose.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Your opaque name in the ledger, such as "ada"
    #[arg(long, default_value = "founder")]
    person: String,
    /// Your own name; the ledger holds only a commitment to it
    #[arg(long)]
    your_name: Option<String>,
    /// Read recovery keys from standard input: 24 words a line. They are not stored
    #[arg(long)]
    words: bool,
    /// Read recovery keys from a file of "org create" or the console's backup; may be repeated. They are not stored
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Where the files' own passphrase stands, if it is not that of this computer's keys
    #[arg(long, value_name = "FILE")]
    file_passphrase: Option<PathBuf>,
    /// An admin key of the roster that is not lost and stays; may be repeated
    #[arg(long, value_name = "KEYID", allow_hyphen_values = true)]
    keep_admin: Vec<KeyId>,
    /// How many admins give power from then on
    #[arg(long, default_value_t = 1)]
    threshold: u64,
    /// Write it to this file for holders of other recovery keys to sign with "--sign"
    #[arg(long, value_name = "FILE", conflicts_with = "sign")]
    propose: Option<PathBuf>,
    /// Sign another holder's proposal with the recovery keys here
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    ensure!(
        is_name(&arguments.person),
        "A person is 1 to 64 of a-z, 0-9, '.', '_' and '-'."
    );
    let keys = recovery_keys(&arguments, common)?;
    let mut login = Login::recovering(common, &keys, SHORT_MS).await?;
    if let Some(file) = arguments.sign.clone() {
        return countersign(&mut login, &keys, file, common).await;
    }
    match own_recovery(&login).cloned() {
        Some(pending) => go_on(&mut login, &pending, &keys, common).await,
        None => propose(&mut login, &keys, &arguments, common).await,
    }
}

/// Every recovery key at hand: from the words, the files, and this computer.
fn recovery_keys(arguments: &Arguments, common: &Common) -> Result<Vec<SigningKey>> {
    let mut seeds: Vec<Secret> = Vec::new();
    if arguments.words {
        if crate::say::can_ask() {
            eprintln!(
                "Write the 24 words of each recovery key on a line of its own, then press Ctrl-D."
            );
        }
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .take(WORDS_BYTES_MAX)
            .read_to_string(&mut text)
            .context("the words cannot be read")?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            seeds.push(phrase::decode(line).map_err(|e| anyhow!(e))?);
        }
    }
    let source = match &arguments.file_passphrase {
        Some(file) => Source {
            file: Some(file.clone()),
        },
        None => common.passphrase(),
    };
    for path in &arguments.file {
        let (_, _, keys) = match keyfile::read_backup(path)? {
            Some(backup) => backup,
            None => keyfile::read(path, &source)?,
        };
        let recovery = keys.into_iter().filter(|k| k.kind == KeyKind::Recovery);
        seeds.extend(recovery.map(|k| k.secret));
    }
    let store = keystore(common)?.chosen(common.one_org()?)?;
    let stored = store.keys()?;
    if stored.iter().any(|k| k.kind == KeyKind::Recovery) {
        let vault = keystore(common)?.unlock()?;
        for file in stored.iter().filter(|k| k.kind == KeyKind::Recovery) {
            seeds.push(store.open_key(&vault, file)?);
        }
    }
    let keys = seeds.iter().map(|seed| SigningKey::from_seed(**seed));
    let mut keys: Vec<SigningKey> = keys.collect();
    keys.sort_by_key(SigningKey::id);
    keys.dedup_by_key(|key| key.id());
    Ok(keys)
}

/// The recovery that makes a key of this computer an admin's.
fn own_recovery(login: &Login) -> Option<&Pending> {
    let is_own = |p: &&Pending| own_new_key(login, p).is_some();
    login.state().recoveries().find(is_own)
}

fn own_new_key<'a>(login: &'a Login, pending: &Pending) -> Option<&'a SignatureKey> {
    let mut keys = login.keys().iter().map(|own| &own.key);
    keys.find(|key| {
        let is_admin = login.state().admin(&key.id()).is_some();
        pending.roster.admin(&key.id()).is_some() && !is_admin
    })
}

async fn propose(
    login: &mut Login,
    keys: &[SigningKey],
    arguments: &Arguments,
    common: &Common,
) -> Result<()> {
    let keys = keys_that_count(login.state(), keys)?;
    ensure!(
        login.state().roster().threshold > 1 || login.admin_key().is_err(),
        "You hold an admin key in force, and one is enough here. Change the roster with: wayleave org roster"
    );
    let fresh = Fresh::beside(login)?;
    let roster = anew(login, &fresh, arguments)?;
    let statement = compose(login, Say::Roster(Box::new(roster)));
    if !common.json {
        eprintln!(
            "{} recovery keys replace the administrators' keys. Every device shows it, the administrators can veto it, and it \
             takes effect after {} hours at the earliest.",
            keys.len(),
            recovery_delay(login.state().roster()) / 3_600_000
        );
    }
    show(login, &statement, common)?;
    let signers: Vec<&SigningKey> = keys.iter().copied().chain([&fresh.admin]).collect();
    let envelope = Envelope::sign(PayloadType::Statement, &statement, &signers)?;
    fresh.keep(login)?;
    let published = finish(login, &envelope, arguments.propose.as_deref()).await?;
    report(login, &published, statement.id, common).await
}

fn keys_that_count<'a>(state: &State, keys: &'a [SigningKey]) -> Result<Vec<&'a SigningKey>> {
    let counts = |key: &&SigningKey| {
        let keyid = key.id();
        state.roster().recovery_key(&keyid).is_some() && !state.is_key_revoked(&keyid)
    };
    let counting: Vec<&SigningKey> = keys.iter().filter(counts).collect();
    ensure!(
        !counting.is_empty(),
        refused(
            "no_recovery_key",
            "None of these keys is a recovery key of the organisation in force. Give its words with --words, or its file with \
             --file."
        )
    );
    Ok(counting)
}

/// The roster in force with other admins. Names stay readable where the directory key is at hand; else it is a new one.
fn anew(login: &Login, fresh: &Fresh, arguments: &Arguments) -> Result<Roster> {
    let old = login.state().roster();
    let Fresh {
        directory,
        audit,
        member,
        ..
    } = fresh;
    let share = DirectoryShare {
        to: member.public(),
        sealed: seal(
            &member.public(),
            Use::Directory,
            &login.org().0,
            directory.secret(),
            random(),
        )?,
    };
    let label = match &arguments.your_name {
        Some(name) => {
            ensure!(
                is_line(name),
                "A name is one line of 1 to 200 visible characters."
            );
            let label = seal_label(&login.org(), &directory.public(), name, random())?;
            Some((name_commitment(&Salt(random()), name), label))
        }
        None => None,
    };
    let (name, label) = label.unzip();
    let mut admins = vec![Admin {
        key: fresh.admin.public().clone(),
        person: arguments.person.clone(),
        name,
        label,
        directory: Some(share),
    }];
    for keyid in &arguments.keep_admin {
        let kept = old
            .admin(keyid)
            .with_context(|| format!("The roster lists no admin key {keyid}."))?;
        admins.push(kept.clone());
    }
    Ok(Roster {
        version: old.version + 1,
        admins,
        threshold: arguments.threshold,
        audit_key: audit.public(),
        directory_key: directory.public(),
        ..old.clone()
    })
}

/// The keys of an administrator who begins anew.
struct Fresh {
    admin: SigningKey,
    member: OpeningKey,
    directory: OpeningKey,
    audit: OpeningKey,
}

impl Fresh {
    /// Directory and audit key are those of the roster where this computer holds them, so that names and receipts stay
    /// readable; else new ones.
    fn beside(login: &Login) -> Result<Self> {
        let kept = login.store.opening_keys(&login.vault, KeyKind::Audit)?;
        let wanted = login.state().roster().audit_key;
        let audit = kept.into_iter().find(|key| key.public() == wanted);
        let or_new = |kept: Option<OpeningKey>| match kept {
            Some(kept) => Ok(kept),
            None => OpeningKey::from_secret(random()),
        };
        Ok(Self {
            admin: SigningKey::from_seed(random()),
            member: or_new(None)?,
            directory: or_new(login.directory())?,
            audit: or_new(audit)?,
        })
    }

    /// On disk before anything is sent: a roster whose keys are lost helps nobody.
    fn keep(&self, login: &Login) -> Result<()> {
        let add = |kind: KeyKind, id: &str, secret: Secret| {
            login.store.add_key(&login.vault, kind, id, &secret, None)
        };
        let id = self.admin.id().to_string();
        add(KeyKind::Signing, &id, Secret::new(*self.admin.seed()))?;
        for (kind, key) in [
            (KeyKind::Member, &self.member),
            (KeyKind::Directory, &self.directory),
            (KeyKind::Audit, &self.audit),
        ] {
            let id = key.public().to_string();
            add(kind, &id, Secret::new(*key.secret()))?;
        }
        Ok(())
    }
}

/// Another holder of recovery keys: parse, show, countersign; publish when it is complete.
async fn countersign(
    login: &mut Login,
    keys: &[SigningKey],
    file: PathBuf,
    common: &Common,
) -> Result<()> {
    let bytes = crate::disk::read(&file)?
        .with_context(|| format!("The proposal {} is missing.", file.display()))?;
    let mut envelope = Envelope::parse(&bytes)?;
    let statement: trust::Statement = envelope.read(PayloadType::Statement)?;
    ensure!(
        statement.org == login.org(),
        refused("other_org", "The proposal is for another organisation.")
    );
    let keys = keys_that_count(login.state(), keys)?;
    show(login, &statement, common)?;
    for key in keys {
        if !envelope.claimed_signers().any(|k| k == key.id()) {
            envelope = envelope.countersign(key)?;
        }
    }
    let is_complete = login.state().check(envelope.as_bytes()).is_ok();
    let propose = (!is_complete).then_some(&*file);
    let published = finish(login, &envelope, propose).await?;
    report(login, &published, statement.id, common).await
}

/// A recovery of this computer waits: it takes effect if it may.
async fn go_on(
    login: &mut Login,
    pending: &Pending,
    keys: &[SigningKey],
    common: &Common,
) -> Result<()> {
    let Some(say) = effect(login, pending)? else {
        return report_waiting(login, pending.id, common).await;
    };
    let statement = compose(login, say);
    show(login, &statement, common)?;
    let envelope = match (own_new_key(login, pending), keys.first()) {
        (Some(own), _) => signer::sign(PayloadType::Statement, &statement, &[own])?,
        (None, Some(key)) => Envelope::sign(PayloadType::Statement, &statement, &[key])?,
        (None, None) => bail!("No key on this computer may say that the recovery has waited."),
    };
    if let Err(why) = login.state().check(envelope.as_bytes()) {
        return Err(refused(
            "inert",
            format!("The statement would not count: {why}."),
        ));
    }
    submit(login, &envelope).await?;
    if common.json {
        println!("{}", json!({ "recovery": pending.id, "state": "in_force" }));
    } else {
        println!(
            "The new roster is in force, and you are an administrator. Replace the recovery keys that you used: whoever saw \
             them can begin another recovery."
        );
    }
    Ok(())
}

/// What shows that a recovery has waited, if it has.
fn effect(login: &Login, pending: &Pending) -> Result<Option<Say>> {
    let (state, ledger) = (login.state(), &login.ledger);
    let Some(begun) = login.store.recovery_begun(&pending.id)? else {
        return Ok(None);
    };
    let due = ledger.recovery_due(pending)?;
    let waited = trust::state::waited(state.roster(), ledger.checkpoint());
    if due.is_none() || waited < due {
        return Ok(None);
    }
    Ok(Some(Say::Recover(Recover {
        recovery: pending.id,
        begun,
        waited: ledger.note().to_owned(),
    })))
}

async fn report(
    login: &mut Login,
    published: &Published,
    id: StatementId,
    common: &Common,
) -> Result<()> {
    match published {
        Published::Sequenced { .. } => report_waiting(login, id, common).await,
        Published::Proposed(path) if !common.json => {
            let path = path.display();
            println!(
                "Proposed in {path}. The holder of another recovery key signs it with: wayleave org recover --sign {path}"
            );
            Ok(())
        }
        Published::Proposed(_) | Published::Drafted { .. } => {
            tell(published, common);
            Ok(())
        }
    }
}

/// Says from when on it may take effect, once all witnesses have signed a ledger with it.
async fn report_waiting(login: &mut Login, id: StatementId, common: &Common) -> Result<()> {
    let pending = login
        .state()
        .recoveries()
        .find(|p| p.id == id)
        .cloned()
        .context("The ledger does not show the recovery: it was vetoed, or another roster came.")?;
    for _ in 0..WITNESSES_S {
        if login.store.recovery_begun(&pending.id)?.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        login.sync().await?;
    }
    let due = login.ledger.recovery_due(&pending)?;
    if common.json {
        println!(
            "{}",
            json!({ "recovery": pending.id, "state": "waits", "not_before": due })
        );
        return Ok(());
    }
    match due {
        Some(due) => println!(
            "Recovery {} waits until {}. Run \"wayleave org recover\" on this computer again then.",
            pending.id,
            date(due)
        ),
        None => println!(
            "Recovery {} is in the ledger, and its time has not begun: every witness of the roster has to sign it first. Run \
             \"wayleave org recover\" on this computer again until it has.",
            pending.id
        ),
    }
    Ok(())
}
