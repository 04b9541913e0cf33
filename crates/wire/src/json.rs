//! Strict JSON: unknown, duplicate and `null` members refuse, integers fit every reader.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};

use crate::limits::INTEGER_MAX;

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Messages are made of strings, integers and lists: serialising them into memory cannot fail.
pub(crate) fn write<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

/// For optional members: absent is none, `null` is refused.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

/// For counts, sizes and times: at most 2^53 - 1.
pub(crate) fn integer<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    let value = u64::deserialize(d)?;
    if value <= INTEGER_MAX {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("{value} is above 2^53 - 1")))
    }
}

/// `Err` with a sentence unless `holds`.
pub(crate) fn ensure(holds: bool, otherwise: &'static str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}
