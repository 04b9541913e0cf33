//! Sign-in nonces that the service need not remember: 4 bytes of time, 4 random, 8 of a keyed hash over those and the
//! organisation. Only a spent one costs a row, so strangers cannot fill the database.

use trust::bytes::{Nonce, OrgId, sha256};

use crate::clock::random;

/// Makes and recognises nonces; a restart forgets all.
pub struct SignInNonces {
    secret: [u8; 32],
}

impl Default for SignInNonces {
    fn default() -> Self {
        Self { secret: random() }
    }
}

impl SignInNonces {
    /// A nonce for this organisation at `now` (milliseconds).
    pub fn make(&self, org: &OrgId, now: u64) -> Nonce {
        // Seconds fit into 32 bits until 2106.
        let seconds = (now / 1000) as u32;
        let mut head = [0; 8];
        head[..4].copy_from_slice(&seconds.to_be_bytes());
        head[4..].copy_from_slice(&random::<4>());
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&head);
        nonce[8..].copy_from_slice(&self.tag(org, &head));
        Nonce(nonce)
    }

    /// Whether this service made the nonce for this organisation within the last `age_ms_max`.
    pub fn is_fresh(&self, org: &OrgId, nonce: &Nonce, now: u64, age_ms_max: u64) -> bool {
        let (head, tag) = nonce.0.split_at(8);
        let differs = self
            .tag(org, head)
            .iter()
            .zip(tag)
            .fold(0, |differs, (a, b)| differs | (a ^ b));
        let made_ms = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]])) * 1000;
        differs == 0 && made_ms <= now && now < made_ms + age_ms_max
    }

    fn tag(&self, org: &OrgId, head: &[u8]) -> [u8; 8] {
        // All parts have fixed lengths and the result is cut: a plain prefix key is enough.
        let hash = sha256(&[&self.secret, b"wayleave/sign-in-nonce/1", &org.0, head]).0;
        let mut tag = [0; 8];
        tag.copy_from_slice(&hash[..8]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn a_nonce_is_good_for_its_organisation_and_time_only() {
        let (nonces, org) = (SignInNonces::default(), OrgId([1; 32]));
        let nonce = nonces.make(&org, NOW);
        assert!(nonces.is_fresh(&org, &nonce, NOW + 59_000, 60_000));
        assert!(
            !nonces.is_fresh(&org, &nonce, NOW + 60_000, 60_000),
            "too old"
        );
        assert!(
            !nonces.is_fresh(&org, &nonce, NOW - 1_000, 60_000),
            "from the future"
        );
        assert!(
            !nonces.is_fresh(&OrgId([2; 32]), &nonce, NOW, 60_000),
            "another organisation"
        );
        assert!(
            !SignInNonces::default().is_fresh(&org, &nonce, NOW, 60_000),
            "another service"
        );
        for at in 0..16 {
            let mut altered = nonce;
            altered.0[at] ^= 1;
            assert!(!nonces.is_fresh(&org, &altered, NOW, 60_000), "byte {at}");
        }
        assert_ne!(nonces.make(&org, NOW), nonce);
    }
}
