//! Receipts on their way from a device to whoever reads them, through a service that may leave out, swap and alter.

use trust::bytes::sha256;
use trust::envelope::{Envelope, PayloadType};
use trust::receipt::{ChainHead, Receipt};

use crate::cast;
use crate::found::Rule;
use crate::reader::audit;
use crate::world::World;

/// An auditor asks the service for a device's receipts and follows them.
pub fn read(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let device = &w.devices[at];
    let whole: Vec<Vec<u8>> = device
        .disk
        .receipts
        .iter()
        .map(|(e, _)| e.as_bytes().to_vec())
        .collect();
    let name = device.name.clone();
    let remembered = w.service.heads[at];
    let (handed, forked_at) = meddle(w, at, whole.clone());
    // What a device itself put into the place of its newest receipt is seen only by who remembers the other one.
    let is_unseen = forked_at.is_some_and(|at| at + 1 == whole.len());
    let is_prefix = whole.starts_with(&handed) || is_unseen;
    let has_all = remembers(&handed, remembered);
    let said = audit(&w.org.id, &name, &handed, remembered);
    let is_fine = is_prefix && has_all;
    if said.is_ok() != is_fine {
        let said = said.map(|read| read.len());
        let text = format!("receipts of {name} are whole: {is_fine}; the auditor: {said:?}");
        w.broke(Rule::Unnoticed, text);
    }
}

/// Whether a chain holds the receipt that somebody remembers.
fn remembers(chain: &[Vec<u8>], head: ChainHead) -> bool {
    let place = usize::try_from(head.n).ok().and_then(|n| n.checked_sub(1));
    place.is_none_or(|place| {
        chain
            .get(place)
            .is_some_and(|bytes| sha256(&[bytes]) == head.hash)
    })
}

/// What the service makes of a chain, and where the device itself signed another history.
fn meddle(w: &mut World, at: usize, mut chain: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Option<usize>) {
    let len = chain.len();
    if len == 0 {
        return (chain, None);
    }
    let place = w.rng.index(len);
    match w.rng.below(10) {
        0 => {
            chain.remove(place);
        }
        1 => chain.truncate(place),
        2 if len > 1 => chain.swap(place, (place + 1) % len),
        3 => chain.insert(place, chain[place].clone()),
        4 => chain[place] = resigned(w, at, place, "mal", |_| {}),
        5 => chain[place] = altered(&chain[place]),
        6 => {
            let other = (at + 1) % w.devices.len();
            if let Some((envelope, _)) = w.devices[other].disk.receipts.get(place) {
                chain[place] = envelope.as_bytes().to_vec();
            }
        }
        // A device that was put back from a copy signs another history of itself.
        7 => {
            let name = w.devices[at].name.clone();
            chain[place] = resigned(w, at, place, &name, |receipt| receipt.at += 1);
            return (chain, Some(place));
        }
        // The same device in another organisation.
        8 => {
            let (name, other) = (w.devices[at].name.clone(), crate::org::sister(&w.org));
            let org = trust::OrgId(other.digest.0);
            chain[place] = resigned(w, at, place, &name, |receipt| receipt.org = org);
        }
        _ => {}
    }
    (chain, None)
}

fn resigned(
    w: &World,
    at: usize,
    place: usize,
    by: &str,
    change: impl FnOnce(&mut Receipt),
) -> Vec<u8> {
    let mut receipt = w.devices[at].disk.receipts[place].1.clone();
    change(&mut receipt);
    let signing = &cast::player(by).signing;
    let envelope = Envelope::sign(PayloadType::Receipt, &receipt, &[signing]);
    envelope
        .map(|envelope| envelope.as_bytes().to_vec())
        .unwrap_or_default()
}

/// One character of the payload becomes another.
fn altered(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 3;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    bytes
}
