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

use crate::bytes::{Blob, OrgId, WarrantId, X25519Public, sha256};
use crate::envelope::Envelope;
use crate::limits::{SEALED_BYTES_MAX, SEALED_RECEIPT_BYTES_MAX, SEALED_WARRANT_BYTES_MAX};

/// What a blob is for: each use has its own HPKE `info`, so that none can be passed off as another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A name or host name, sealed to the directory key; AAD is the organisation.
    Label,
    /// The directory key, sealed to a member; AAD is the organisation.
    Directory,
    /// A receipt's body, sealed to the audit key; AAD names organisation, device, n, prev and event.
    Receipt,
    /// A warrant that lacks approvals, sealed to the directory key; AAD is organisation and warrant id.
    Approval,
    /// Why somebody refused to approve, sealed to the directory key; AAD as for the request.
    Refusal,
}

impl Use {
    fn info(self) -> &'static [u8] {
        match self {
            Use::Label => b"wayleave/label/1",
            Use::Directory => b"wayleave/directory/1",
            Use::Receipt => b"wayleave/receipt/1",
            Use::Approval => b"wayleave/approval/1",
            Use::Refusal => b"wayleave/refusal/1",
        }
    }

    /// Longest blob of this use, in bytes.
    pub fn bytes_max(self) -> usize {
        match self {
            Use::Approval => SEALED_WARRANT_BYTES_MAX,
            Use::Receipt => SEALED_RECEIPT_BYTES_MAX,
            Use::Label | Use::Directory | Use::Refusal => SEALED_BYTES_MAX,
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
    #[error("more than {0} bytes cannot be sealed for this use")]
    TooLong(usize),
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
    if plain.len() + 48 > purpose.bytes_max() {
        return Err(SealError::TooLong(purpose.bytes_max()));
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
    line(directory.open(Use::Label, &org.0, label)?)
}

fn line(bytes: Vec<u8>) -> Result<String, SealError> {
    String::from_utf8(bytes)
        .ok()
        .filter(|text| crate::text::is_line(text))
        .ok_or(SealError::NotOpened)
}

fn approval_aad(org: &OrgId, warrant: &WarrantId) -> Vec<u8> {
    [org.0.as_slice(), &warrant.0].concat()
}

/// Seals a warrant's envelope so that members of the organisation read it, and the service that hands it on does not.
pub fn seal_warrant(
    org: &OrgId,
    directory: &X25519Public,
    warrant: &WarrantId,
    envelope: &Envelope,
    randomness: [u8; 32],
) -> Result<Blob, SealError> {
    let aad = approval_aad(org, warrant);
    seal(
        directory,
        Use::Approval,
        &aad,
        envelope.as_bytes(),
        randomness,
    )
}

/// Opens a sealed warrant: the bytes of an envelope that nobody has verified.
pub fn open_warrant(
    org: &OrgId,
    directory: &OpeningKey,
    warrant: &WarrantId,
    sealed: &Blob,
) -> Result<Vec<u8>, SealError> {
    directory.open(Use::Approval, &approval_aad(org, warrant), sealed)
}

/// Seals why somebody refuses to approve a warrant.
pub fn seal_refusal(
    org: &OrgId,
    directory: &X25519Public,
    warrant: &WarrantId,
    why: &str,
    randomness: [u8; 32],
) -> Result<Blob, SealError> {
    let aad = approval_aad(org, warrant);
    seal(directory, Use::Refusal, &aad, why.as_bytes(), randomness)
}

/// Opens the reason of a refusal; a text that is not one line is refused.
pub fn open_refusal(
    org: &OrgId,
    directory: &OpeningKey,
    warrant: &WarrantId,
    sealed: &Blob,
) -> Result<String, SealError> {
    line(directory.open(Use::Refusal, &approval_aad(org, warrant), sealed)?)
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
    #[test]
    fn a_sealed_warrant_opens_for_its_id_and_use_only() {
        let directory = OpeningKey::from_secret([7; 32]).unwrap();
        let key = crate::key::SigningKey::from_seed([1; 32]);
        let long = "x".repeat(SEALED_BYTES_MAX);
        let envelope = Envelope::sign(crate::envelope::PayloadType::Warrant, &long, &[&key]);
        let (envelope, org, id) = (envelope.unwrap(), OrgId([1; 32]), WarrantId([2; 16]));
        let sealed = seal_warrant(&org, &directory.public(), &id, &envelope, [9; 32]).unwrap();
        assert_eq!(
            open_warrant(&org, &directory, &id, &sealed).unwrap(),
            envelope.as_bytes()
        );
        for (org, id) in [(org, WarrantId([3; 16])), (OrgId([3; 32]), id)] {
            assert_eq!(
                open_warrant(&org, &directory, &id, &sealed),
                Err(SealError::NotOpened)
            );
        }
        assert!(open_refusal(&org, &directory, &id, &sealed).is_err());
        let refusal = seal_refusal(&org, &directory.public(), &id, "not now", [9; 32]).unwrap();
        assert_eq!(
            open_refusal(&org, &directory, &id, &refusal).unwrap(),
            "not now"
        );
        assert!(open_warrant(&org, &directory, &id, &refusal).is_err());
    }

    #[test]
    fn each_use_has_its_bound() {
        let to = OpeningKey::from_secret([7; 32]).unwrap().public();
        for purpose in [Use::Label, Use::Approval] {
            let plain = vec![0; purpose.bytes_max() - 48];
            assert!(seal(&to, purpose, &[], &plain, [9; 32]).is_ok());
            let longer = vec![0; purpose.bytes_max() - 47];
            assert_eq!(
                seal(&to, purpose, &[], &longer, [9; 32]),
                Err(SealError::TooLong(purpose.bytes_max()))
            );
        }
    }
}
