//! A person at work in one organisation: unlocked keys, the folded ledger, and the service that both are held against.

use anyhow::{Context, Result, ensure};
use api::ledger::LedgerPage;
use trust::bytes::Blob;
use trust::seal::{OpeningKey, Use, open_label};
use trust::state::Entry;
use trust::statement::Role;
use trust::warrant::OpenedName;
use trust::{KeyId, OrgId, SigningKey, State};

use crate::ambient::now_ms;
use crate::args::Common;
use crate::commands::org::{NO_ORG, recovery_line};
use crate::failure::{Kind, find, refused};
use crate::keystore::{Keystore, Vault, default_dir};
use crate::ledger::Ledger;
use crate::org_store::{KeyKind, OrgStore};
use crate::service::{Service, SignedService};
use crate::signer::SignatureKey;

/// How long a request key lives for commands that are over soon, in milliseconds.
pub const SHORT_MS: u64 = 10 * 60_000;

/// As what a person acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum As {
    /// By an admin key.
    Admin,
    /// By a technician key.
    Technician,
    /// By any key of the organisation.
    Member,
}

/// A signature key of this computer.
pub struct OwnKey {
    /// The key.
    pub key: SignatureKey,
    /// The name that its admission commits to.
    pub name: Option<OpenedName>,
}

/// See the module's page.
pub struct Login {
    /// The unlocked keystore's secrets.
    pub vault: Vault,
    /// The organisation's directory.
    pub store: OrgStore,
    /// The folded ledger.
    pub ledger: Ledger,
    keys: Vec<OwnKey>,
    service: Service,
    signed: Option<SignedService>,
}

/// The keystore that the options name.
pub fn keystore(common: &Common) -> Result<Keystore> {
    Ok(Keystore::at(
        default_dir(common.dir.as_deref())?,
        common.passphrase(),
    ))
}

/// Own keys and the service of the chosen organisation.
struct Unlocked {
    vault: Vault,
    store: OrgStore,
    keys: Vec<OwnKey>,
    service: Service,
}

impl Unlocked {
    fn of(common: &Common) -> Result<Self> {
        let keystore = keystore(common)?;
        let store = keystore.chosen(common.one_org()?)?;
        let service = Service::new(&store.pinned()?.server)?;
        let vault = keystore.unlock()?;
        let keys = store
            .signing_keys(&vault)?
            .into_iter()
            .map(|(key, name)| OwnKey { key, name })
            .collect();
        Ok(Self {
            vault,
            store,
            keys,
            service,
        })
    }

    /// Brings the stored ledger up to date.
    async fn enter(self, stored: Option<Ledger>, signed: SignedService) -> Result<Login> {
        let ledger = {
            let _lock = self.store.lock()?;
            fetch(&self.store, stored, &signed).await?
        };
        Ok(Login {
            vault: self.vault,
            store: self.store,
            ledger,
            keys: self.keys,
            service: self.service,
            signed: Some(signed),
        })
    }
}

impl Login {
    /// Unlocks the keys and folds what is stored, without a word to the service.
    pub fn offline(common: &Common) -> Result<Self> {
        let Unlocked {
            vault,
            store,
            keys,
            service,
        } = Unlocked::of(common)?;
        let ledger = Ledger::load(&store)?.context("Nothing of the ledger is stored here yet.")?;
        Ok(Self {
            vault,
            store,
            ledger,
            keys,
            service,
            signed: None,
        })
    }

    /// Unlocks the keys, signs in for `valid_ms`, and brings the ledger up to date.
    pub async fn online(common: &Common, acting: As, valid_ms: u64) -> Result<Self> {
        let mut own = Unlocked::of(common)?;
        ensure!(
            !own.keys.is_empty(),
            refused(
                "no_key",
                format!(
                    "This computer holds no key of the organisation {}.",
                    own.store.org()
                )
            )
        );
        let stored = Ledger::load(&own.store)?;
        if let Some(ledger) = &stored {
            own.keys
                .sort_by_key(|k| !acts(ledger.state(), &k.key.id(), acting));
        }
        let signed = sign_in(&own.service, own.store.org(), &own.keys, valid_ms).await?;
        let login = own.enter(stored, signed).await?;
        for pending in login.state().recoveries() {
            eprintln!(
                "{}",
                crate::say::red(&recovery_line(&login.ledger, pending)?)
            );
        }
        Ok(login)
    }

    /// Signs in with recovery keys, which read the ledger, or with a key that a recovery made an admin's.
    pub async fn recovering(
        common: &Common,
        recovery: &[SigningKey],
        valid_ms: u64,
    ) -> Result<Self> {
        let keystore = keystore(common)?;
        let store = keystore.chosen(common.one_org()?)?;
        let service = Service::new(&store.pinned()?.server)?;
        let vault = keystore.unlock_or_create()?;
        let own = |(key, name)| OwnKey { key, name };
        let keys: Vec<OwnKey> = store.signing_keys(&vault)?.into_iter().map(own).collect();
        ensure!(
            !keys.is_empty() || !recovery.is_empty(),
            refused(
                "no_recovery_key",
                "No recovery key is at hand. Give its words with --words, or its file with --file."
            )
        );
        let unnamed =
            |key: &SigningKey| own((SignatureKey::Here(SigningKey::from_seed(*key.seed())), None));
        let may_read: Vec<OwnKey> = recovery.iter().map(unnamed).collect();
        let signed = match sign_in(&service, store.org(), &may_read, valid_ms).await {
            Ok(signed) => signed,
            Err(_) if !keys.is_empty() => sign_in(&service, store.org(), &keys, valid_ms).await?,
            Err(why) => return Err(why),
        };
        let stored = Ledger::load(&store)?;
        let own = Unlocked {
            vault,
            store,
            keys,
            service,
        };
        own.enter(stored, signed).await
    }

    /// Goes online after [`Login::offline`].
    pub async fn reach(&mut self, valid_ms: u64) -> Result<()> {
        self.signed = Some(sign_in(&self.service, self.store.org(), &self.keys, valid_ms).await?);
        self.sync().await
    }

    /// Brings the ledger up to date, signing in first if that did not work before.
    pub async fn reach_again(&mut self) -> Result<()> {
        if self.signed.is_some() {
            self.sync().await
        } else {
            self.reach(SHORT_MS).await
        }
    }

    /// Brings the ledger up to date once more.
    pub async fn sync(&mut self) -> Result<()> {
        let signed = self.signed.as_ref().context("not signed in")?;
        let _lock = self.store.lock()?;
        grow(&mut self.ledger, signed).await
    }

    /// Every statement of the service's ledger, fetched anew.
    pub async fn fetch_all(&self) -> Result<Vec<String>> {
        pages(self.signed()?, 0).await.map(|(leaves, _)| leaves)
    }

    /// The organisation.
    pub fn org(&self) -> OrgId {
        self.store.org()
    }

    /// What the ledger means.
    pub fn state(&self) -> &State {
        self.ledger.state()
    }

    /// The service, unsigned.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The service, signed in.
    pub fn signed(&self) -> Result<&SignedService> {
        self.signed.as_ref().context("not signed in")
    }

    /// All own signature keys.
    pub fn keys(&self) -> &[OwnKey] {
        &self.keys
    }

    /// The own key that is an admin's.
    pub fn admin_key(&self) -> Result<&SignatureKey> {
        let mine = self
            .keys
            .iter()
            .map(|k| &k.key)
            .find(|k| acts(self.state(), &k.id(), As::Admin));
        mine.ok_or_else(|| {
            refused(
                "not_an_admin",
                "None of the keys on this computer is an admin key in force. An admin has to do this.",
            )
        })
    }

    /// The own key that is an enroller's, with its admission.
    pub fn enroller(&self) -> Result<(&SignatureKey, &Entry)> {
        let mut mine = self.keys.iter().map(|own| &own.key);
        let found = mine.find_map(|key| {
            let entry = self
                .state()
                .in_force(&key.id(), Role::Enroller, now_ms())
                .ok()?;
            Some((key, entry))
        });
        found.ok_or_else(|| {
            refused(
                "not_an_admin",
                "None of the keys on this computer is an admin's or an enroller's in force. An admin has to do this.",
            )
        })
    }

    /// The own key that is a technician's, with the name it is admitted under.
    pub fn technician(&self) -> Result<(&SignatureKey, &OpenedName)> {
        for own in &self.keys {
            if acts(self.state(), &own.key.id(), As::Technician) {
                let name = own
                    .name
                    .as_ref()
                    .context("the key file lacks the technician's name")?;
                return Ok((&own.key, name));
            }
        }
        Err(self.why_no_technician())
    }

    fn why_no_technician(&self) -> anyhow::Error {
        for own in &self.keys {
            if let Err(why) = self
                .state()
                .in_force(&own.key.id(), Role::Technician, now_ms())
                && why != trust::state::NotInForce::NotAdmitted
            {
                return refused(
                    "technician_not_in_force",
                    format!("Your technician key does not count: {why}."),
                );
            }
        }
        refused(
            "not_a_technician",
            "None of the keys on this computer is admitted as a technician. Make one with \"wayleave technician init\" and \
             have an admin admit it.",
        )
    }

    /// The organisation's directory key: kept here, or shared with one of the own keys in the ledger.
    pub fn directory(&self) -> Option<OpeningKey> {
        let wanted = self.state().roster().directory_key;
        let is_it = |key: &OpeningKey| key.public() == wanted;
        let kept = self
            .store
            .opening_keys(&self.vault, KeyKind::Directory)
            .unwrap_or_default();
        if let Some(key) = kept.into_iter().find(is_it) {
            return Some(key);
        }
        let members = self
            .store
            .opening_keys(&self.vault, KeyKind::Member)
            .unwrap_or_default();
        self.keys.iter().find_map(|own| {
            let share = self.share_of(&own.key.id())?;
            let member = members.iter().find(|m| m.public() == share.to)?;
            let open = |org: &OrgId| member.open(Use::Directory, &org.0, &share.sealed);
            let secret = open(&self.org()).or_else(|_| open(&NO_ORG)).ok()?;
            OpeningKey::from_secret(secret.try_into().ok()?)
                .ok()
                .filter(is_it)
        })
    }

    fn share_of(&self, keyid: &KeyId) -> Option<&trust::statement::DirectoryShare> {
        let state = self.state();
        let admin = state
            .roster()
            .admin(keyid)
            .and_then(|a| a.directory.as_ref());
        admin.or_else(|| {
            state
                .entry(keyid)
                .and_then(|e| e.subject.directory.as_ref())
        })
    }
}

/// Opens a sealed name; a name that cannot be read is shown as such, never replaced by a guess.
pub fn open_name(
    org: &OrgId,
    directory: Option<&OpeningKey>,
    label: Option<&Blob>,
) -> Option<String> {
    open_label(org, directory?, label?).ok()
}

fn acts(state: &State, keyid: &KeyId, acting: As) -> bool {
    let admin = || state.admin(keyid).is_some();
    let technician = || state.in_force(keyid, Role::Technician, now_ms()).is_ok();
    match acting {
        As::Admin => admin(),
        As::Technician => technician(),
        As::Member => admin() || technician(),
    }
}

/// Signs in with the first own key that the service knows.
async fn sign_in(
    service: &Service,
    org: OrgId,
    keys: &[OwnKey],
    valid_ms: u64,
) -> Result<SignedService> {
    let mut last = None;
    for own in keys {
        match service.sign_in(org, &own.key, valid_ms).await {
            Ok(signed) => return Ok(signed),
            Err(why) if find(&why).is_some_and(|f| f.kind != Kind::Unreachable) => {
                last = last.or(Some(why))
            }
            Err(why) => return Err(why),
        }
    }
    Err(last.unwrap_or_else(|| refused("no_key", "This computer holds no key to sign in with.")))
}

/// Brings a ledger up to date, or begins it.
async fn fetch(store: &OrgStore, stored: Option<Ledger>, signed: &SignedService) -> Result<Ledger> {
    if let Some(mut ledger) = stored {
        grow(&mut ledger, signed).await?;
        return Ok(ledger);
    }
    let (leaves, page) = pages(signed, 0).await?;
    let mut ledger = Ledger::begin(store, &leaves, &page.checkpoint)?;
    ledger.take_pending(&page)?;
    ledger.note_recoveries()?;
    Ok(ledger)
}

async fn grow(ledger: &mut Ledger, signed: &SignedService) -> Result<()> {
    let (leaves, page) = pages(signed, ledger.state().head().size).await?;
    ledger.extend(&leaves, &page.checkpoint)?;
    ledger.take_pending(&page)?;
    ledger.note_recoveries()
}

/// All leaves from `from` up to the newest checkpoint, with the page that carried it.
async fn pages(signed: &SignedService, from: u64) -> Result<(Vec<String>, LedgerPage)> {
    let mut leaves: Vec<String> = Vec::new();
    loop {
        let at = from + leaves.len() as u64;
        let mut page: LedgerPage = signed.get(&format!("/ledger?from={at}")).await?;
        let came = std::mem::take(&mut page.leaves);
        let none_came = came.is_empty();
        leaves.extend(came);
        if from + leaves.len() as u64 >= page.size || none_came {
            return Ok((leaves, page));
        }
    }
}
