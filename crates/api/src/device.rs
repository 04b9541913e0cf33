//! Devices and their presence.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::KeyId;

/// Answer of `GET /v1/orgs/{org}/devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// Admitted devices in force.
    pub devices: Vec<Device>,
    /// Devices that ask to be admitted.
    pub waiting: Vec<WaitingDevice>,
}

/// Presence of one admitted device. Its name and keys stand in the ledger, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The device's key.
    #[schema(value_type = String)]
    pub keyid: KeyId,
    /// Whether its agent is connected.
    pub online: bool,
    /// Since when it is connected, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// When its agent was last connected, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
    /// Its newest beat, an envelope of type `beat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<String>,
    /// What its agent last said about its display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
}

/// A device that asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingDevice {
    /// Its envelope of type `enrol`, to be verified by who admits it.
    pub envelope: String,
    /// When it first asked, in milliseconds since the epoch.
    pub first_seen: u64,
    /// The network address it asked from.
    pub address: String,
    /// Whether its agent is connected.
    pub online: bool,
}

/// Whether a device can show a screen, in its agent's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Whether there is a screen to show.
    pub state: DisplayState,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// See [`Display`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisplayState {
    /// A session would see a picture.
    Ready,
    /// A session would get shell and files only.
    None,
}
