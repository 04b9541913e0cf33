//! `judge()`: the only door to a workstation.
//!
//! It runs on the workstation, over facts that the workstation itself holds, and is asked again after consent, on every
//! change of the ledger, and at `until`.

mod approval;
mod counted;
mod cover;
mod explain;
#[cfg(test)]
mod tests;

use crate::bounds::Bounds;
use crate::bytes::{Hash, KeyId, WarrantId, X25519Public};
use crate::checkpoint::Checkpoint;
use crate::count::counts_that_hold;
use crate::envelope::{Envelope, EnvelopeError, PayloadType, Signer};
use crate::freshness::{self, Stale};
use crate::limits::CLOCK_SKEW_MS;
use crate::scope::Scope;
use crate::state::{DeviceGroups, Entry, NotInForce, State};
use crate::statement::Role;
use crate::warrant::Warrant;

pub use approval::{Approvals, Foreseen, foresee, granted_if_counted, lacking};
pub use counted::{Countable, countable};
pub use cover::{Uncounted, Uncovered};
pub use explain::{Counts, Explanation, Weighed, Wish, explain};

use cover::Asked;

/// Everything a device knows when it judges. Times in milliseconds.
pub struct Facts<'a> {
    /// The folded ledger with held revocations.
    pub state: &'a State,
    /// The newest verified checkpoint.
    pub checkpoint: &'a Checkpoint,
    /// The later of the clock and the floor on disk.
    pub now: u64,
    /// This device's signature key.
    pub device: KeyId,
    /// This device's channel key.
    pub device_noise: X25519Public,
    /// How it came to be judged for.
    pub standing: Standing,
    /// The remote static key of the channel the warrant came through.
    pub channel_noise: X25519Public,
    /// What the disk says of this warrant's id.
    pub spent: Option<Spent>,
    /// When `by` opened sessions on this device within the last hour.
    pub openings: &'a [u64],
    /// What came beside the warrant: witnesses' counts, as envelopes.
    pub counts: &'a [String],
}

/// How a device came to be one that technicians may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The ledger admits its keys.
    Enrolled,
    /// A join code brought it here, for one attended session. Its keys stand in no ledger: technician and device agreed
    /// on them under the code's secret.
    Joined {
        /// The channel key that the technician confirmed under the same secret.
        technician: X25519Public,
    },
}

/// A spent warrant id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spent {
    /// The channel key it was opened with.
    pub noise: X25519Public,
    /// Over for good: ended, refused or revoked.
    pub ended: bool,
    /// The bounds it was granted: what the policies leave open later is not for a session that is open.
    pub bounds: Bounds,
}

/// What a device grants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The warrant as signed.
    pub warrant: Warrant,
    /// SHA-256 of its envelope.
    pub digest: Hash,
    /// The one policy that covers it.
    pub policy: String,
    /// What the session may reach within its scopes: the warrant's bounds, and the policy's where the warrant has none.
    pub bounds: Bounds,
    /// Approvers who count, by key.
    pub approvers: Vec<KeyId>,
    /// It was opened before over the same key: no second consent for the same session.
    pub resumes: bool,
    /// The ledger is not known to be fresh; the policy lets an attended session open, and the user is told.
    pub stale: bool,
}

impl Verdict {
    /// Whether this scope is granted.
    pub fn allows(&self, scope: Scope) -> bool {
        self.warrant.scopes.contains(&scope)
    }
}

/// A named refusal: a sentence for the technician, a code for receipts and tests.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Not a warrant envelope, or a known key's signature fails.
    #[error("the warrant cannot be read or verified: {0}")]
    Unreadable(#[from] EnvelopeError),
    /// Its content is not sound.
    #[error("the warrant is not sound: {0}")]
    Shape(&'static str),
    /// Another organisation's.
    #[error("the warrant belongs to another organisation")]
    OtherOrganisation,
    /// For another device.
    #[error("the warrant is for another device")]
    OtherDevice,
    /// Came through a channel of another key.
    #[error("the warrant names another channel key than this channel's")]
    OtherChannel,
    /// A leaf that k admins signed needs a newer agent.
    #[error(
        "the ledger holds statement {0}, which this agent is too old to read; update the agent"
    )]
    LedgerTooNew(u64),
    /// Everything is suspended.
    #[error("the organisation has suspended all access; an admin lifts that with a new roster")]
    Suspended,
    /// The roster was signed by a key whose revocation is withheld, or came by a recovery whose veto is.
    #[error(
        "the newest roster owes its power to a key or a recovery whose revocation the service withholds"
    )]
    RosterTainted,
    /// This device's keys do not count.
    #[error("this device does not count: {0}")]
    DeviceNotInForce(NotInForce),
    /// This device's channel key is not the admitted one.
    #[error("this device's channel key is not the one the ledger admits")]
    DeviceNoise,
    /// It joined by a code, with a key that the ledger knows.
    #[error(
        "the ledger knows this device's key already; a machine that joins by a code brings a fresh one"
    )]
    DeviceKnown,
    /// It joined by a code, and the warrant asks nobody.
    #[error("a machine that joined by a code opens only when somebody in front of it agrees")]
    JoinedUnattended,
    /// The technician has seen more of the ledger than this device.
    #[error("the technician knows a longer ledger than this device; it is fetching it, try again")]
    LedgerBehind,
    /// The technician has seen another ledger.
    #[error(
        "the technician and this device see different histories of the ledger; tell your security officer"
    )]
    LedgerForked,
    /// The ledger is not fresh.
    #[error("the ledger is not fresh: {0}")]
    Stale(Stale),
    /// `by` did not sign.
    #[error("the technician named in the warrant has not signed it")]
    NotSigned,
    /// `by` does not count.
    #[error("the technician's key does not count: {0}")]
    TechnicianNotInForce(NotInForce),
    /// Signed on an origin that the roster does not list.
    #[error("it was signed on a web origin that the organisation does not list")]
    OriginNotListed,
    /// Unattended, signed on a vendor's origin, nobody else approved.
    #[error(
        "an unattended warrant signed on the vendor's web origin needs an independent approver"
    )]
    VendorOriginAlone,
    /// The name does not open the commitment.
    #[error("the technician's name is not the one the ledger admits")]
    OtherName,
    /// Revoked.
    #[error("the warrant was revoked")]
    Revoked,
    /// Used already.
    #[error("the warrant was used already; sign a new one")]
    Spent,
    /// Not yet, or no longer.
    #[error("the warrant's time has not begun; check the clocks")]
    TooEarly,
    /// Over.
    #[error("the warrant's time is over; sign a new one")]
    Expired,
    /// No policy covers it.
    #[error("no policy allows this: {0}")]
    Uncovered(Uncovered),
    /// A policy covers it, and asks for counts.
    #[error("{0}")]
    Uncounted(Uncounted),
}

impl Refusal {
    /// A stable name for receipts, logs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Unreadable(_) => "unreadable",
            Refusal::Shape(_) => "shape",
            Refusal::OtherOrganisation => "other_organisation",
            Refusal::OtherDevice => "other_device",
            Refusal::OtherChannel => "other_channel",
            Refusal::LedgerTooNew(_) => "ledger_too_new",
            Refusal::Suspended => "suspended",
            Refusal::RosterTainted => "roster_tainted",
            Refusal::DeviceNotInForce(_) => "device_not_in_force",
            Refusal::DeviceNoise => "device_noise",
            Refusal::DeviceKnown => "device_known",
            Refusal::JoinedUnattended => "joined_unattended",
            Refusal::LedgerBehind => "ledger_behind",
            Refusal::LedgerForked => "ledger_forked",
            Refusal::Stale(_) => "stale",
            Refusal::NotSigned => "not_signed",
            Refusal::TechnicianNotInForce(_) => "technician_not_in_force",
            Refusal::OriginNotListed => "origin_not_listed",
            Refusal::VendorOriginAlone => "vendor_origin_alone",
            Refusal::OtherName => "other_name",
            Refusal::Revoked => "revoked",
            Refusal::Spent => "spent",
            Refusal::TooEarly => "too_early",
            Refusal::Expired => "expired",
            Refusal::Uncovered(_) => "uncovered",
            Refusal::Uncounted(Uncounted::TooFew { .. }) => "uncounted",
            Refusal::Uncounted(Uncounted::Devices(_)) => "too_many_devices",
        }
    }
}

/// Reads a warrant's id and session facts before it is judged, to look up what the disk says of it.
pub fn peek(envelope: &[u8]) -> Result<(Envelope, Warrant), Refusal> {
    let envelope = Envelope::parse(envelope)?;
    let warrant: Warrant = envelope.read(PayloadType::Warrant)?;
    Ok((envelope, warrant))
}

/// The id a warrant envelope claims.
pub fn peek_id(envelope: &[u8]) -> Result<WarrantId, Refusal> {
    peek(envelope).map(|(_, warrant)| warrant.id)
}

/// Judges one warrant. Every check stands here or in [`cover`]; the first that fails names the refusal.
pub fn judge(facts: &Facts<'_>, envelope: &[u8]) -> Result<Verdict, Refusal> {
    let checked = check(facts, envelope)?;
    let covered = checked.asked(facts, &checked.signers).find()?;
    Ok(Verdict {
        digest: checked.envelope.digest(),
        policy: covered.policy,
        bounds: covered.bounds,
        approvers: covered.approvals.iter().map(|s| s.keyid).collect(),
        warrant: checked.warrant,
        resumes: checked.resumes,
        stale: checked.stale,
    })
}

/// A warrant of which everything holds, but that no policy was asked about.
struct Checked<'a> {
    envelope: Envelope,
    warrant: Warrant,
    signers: Vec<Signer>,
    technician: &'a Entry,
    device: DeviceGroups<'a>,
    counts: Vec<(usize, u32)>,
    resumes: bool,
    stale: bool,
}

impl Checked<'_> {
    /// A session that is open goes on with the bounds it was granted, and with no others.
    fn bounds<'b>(&'b self, facts: &'b Facts<'_>) -> &'b Bounds {
        match &facts.spent {
            Some(spent) if self.resumes => &spent.bounds,
            _ => &self.warrant.bounds,
        }
    }

    /// What the policies are asked, where these have signed.
    fn asked<'b>(&'b self, facts: &'b Facts<'b>, signers: &'b [Signer]) -> Asked<'b> {
        Asked {
            state: facts.state,
            checkpoint: facts.checkpoint,
            now: facts.now,
            by: self.warrant.by,
            technician: self.technician,
            device: self.device,
            scopes: &self.warrant.scopes,
            bounds: self.bounds(facts),
            has_ticket: self.warrant.ticket.is_some(),
            lasts_ms: self.warrant.until - self.warrant.from,
            attended: self.warrant.attended,
            signers,
            openings: facts.openings.len(),
            counts: &self.counts,
            resumes: self.resumes,
            stale: self.stale,
        }
    }
}

fn check<'a>(facts: &Facts<'a>, envelope: &[u8]) -> Result<Checked<'a>, Refusal> {
    let (envelope, warrant) = peek(envelope)?;
    warrant.check_shape().map_err(Refusal::Shape)?;
    check_aim(facts, &warrant)?;
    let device = check_ledger(facts, &warrant)?;
    let stale = check_fresh(facts.state, facts.checkpoint, facts.now, warrant.attended)?;
    let signers = check_signers(facts, &envelope, &warrant)?;
    let technician = check_technician(facts, &warrant, &signers)?;
    let resumes = check_spent(facts, &warrant)?;
    check_time(facts, &warrant)?;
    let roster = facts.state.roster();
    let counts = counts_that_hold(roster, &envelope, warrant.org, facts.counts, facts.now);
    Ok(Checked {
        envelope,
        warrant,
        signers,
        technician,
        device,
        counts,
        resumes,
        stale,
    })
}

fn check_aim(facts: &Facts<'_>, warrant: &Warrant) -> Result<(), Refusal> {
    if warrant.org != facts.state.org() {
        return Err(Refusal::OtherOrganisation);
    }
    if warrant.device != facts.device {
        return Err(Refusal::OtherDevice);
    }
    if warrant.noise != facts.channel_noise {
        return Err(Refusal::OtherChannel);
    }
    match facts.standing {
        Standing::Joined { technician } if technician != warrant.noise => {
            Err(Refusal::OtherChannel)
        }
        Standing::Joined { .. } if !warrant.attended => Err(Refusal::JoinedUnattended),
        Standing::Joined { .. } | Standing::Enrolled => Ok(()),
    }
}

/// What closes every device, whoever asks.
fn check_standing(state: &State) -> Result<(), Refusal> {
    if let Some(index) = state.closed_by() {
        return Err(Refusal::LedgerTooNew(index));
    }
    if state.is_suspended() {
        return Err(Refusal::Suspended);
    }
    if state.is_roster_tainted() {
        return Err(Refusal::RosterTainted);
    }
    Ok(())
}

fn check_ledger<'a>(facts: &Facts<'a>, warrant: &Warrant) -> Result<DeviceGroups<'a>, Refusal> {
    let state = facts.state;
    check_standing(state)?;
    match state.root_at(warrant.seen.size) {
        None => return Err(Refusal::LedgerBehind),
        Some(root) if root != warrant.seen.root => return Err(Refusal::LedgerForked),
        Some(_) => {}
    }
    if let Standing::Joined { .. } = facts.standing {
        return check_unknown(state, &facts.device).map(|()| DeviceGroups::Joined);
    }
    let device = state
        .in_force(&facts.device, Role::Device, facts.now)
        .map_err(Refusal::DeviceNotInForce)?;
    if device.subject.noise != Some(facts.device_noise) {
        return Err(Refusal::DeviceNoise);
    }
    Ok(DeviceGroups::Admitted(device))
}

/// A joined machine's key is nobody's: no admission, revoked or expired or not, is gone round by a join code.
fn check_unknown(state: &State, device: &KeyId) -> Result<(), Refusal> {
    if state.is_key_revoked(device) {
        return Err(Refusal::DeviceNotInForce(NotInForce::Revoked));
    }
    if state.known_key(device).is_some() {
        return Err(Refusal::DeviceKnown);
    }
    Ok(())
}

/// Whether the ledger is stale in a way that a policy may bear with; which one does is decided where the policy is chosen.
fn check_fresh(
    state: &State,
    checkpoint: &Checkpoint,
    now: u64,
    attended: bool,
) -> Result<bool, Refusal> {
    match freshness::check(state, checkpoint, now) {
        Ok(()) => Ok(false),
        Err(Stale::TooFewWitnesses { .. } | Stale::NoRevocationHolder) if attended => Ok(true),
        Err(why) => Err(Refusal::Stale(why)),
    }
}

/// Whether each was made on an origin that the roster lists, or on none.
fn check_origins(state: &State, signers: &[Signer]) -> Result<(), Refusal> {
    let is_listed = |o: &str| state.roster().origin_owner(o).is_some();
    if signers
        .iter()
        .all(|s| s.origin.as_deref().is_none_or(is_listed))
    {
        Ok(())
    } else {
        Err(Refusal::OriginNotListed)
    }
}

fn check_signers(
    facts: &Facts<'_>,
    envelope: &Envelope,
    warrant: &Warrant,
) -> Result<Vec<Signer>, Refusal> {
    let signers = envelope.verify(PayloadType::Warrant, |id| facts.state.known_key(id))?;
    if !signers.iter().any(|s| s.keyid == warrant.by) {
        return Err(Refusal::NotSigned);
    }
    check_origins(facts.state, &signers)?;
    Ok(signers)
}

fn check_technician<'a>(
    facts: &Facts<'a>,
    warrant: &Warrant,
    signers: &[Signer],
) -> Result<&'a Entry, Refusal> {
    debug_assert!(signers.iter().any(|s| s.keyid == warrant.by));
    let technician = facts
        .state
        .in_force(&warrant.by, Role::Technician, facts.now)
        .map_err(Refusal::TechnicianNotInForce)?;
    if technician.subject.name != Some(warrant.name.commitment()) {
        return Err(Refusal::OtherName);
    }
    Ok(technician)
}

fn check_spent(facts: &Facts<'_>, warrant: &Warrant) -> Result<bool, Refusal> {
    if facts.state.is_warrant_revoked(&warrant.id) {
        return Err(Refusal::Revoked);
    }
    match &facts.spent {
        None => Ok(false),
        Some(spent) if spent.ended || spent.noise != warrant.noise => Err(Refusal::Spent),
        Some(_) => Ok(true),
    }
}

fn check_time(facts: &Facts<'_>, warrant: &Warrant) -> Result<(), Refusal> {
    if warrant.from > facts.now.saturating_add(CLOCK_SKEW_MS) {
        return Err(Refusal::TooEarly);
    }
    if facts.now >= warrant.until {
        return Err(Refusal::Expired);
    }
    Ok(())
}
