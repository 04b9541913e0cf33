//! The device's two keys: made once, never changed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trust::bytes::{Hash, KeyId, X25519Public};
use trust::key::SigningKey;
use trust::proof::device_words;
use zeroize::Zeroizing;

use super::disk::Disk;
use super::error::StoreError;
use crate::clock::os_random;

const FILE: &str = "device.key";

/// Who this device is.
pub struct DeviceKeys {
    /// Signs enrolment, sockets and receipts.
    pub signing: Arc<SigningKey>,
    /// Private half of the channel key.
    pub noise: Zeroizing<[u8; 32]>,
    /// Its public half.
    pub noise_public: X25519Public,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u8,
    seed: Hash,
    noise: Hash,
}

impl Stored {
    fn random() -> Self {
        Self {
            format: 1,
            seed: Hash(os_random()),
            noise: Hash(os_random()),
        }
    }
}

impl DeviceKeys {
    /// Reads the keys, or makes them on the first call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load_or_make(disk: &Disk) -> Result<Self, StoreError> {
        if let Some(keys) = Self::load(disk)? {
            return Ok(keys);
        }
        let stored = Stored::random();
        let bytes = serde_json::to_vec(&stored)
            .map_err(|error| StoreError::unreadable(FILE, error.to_string()))?;
        disk.replace(FILE, &bytes)?;
        Self::from_stored(&stored)
    }

    /// Keys for one run, never written.
    ///
    /// # Errors
    /// [`StoreError`] where the provider makes no key.
    pub fn fresh() -> Result<Self, StoreError> {
        Self::from_stored(&Stored::random())
    }

    /// Reads the keys, if there are any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(disk: &Disk) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = disk.read(FILE)? else {
            return Ok(None);
        };
        let stored: Stored = serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::unreadable(FILE, "it does not hold the device's keys"))?;
        if stored.format != 1 {
            return Err(StoreError::unreadable(
                FILE,
                "it was written by a newer agent",
            ));
        }
        Self::from_stored(&stored).map(Some)
    }

    fn from_stored(stored: &Stored) -> Result<Self, StoreError> {
        let noise_public = wire::public_of(&stored.noise.0)
            .map_err(|error| StoreError::unreadable(FILE, error.to_string()))?;
        Ok(Self {
            signing: Arc::new(SigningKey::from_seed(stored.seed.0)),
            noise: Zeroizing::new(stored.noise.0),
            noise_public,
        })
    }

    /// The device's id.
    pub fn id(&self) -> KeyId {
        self.signing.id()
    }

    /// The words that the admin's page shows too.
    pub fn words(&self) -> String {
        device_words(&self.id(), &self.noise_public)
    }
}
