//! How often one address may ask for what needs no signature. Token buckets in a bounded map.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

/// Addresses remembered; beyond, full buckets are forgotten first, then all.
const ADDRESSES_MAX: usize = 50_000;

/// What is counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Making an organisation.
    MakeOrg,
    /// Sign-in nonces and sign-ins.
    SignIn,
    /// Looking at and answering invites.
    Invite,
    /// Hanging up the nameplate of a join code.
    OpenJoin,
    /// Coming with a join code.
    TakeJoin,
    /// Opening a WebSocket.
    Socket,
    /// Statements that give power or change something; taking is never counted.
    Statement,
    /// Signatures, statements and proofs that were refused.
    Refusal,
}

impl Rate {
    /// How many at once, and how many a minute after that.
    fn burst_and_per_minute(self) -> (f64, f64) {
        match self {
            Rate::MakeOrg => (20.0, 2.0),
            Rate::SignIn => (60.0, 60.0),
            Rate::Invite => (60.0, 30.0),
            Rate::OpenJoin => (60.0, 20.0),
            // Somebody who takes other people's nameplates spoils their codes: few at once.
            Rate::TakeJoin => (20.0, 6.0),
            // A whole company may stand behind one address and come back after an outage.
            Rate::Socket => (2_000.0, 1_200.0),
            Rate::Statement => (600.0, 60.0),
            Rate::Refusal => (200.0, 60.0),
        }
    }
}

struct Bucket {
    tokens: f64,
    at_ms: u64,
}

/// Buckets of all addresses.
#[derive(Default)]
pub struct Rates {
    buckets: Mutex<HashMap<(Rate, IpAddr), Bucket>>,
}

impl Rates {
    /// Takes one token at `now` (milliseconds). False: too often.
    pub fn take(&self, rate: Rate, address: IpAddr, now: u64) -> bool {
        self.with_bucket(rate, address, now, |bucket| {
            let allowed = bucket.tokens >= 1.0;
            if allowed {
                bucket.tokens -= 1.0;
            }
            allowed
        })
    }

    /// Whether a token is left, without taking it.
    pub fn is_left(&self, rate: Rate, address: IpAddr, now: u64) -> bool {
        self.with_bucket(rate, address, now, |bucket| bucket.tokens >= 1.0)
    }

    fn with_bucket<T>(
        &self,
        rate: Rate,
        address: IpAddr,
        now: u64,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let (burst, per_minute) = rate.burst_and_per_minute();
        let mut buckets = self
            .buckets
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if buckets.len() >= ADDRESSES_MAX {
            shrink(&mut buckets, now);
        }
        let bucket = buckets.entry((rate, network(address))).or_insert(Bucket {
            tokens: burst,
            at_ms: now,
        });
        let minutes = now.saturating_sub(bucket.at_ms) as f64 / 60_000.0;
        bucket.tokens = (bucket.tokens + minutes * per_minute).min(burst);
        bucket.at_ms = now;
        act(bucket)
    }
}

fn shrink(buckets: &mut HashMap<(Rate, IpAddr), Bucket>, now: u64) {
    buckets.retain(|(rate, _), bucket| {
        let (burst, per_minute) = rate.burst_and_per_minute();
        bucket.tokens + now.saturating_sub(bucket.at_ms) as f64 / 60_000.0 * per_minute < burst
    });
    if buckets.len() >= ADDRESSES_MAX {
        buckets.clear();
    }
}

/// One customer usually holds a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_waits() {
        let (rates, address) = (Rates::default(), IpAddr::from([192, 0, 2, 1]));
        let passed = (0..100)
            .filter(|_| rates.take(Rate::MakeOrg, address, 0))
            .count();
        assert_eq!(passed, 20);
        assert!(
            rates.take(Rate::MakeOrg, IpAddr::from([192, 0, 2, 2]), 0),
            "another address"
        );
        assert!(rates.take(Rate::SignIn, address, 0), "another thing");
        assert!(!rates.take(Rate::MakeOrg, address, 29_000));
        assert!(rates.take(Rate::MakeOrg, address, 31_000));
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let rates = Rates::default();
        let passed = (0..100u16)
            .filter(|n| {
                let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, *n, 0, 0, 1);
                rates.take(Rate::MakeOrg, IpAddr::V6(address), 0)
            })
            .count();
        assert_eq!(passed, 20);
    }

    #[test]
    fn memory_is_bounded() {
        let rates = Rates::default();
        for n in 0..(ADDRESSES_MAX as u32 + 10) {
            rates.take(Rate::SignIn, IpAddr::from(n.to_be_bytes()), 0);
        }
        assert!(rates.buckets.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
