//! The handshake `Noise_IKpsk2_25519_AESGCM_SHA256` with ML-KEM-768, and the sealed transport after it.
//!
//! ```text
//! technician -> device   Noise message 1, payload = encapsulation key ek
//! device -> technician   ct in clear || Noise message 2, empty payload
//! psk2 = SHA-256("wayleave/psk2/1" || [pake key] || ss || ek || ct)
//! ```
//!
//! Noise Protocol Framework, revision 34; FIPS 203. One suite, never negotiated; the psk is never zero, because
//! neither side can come to message 2 without having derived it.

use snow::{Builder, HandshakeState, TransportState};
use trust::bytes::{Hash, KeyId, OrgId, X25519Public};
use zeroize::Zeroizing;

use crate::kem::{self, Encapsulation, KeyPair};
use crate::limits::{
    CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES, FRAME_BYTES_MAX, MESSAGE_1_BYTES, MESSAGE_2_BYTES,
    NOISE_MESSAGE_BYTES_MAX, TAG_BYTES,
};
use crate::resolver::Provider;

/// The one suite.
pub const SUITE: &str = "Noise_IKpsk2_25519_AESGCM_SHA256";
/// The first words of the prologue: the protocol's version.
pub const PROLOGUE_LABEL: &[u8] = b"wayleave/channel/1";
const PSK_LABEL: &[u8] = b"wayleave/psk2/1";

/// How the technician came to the device's key.
#[derive(Clone)]
pub enum Mode {
    /// From the organisation's ledger.
    Enrolled,
    /// From a join code: the key that both sides of the PAKE confirmed enters the psk.
    Joined {
        /// The PAKE's key.
        pake_key: Zeroizing<[u8; 32]>,
    },
}

impl Mode {
    const fn number(&self) -> u8 {
        match self {
            Mode::Enrolled => 1,
            Mode::Joined { .. } => 2,
        }
    }
}

/// What both sides must agree on before a byte passes.
#[derive(Clone)]
pub struct Binding {
    /// Enrolled or joined.
    pub mode: Mode,
    /// The organisation.
    pub org: OrgId,
    /// The device's signature key.
    pub device: KeyId,
}

impl Binding {
    fn prologue(&self) -> Vec<u8> {
        [
            PROLOGUE_LABEL,
            &[self.mode.number()],
            self.org.as_bytes(),
            self.device.as_bytes(),
        ]
        .concat()
    }

    fn psk(&self, secret: &[u8; 32], key: &[u8], ciphertext: &[u8]) -> Zeroizing<[u8; 32]> {
        let pake_key: &[u8] = match &self.mode {
            Mode::Enrolled => &[],
            Mode::Joined { pake_key } => &**pake_key,
        };
        Zeroizing::new(trust::bytes::sha256(&[PSK_LABEL, pake_key, secret, key, ciphertext]).0)
    }
}

/// Why there is no channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The first message has another length than the suite's.
    #[error("the first handshake message has {MESSAGE_1_BYTES} bytes, this one has {0}")]
    Message1Length(usize),
    /// The first message does not decrypt.
    #[error(
        "the first handshake message does not open: it was made for another device key, organisation, device or mode, or changed on the way"
    )]
    Message1,
    /// The device's answer has another length than the suite's.
    #[error("the device's handshake answer has {MESSAGE_2_BYTES} bytes, this one has {0}")]
    Message2Length(usize),
    /// The device's answer does not decrypt.
    #[error(
        "the device's handshake answer does not open: it is not from this device, not for this attempt, or changed on the way"
    )]
    Message2,
    /// A public key of small order.
    #[error("the other side's public key is of small order")]
    WeakKey,
    /// The encapsulation key's length (FIPS 203, section 7.2).
    #[error(
        "an ML-KEM-768 encapsulation key has {ENCAPSULATION_KEY_BYTES} bytes, this one has {0}"
    )]
    EncapsulationKeyLength(usize),
    /// The encapsulation key's coefficients (FIPS 203, section 7.2).
    #[error("the ML-KEM-768 encapsulation key has a coefficient that is not below the modulus")]
    EncapsulationKeyModulus,
    /// The ciphertext's length.
    #[error("an ML-KEM-768 ciphertext has {CIPHERTEXT_BYTES} bytes, this one has {0}")]
    CiphertextLength(usize),
    /// A private key given by this side is unusable.
    #[error("this side's own private key is not an X25519 key")]
    OwnKey,
    /// The crypto provider failed where it cannot.
    #[error("the crypto provider failed at {0}")]
    Provider(&'static str),
}

/// A finished handshake.
pub struct Secured {
    /// Seals and opens what follows.
    pub transport: Transport,
    /// Noise's handshake hash after message 2: names this channel in receipts.
    pub channel: Hash,
    /// The other side's static key: a warrant must name it.
    pub remote: X25519Public,
}

/// The technician's side between message 1 and the answer.
pub struct Initiator {
    noise: HandshakeState,
    kem: KeyPair,
    binding: Binding,
}

impl Initiator {
    /// Makes message 1 for the device whose noise key the ledger gives.
    ///
    /// `private` is the technician's static key for this warrant, `ephemeral` 32 fresh random bytes.
    ///
    /// # Errors
    /// [`HandshakeError::WeakKey`] for a device key of small order, [`HandshakeError::OwnKey`] for an unusable `private`.
    pub fn start(
        binding: Binding,
        private: &[u8; 32],
        device: &X25519Public,
        ephemeral: &[u8; 32],
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        Self::start_with(binding, private, device, ephemeral, KeyPair::generate()?)
    }

    pub(crate) fn start_with(
        binding: Binding,
        private: &[u8; 32],
        device: &X25519Public,
        ephemeral: &[u8; 32],
        kem: KeyPair,
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        let prologue = binding.prologue();
        let mut noise = builder(ephemeral)?
            .local_private_key(private)
            .and_then(|b| b.remote_public_key(device.as_bytes()))
            .and_then(|b| b.prologue(&prologue))
            .and_then(Builder::build_initiator)
            .map_err(|_| HandshakeError::Provider("the technician's state"))?;
        let mut message = vec![0; MESSAGE_1_BYTES];
        let written = noise
            .write_message(kem.public(), &mut message)
            .map_err(|e| dh_or(e, HandshakeError::OwnKey))?;
        whole(written, MESSAGE_1_BYTES)?;
        Ok((
            Self {
                noise,
                kem,
                binding,
            },
            message,
        ))
    }

    /// Reads the device's answer.
    ///
    /// # Errors
    /// [`HandshakeError::Message2Length`] or [`HandshakeError::Message2`]: there is no channel.
    pub fn finish(mut self, answer: &[u8]) -> Result<Secured, HandshakeError> {
        if answer.len() != MESSAGE_2_BYTES {
            return Err(HandshakeError::Message2Length(answer.len()));
        }
        let (ciphertext, message) = answer.split_at(CIPHERTEXT_BYTES);
        let secret = self.kem.decapsulate(ciphertext)?;
        let psk = self.binding.psk(&secret, self.kem.public(), ciphertext);
        self.noise
            .set_psk(2, &*psk)
            .map_err(|_| HandshakeError::Provider("the psk"))?;
        let mut payload = [0; TAG_BYTES];
        self.noise
            .read_message(message, &mut payload)
            .map_err(|e| dh_or(e, HandshakeError::Message2))?;
        secured(self.noise)
    }
}

/// The device's side before message 1.
pub struct Responder {
    noise: HandshakeState,
    binding: Binding,
}

impl Responder {
    /// Waits for message 1. `private` is the device's admitted noise key, `ephemeral` 32 fresh random bytes.
    ///
    /// # Errors
    /// [`HandshakeError::Provider`] only.
    pub fn new(
        binding: Binding,
        private: &[u8; 32],
        ephemeral: &[u8; 32],
    ) -> Result<Self, HandshakeError> {
        let prologue = binding.prologue();
        let noise = builder(ephemeral)?
            .local_private_key(private)
            .and_then(|b| b.prologue(&prologue))
            .and_then(Builder::build_responder)
            .map_err(|_| HandshakeError::Provider("the device's state"))?;
        Ok(Self { noise, binding })
    }

    /// Reads message 1 and makes the answer.
    ///
    /// # Errors
    /// Named after what is wrong with message 1: there is no channel.
    pub fn answer(self, message: &[u8]) -> Result<(Secured, Vec<u8>), HandshakeError> {
        self.answer_with(message, kem::encapsulate)
    }

    pub(crate) fn answer_with(
        mut self,
        message: &[u8],
        encapsulate: impl FnOnce(&[u8]) -> Result<Encapsulation, HandshakeError>,
    ) -> Result<(Secured, Vec<u8>), HandshakeError> {
        if message.len() != MESSAGE_1_BYTES {
            return Err(HandshakeError::Message1Length(message.len()));
        }
        let mut key = [0; ENCAPSULATION_KEY_BYTES];
        let read = self
            .noise
            .read_message(message, &mut key)
            .map_err(|e| dh_or(e, HandshakeError::Message1))?;
        whole(read, ENCAPSULATION_KEY_BYTES)?;
        kem::check(&key)?;
        let Encapsulation { ciphertext, secret } = encapsulate(&key)?;
        let psk = self.binding.psk(&secret, &key, &ciphertext);
        self.noise
            .set_psk(2, &*psk)
            .map_err(|_| HandshakeError::Provider("the psk"))?;
        let mut answer = ciphertext;
        answer.resize(MESSAGE_2_BYTES, 0);
        let written = self
            .noise
            .write_message(&[], &mut answer[CIPHERTEXT_BYTES..])
            .map_err(|e| dh_or(e, HandshakeError::OwnKey))?;
        whole(written, MESSAGE_2_BYTES - CIPHERTEXT_BYTES)?;
        Ok((secured(self.noise)?, answer))
    }
}

/// Seals frames and opens them, in order, each once.
pub struct Transport(TransportState);

/// A sealed message that does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TransportError {
    /// Not the next message of this channel in this direction.
    #[error(
        "a message does not open: it was changed, repeated, reordered, reflected or left out on the way"
    )]
    Open,
    /// Too long, or too short to hold a tag.
    #[error(
        "a sealed message has {TAG_BYTES} to {NOISE_MESSAGE_BYTES_MAX} bytes, this one has {0}"
    )]
    Length(usize),
    /// A frame of this side is too long, or the provider failed.
    #[error("a frame could not be sealed")]
    Seal,
}

impl Transport {
    /// Seals one frame.
    ///
    /// # Errors
    /// [`TransportError::Seal`] for a frame above [`FRAME_BYTES_MAX`]; the channel is then over.
    pub fn seal(&mut self, frame: &[u8]) -> Result<Vec<u8>, TransportError> {
        if frame.len() > FRAME_BYTES_MAX {
            return Err(TransportError::Seal);
        }
        let mut sealed = vec![0; frame.len() + TAG_BYTES];
        match self.0.write_message(frame, &mut sealed) {
            Ok(written) if written == sealed.len() => Ok(sealed),
            _ => Err(TransportError::Seal),
        }
    }

    /// Opens the next sealed message. After an error the channel is over: the order cannot be found again.
    ///
    /// # Errors
    /// [`TransportError::Open`] or [`TransportError::Length`].
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, TransportError> {
        if !(TAG_BYTES..=NOISE_MESSAGE_BYTES_MAX).contains(&sealed.len()) {
            return Err(TransportError::Length(sealed.len()));
        }
        let mut frame = vec![0; sealed.len() - TAG_BYTES];
        self.0
            .read_message(sealed, &mut frame)
            .map_err(|_| TransportError::Open)?;
        Ok(frame)
    }
}

fn builder<'a>(ephemeral: &[u8; 32]) -> Result<Builder<'a>, HandshakeError> {
    let params = SUITE
        .parse()
        .map_err(|_| HandshakeError::Provider("the suite's name"))?;
    Ok(Builder::with_resolver(
        params,
        Box::new(Provider {
            ephemeral: Zeroizing::new(*ephemeral),
        }),
    ))
}

fn secured(noise: HandshakeState) -> Result<Secured, HandshakeError> {
    let channel = noise
        .get_handshake_hash()
        .try_into()
        .map(Hash)
        .map_err(|_| HandshakeError::Provider("the channel hash"))?;
    let remote = noise
        .get_remote_static()
        .and_then(|key| key.try_into().ok())
        .map(X25519Public);
    let remote = remote.ok_or(HandshakeError::Provider("the remote key"))?;
    let transport = noise
        .into_transport_mode()
        .map(Transport)
        .map_err(|_| HandshakeError::Provider("the transport"))?;
    Ok(Secured {
        transport,
        channel,
        remote,
    })
}

fn dh_or(error: snow::Error, other: HandshakeError) -> HandshakeError {
    match error {
        snow::Error::Dh => HandshakeError::WeakKey,
        snow::Error::Decrypt | snow::Error::Input => other,
        _ => HandshakeError::Provider("the handshake's state"),
    }
}

fn whole(found: usize, expected: usize) -> Result<(), HandshakeError> {
    if found == expected {
        Ok(())
    } else {
        Err(HandshakeError::Provider("a message's length"))
    }
}

/// The public half of an X25519 private key.
///
/// # Errors
/// [`HandshakeError::OwnKey`] if the provider refuses the key.
pub fn public_of(private: &[u8; 32]) -> Result<X25519Public, HandshakeError> {
    use aws_lc_rs::agreement::{PrivateKey, X25519};
    let key = PrivateKey::from_private_key(&X25519, private).map_err(|_| HandshakeError::OwnKey)?;
    let public = key
        .compute_public_key()
        .map_err(|_| HandshakeError::OwnKey)?;
    public
        .as_ref()
        .try_into()
        .map(X25519Public)
        .map_err(|_| HandshakeError::OwnKey)
}
