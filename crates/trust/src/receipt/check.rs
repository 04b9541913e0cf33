//! Checking all that is there of one device's chain: a fault is noted, and what stands behind it is checked all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ChainError, ChainHead, Receipt};
use crate::bytes::{Hash, OrgId};
use crate::envelope::Envelope;
use crate::key::PublicKey;

/// What is wrong with a chain of receipts that verify one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// These receipts are missing, with later ones there.
    Gap {
        /// The first that is missing.
        from: u64,
        /// The last that is missing.
        to: u64,
    },
    /// Two histories: this receipt does not follow the one before it, or there are two of this number.
    Fork {
        /// The receipt's number.
        at: u64,
    },
    /// The device has told of later receipts than are there: what happened is unknown.
    Unknown {
        /// The newest receipt that is there; 0 for none.
        after: u64,
        /// The newest receipt that was told of.
        told: u64,
    },
}

/// What a [`ChainCheck`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainVerdict {
    /// Receipts 1 to this one are there, each signed by the device and chained to the one before.
    pub whole_to: u64,
    /// The newest receipt that is there.
    pub newest: ChainHead,
    /// In the order they were found; empty where the chain is whole as far as is known.
    pub faults: Vec<Fault>,
}

/// Takes the receipts of one device in order.
pub struct ChainCheck<'k> {
    org: OrgId,
    device: &'k PublicKey,
    head: ChainHead,
    hashes: BTreeMap<u64, Hash>,
    whole_to: u64,
    faults: Vec<Fault>,
}

impl<'k> ChainCheck<'k> {
    /// Before the first receipt.
    pub fn new(org: OrgId, device: &'k PublicKey) -> Self {
        Self {
            org,
            device,
            head: ChainHead::default(),
            hashes: BTreeMap::new(),
            whole_to: 0,
            faults: Vec::new(),
        }
    }

    /// Takes the next receipt. The error says that it is none of this device's; a place in the chain that does not fit is
    /// a fault of the verdict instead.
    pub fn take(&mut self, envelope: &Envelope) -> Result<Receipt, ChainError> {
        let receipt = Receipt::verify(&self.org, self.device, envelope)?;
        let (n, hash) = (receipt.n, envelope.digest());
        if self.hashes.get(&n) == Some(&hash) {
            return Ok(receipt);
        }
        let due = self.head.n.saturating_add(1);
        if n > due {
            self.faults.push(Fault::Gap {
                from: due,
                to: n - 1,
            });
        } else if n < due || receipt.prev != self.head.hash {
            self.fork(n);
        }
        if n >= due {
            self.head = ChainHead { n, hash };
            self.hashes.insert(n, hash);
        }
        if self.faults.is_empty() {
            self.whole_to = n;
        }
        Ok(receipt)
    }

    /// Holds the chain against the heads that the device itself told of, and the number `told` that somebody else claims
    /// to have.
    pub fn finish(mut self, heads: &[ChainHead], told: u64) -> ChainVerdict {
        for head in heads {
            if self.hashes.get(&head.n).is_some_and(|h| *h != head.hash) {
                self.fork(head.n);
            }
        }
        let told = heads.iter().map(|head| head.n).fold(told, u64::max);
        if told > self.head.n {
            self.faults.push(Fault::Unknown {
                after: self.head.n,
                told,
            });
        }
        ChainVerdict {
            whole_to: self.whole_to,
            newest: self.head,
            faults: self.faults,
        }
    }

    fn fork(&mut self, at: u64) {
        let fault = Fault::Fork { at };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        self.whole_to = self.whole_to.min(at.saturating_sub(1));
    }
}
