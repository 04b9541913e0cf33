//! Receipts on their way from a device to whoever reads them, through a service that may leave out, swap and alter.

use trust::bytes::sha256;
use trust::envelope::{Envelope, PayloadType};
use trust::receipt::{ChainHead, Receipt};

use crate::cast;
use crate::found::Rule;
use crate::reader::audit;
use crate::world::World;

/// What a reader has to find in a chain, whatever he remembers.
type Due = Option<&'static str>;

/// An auditor asks the service for a device's receipts and follows them.
pub fn read(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let device = &w.devices[at];
    let receipts = device.disk.receipts.iter();
    let whole: Vec<Vec<u8>> = receipts.map(|(e, _)| e.as_bytes().to_vec()).collect();
    let name = device.name.clone();
    let remembered = w.service.heads[at];
    let (handed, due) = meddle(w, at, whole);
    // What is left out at the end is seen by who remembers it from the device itself.
    let due = due.or((!remembers(&handed, remembered)).then_some("missing"));
    let said = audit(&w.org.id, &name, &handed, remembered);
    if said.as_ref().err().copied() != due {
        let said = said.map(|read| read.len());
        let text = format!("the receipts of {name} are {due:?}; the auditor: {said:?}");
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

/// What the service makes of a chain.
fn meddle(w: &mut World, at: usize, mut chain: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Due) {
    let len = chain.len();
    if len == 0 {
        return (chain, None);
    }
    let place = w.rng.index(len);
    let is_newest = place + 1 == len;
    let name = w.devices[at].name.clone();
    let due = match w.rng.below(10) {
        0 => {
            chain.remove(place);
            (!is_newest).then_some("gap")
        }
        1 => {
            chain.truncate(place);
            None
        }
        2 if len > 1 => {
            chain.swap(place, (place + 1) % len);
            Some("gap")
        }
        3 => {
            chain.insert(place, chain[place].clone());
            Some("gap")
        }
        4 => {
            chain[place] = resigned(w, at, place, "mal", |_| {});
            Some("other_device")
        }
        5 => {
            chain[place] = altered(&chain[place]);
            Some("unreadable")
        }
        6 => {
            let other = &w.devices[(at + 1) % w.devices.len()].disk.receipts;
            let other = other.get(place).map(|(e, _)| e.as_bytes().to_vec());
            let due = other.is_some().then_some("other_device");
            chain[place] = other.unwrap_or_else(|| chain[place].clone());
            due
        }
        // A device that was put back from a copy signs another history of itself.
        7 => {
            chain[place] = resigned(w, at, place, &name, |receipt| receipt.at += 1);
            (!is_newest).then_some("fork")
        }
        // The same device in another organisation.
        8 => {
            let org = trust::OrgId(crate::org::sister(&w.org).digest.0);
            chain[place] = resigned(w, at, place, &name, |receipt| receipt.org = org);
            Some("other_device")
        }
        _ => None,
    };
    (chain, due)
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
