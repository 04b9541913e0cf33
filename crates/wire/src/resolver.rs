//! The four primitives of the one suite, from the one crypto provider, for `snow`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::digest;
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use zeroize::Zeroizing;

use crate::limits::TAG_BYTES;

/// Resolves X25519, AES-256-GCM and SHA-256, and hands out one ephemeral secret once.
pub(crate) struct Provider {
    pub(crate) ephemeral: Zeroizing<[u8; 32]>,
}

impl CryptoResolver for Provider {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(OneSecret(Some(self.ephemeral.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519)
            .then(|| Box::new(X25519Key::default()) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        matches!(choice, HashChoice::SHA256).then(|| Box::new(Sha256::default()) as Box<dyn Hash>)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        matches!(choice, CipherChoice::AESGCM).then(|| Box::new(AesGcm(None)) as Box<dyn Cipher>)
    }
}

/// Randomness is the caller's: 32 bytes, given once; a second draw is an error, never a repetition.
struct OneSecret(Option<Zeroizing<[u8; 32]>>);

impl Random for OneSecret {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        match self.0.take() {
            Some(secret) if dest.len() == secret.len() => dest.copy_from_slice(&*secret),
            _ => return Err(Error::Rng),
        }
        Ok(())
    }
}

#[derive(Default)]
struct X25519Key {
    key: Option<PrivateKey>,
    private: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Dh for X25519Key {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, private: &[u8]) {
        self.key = PrivateKey::from_private_key(&X25519, private).ok();
        let public = self
            .key
            .as_ref()
            .and_then(|key| key.compute_public_key().ok());
        match (public, private.try_into()) {
            (Some(public), Ok(private)) => {
                self.public.copy_from_slice(public.as_ref());
                self.private = Zeroizing::new(private);
            }
            _ => self.key = None,
        }
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut private = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut *private)?;
        self.set(&*private);
        if self.key.is_some() {
            Ok(())
        } else {
            Err(Error::Dh)
        }
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &*self.private
    }

    /// Refuses the all-zero secret that a point of small order would give.
    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let key = self.key.as_ref().ok_or(Error::Dh)?;
        let public = UnparsedPublicKey::new(&X25519, public.get(..32).ok_or(Error::Dh)?);
        agree(key, public, Error::Dh, |secret| {
            out.get_mut(..32).ok_or(Error::Dh)?.copy_from_slice(secret);
            Ok(())
        })
    }
}

struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Hash for Sha256 {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        out[..32].copy_from_slice(self.0.clone().finish().as_ref());
    }
}

struct AesGcm(Option<LessSafeKey>);

impl Cipher for AesGcm {
    fn name(&self) -> &'static str {
        "AESGCM"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = UnboundKey::new(&AES_256_GCM, key)
            .ok()
            .map(LessSafeKey::new);
    }

    /// Without a key or room nothing is written: the peer's check of the tag then fails.
    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let sealed_len = plaintext.len() + TAG_BYTES;
        let (Some(key), Some(out)) = (&self.0, out.get_mut(..sealed_len)) else {
            return 0;
        };
        let (body, tag) = out.split_at_mut(plaintext.len());
        match key.seal_out_of_place_scatter(
            gcm_nonce(nonce),
            Aad::from(authtext),
            plaintext,
            body,
            &[],
            tag,
        ) {
            Ok(()) => sealed_len,
            Err(_) => {
                out.fill(0);
                0
            }
        }
    }

    fn decrypt(
        &self,
        nonce: u64,
        authtext: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let key = self.0.as_ref().ok_or(Error::Decrypt)?;
        let (body, tag) = ciphertext
            .split_last_chunk::<TAG_BYTES>()
            .ok_or(Error::Decrypt)?;
        let out = out.get_mut(..body.len()).ok_or(Error::Decrypt)?;
        key.open_separate_gather(gcm_nonce(nonce), Aad::from(authtext), body, tag, out)
            .map_err(|_| Error::Decrypt)?;
        Ok(body.len())
    }
}

/// Four zero bytes, then the counter, big endian (Noise, section 12.4).
fn gcm_nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
