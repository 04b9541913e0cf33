//! Blobs that only one key can open: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//!
//! A sealed blob is the 32-byte encapsulated key, then the ciphertext with its tag.

use std::convert::Infallible;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::bytes::{Blob, OrgId, X25519Public, sha256};
use crate::limits::SEALED_BYTES_MAX;

/// What a blob is for: each use has its own HPKE `info`, so that none can be passed off as another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A name or host name, sealed to the directory key; AAD is the organisation.
    Label,
    /// The directory key, sealed to a member; AAD is the organisation.
    Directory,
    /// A receipt's body, sealed to the audit key; AAD names organisation, device, n, prev and event.
    Receipt,
}

impl Use {
    fn info(self) -> &'static [u8] {
        match self {
            Use::Label => b"wayleave/label/1",
            Use::Directory => b"wayleave/directory/1",
            Use::Receipt => b"wayleave/receipt/1",
        }
    }
}

/// Why a blob cannot be sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// The recipient's key is not usable.
    #[error("the key to seal to is not a valid x25519 key")]
    Key,
    /// More than fits.
    #[error("more than {SEALED_BYTES_MAX} bytes cannot be sealed")]
    TooLong,
    /// Sealed to another key, for another use, or altered.
    #[error("the sealed text was made for another key or was altered")]
    NotOpened,
}

/// The private half of an X25519 key that blobs are sealed to.
#[derive(Clone)]
pub struct OpeningKey {
    secret: Zeroizing<[u8; 32]>,
    public: X25519Public,
}

impl OpeningKey {
    /// From 32 random bytes.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, SealError> {
        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&secret)
            .map_err(|_| SealError::Key)?;
        let public = X25519Public(X25519HkdfSha256::sk_to_pk(&key).to_bytes().into());
        Ok(Self {
            secret: Zeroizing::new(secret),
            public,
        })
    }

    /// The public half.
    pub fn public(&self) -> X25519Public {
        self.public
    }

    /// The secret bytes, for storing them encrypted or sharing them sealed.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Opens what was sealed to this key for this use.
    pub fn open(&self, purpose: Use, aad: &[u8], sealed: &Blob) -> Result<Vec<u8>, SealError> {
        let (encapped, ciphertext) = sealed.0.split_at_checked(32).ok_or(SealError::NotOpened)?;
        let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&*self.secret)
            .map_err(|_| SealError::Key)?;
        let encapped = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapped)
            .map_err(|_| SealError::NotOpened)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapped,
            purpose.info(),
            ciphertext,
            aad,
        )
        .map_err(|_| SealError::NotOpened)
    }
}

/// Seals `plain` to `to`; `randomness` is 32 fresh random bytes.
pub fn seal(
    to: &X25519Public,
    purpose: Use,
    aad: &[u8],
    plain: &[u8],
    randomness: [u8; 32],
) -> Result<Blob, SealError> {
    if plain.len() + 48 > SEALED_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&to.0).map_err(|_| SealError::Key)?;
    let (encapped, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            purpose.info(),
            plain,
            aad,
            &mut Expanded {
                seed: Zeroizing::new(randomness),
                counter: 0,
            },
        )
        .map_err(|_| SealError::Key)?;
    Ok(Blob([encapped.to_bytes().as_slice(), &ciphertext].concat()))
}

/// Seals a name or host name so that only members of the organisation read it.
pub fn seal_label(
    org: &OrgId,
    directory: &X25519Public,
    label: &str,
    randomness: [u8; 32],
) -> Result<Blob, SealError> {
    seal(directory, Use::Label, &org.0, label.as_bytes(), randomness)
}

/// Opens a label; a text that is not one line is refused.
pub fn open_label(org: &OrgId, directory: &OpeningKey, label: &Blob) -> Result<String, SealError> {
    let bytes = directory.open(Use::Label, &org.0, label)?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| crate::text::is_line(text))
        .ok_or(SealError::NotOpened)
}

/// 32 random bytes as the random source that the HPKE crate asks for: SHA-256 in counter mode.
struct Expanded {
    seed: Zeroizing<[u8; 32]>,
    counter: u64,
}

impl TryRng for Expanded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut out = [0; 4];
        self.try_fill_bytes(&mut out)?;
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut out = [0; 8];
        self.try_fill_bytes(&mut out)?;
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[
                b"wayleave/expand/1\0",
                &*self.seed,
                &self.counter.to_be_bytes(),
            ]);
            chunk.copy_from_slice(&block.0[..chunk.len()]);
            self.counter += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Expanded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_opens_for_its_organisation_only() {
        let directory = OpeningKey::from_secret([7; 32]).unwrap();
        let sealed =
            seal_label(&OrgId([1; 32]), &directory.public(), "reception-3", [9; 32]).unwrap();
        assert_eq!(
            open_label(&OrgId([1; 32]), &directory, &sealed).unwrap(),
            "reception-3"
        );
        assert_eq!(
            open_label(&OrgId([2; 32]), &directory, &sealed),
            Err(SealError::NotOpened)
        );
        let other = OpeningKey::from_secret([8; 32]).unwrap();
        assert_eq!(
            open_label(&OrgId([1; 32]), &other, &sealed),
            Err(SealError::NotOpened)
        );
        assert!(directory.open(Use::Directory, &[1; 32], &sealed).is_err());
    }
}
