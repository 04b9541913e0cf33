//! Which agents are connected to this node, and how to reach them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use api::device::Display;
use api::ids::SessionId;
use tokio::sync::mpsc;
use trust::bytes::{KeyId, OrgId};

const ORDERS_MAX: usize = 32;

/// What a connected agent is told by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Join the relay.
    Call(SessionId),
    /// The same device connected anew: this connection ends.
    Replaced,
    /// An admin dropped the waiting device: this connection ends.
    Dropped,
}

/// What is known of a connected agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Since when, in milliseconds since the epoch.
    pub since: u64,
    /// What it last said about its display.
    pub display: Option<Display>,
}

struct Entry {
    serial: u64,
    orders: mpsc::Sender<Order>,
    seen: Seen,
}

type Agents = HashMap<(OrgId, KeyId), Entry>;

/// The connected agents.
#[derive(Default)]
pub struct Presence {
    agents: Arc<Mutex<Agents>>,
    serial: AtomicU64,
}

fn lock(agents: &Mutex<Agents>) -> MutexGuard<'_, Agents> {
    agents
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Presence {
    /// Enters a connection; an older one of the same device is replaced.
    pub fn enter(&self, org: OrgId, keyid: KeyId, now: u64) -> Connected {
        let (sender, orders) = mpsc::channel(ORDERS_MAX);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            serial,
            orders: sender,
            seen: Seen {
                since: now,
                display: None,
            },
        };
        if let Some(older) = lock(&self.agents).insert((org, keyid), entry) {
            // A full queue means that its task is stuck and ends by its own time-out.
            let _ = older.orders.try_send(Order::Replaced);
        }
        Connected {
            agents: self.agents.clone(),
            who: (org, keyid),
            serial,
            orders,
        }
    }

    /// Tells a connected agent something. False: it is not connected, or does not listen.
    pub fn tell(&self, org: &OrgId, keyid: &KeyId, order: Order) -> bool {
        lock(&self.agents)
            .get(&(*org, *keyid))
            .is_some_and(|entry| entry.orders.try_send(order).is_ok())
    }

    /// What is known of a device's connection, if there is one.
    pub fn seen(&self, org: &OrgId, keyid: &KeyId) -> Option<Seen> {
        lock(&self.agents)
            .get(&(*org, *keyid))
            .map(|entry| entry.seen.clone())
    }
}

/// A connection's place; leaving the scope leaves the place.
pub struct Connected {
    agents: Arc<Mutex<Agents>>,
    who: (OrgId, KeyId),
    serial: u64,
    /// What others tell this agent.
    pub orders: mpsc::Receiver<Order>,
}

impl Connected {
    /// Notes what the agent says about its display.
    pub fn set_display(&self, display: Display) {
        if let Some(entry) = lock(&self.agents).get_mut(&self.who)
            && entry.serial == self.serial
        {
            entry.seen.display = Some(display);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut agents = lock(&self.agents);
        if agents
            .get(&self.who)
            .is_some_and(|entry| entry.serial == self.serial)
        {
            agents.remove(&self.who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_connection_replaces_the_older_and_survives_its_end() {
        let (presence, org, keyid) = (Presence::default(), OrgId([1; 32]), KeyId([2; 32]));
        let mut first = presence.enter(org, keyid, 1);
        let mut second = presence.enter(org, keyid, 2);
        assert_eq!(first.orders.try_recv(), Ok(Order::Replaced));
        drop(first);
        assert_eq!(presence.seen(&org, &keyid).map(|seen| seen.since), Some(2));
        let session = SessionId::from_random([3; 16]);
        assert!(presence.tell(&org, &keyid, Order::Call(session)));
        assert_eq!(second.orders.try_recv(), Ok(Order::Call(session)));
        drop(second);
        assert_eq!(presence.seen(&org, &keyid), None);
        assert!(!presence.tell(&org, &keyid, Order::Call(session)));
    }
}
