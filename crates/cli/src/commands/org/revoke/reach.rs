//! Who has a revocation, and from when on no device can lack it.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::Result;
use api::ledger::Appended;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use trust::envelope::Envelope;
use trust::statement::{Roster, Statement};

use super::confirmed::{Confirmed, Watched};
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::login::Login;
use crate::say;
use crate::server_url::ServerUrl;
use crate::service::Service;

/// Least time between two looks at who has confirmed. A look that took long is not repeated at once.
const LOOK_AGAIN_MIN: Duration = Duration::from_millis(500);

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

/// Hands a stored revocation to the service and to every witness at once, waits at most `patience` for those who have to
/// confirm it, and says who has it.
pub(super) async fn hand_out(
    login: &mut Login,
    envelope: &Envelope,
    statement: &Statement,
    patience: Duration,
    common: &Common,
) -> Result<()> {
    let roster = login.state().roster().clone();
    let (at_service, at_witnesses) = futures_util::future::join(
        to_service(login, envelope),
        to_witnesses(login, &roster, envelope),
    )
    .await;
    let held = at_witnesses.iter().filter(|w| w.held.is_ok());
    let watched = Watched {
        envelope,
        statement,
        acknowledged: held.map(|w| w.name.clone()).collect(),
    };
    if !common.json {
        tell_receivers(&at_service, &at_witnesses);
    }
    let (confirmed, in_force_by) = if at_service.is_ok() {
        wait(login, &watched, patience, common).await
    } else {
        let confirmed = watched.unknown(login, "the service has not taken the revocation");
        let by = confirmed.cannot_lack.then(|| now_ms() + roster.max_age);
        (confirmed, by)
    };
    if common.json {
        let answer = as_json(
            statement,
            &at_service,
            &at_witnesses,
            &confirmed,
            in_force_by,
        );
        println!("{answer}");
    } else {
        tell_confirmed(&confirmed, in_force_by, login.state().roster().quorum);
    }
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

/// Looks until everybody has confirmed or patience is over. Also gives when no device can lack it any more.
async fn wait(
    login: &mut Login,
    watched: &Watched<'_>,
    patience: Duration,
    common: &Common,
) -> (Confirmed, Option<u64>) {
    let (begun, mut progress) = (Instant::now(), Progress::new(common));
    let mut in_force_by = None;
    loop {
        let asked = Instant::now();
        let confirmed = watched.look(login).await;
        if confirmed.cannot_lack && in_force_by.is_none() {
            in_force_by = Some(now_ms() + login.state().roster().max_age);
        }
        progress.show(&confirmed.line());
        let pause = LOOK_AGAIN_MIN.max(asked.elapsed() * 4);
        if confirmed.is_complete() || begun.elapsed() + pause > patience {
            progress.end();
            return (confirmed, in_force_by);
        }
        tokio::time::sleep(pause).await;
    }
}

/// One line that changes in place on a terminal, else a line for each change; nothing for programs.
struct Progress {
    is_live: bool,
    is_silent: bool,
    last: String,
}

impl Progress {
    fn new(common: &Common) -> Self {
        Self {
            is_live: std::io::stdout().is_terminal(),
            is_silent: common.json,
            last: String::new(),
        }
    }

    fn show(&mut self, line: &str) {
        if self.is_silent || self.last == line {
            return;
        }
        if self.is_live {
            print!("\r\u{1b}[2Kconfirmed  {line}");
            // A terminal that is gone shows nothing; the waiting goes on.
            let _ = std::io::stdout().flush();
        } else {
            println!("confirmed  {line}");
        }
        line.clone_into(&mut self.last);
    }

    fn end(&self) {
        if self.is_live && !self.is_silent {
            println!();
        }
    }
}

fn tell_receivers(at_service: &Result<Appended>, at_witnesses: &[AtWitness]) {
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
}

fn tell_confirmed(confirmed: &Confirmed, in_force_by: Option<u64>, quorum: u64) {
    confirmed
        .lacking()
        .iter()
        .for_each(|line| println!("{line}"));
    if in_force_by.is_some() && confirmed.has_every_device() {
        println!("In force on every device: each has signed that it holds it.");
        return;
    }
    if let Some(by) = in_force_by {
        println!(
            "In force on every device at {} at the latest: a device that does not learn of it closes by then.",
            date(by + 59_999)
        );
        return;
    }
    let verdict = if quorum == 0 {
        "Not called in force: there is no witness, so a service that withholds it can still help the revoked key on devices \
         that have not confirmed it."
    } else {
        "NOT YET IN FORCE: too few witnesses hold it, so a service that withholds it can still help the revoked key. Hand it \
         over again with: wayleave org push"
    };
    println!("{}", say::red(verdict));
}

fn as_json(
    statement: &Statement,
    at_service: &Result<Appended>,
    at_witnesses: &[AtWitness],
    confirmed: &Confirmed,
    in_force_by: Option<u64>,
) -> serde_json::Value {
    let holds = |name: &str| {
        confirmed
            .witnesses
            .iter()
            .any(|(n, holds)| n == name && *holds)
    };
    let witnesses = at_witnesses.iter().map(|w| {
        json!({
            "name": w.name, "held": w.held.is_ok(), "confirmed": holds(&w.name), "error": w.held.as_ref().err(),
        })
    });
    json!({
        "id": statement.id, "index": at_service.as_ref().ok().map(|a| a.index),
        "witnesses": witnesses.collect::<Vec<_>>(), "devices": confirmed.as_json(), "in_force_by": in_force_by,
    })
}
