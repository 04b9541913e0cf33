//! Secrets at rest: a key from a passphrase (Argon2id, RFC 9106), and AES-256-GCM under that key.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use trust::bytes::{Blob, Salt};
use zeroize::Zeroizing;

use crate::ambient::random;
use crate::failure::refused;

/// 32 secret bytes.
pub type Secret = Zeroizing<[u8; 32]>;

/// How a key is made from a passphrase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kdf {
    algorithm: Algorithm,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Salt,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    Argon2id,
}

impl Kdf {
    /// RFC 9106's second recommended choice (64 MiB, 3 passes, 4 lanes) with a fresh salt.
    pub fn fresh() -> Self {
        Self {
            algorithm: Algorithm::Argon2id,
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
            salt: Salt(random()),
        }
    }

    /// The key of a passphrase. Costs are bounded: a file cannot ask for all memory.
    pub fn key(&self, passphrase: &str) -> Result<Secret> {
        let memory_fits = (8 * 1024..=1024 * 1024).contains(&self.memory_kib);
        ensure!(
            memory_fits && (1..=16).contains(&self.passes) && (1..=16).contains(&self.lanes),
            "the costs of the passphrase's key are out of bounds; the file was altered"
        );
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|e| anyhow::anyhow!("the costs of the passphrase's key are refused: {e}"))?;
        let argon =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut key = Secret::default();
        argon
            .hash_password_into(passphrase.as_bytes(), &self.salt.0, &mut *key)
            .map_err(|e| anyhow::anyhow!("the passphrase's key cannot be made: {e}"))?;
        Ok(key)
    }
}

/// Seals a secret: nonce, ciphertext, tag. `label` says what it is; the same label opens it.
pub fn seal(key: &Secret, label: &str, secret: &Secret) -> Result<Blob> {
    let nonce: [u8; NONCE_LEN] = random();
    let mut bytes = secret.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(label.as_bytes()),
            &mut bytes,
        )
        .ok()
        .context("a secret cannot be encrypted")?;
    Ok(Blob([&nonce[..], &bytes].concat()))
}

/// Opens a secret; the error says that key, label or bytes are not those of [`seal`].
pub fn open(key: &Secret, label: &str, sealed: &Blob) -> Result<Secret> {
    let damaged = || {
        refused(
            "keys_damaged",
            format!("The stored {label} was altered, or belongs to other keys."),
        )
    };
    let (nonce, rest) = sealed.0.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce)
        .ok()
        .ok_or_else(damaged)?;
    let mut bytes = Zeroizing::new(rest.to_vec());
    let plain = cipher(key)?
        .open_in_place(nonce, Aad::from(label.as_bytes()), &mut bytes)
        .ok()
        .ok_or_else(damaged)?;
    let mut secret = Secret::default();
    ensure!(plain.len() == secret.len(), damaged());
    secret.copy_from_slice(plain);
    Ok(secret)
}

fn cipher(key: &Secret) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, &**key)
        .ok()
        .context("an AES key cannot be set up")?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_with_its_key_and_label_and_unaltered() {
        let (key, other) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let sealed = seal(&key, "admin key", &Secret::new([7; 32])).unwrap();
        assert_eq!(*open(&key, "admin key", &sealed).unwrap(), [7; 32]);
        assert!(open(&other, "admin key", &sealed).is_err());
        assert!(open(&key, "audit key", &sealed).is_err());
        for at in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[at] ^= 1;
            assert!(open(&key, "admin key", &altered).is_err(), "byte {at}");
        }
        assert!(open(&key, "admin key", &Blob(vec![0; 5])).is_err());
    }

    #[test]
    fn two_sealings_of_one_secret_differ() {
        let key = Secret::new([1; 32]);
        let secret = Secret::new([7; 32]);
        assert_ne!(
            seal(&key, "k", &secret).unwrap(),
            seal(&key, "k", &secret).unwrap()
        );
    }

    #[test]
    fn another_passphrase_or_salt_gives_another_key() {
        let kdf = Kdf {
            memory_kib: 8 * 1024,
            passes: 1,
            lanes: 1,
            ..Kdf::fresh()
        };
        let salted = Kdf {
            salt: Salt([9; 16]),
            ..kdf
        };
        let key = kdf.key("correct horse").unwrap();
        assert_eq!(key, kdf.key("correct horse").unwrap());
        assert_ne!(key, kdf.key("correct horsf").unwrap());
        assert_ne!(key, salted.key("correct horse").unwrap());
    }

    #[test]
    fn costs_out_of_bounds_are_refused() {
        let kdf = Kdf::fresh();
        for bad in [
            Kdf {
                memory_kib: u32::MAX,
                ..kdf
            },
            Kdf {
                passes: 1 << 20,
                ..kdf
            },
            Kdf { lanes: 0, ..kdf },
        ] {
            assert!(bad.key("passphrase").is_err(), "{bad:?}");
        }
    }
}
