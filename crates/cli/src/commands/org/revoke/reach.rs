//! Who has a revocation, and from when on no device can lack it.

use anyhow::Result;
use api::ledger::Appended;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;
use trust::Note;
use trust::envelope::Envelope;
use trust::statement::{Roster, Statement};

use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::login::Login;
use crate::say;
use crate::server_url::ServerUrl;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldAnswer {
    held: bool,
}

/// What one witness answered.
struct AtWitness {
    name: String,
    held: Result<(), String>,
}

/// Hands a stored revocation to the service and to every witness at once, and says who has it.
pub(super) async fn hand_out(
    login: &mut Login,
    envelope: &Envelope,
    statement: &Statement,
    common: &Common,
) -> Result<()> {
    let roster = login.state().roster().clone();
    let (at_service, at_witnesses) = futures_util::future::join(
        to_service(login, envelope),
        to_witnesses(login, &roster, envelope),
    )
    .await;
    let at_service = match at_service {
        Ok(appended) => login.reach_again().await.map(|()| appended),
        Err(why) => Err(why),
    };
    let sequenced = login.state().has_statement(&statement.id);
    let holding = holding(login, &roster, &at_witnesses, sequenced);
    let closed_by = (roster.quorum > 0 && no_quorum_without(&roster, &holding))
        .then(|| now_ms() + roster.max_age);
    report(
        &roster,
        statement,
        &at_service,
        &at_witnesses,
        closed_by,
        common,
    );
    let somebody_has_it = at_service.is_ok() || at_witnesses.iter().any(|w| w.held.is_ok());
    anyhow::ensure!(
        somebody_has_it,
        "Nobody has the revocation but this computer. It is kept; hand it over again with: wayleave org push"
    );
    Ok(())
}

async fn to_service(login: &Login, envelope: &Envelope) -> Result<Appended> {
    let path = format!("/v1/orgs/{}/ledger", login.org());
    login
        .service()
        .send_body(reqwest::Method::POST, &path, envelope.as_bytes().to_vec())
        .await
}

async fn to_witnesses(login: &Login, roster: &Roster, envelope: &Envelope) -> Vec<AtWitness> {
    let path = format!("/v1/orgs/{}/revocations", login.org());
    let holders = roster.witnesses.iter().filter(|w| w.holds_revocations);
    join_all(holders.map(|witness| {
        let path = &path;
        async move {
            let held = match &witness.url {
                Some(url) => to_witness(url, path, envelope)
                    .await
                    .map_err(|e| format!("{e:#}")),
                None => Err("the roster gives no address of it".to_owned()),
            };
            AtWitness {
                name: witness.name.clone(),
                held,
            }
        }
    }))
    .await
}

async fn to_witness(url: &str, path: &str, envelope: &Envelope) -> Result<()> {
    let url: ServerUrl = url.parse().map_err(anyhow::Error::msg)?;
    let answer: HeldAnswer = Service::new(&url)?
        .send_body(reqwest::Method::POST, path, envelope.as_bytes().to_vec())
        .await?;
    anyhow::ensure!(answer.held, "it does not hold it");
    Ok(())
}

/// Witnesses that hold it: by their own word, or by their signature over a ledger that carries it.
fn holding(
    login: &Login,
    roster: &Roster,
    at_witnesses: &[AtWitness],
    sequenced: bool,
) -> Vec<bool> {
    let note = Note::parse(&login.org(), login.ledger.note()).ok();
    let cosigned = |w: &trust::statement::WitnessEntry| {
        sequenced
            && note
                .as_ref()
                .is_some_and(|n| n.cosigned_at(&w.name, &w.key).is_some())
    };
    let acknowledged = |name: &str| {
        at_witnesses
            .iter()
            .any(|w| w.name == name && w.held.is_ok())
    };
    roster
        .witnesses
        .iter()
        .map(|w| w.holds_revocations && (cosigned(w) || acknowledged(&w.name)))
        .collect()
}

/// Whether no quorum with a holder of revocations can be found among the witnesses that lack it.
fn no_quorum_without(roster: &Roster, holding: &[bool]) -> bool {
    let lacking = || {
        roster
            .witnesses
            .iter()
            .zip(holding)
            .filter(|(_, held)| !**held)
    };
    (lacking().count() as u64) < roster.quorum || !lacking().any(|(w, _)| w.holds_revocations)
}

fn report(
    roster: &Roster,
    statement: &Statement,
    at_service: &Result<Appended>,
    at_witnesses: &[AtWitness],
    closed_by: Option<u64>,
    common: &Common,
) {
    if common.json {
        let witnesses = at_witnesses.iter().map(
            |w| json!({ "name": w.name, "held": w.held.is_ok(), "error": w.held.as_ref().err() }),
        );
        let answer = json!({
            "id": statement.id, "index": at_service.as_ref().ok().map(|a| a.index),
            "witnesses": witnesses.collect::<Vec<_>>(), "in_force_by": closed_by,
        });
        println!("{answer}");
        return;
    }
    match at_service {
        Ok(appended) => println!("service    has it as statement {}", appended.index),
        Err(why) => println!("service    DOES NOT HAVE IT: {why:#}"),
    }
    for witness in at_witnesses {
        match &witness.held {
            Ok(()) => println!("witness    {} holds it", witness.name),
            Err(why) => println!("witness    {} DOES NOT HOLD IT: {why}", witness.name),
        }
    }
    let verdict = match (closed_by, roster.quorum) {
        (Some(by), _) => {
            println!(
                "In force on every device at {} at the latest: a device that does not learn of it closes by then.",
                date(by + 59_999)
            );
            return;
        }
        (None, 0) => {
            "NOT YET IN FORCE, as far as anybody can prove: there is no witness, so a service that withholds it can still help \
             the revoked key on devices that have not heard of it."
        }
        (None, _) => {
            "NOT YET IN FORCE: too few witnesses hold it, so a service that withholds it can still help the revoked key. Hand it \
             over again with: wayleave org push"
        }
    };
    println!("{}", say::red(verdict));
}

#[cfg(test)]
mod tests {
    use super::*;
    use trust::SigningKey;
    use trust::bytes::X25519Public;
    use trust::statement::WitnessEntry;

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
}
