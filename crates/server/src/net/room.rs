//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once; further ones wait.
const CONNECTIONS_MAX: usize = 20_000;
/// Connections from one address. A company's workstations may stand behind one.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 5_000;

/// Counts connections.
pub(super) struct Room {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    proxies: Arc<[IpAddr]>,
}

/// One connection's place.
pub(super) struct Place {
    _one_of_all: OwnedSemaphorePermit,
    address: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

fn lock(counts: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    counts
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Room {
    pub(super) fn new(proxies: Arc<[IpAddr]>) -> Self {
        let all = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self {
            all,
            by_address: Arc::default(),
            proxies,
        }
    }

    /// Waits until there is room at all.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.all.clone().acquire_owned().await.ok()
    }

    /// A place for this peer, if it has not too many. A listed proxy speaks for many.
    pub(super) fn enter(&self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Option<Place> {
        let address = peer.to_canonical();
        let mut counts = lock(&self.by_address);
        let count = counts.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS_MAX && !self.proxies.contains(&address) {
            return None;
        }
        *count += 1;
        Some(Place {
            _one_of_all: permit,
            address,
            by_address: self.by_address.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.by_address);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_cannot_take_all_places_and_gets_them_back() {
        let proxy = IpAddr::from([10, 0, 0, 1]);
        let (room, peer) = (Room::new([proxy].into()), IpAddr::from([192, 0, 2, 1]));
        let mut places = Vec::new();
        while let Some(place) = room.enter(room.permit().await.unwrap(), peer) {
            places.push(place);
        }
        assert_eq!(places.len(), CONNECTIONS_PER_ADDRESS_MAX);
        assert!(
            room.enter(room.permit().await.unwrap(), IpAddr::from([192, 0, 2, 2]))
                .is_some()
        );
        places.clear();
        assert!(lock(&room.by_address).is_empty());
        for _ in 0..=CONNECTIONS_PER_ADDRESS_MAX {
            places.push(room.enter(room.permit().await.unwrap(), proxy).unwrap());
        }
    }
}
