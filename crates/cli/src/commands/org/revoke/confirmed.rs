//! Who has confirmed a revocation: a device by a beat that it signed over a ledger that carries it, a witness by its word
//! or by its signature over such a ledger.

use std::collections::HashMap;

use anyhow::Result;
use api::device::{Device, Devices};
use serde_json::{Value, json};
use trust::envelope::Envelope;
use trust::receipt::{Beat, Reach};
use trust::statement::{Role, Roster, Statement, WitnessEntry};
use trust::{KeyId, Note};

use crate::ambient::now_ms;
use crate::commands::device::{beat_of, present};
use crate::commands::org::labels;
use crate::login::Login;
use crate::say;

/// Most devices that are named on a terminal; JSON names all.
const NAMED_MAX: usize = 40;

/// A device in force, and what its newest beat proves.
pub(super) struct Asked {
    keyid: KeyId,
    name: Option<String>,
    reach: Option<Reach>,
    presence: Option<Device>,
}

/// How far a revocation had come at one moment.
pub(super) struct Confirmed {
    /// The devices in force; the sentence why nobody can say.
    pub devices: Result<Vec<Asked>, String>,
    /// The witnesses that hold revocations, by name.
    pub witnesses: Vec<(String, bool)>,
    /// Whether no quorum can be formed by witnesses that lack it.
    pub cannot_lack: bool,
}

/// A revocation under way. `acknowledged`: the witnesses that said that they hold it.
pub(super) struct Watched<'a> {
    pub envelope: &'a Envelope,
    pub statement: &'a Statement,
    pub acknowledged: Vec<String>,
}

impl Watched<'_> {
    /// Asks the service once more, and takes nothing of what it says for a device's word but what the device signed.
    pub async fn look(&self, login: &mut Login) -> Confirmed {
        let devices = match self.beats(login).await {
            Ok(devices) => Ok(self.devices(login, devices)),
            Err(why) => Err(format!("{why:#}")),
        };
        self.confirmed(login, devices)
    }

    /// What is known without the service.
    pub fn unknown(&self, login: &Login, why: &str) -> Confirmed {
        self.confirmed(login, Err(why.to_owned()))
    }

    fn confirmed(&self, login: &Login, devices: Result<Vec<Asked>, String>) -> Confirmed {
        let roster = login.state().roster();
        let holding = self.holding(login, roster);
        let holders = roster.witnesses.iter().zip(&holding);
        let holders = holders.filter(|(w, _)| w.holds_revocations);
        Confirmed {
            devices,
            witnesses: holders.map(|(w, holds)| (w.name.clone(), *holds)).collect(),
            cannot_lack: roster.quorum > 0 && no_quorum_without(roster, &holding),
        }
    }

    /// The beats first: a ledger that is fetched after them is as long as theirs.
    async fn beats(&self, login: &mut Login) -> Result<Devices> {
        if login.signed().is_err() {
            login.reach_again().await?;
        }
        let devices = login.signed()?.get("/devices").await?;
        login.sync().await?;
        Ok(devices)
    }

    fn devices(&self, login: &Login, devices: Devices) -> Vec<Asked> {
        let (state, now) = (login.state(), now_ms());
        let index = self.place(login);
        let directory = login.directory();
        let mut known: HashMap<KeyId, Device> =
            devices.devices.into_iter().map(|d| (d.keyid, d)).collect();
        let of_role = labels(state, Role::Device, directory.as_ref()).into_iter();
        let in_force = of_role.filter(|d| state.in_force(&d.keyid, Role::Device, now).is_ok());
        in_force
            .map(|device| {
                let presence = known.remove(&device.keyid);
                let beat: Option<Beat> = presence.as_ref().and_then(|d| beat_of(login, d));
                Asked {
                    keyid: device.keyid,
                    name: device.name,
                    reach: beat
                        .zip(index)
                        .map(|(beat, index)| beat.reach(state, index)),
                    presence,
                }
            })
            .collect()
    }

    /// Where the ledger carries it.
    fn place(&self, login: &Login) -> Option<u64> {
        let leaves = login.store.leaves().ok()?;
        let from = usize::try_from(self.statement.seen.size).ok()?;
        let is_it = |leaf: &String| {
            Envelope::parse(leaf.as_bytes()).is_ok_and(|e| e.payload() == self.envelope.payload())
        };
        let at = leaves.iter().skip(from).position(is_it)?;
        Some((from + at) as u64)
    }

    /// Witnesses that hold it, in the roster's order.
    fn holding(&self, login: &Login, roster: &Roster) -> Vec<bool> {
        let note = Note::parse(&login.org(), login.ledger.note()).ok();
        let sequenced = login.state().has_statement(&self.statement.id);
        let cosigned = |w: &WitnessEntry| {
            sequenced
                && note
                    .as_ref()
                    .is_some_and(|n| n.cosigned_at(&w.name, &w.key).is_some())
        };
        let holds = |w: &WitnessEntry| {
            w.holds_revocations && (cosigned(w) || self.acknowledged.contains(&w.name))
        };
        roster.witnesses.iter().map(holds).collect()
    }
}

/// Whether no quorum with a holder of revocations can be found among the witnesses that lack it.
pub(super) fn no_quorum_without(roster: &Roster, holding: &[bool]) -> bool {
    let lacking = || {
        roster
            .witnesses
            .iter()
            .zip(holding)
            .filter(|(_, held)| !**held)
    };
    (lacking().count() as u64) < roster.quorum || !lacking().any(|(w, _)| w.holds_revocations)
}

impl Confirmed {
    /// Whether everybody has it.
    pub fn is_complete(&self) -> bool {
        let devices = self.devices.as_ref();
        devices.is_ok_and(|all| all.iter().all(Asked::has_confirmed))
            && self.witnesses.iter().all(|(_, holds)| *holds)
    }

    /// Whether there are devices, and each has confirmed.
    pub fn has_every_device(&self) -> bool {
        let devices = self.devices.as_ref();
        devices.is_ok_and(|all| !all.is_empty() && all.iter().all(Asked::has_confirmed))
    }

    /// `412 of 430 devices, 2 of 2 witnesses`.
    pub fn line(&self) -> String {
        let devices = match &self.devices {
            Ok(all) => {
                let confirmed = all.iter().filter(|d| d.has_confirmed()).count();
                format!("{confirmed} of {}", say::count(all.len(), "device"))
            }
            Err(_) => "devices unknown".to_owned(),
        };
        if self.witnesses.is_empty() {
            return devices;
        }
        let held = self.witnesses.iter().filter(|(_, holds)| *holds).count();
        let of = say::count(self.witnesses.len(), "witness");
        format!("{devices}, {held} of {of}")
    }

    /// Who has not confirmed, a line each.
    pub fn lacking(&self) -> Vec<String> {
        let all = match &self.devices {
            Ok(all) => all,
            Err(why) => return vec![format!("devices    UNKNOWN: {why}")],
        };
        let mut lines: Vec<String> = all
            .iter()
            .filter(|d| !d.has_confirmed())
            .map(Asked::line)
            .collect();
        let more = lines.len().saturating_sub(NAMED_MAX);
        lines.truncate(NAMED_MAX);
        if more > 0 {
            lines.push(format!(
                "           and {} more; --json names all",
                say::count(more, "device")
            ));
        }
        let witnesses = self.witnesses.iter().filter(|(_, holds)| !holds);
        lines.extend(witnesses.map(|(name, _)| format!("not yet    witness {name}")));
        lines
    }

    /// For programs.
    pub fn as_json(&self) -> Value {
        match &self.devices {
            Ok(all) => json!({
                "confirmed": all.iter().filter(|d| d.has_confirmed()).count(), "of": all.len(),
                "not_confirmed": all.iter().filter(|d| !d.has_confirmed()).map(Asked::as_json).collect::<Vec<_>>(),
            }),
            Err(why) => json!({ "unknown": why }),
        }
    }
}

impl Asked {
    fn has_confirmed(&self) -> bool {
        self.reach == Some(Reach::Holds)
    }

    fn line(&self) -> String {
        let name = self.name.clone().unwrap_or_else(|| self.keyid.to_string());
        let why = match self.reach {
            Some(Reach::OtherHistory) => {
                "SHOWS ANOTHER HISTORY of the ledger: tell your security officer".to_owned()
            }
            _ => present(self.presence.as_ref()),
        };
        format!("not yet    {name}: {why}")
    }

    fn as_json(&self) -> Value {
        json!({
            "keyid": self.keyid, "name": self.name, "online": self.presence.as_ref().is_some_and(|p| p.online),
            "last_seen": self.presence.as_ref().and_then(|p| p.last_seen),
            "other_history": self.reach == Some(Reach::OtherHistory),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trust::SigningKey;
    use trust::bytes::X25519Public;

    fn roster(holders: &[bool], quorum: u64) -> Roster {
        let key = |n: u8| SigningKey::from_seed([n; 32]).public().clone();
        let witness = |(n, holds): (usize, &bool)| WitnessEntry {
            name: format!("w{n}"),
            key: key(n as u8 + 1),
            holds_revocations: *holds,
            url: None,
        };
        Roster {
            version: 1,
            format: 1,
            name: "o".into(),
            domain: "o.example".into(),
            admins: Vec::new(),
            threshold: 1,
            recovery: None,
            log_key: key(99),
            witnesses: holders.iter().enumerate().map(witness).collect(),
            quorum,
            max_age: 300_000,
            console_origins: Vec::new(),
            audit_key: X25519Public([0; 32]),
            directory_key: X25519Public([0; 32]),
        }
    }

    #[test]
    fn a_revocation_closes_the_fleet_only_when_no_quorum_can_lack_it() {
        assert!(no_quorum_without(&roster(&[true], 1), &[true]));
        assert!(!no_quorum_without(&roster(&[true], 1), &[false]));
        // Two of three: one that lacks it cannot make a quorum, two can.
        assert!(no_quorum_without(
            &roster(&[true; 3], 2),
            &[true, true, false]
        ));
        assert!(!no_quorum_without(
            &roster(&[true; 3], 2),
            &[true, false, false]
        ));
        // Witnesses of history only never make a ledger fresh by themselves.
        assert!(no_quorum_without(
            &roster(&[true, false, false], 2),
            &[true, false, false]
        ));
    }

    fn device(n: u8, reach: Option<Reach>) -> Asked {
        Asked {
            keyid: KeyId([n; 32]),
            name: Some(format!("desk-{n}")),
            reach,
            presence: None,
        }
    }

    fn confirmed(devices: Vec<Asked>, holds: bool) -> Confirmed {
        Confirmed {
            devices: Ok(devices),
            witnesses: vec![("w1".to_owned(), holds)],
            cannot_lack: holds,
        }
    }

    #[test]
    fn only_a_signed_word_over_this_history_confirms() {
        let all = [
            Some(Reach::Holds),
            Some(Reach::Lacks),
            Some(Reach::Ahead),
            Some(Reach::OtherHistory),
            None,
        ];
        let devices = (1..).zip(all).map(|(n, reach)| device(n, reach)).collect();
        let some = confirmed(devices, true);
        assert_eq!(some.line(), "1 of 5 devices, 1 of 1 witness");
        assert!(!some.is_complete());
        assert_eq!(some.lacking().len(), 4);
        assert!(some.lacking()[2].contains("ANOTHER HISTORY"));
        assert!(confirmed(vec![device(1, all[0])], true).is_complete());
        assert!(!confirmed(vec![device(1, all[0])], false).is_complete());
    }

    #[test]
    fn what_nobody_can_say_is_unknown_and_never_none() {
        let unknown = Confirmed {
            devices: Err("the service is away".to_owned()),
            ..confirmed(Vec::new(), true)
        };
        assert_eq!(unknown.line(), "devices unknown, 1 of 1 witness");
        assert!(!unknown.is_complete());
        assert_eq!(unknown.as_json()["unknown"], "the service is away");
    }
}
