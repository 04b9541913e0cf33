//! Receipts held against the folded ledger: whose key, which place in the chain, what the sealed body says.

use std::collections::BTreeMap;

use anyhow::Result;
use trust::envelope::{Envelope, EnvelopeError, PayloadType};
use trust::receipt::{
    Beat, Body, ChainCheck, ChainError, ChainHead, ChainVerdict, Receipt, open_body,
};
use trust::seal::OpeningKey;
use trust::statement::Role;
use trust::{KeyId, State};

use super::file::Line;

/// What was altered, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Altered {
    /// `FILE:LINE`, or the device and number where it came from the service.
    pub place: String,
    /// Which part, and why it does not hold.
    pub text: String,
}

/// All that was taken of one device.
struct Chain<'l> {
    check: ChainCheck<'l>,
    count: u64,
    sealed: Vec<u64>,
    beat: Option<Beat>,
}

/// What is known of one device's receipts after all were taken.
pub struct Found {
    /// Which device.
    pub device: KeyId,
    /// How many of its receipts verify.
    pub count: u64,
    /// Its chain.
    pub verdict: ChainVerdict,
    /// Receipts whose body none of the audit keys opens.
    pub sealed: Vec<u64>,
    /// The newest beat that was there.
    pub beat: Option<Beat>,
}

/// See the module's page.
pub struct Audit<'l> {
    state: &'l State,
    keys: Vec<OpeningKey>,
    chains: BTreeMap<KeyId, Chain<'l>>,
    altered: Vec<Altered>,
}

impl<'l> Audit<'l> {
    /// Over this ledger; without keys the bodies stay sealed and are not looked at.
    pub fn new(state: &'l State, keys: Vec<OpeningKey>) -> Self {
        Self {
            state,
            keys,
            chains: BTreeMap::new(),
            altered: Vec::new(),
        }
    }

    /// Takes what stands at `place`. Gives a receipt that the device signed, with its body where that opens.
    pub fn take(
        &mut self,
        place: &str,
        line: Result<Line, String>,
    ) -> Option<(Receipt, Option<Body>)> {
        match line.and_then(|line| self.take_line(&line)) {
            Ok(taken) => taken,
            Err(text) => {
                self.altered.push(Altered {
                    place: place.to_owned(),
                    text,
                });
                None
            }
        }
    }

    fn take_line(&mut self, line: &Line) -> Result<Option<(Receipt, Option<Body>)>, String> {
        match line {
            Line::Receipt(text) => {
                let envelope = Envelope::parse(text.as_bytes()).map_err(|e| part(&e))?;
                let claimed: Receipt = envelope.read(PayloadType::Receipt).map_err(|e| part(&e))?;
                let named = |text| format!("receipt {} of {}: {text}", claimed.n, claimed.device);
                let receipt = self
                    .chain(&claimed.device)
                    .map_err(named)?
                    .check
                    .take(&envelope)
                    .map_err(|e| named(broken(&e)))?;
                let body = self.open(&receipt);
                self.chain(&receipt.device)?.count += 1;
                Ok(Some((receipt, body)))
            }
            Line::Beat(text) => {
                let envelope = Envelope::parse(text.as_bytes()).map_err(|e| part(&e))?;
                let claimed: Beat = envelope.read(PayloadType::Beat).map_err(|e| part(&e))?;
                let (key, org) = (self.key(&claimed.device)?, self.state.org());
                let beat = Beat::verify(&org, key, &envelope)
                    .map_err(|e| format!("beat of {}: {}", claimed.device, broken(&e)))?;
                let newest = &mut self.chain(&beat.device)?.beat;
                if newest.as_ref().is_none_or(|known| known.k < beat.k) {
                    *newest = Some(beat);
                }
                Ok(None)
            }
        }
    }

    fn open(&mut self, receipt: &Receipt) -> Option<Body> {
        let body = self
            .keys
            .iter()
            .find_map(|key| open_body(key, receipt).ok());
        if body.is_none()
            && !self.keys.is_empty()
            && let Some(chain) = self.chains.get_mut(&receipt.device)
        {
            chain.sealed.push(receipt.n);
        }
        body
    }

    fn key(&self, device: &KeyId) -> Result<&'l trust::PublicKey, String> {
        let entry = self.state.entry(device);
        let entry = entry.filter(|entry| entry.role == Role::Device);
        entry.map(|entry| &entry.subject.key).ok_or_else(|| {
            "payload.device: the ledger on this computer admits no such device".to_owned()
        })
    }

    fn chain(&mut self, device: &KeyId) -> Result<&mut Chain<'l>, String> {
        let (key, org) = (self.key(device)?, self.state.org());
        Ok(self.chains.entry(*device).or_insert_with(|| Chain {
            check: ChainCheck::new(org, key),
            count: 0,
            sealed: Vec::new(),
            beat: None,
        }))
    }

    /// What was altered.
    pub fn altered(&self) -> &[Altered] {
        &self.altered
    }

    /// Ends with one device: `heads` are those that this computer remembers, `told` is what the service claims to hold.
    pub fn finish(&mut self, device: &KeyId, heads: &[ChainHead], told: u64) -> Result<Found> {
        self.chain(device).map_err(anyhow::Error::msg)?;
        let Some(chain) = self.chains.remove(device) else {
            anyhow::bail!("the device {device} was finished twice");
        };
        let mut heads = heads.to_vec();
        heads.extend(chain.beat.as_ref().map(|beat| beat.head));
        Ok(Found {
            device: *device,
            count: chain.count,
            verdict: chain.check.finish(&heads, told),
            sealed: chain.sealed,
            beat: chain.beat,
        })
    }
}

/// Which part of an envelope does not hold, and why.
fn part(error: &EnvelopeError) -> String {
    let field = match error {
        EnvelopeError::TooLarge(_) | EnvelopeError::Malformed(_) => "envelope",
        EnvelopeError::UnknownType(_) | EnvelopeError::WrongType { .. } => "payloadType",
        EnvelopeError::SignatureCount(_) | EnvelopeError::DuplicateKey(_) => "signatures",
        EnvelopeError::BadSignature(_) | EnvelopeError::BadPasskey(..) => "payload or signature",
        EnvelopeError::Payload(_) => "payload",
    };
    format!("{field}: {error}")
}

fn broken(error: &ChainError) -> String {
    match error {
        ChainError::Unreadable(error) => part(error),
        other => format!("payload or signatures.keyid: {other}"),
    }
}
