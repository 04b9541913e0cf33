//! Who plays: keys, persons and names, all made from a name, so that a story can be read.
//!
//! `tess` holds a native key, `tess/phone` is another key of the same person. `tom@own` is a key that a page on the
//! customer's origin holds, `vic@vendor` one on the vendor's, `una@else` one on an origin that no roster lists.
//! `pam#` is a passkey that may sign on the customer's and the vendor's origin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use trust::bytes::{Hash, KeyId, Salt, X25519Public, sha256};
use trust::key::{KeyKind, PublicKey, SigningKey};
use trust::seal::OpeningKey;
use trust::warrant::OpenedName;

/// The customer's own console.
pub const OWN: &str = "https://console.hafen.example";
/// The vendor's console, listed as such.
pub const VENDOR: &str = "https://app.wayleave.example";
/// A page that no roster lists.
pub const ELSEWHERE: &str = "https://wayleave.example.evil.example";
/// The relying party of passkeys.
pub const RP: &str = "hafen.example";

/// Who holds a key, and the key.
pub struct Player {
    /// Such as `tess/phone`.
    pub name: String,
    /// The private half.
    pub signing: SigningKey,
    /// The public half as the ledger holds it.
    pub public: PublicKey,
}

impl Player {
    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// Whether it is a passkey.
    pub fn is_passkey(&self) -> bool {
        self.public.kind() != KeyKind::Ed25519
    }
}

thread_local! {
    static PLAYERS: RefCell<BTreeMap<String, Rc<Player>>> = const { RefCell::new(BTreeMap::new()) };
    static CHANNELS: RefCell<BTreeMap<String, X25519Public>> = const { RefCell::new(BTreeMap::new()) };
}

/// The player of a name.
pub fn player(name: &str) -> Rc<Player> {
    let known = PLAYERS.with_borrow(|players| players.get(name).cloned());
    known.unwrap_or_else(|| {
        let player = Rc::new(make(name));
        PLAYERS.with_borrow_mut(|players| players.insert(name.to_owned(), player.clone()));
        player
    })
}

/// The name of a key that played before.
pub fn name_of(id: &KeyId) -> Option<String> {
    PLAYERS.with_borrow(|players| {
        let player = players.values().find(|player| player.id() == *id);
        player.map(|player| player.name.clone())
    })
}

/// The key id of a name.
pub fn id(name: &str) -> KeyId {
    player(name).id()
}

/// The person who holds the key of this name.
pub fn person(name: &str) -> &str {
    name.split(['/', '@', '#']).next().unwrap_or(name)
}

/// The secret channel key of a name.
pub fn channel_secret(name: &str) -> [u8; 32] {
    seed(b"channel of ", name)
}

/// Its public half.
pub fn channel(name: &str) -> X25519Public {
    let known = CHANNELS.with_borrow(|channels| channels.get(name).copied());
    known.unwrap_or_else(|| {
        let public = wire::public_of(&channel_secret(name)).unwrap_or(X25519Public([9; 32]));
        CHANNELS.with_borrow_mut(|channels| channels.insert(name.to_owned(), public));
        public
    })
}

/// A person's name with the salt that opens it.
pub fn opened(person: &str) -> OpenedName {
    let salt: Hash = sha256(&[b"salt of ", person.as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&salt.0[..16]);
    OpenedName {
        name: format!("Ms {person}"),
        salt: Salt(bytes),
    }
}

/// The key that receipts are sealed to.
pub fn audit() -> OpeningKey {
    OpeningKey::from_secret(seed(b"audit", "")).expect("32 hashed bytes are an X25519 secret")
}

fn make(name: &str) -> Player {
    let seed = seed(b"key of ", name);
    let on = |origin: &str| {
        SigningKey::from_seed_on_origin(seed, origin).expect("the origins above are well-formed")
    };
    let signing = match name.split_once('@').map(|(_, place)| place) {
        Some("own") => on(OWN),
        Some("vendor") => on(VENDOR),
        Some(_) => on(ELSEWHERE),
        None => SigningKey::from_seed(seed),
    };
    let public = if name.contains('#') {
        let origins = vec![OWN.to_owned(), VENDOR.to_owned()];
        let bytes = signing.public().public_bytes().to_vec();
        PublicKey::parse(KeyKind::PasskeyEd25519, bytes, Some(RP.to_owned()), origins)
            .expect("an Ed25519 key with origins and a host is a passkey")
    } else {
        signing.public().clone()
    };
    Player {
        name: name.to_owned(),
        signing,
        public,
    }
}

fn seed(label: &[u8], name: &str) -> [u8; 32] {
    sha256(&[label, name.as_bytes()]).0
}
