//! Witnesses' counts, with the truth about each: who made it, of which warrant, and how many devices there truly were.

use trust::bytes::{Hash, KeyId, OrgId};
use trust::statement::Roster;
use trust::warrant::Warrant;

use super::door::{Asked, objections};
use super::ledger::Ledger;
use super::vouch::{AHEAD_MS, Vouched};
use crate::paper::Paper;

/// Over how long a person's devices are counted, in milliseconds.
pub const HOUR_MS: u64 = 3_600_000;
/// How old a count may be where it opens something, in milliseconds.
pub const AGE_MS: u64 = 300_000;

/// A count as it travels.
#[derive(Clone, Debug)]
pub struct Slip {
    /// What the product sees.
    pub text: String,
    /// Whose signature it bears.
    pub by: KeyId,
    /// Whether that key made it over this very count.
    pub is_genuine: bool,
    /// Of which organisation.
    pub org: OrgId,
    /// Of the warrant with this payload.
    pub warrant: Hash,
    /// How many devices it says.
    pub devices: u32,
    /// When, by the witness's clock.
    pub at: u64,
}

/// How many witnesses have to count.
pub fn needed(roster: &Roster) -> usize {
    let able = roster.witnesses.iter().filter(|w| w.holds_revocations);
    let able = u64::try_from(able.count()).unwrap_or(u64::MAX);
    usize::try_from(able.min(roster.quorum)).map_or(1, |need| need.max(1))
}

/// What speaks against a policy that asks for counts: nothing, too few, or too many devices.
pub fn objection(asked: &Asked<'_>, warrant: &Warrant, rate: u32) -> Option<&'static str> {
    let roster = asked.ledger.roster().what;
    let counted_by = |most: u32| {
        let witnesses = roster.witnesses.iter().filter(|w| w.holds_revocations);
        let has = |key: &KeyId| {
            asked
                .counts
                .iter()
                .any(|slip| slip.by == *key && holds(slip, asked, warrant) && slip.devices <= most)
        };
        witnesses.filter(|w| has(&w.key.id())).count()
    };
    let need = needed(roster);
    if counted_by(rate) >= need {
        None
    } else if counted_by(u32::MAX) >= need {
        Some("too_many_devices")
    } else {
        Some("uncounted")
    }
}

fn holds(slip: &Slip, asked: &Asked<'_>, warrant: &Warrant) -> bool {
    slip.is_genuine
        && slip.org == warrant.org
        && slip.warrant == asked.paper.payload
        && slip.at <= asked.now + AHEAD_MS
        && slip.at + AGE_MS >= asked.now
}

/// What a witness truly counted: who, where, when.
#[derive(Clone, Default)]
pub struct Book {
    lines: Vec<(String, KeyId, u64)>,
}

impl Book {
    /// What a witness has to say to a warrant: the number, or names of refusals of which it says one.
    pub fn number(
        &mut self,
        ledger: &Ledger,
        paper: &Paper,
        now: u64,
    ) -> Result<u32, Vec<&'static str>> {
        let against = against(ledger, paper, now);
        let Some(warrant) = paper.as_warrant().filter(|_| against.is_empty()) else {
            return Err(against);
        };
        let (Some((own, subject)), Some((device, _))) = (
            ledger.in_force(&warrant.by, trust::statement::Role::Technician, now),
            ledger.in_force(&warrant.device, trust::statement::Role::Device, now),
        ) else {
            return Err(Vec::new());
        };
        let joining = ledger.policies().into_iter().filter(|(_, policy)| {
            own.groups.contains(&policy.technicians) && device.groups.contains(&policy.devices)
        });
        let Some(most) = joining
            .filter_map(|(_, policy)| policy.devices_per_hour)
            .max()
        else {
            return Err(vec!["not_asked"]);
        };
        let person = subject.person.clone().unwrap_or_default();
        let mut devices = self.devices_of(&person, now);
        devices.retain(|known| *known != warrant.device);
        if devices.len() >= most as usize {
            return Err(vec!["too_many_devices"]);
        }
        self.lines.push((person, warrant.device, now));
        u32::try_from(devices.len() + 1).map_err(|_| Vec::new())
    }

    /// Each device that a person had counted within the hour, once.
    fn devices_of(&self, person: &str, now: u64) -> Vec<KeyId> {
        let his = self
            .lines
            .iter()
            .filter(|(who, _, at)| who == person && at + HOUR_MS > now);
        let mut devices: Vec<KeyId> = his.map(|(_, device, _)| *device).collect();
        devices.sort_unstable();
        devices.dedup();
        devices
    }
}

/// What any device would have against it, apart from what only a device knows.
fn against(ledger: &Ledger, paper: &Paper, now: u64) -> Vec<&'static str> {
    const OF_THE_DEVICE: [&str; 5] = [
        "stale",
        "uncovered",
        "vendor_origin_alone",
        "uncounted",
        "too_many_devices",
    ];
    let warrant = paper.as_warrant();
    let own = warrant.and_then(|w| ledger.in_force(&w.device, trust::statement::Role::Device, now));
    let nothing = trust::X25519Public([0; 32]);
    let note = Vouched::new(ledger.org, ledger.head(), Vec::new());
    let asked = Asked {
        ledger,
        note: &note,
        paper,
        channel: warrant.map_or(nothing, |w| w.noise),
        device: warrant.map_or(KeyId([0; 32]), |w| w.device),
        device_channel: own
            .and_then(|(_, subject)| subject.noise)
            .unwrap_or(nothing),
        now,
        used: None,
        came: 0,
        counts: &[],
    };
    let all = objections(&asked).into_iter();
    all.filter(|code| !OF_THE_DEVICE.contains(code)).collect()
}
