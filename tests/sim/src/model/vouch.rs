//! Notes about a ledger, with the truth about each line: which key signed it, about which head, and when.

use trust::bytes::{Hash, KeyId, OrgId, sha256, to_b64};
use trust::key::SigningKey;
use trust::statement::{Roster, Seen};

use crate::cast;

/// How far ahead of a clock a cosignature may be, in milliseconds.
pub const AHEAD_MS: u64 = 30_000;

/// A checkpoint as somebody hands it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vouched {
    /// Whose ledger it says it is about.
    pub org: OrgId,
    /// What it says the ledger is.
    pub head: Seen,
    /// Its lines, in order.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The name on it.
    pub name: String,
    /// The key that made it.
    pub key: KeyId,
    /// What was signed.
    pub about: (OrgId, Seen),
    /// The witness's time, in seconds; none for a log's line.
    pub at: Option<u64>,
    /// The time that the line says, if somebody wrote another one over it.
    pub says: Option<u64>,
    blob: Vec<u8>,
}

impl Line {
    /// The log's line.
    pub fn log(org: OrgId, about: Seen, key: &SigningKey) -> Self {
        let name = format!("wayleave/{org}");
        let signature = key.sign(body(org, about).as_bytes());
        let blob = [&hint(&name, 1, key)[..], &signature].concat();
        Self {
            name,
            key: key.id(),
            about: (org, about),
            at: None,
            says: None,
            blob,
        }
    }

    /// A witness's line, as C2SP tlog-cosignature writes it.
    pub fn witness(org: OrgId, about: Seen, name: &str, key: &SigningKey, at: u64) -> Self {
        let message = format!("cosignature/v1\ntime {at}\n{}", body(org, about));
        let signature = key.sign(message.as_bytes());
        let blob = [&hint(name, 4, key)[..], &at.to_be_bytes(), &signature].concat();
        Self {
            name: name.to_owned(),
            key: key.id(),
            about: (org, about),
            at: Some(at),
            says: Some(at),
            blob,
        }
    }

    /// What an honest witness's program wrote.
    pub fn written(text: &str, org: OrgId, about: Seen, name: &str, at: u64) -> Option<Self> {
        let blob = text.rsplit_once(' ')?.1;
        Some(Self {
            name: name.to_owned(),
            key: cast::id(name),
            about: (org, about),
            at: Some(at),
            says: Some(at),
            blob: trust::bytes::from_b64(blob)?,
        })
    }

    /// The same under another name.
    pub fn renamed(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        let player = cast::player(name);
        self.blob[..4].copy_from_slice(&hint(name, 4, &player.signing));
        self
    }

    /// The same with another time written over its own.
    pub fn redated(mut self, at: u64) -> Self {
        self.blob[4..12].copy_from_slice(&at.to_be_bytes());
        self.says = Some(at);
        self
    }
}

impl Vouched {
    /// A note with these lines.
    pub fn new(org: OrgId, head: Seen, lines: Vec<Line>) -> Self {
        Self { org, head, lines }
    }

    /// As it travels.
    pub fn text(&self) -> String {
        let lines = self.lines.iter();
        let lines: String = lines
            .map(|line| format!("— {} {}\n", line.name, to_b64(&line.blob)))
            .collect();
        format!("{}\n{lines}", body(self.org, self.head))
    }

    /// Whether the roster's log key signed it.
    pub fn is_logs(&self, roster: &Roster) -> bool {
        let name = format!("wayleave/{}", self.org);
        self.lines.iter().any(|line| {
            line.at.is_none()
                && line.name == name
                && line.key == roster.log_key.id()
                && line.about == (self.org, self.head)
        })
    }

    /// When each of the roster's witnesses cosigned it, in milliseconds: place in the roster, and time.
    pub fn witnesses(&self, roster: &Roster) -> Vec<(usize, u64)> {
        let told = |at: usize| {
            let witness = &roster.witnesses[at];
            let line = self.lines.iter().find(|line| {
                line.name == witness.name
                    && line.key == witness.key.id()
                    && line.about == (self.org, self.head)
                    && line.at.is_some()
                    && line.at == line.says
            });
            Some((at, line?.at? * 1000))
        };
        (0..roster.witnesses.len()).filter_map(told).collect()
    }

    /// Whether witnesses enough vouch for it at `now`.
    pub fn is_fresh(&self, roster: &Roster, now: u64) -> bool {
        if roster.quorum == 0 {
            return true;
        }
        let young: Vec<usize> = self
            .witnesses(roster)
            .into_iter()
            .filter(|(_, at)| at + roster.max_age >= now && *at <= now + AHEAD_MS)
            .map(|(witness, _)| witness)
            .collect();
        let holds = |at: &usize| roster.witnesses[*at].holds_revocations;
        young.len() as u64 >= roster.quorum && young.iter().any(holds)
    }

    /// The time that a quorum reached, in milliseconds.
    pub fn reached(&self, roster: &Roster) -> Option<u64> {
        let mut times: Vec<u64> = self.witnesses(roster).iter().map(|(_, at)| *at).collect();
        times.sort_unstable();
        let quorum = usize::try_from(roster.quorum).ok().filter(|q| *q > 0)?;
        let place = times.len().checked_sub(quorum)?;
        Some(times[place])
    }
}

fn body(org: OrgId, head: Seen) -> String {
    let root: Hash = head.root;
    format!("wayleave/{org}\n{}\n{}\n", head.size, to_b64(&root.0))
}

fn hint(name: &str, kind: u8, key: &SigningKey) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[kind], key.public().public_bytes()]).0;
    [hash[0], hash[1], hash[2], hash[3]]
}
