//! ML-KEM-768 (FIPS 203): the part of the handshake that a later quantum computer does not open.
//!
//! The provider draws its own randomness for key pairs and encapsulations: it offers no seeded form.
//! So both enter the handshake as values made here, and test vectors bring values made before.

use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use zeroize::Zeroizing;

use crate::limits::{CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES};
use crate::noise::HandshakeError;

/// The modulus q of ML-KEM (FIPS 203, section 2.4).
const MODULUS: u16 = 3329;
/// The last bytes of an encapsulation key are a seed, not coefficients.
const SEED_BYTES: usize = 32;
/// Where the encapsulation key stands inside a decapsulation key (FIPS 203, algorithm 16).
#[cfg(test)]
const KEY_INSIDE: std::ops::Range<usize> = 1152..1152 + ENCAPSULATION_KEY_BYTES;

/// A key pair for one handshake.
pub(crate) struct KeyPair {
    secret: DecapsulationKey,
    public: Box<[u8; ENCAPSULATION_KEY_BYTES]>,
}

impl KeyPair {
    pub(crate) fn generate() -> Result<Self, HandshakeError> {
        let secret = DecapsulationKey::generate(&ML_KEM_768)
            .map_err(|_| HandshakeError::Provider("ML-KEM key generation"))?;
        let public = secret
            .encapsulation_key()
            .map_err(|_| HandshakeError::Provider("ML-KEM public key"))?;
        let bytes = public
            .key_bytes()
            .map_err(|_| HandshakeError::Provider("ML-KEM public key"))?;
        let public = Box::new(
            bytes
                .as_ref()
                .try_into()
                .map_err(|_| HandshakeError::Provider("ML-KEM public key"))?,
        );
        Ok(Self { secret, public })
    }

    /// A pair from the 2,400 bytes of an expanded decapsulation key, for vectors.
    #[cfg(test)]
    pub(crate) fn from_secret(bytes: &[u8]) -> Result<Self, HandshakeError> {
        let secret = DecapsulationKey::new(&ML_KEM_768, bytes)
            .map_err(|_| HandshakeError::Provider("ML-KEM secret key"))?;
        let inside = bytes
            .get(KEY_INSIDE)
            .ok_or(HandshakeError::Provider("ML-KEM secret key"))?;
        let public = Box::new(
            inside
                .try_into()
                .map_err(|_| HandshakeError::Provider("ML-KEM secret key"))?,
        );
        Ok(Self { secret, public })
    }

    /// The expanded decapsulation key, for vectors.
    #[cfg(test)]
    pub(crate) fn secret_bytes(&self) -> Vec<u8> {
        self.secret
            .key_bytes()
            .map(|b| b.as_ref().to_vec())
            .unwrap_or_default()
    }

    pub(crate) fn public(&self) -> &[u8; ENCAPSULATION_KEY_BYTES] {
        &self.public
    }

    /// The shared secret. A ciphertext made for another key gives a secret that fits nothing (implicit rejection).
    pub(crate) fn decapsulate(
        &self,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, HandshakeError> {
        if ciphertext.len() != CIPHERTEXT_BYTES {
            return Err(HandshakeError::CiphertextLength(ciphertext.len()));
        }
        let secret = self
            .secret
            .decapsulate(Ciphertext::from(ciphertext))
            .map_err(|_| HandshakeError::Provider("ML-KEM decapsulation"))?;
        shared(secret.as_ref())
    }
}

/// A shared secret and the ciphertext that carries it to the holder of the key.
pub(crate) struct Encapsulation {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) secret: Zeroizing<[u8; 32]>,
}

/// Makes a secret for the holder of `key`, which must have passed [`check`].
pub(crate) fn encapsulate(key: &[u8]) -> Result<Encapsulation, HandshakeError> {
    let key = EncapsulationKey::new(&ML_KEM_768, key)
        .map_err(|_| HandshakeError::EncapsulationKeyModulus)?;
    let (ciphertext, secret) = key
        .encapsulate()
        .map_err(|_| HandshakeError::EncapsulationKeyModulus)?;
    Ok(Encapsulation {
        ciphertext: ciphertext.as_ref().to_vec(),
        secret: shared(secret.as_ref())?,
    })
}

/// The checks of FIPS 203, section 7.2: the length, and every coefficient below the modulus.
pub(crate) fn check(key: &[u8]) -> Result<(), HandshakeError> {
    if key.len() != ENCAPSULATION_KEY_BYTES {
        return Err(HandshakeError::EncapsulationKeyLength(key.len()));
    }
    let coefficients = &key[..ENCAPSULATION_KEY_BYTES - SEED_BYTES];
    let below = |three: &[u8]| {
        let (a, b, c) = (
            u16::from(three[0]),
            u16::from(three[1]),
            u16::from(three[2]),
        );
        (a | (b & 0x0f) << 8) < MODULUS && (b >> 4 | c << 4) < MODULUS
    };
    if coefficients.chunks_exact(3).all(below) {
        Ok(())
    } else {
        Err(HandshakeError::EncapsulationKeyModulus)
    }
}

fn shared(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, HandshakeError> {
    bytes
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| HandshakeError::Provider("ML-KEM shared secret"))
}
