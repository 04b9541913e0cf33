//! Everything that is signed, with the truth about it beside its bytes.
//!
//! The product sees the bytes alone. The model sees who held the pen, whether each signature is what it looks like, and
//! what was meant: it never parses or verifies anything.

use std::rc::Rc;

use trust::bytes::{Blob, Hash, KeyId, sha256};
use trust::envelope::{Envelope, PayloadType, Signature, WebauthnParts, pae};
use trust::statement::Statement;
use trust::warrant::Warrant;

use crate::cast::{self, OWN, RP};

/// One signed thing.
pub struct Paper {
    /// What travels.
    pub bytes: Vec<u8>,
    /// SHA-256 of what travels.
    pub digest: Hash,
    /// SHA-256 of the payload alone.
    pub payload: Hash,
    /// What it means to whoever reads it rightly.
    pub content: Content,
    /// Who signed.
    pub marks: Vec<Mark>,
    /// Why nobody may take it for anything, if its form is wrong.
    pub flaw: Option<&'static str>,
}

/// What a paper says.
#[derive(Clone)]
pub enum Content {
    /// A statement for the ledger.
    Statement(Box<Statement>),
    /// A warrant.
    Warrant(Box<Warrant>),
    /// A statement of a kind that only a later version reads.
    Later,
    /// Nothing.
    Junk,
}

/// One signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Under which key's name.
    pub key: KeyId,
    /// Whether that key made it, over this very paper, as it must be made.
    pub is_genuine: bool,
    /// For a passkey: on which page.
    pub page: Option<&'static str>,
}

/// How somebody signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// As the product signs; a passkey on the customer's page.
    Well,
    /// A passkey, well used, on this page.
    On(&'static str),
    /// Bytes that are no signature of this key.
    Forged,
    /// The key's signature of something else.
    Borrowed,
    /// A passkey's ceremony with one thing wrong.
    Badly(Ceremony),
}

/// What is wrong with a ceremony of a passkey.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ceremony {
    /// Registration instead of an assertion.
    Create,
    /// Inside another site's frame.
    CrossOrigin,
    /// Under another site's page that embeds this one.
    TopOrigin,
    /// On a page that the key does not list.
    Phished,
    /// For another relying party.
    OtherParty,
    /// The holder was there and did not say who he is.
    NotVerified,
    /// Nobody was there.
    NotPresent,
    /// Another challenge.
    OtherChallenge,
}

/// All of them.
pub const CEREMONIES: [Ceremony; 8] = [
    Ceremony::Create,
    Ceremony::CrossOrigin,
    Ceremony::TopOrigin,
    Ceremony::Phished,
    Ceremony::OtherParty,
    Ceremony::NotVerified,
    Ceremony::NotPresent,
    Ceremony::OtherChallenge,
];

impl Paper {
    /// A statement, signed.
    pub fn statement(statement: &Statement, hands: &[(&str, Way)]) -> Rc<Self> {
        let payload = json(statement);
        let content = Content::Statement(Box::new(statement.clone()));
        Self::signed(PayloadType::Statement, payload, content, hands)
    }

    /// A warrant, signed.
    pub fn warrant(warrant: &Warrant, hands: &[(&str, Way)]) -> Rc<Self> {
        let payload = json(warrant);
        let content = Content::Warrant(Box::new(warrant.clone()));
        Self::signed(PayloadType::Warrant, payload, content, hands)
    }

    /// Any payload under any type.
    pub fn signed(
        kind: PayloadType,
        payload: Vec<u8>,
        content: Content,
        hands: &[(&str, Way)],
    ) -> Rc<Self> {
        let (signatures, marks): (Vec<_>, Vec<_>) = hands
            .iter()
            .map(|(name, way)| sign(kind, &payload, name, *way))
            .unzip();
        let bytes = frame(kind, &payload, &signatures);
        Rc::new(Self {
            digest: sha256(&[&bytes]),
            payload: sha256(&[&payload]),
            bytes,
            content,
            marks,
            flaw: None,
        })
    }

    /// The same payload and signatures, the bytes changed, and why nobody may take them.
    pub fn spoiled(&self, flaw: &'static str, change: impl FnOnce(&str) -> String) -> Rc<Self> {
        let bytes = change(&self.text()).into_bytes();
        Rc::new(Self {
            digest: sha256(&[&bytes]),
            payload: self.payload,
            bytes,
            content: self.content.clone(),
            marks: self.marks.clone(),
            flaw: Some(flaw),
        })
    }

    /// The same, and a reader must not take it.
    pub fn marked(self: &Rc<Self>, flaw: &'static str) -> Rc<Self> {
        self.spoiled(flaw, str::to_owned)
    }

    /// Bytes that say nothing.
    pub fn junk(bytes: Vec<u8>) -> Rc<Self> {
        Rc::new(Self {
            digest: sha256(&[&bytes]),
            payload: sha256(&[&bytes]),
            bytes,
            content: Content::Junk,
            marks: Vec::new(),
            flaw: Some("junk"),
        })
    }

    /// The same paper with only the signatures whose place is in `keep`.
    pub fn with_marks(&self, keep: &[usize]) -> Option<Rc<Self>> {
        if self.flaw.is_some_and(|flaw| flaw != "shape") {
            return None;
        }
        let mut raw: serde_json::Value = serde_json::from_slice(&self.bytes).ok()?;
        let all = raw["signatures"].as_array()?.clone();
        raw["signatures"] = keep.iter().filter_map(|at| all.get(*at).cloned()).collect();
        let bytes = serde_json::to_vec(&raw).ok()?;
        Some(Rc::new(Self {
            digest: sha256(&[&bytes]),
            payload: self.payload,
            bytes,
            content: self.content.clone(),
            marks: keep
                .iter()
                .filter_map(|at| self.marks.get(*at).cloned())
                .collect(),
            flaw: keep.is_empty().then_some("unsigned").or(self.flaw),
        }))
    }

    /// What travels, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// As the product reads it.
    pub fn envelope(&self) -> Option<Envelope> {
        Envelope::parse(&self.bytes).ok()
    }

    /// The statement, if it is one.
    pub fn as_statement(&self) -> Option<&Statement> {
        match &self.content {
            Content::Statement(statement) => Some(statement),
            _ => None,
        }
    }

    /// The warrant, if it is one.
    pub fn as_warrant(&self) -> Option<&Warrant> {
        match &self.content {
            Content::Warrant(warrant) => Some(warrant),
            _ => None,
        }
    }
}

/// What is signed, as JSON.
pub fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// An envelope as it travels, whatever its bounds say.
fn frame(kind: PayloadType, payload: &[u8], signatures: &[Signature]) -> Vec<u8> {
    let raw = serde_json::json!({
        "payloadType": kind.as_str(),
        "payload": Blob(payload.to_vec()),
        "signatures": signatures,
    });
    raw.to_string().into_bytes()
}

fn sign(kind: PayloadType, payload: &[u8], name: &str, way: Way) -> (Signature, Mark) {
    let player = cast::player(name);
    let way = match way {
        Way::Badly(_) if !player.is_passkey() => Way::Well,
        way => way,
    };
    let other = b"something else";
    let signature = match way {
        Way::Forged => Signature {
            keyid: player.id(),
            sig: Blob(vec![7; 64]),
            webauthn: None,
        },
        _ if player.is_passkey() => assert_with(kind, payload, &player, way),
        _ => {
            let message = if way == Way::Borrowed {
                &other[..]
            } else {
                payload
            };
            Signature {
                keyid: player.id(),
                sig: Blob(player.signing.sign(&pae(kind, message)).to_vec()),
                webauthn: None,
            }
        }
    };
    let page = match way {
        Way::On(page) => page,
        _ => OWN,
    };
    let mark = Mark {
        key: player.id(),
        is_genuine: matches!(way, Way::Well | Way::On(_)),
        page: player.is_passkey().then_some(page),
    };
    (signature, mark)
}

fn assert_with(kind: PayloadType, payload: &[u8], player: &cast::Player, way: Way) -> Signature {
    let bad = match way {
        Way::Badly(ceremony) => Some(ceremony),
        Way::Borrowed => Some(Ceremony::OtherChallenge),
        _ => None,
    };
    let origin = match way {
        Way::On(page) => page,
        _ if bad == Some(Ceremony::Phished) => cast::ELSEWHERE,
        _ => OWN,
    };
    let challenge = match bad {
        Some(Ceremony::OtherChallenge) => Envelope::challenge(kind, b"something else"),
        _ => Envelope::challenge(kind, payload),
    };
    let ceremony = if bad == Some(Ceremony::Create) {
        "webauthn.create"
    } else {
        "webauthn.get"
    };
    let rp = if bad == Some(Ceremony::OtherParty) {
        "evil.example"
    } else {
        RP
    };
    let flags = match bad {
        Some(Ceremony::NotVerified) => 0x01,
        Some(Ceremony::NotPresent) => 0x04,
        _ => 0x05,
    };
    let more = match bad {
        Some(Ceremony::CrossOrigin) => r#","crossOrigin":true"#,
        Some(Ceremony::TopOrigin) => r#","topOrigin":"https://evil.example""#,
        _ => r#","crossOrigin":false"#,
    };
    let data = [&sha256(&[rp.as_bytes()]).0[..], &[flags, 0, 0, 0, 7]].concat();
    let client =
        format!(r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}"{more}}}"#);
    let signed = [&data[..], &sha256(&[client.as_bytes()]).0].concat();
    Signature {
        keyid: player.id(),
        sig: Blob(player.signing.sign(&signed).to_vec()),
        webauthn: Some(WebauthnParts {
            ad: Blob(data),
            cd: Blob(client.into_bytes()),
        }),
    }
}
