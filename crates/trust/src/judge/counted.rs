//! What a witness checks of a warrant before it counts it: the same as a device, apart from what only the device knows.

use super::{
    Facts, Refusal, Standing, check_aim, check_ledger, check_signers, check_spent,
    check_technician, check_time, peek,
};
use crate::bytes::{KeyId, X25519Public};
use crate::checkpoint::Checkpoint;
use crate::envelope::Envelope;
use crate::state::State;

/// A warrant that can be counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Countable {
    /// The technician's person.
    pub person: String,
    /// The device.
    pub device: KeyId,
    /// The highest `devices_per_hour` of the policies between the two; none where no policy asks for counts. Which policy
    /// covers the warrant is for the device to say, and it holds the number against that policy.
    pub rate: Option<u32>,
}

/// Checks a warrant as its device would, without freshness, approvals and policies' other terms.
pub fn countable(state: &State, warrant: &Envelope, now: u64) -> Result<Countable, Refusal> {
    let (envelope, warrant) = peek(warrant.as_bytes())?;
    warrant.check_shape().map_err(Refusal::Shape)?;
    let noise = state.entry(&warrant.device).and_then(|e| e.subject.noise);
    let facts = Facts {
        state,
        checkpoint: &Checkpoint {
            head: state.head(),
            witnessed: Vec::new(),
        },
        now,
        device: warrant.device,
        device_noise: noise.unwrap_or(X25519Public([0; 32])),
        channel_noise: warrant.noise,
        standing: Standing::Enrolled,
        spent: None,
        openings: &[],
        counts: &[],
    };
    check_aim(&facts, &warrant)?;
    let device = check_ledger(&facts, &warrant)?;
    let signers = check_signers(&facts, &envelope, &warrant)?;
    let technician = check_technician(&facts, &warrant, &signers)?;
    check_spent(&facts, &warrant)?;
    check_time(&facts, &warrant)?;
    let rates = state
        .joining(technician, device)
        .filter_map(|p| p.devices_per_hour);
    Ok(Countable {
        // Every technician has one: a statement without is of no sound shape.
        person: technician.subject.person.clone().unwrap_or_default(),
        device: warrant.device,
        rate: rates.max(),
    })
}
