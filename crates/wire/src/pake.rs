//! From a join code to a key that only its two holders have: CPace (`draft-irtf-cfrg-cpace`, ristretto255, SHA-512) with
//! confirmation by both.
//!
//! ```text
//! technician -> device   sid (16) || Ya (32) || technician's noise key (32)
//! device -> technician   Yb (32) || device key (32, Ed25519) || device's noise key (32) || confirmation (32)
//! technician -> device   confirmation (32)
//!
//! CI = lv_cat("wayleave/join/1", org, nameplate)   ADa = technician's noise key   ADb = device key || device's noise key
//! pake key, confirmations = HMAC-SHA-256(ISK, label)
//! ```
//!
//! The technician is CPace's initiator. Who sits in between and swaps a key, an organisation or a nameplate gets another
//! ISK, and no confirmation. Whoever does not hold the secret has one guess with each end, and both learn that it was
//! wrong: then the code is burnt. Each state is consumed by its next step, so that no secret is ever tried twice.

mod cpace;
#[cfg(test)]
mod tests;

use aws_lc_rs::hmac;
use curve25519_dalek::scalar::Scalar;
use trust::bytes::{KeyId, OrgId, X25519Public};
use trust::key::PublicKey;
use trust::nameplate::Nameplate;
use zeroize::Zeroizing;

use crate::join_code::{JoinCode, Secret};
use cpace::{Isk, POINT_BYTES};

/// The protocol's version: the first part of CPace's channel identifier.
pub const LABEL: &str = "wayleave/join/1";
/// The technician's first message, in bytes.
pub const HELLO_BYTES: usize = SID_BYTES + 2 * 32;
/// The device's answer, in bytes.
pub const ANSWER_BYTES: usize = 4 * 32;
/// The technician's confirmation, in bytes.
pub const CONFIRMATION_BYTES: usize = 32;

const SID_BYTES: usize = 16;
/// Fresh random bytes that the technician's side takes.
pub const TECHNICIAN_RANDOM_BYTES: usize = SID_BYTES + 64;
/// Fresh random bytes that the device's side takes.
pub const DEVICE_RANDOM_BYTES: usize = 64;

const BY_TECHNICIAN: &[u8] = b"wayleave/join/1/technician";
const BY_DEVICE: &[u8] = b"wayleave/join/1/device";
const KEY: &[u8] = b"wayleave/join/1/key";

/// Why nothing was agreed. The code is burnt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PakeError {
    /// A message has another length than its place in the exchange says.
    #[error("a message of the join has {expected} bytes, this one has {found}")]
    Length {
        /// What it should have.
        expected: usize,
        /// What it has.
        found: usize,
    },
    /// Not a point of the group, or one that leads to the neutral element.
    #[error("the other side sent a value that is no honest one")]
    Point,
    /// The device's signature key is none.
    #[error("the other side's device key is not an Ed25519 key")]
    DeviceKey,
    /// The other side does not hold the same secret, or somebody in between changed something.
    #[error(
        "the join code does not match: it was typed wrong, or somebody in between tried to take part; the code is used up, make a new one"
    )]
    Confirmation,
}

/// What both ends agreed on.
pub struct Agreed {
    /// The device's signature key.
    pub device: PublicKey,
    /// The device's channel key.
    pub device_noise: X25519Public,
    /// The technician's channel key.
    pub technician_noise: X25519Public,
    /// Enters the psk of the channel.
    pub pake_key: Zeroizing<[u8; 32]>,
}

impl Agreed {
    /// The device's id.
    pub fn device_id(&self) -> KeyId {
        self.device.id()
    }
}

fn channel_identifier(org: &OrgId, nameplate: Nameplate) -> Vec<u8> {
    let nameplate = nameplate.to_string();
    cpace::lv_cat(&[LABEL.as_bytes(), org.as_bytes(), nameplate.as_bytes()])
}

fn generator(
    org: &OrgId,
    nameplate: Nameplate,
    secret: &Secret,
    sid: &[u8],
) -> curve25519_dalek::RistrettoPoint {
    cpace::calculate_generator(secret.as_bytes(), &channel_identifier(org, nameplate), sid)
}

fn mac(isk: &Isk, label: &[u8]) -> Zeroizing<[u8; 32]> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &**isk), label);
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(tag.as_ref());
    out
}

/// Compares in constant time.
fn confirm(isk: &Isk, label: &[u8], tag: &[u8]) -> Result<(), PakeError> {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &**isk), label, tag)
        .map_err(|_| PakeError::Confirmation)
}

/// A message's parts of 32 bytes each, behind `skip` others.
fn parts<const N: usize>(message: &[u8], skip: usize) -> Result<[[u8; 32]; N], PakeError> {
    let wrong = PakeError::Length {
        expected: skip + N * 32,
        found: message.len(),
    };
    let (parts, rest) = message.get(skip..).ok_or(wrong)?.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(wrong);
    }
    parts.try_into().map_err(|_| wrong)
}

/// The technician's side between his first message and the device's answer.
pub struct Technician {
    sid: [u8; SID_BYTES],
    scalar: Zeroizing<Scalar>,
    point: [u8; POINT_BYTES],
    noise: X25519Public,
}

impl Technician {
    /// Makes the first message. `noise` is the channel key of the warrant to come, `random` fresh.
    pub fn start(
        org: &OrgId,
        code: &JoinCode,
        noise: X25519Public,
        random: &[u8; TECHNICIAN_RANDOM_BYTES],
    ) -> (Self, Vec<u8>) {
        let (mut sid, mut seed) = ([0; SID_BYTES], Zeroizing::new([0; 64]));
        sid.copy_from_slice(&random[..SID_BYTES]);
        seed.copy_from_slice(&random[SID_BYTES..]);
        let scalar = cpace::sample_scalar(&seed);
        let generator = generator(org, code.nameplate, &code.secret, &sid);
        let point = cpace::scalar_mult(&scalar, &generator);
        let message = [&sid[..], &point, noise.as_bytes()].concat();
        let side = Self {
            sid,
            scalar,
            point,
            noise,
        };
        (side, message)
    }

    /// Reads the device's answer; gives what was agreed, and the confirmation that the device waits for.
    ///
    /// # Errors
    /// [`PakeError`]; the code is burnt.
    pub fn finish(self, answer: &[u8]) -> Result<(Agreed, Vec<u8>), PakeError> {
        let [point, key, noise, tag] = parts::<4>(answer, 0)?;
        let k = cpace::scalar_mult_vfy(&self.scalar, &point).ok_or(PakeError::Point)?;
        let isk = cpace::isk(
            &self.sid,
            &*k,
            (&self.point, self.noise.as_bytes()),
            (&point, &[key, noise].concat()),
        );
        confirm(&isk, BY_DEVICE, &tag)?;
        let agreed = Agreed {
            device: PublicKey::native(&key).map_err(|_| PakeError::DeviceKey)?,
            device_noise: X25519Public(noise),
            technician_noise: self.noise,
            pake_key: mac(&isk, KEY),
        };
        Ok((agreed, mac(&isk, BY_TECHNICIAN).to_vec()))
    }
}

/// The device's side between its answer and the technician's confirmation.
pub struct Device {
    isk: Isk,
    agreed: Agreed,
}

impl Device {
    /// Reads the technician's first message and makes the answer. `device` must be a native key, `random` fresh.
    ///
    /// # Errors
    /// [`PakeError`]; the code is burnt.
    pub fn answer(
        org: &OrgId,
        code: &JoinCode,
        device: &PublicKey,
        noise: X25519Public,
        random: &[u8; DEVICE_RANDOM_BYTES],
        hello: &[u8],
    ) -> Result<(Self, Vec<u8>), PakeError> {
        let [point, technician] = parts::<2>(hello, SID_BYTES)?;
        let sid = &hello[..SID_BYTES];
        let key: [u8; 32] = device
            .public_bytes()
            .try_into()
            .map_err(|_| PakeError::DeviceKey)?;
        let scalar = cpace::sample_scalar(random);
        let own = cpace::scalar_mult(&scalar, &generator(org, code.nameplate, &code.secret, sid));
        let k = cpace::scalar_mult_vfy(&scalar, &point).ok_or(PakeError::Point)?;
        let isk = cpace::isk(
            sid,
            &*k,
            (&point, &technician),
            (&own, &[key, noise.0].concat()),
        );
        let answer = [&own[..], &key, noise.as_bytes(), &*mac(&isk, BY_DEVICE)].concat();
        let agreed = Agreed {
            device: device.clone(),
            device_noise: noise,
            technician_noise: X25519Public(technician),
            pake_key: mac(&isk, KEY),
        };
        Ok((Self { isk, agreed }, answer))
    }

    /// Reads the technician's confirmation.
    ///
    /// # Errors
    /// [`PakeError`]; the code is burnt.
    pub fn finish(self, confirmation: &[u8]) -> Result<Agreed, PakeError> {
        let [tag] = parts::<1>(confirmation, 0)?;
        confirm(&self.isk, BY_TECHNICIAN, &tag)?;
        Ok(self.agreed)
    }
}
