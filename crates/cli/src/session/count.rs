//! Where the policy asks for counts: every witness that counts is asked at once, and enough of them is enough.

use anyhow::Result;
use api::witness::CountAnswer;
use futures_util::stream::{FuturesUnordered, StreamExt};
use reqwest::Method;
use trust::envelope::Envelope;
use trust::judge::{Facts, Refusal, judge};
use trust::statement::WitnessEntry;
use trust::text::show_foreign;

use super::Target;
use super::warrant::{self, SignedWarrant};
use crate::failure::{find, refused};
use crate::login::Login;
use crate::server_url::ServerUrl;
use crate::service::Service;

/// The counts that the device will ask for; none where no policy asks for them.
pub async fn collect(
    login: &Login,
    target: &Target,
    signed: &SignedWarrant,
) -> Result<Vec<String>> {
    let said = signed.warrant()?;
    let facts = warrant::facts(login, target.keyid, target.noise, &said);
    if !lacks_counts(&facts, &signed.envelope) {
        return Ok(Vec::new());
    }
    let path = format!("/v1/orgs/{}/counts", login.org());
    let witnesses = login.state().roster().witnesses.iter();
    let mut asked: FuturesUnordered<_> = witnesses
        .filter(|w| w.holds_revocations)
        .map(|w| ask(w, &path, &signed.envelope))
        .collect();
    let (mut counts, mut refusals) = (Vec::new(), Vec::new());
    while let Some((name, answer)) = asked.next().await {
        match answer {
            Ok(count) => counts.push(count),
            Err(why) => refusals.push((name, why)),
        }
        let counted = Facts {
            counts: &counts,
            ..warrant::facts(login, target.keyid, target.noise, &said)
        };
        if !lacks_counts(&counted, &signed.envelope) {
            return Ok(counts);
        }
    }
    Err(too_few(&refusals))
}

/// Whether counts are all that is missing; anything else was said before, or is for the device to say.
fn lacks_counts(facts: &Facts<'_>, warrant: &Envelope) -> bool {
    matches!(judge(facts, warrant.as_bytes()), Err(Refusal::Uncounted(_)))
}

async fn ask<'a>(
    witness: &'a WitnessEntry,
    path: &str,
    warrant: &Envelope,
) -> (&'a str, Result<String>) {
    let answer = async {
        let Some(url) = &witness.url else {
            anyhow::bail!("the roster gives no address of it");
        };
        let url: ServerUrl = url.parse().map_err(anyhow::Error::msg)?;
        let answer: CountAnswer = Service::new(&url)?
            .send_body(Method::POST, path, warrant.as_bytes().to_vec())
            .await?;
        Ok(answer.count)
    };
    (&witness.name, answer.await)
}

fn too_few(refusals: &[(&str, anyhow::Error)]) -> anyhow::Error {
    let code = |why: &anyhow::Error| find(why).map(|failure| failure.code.clone());
    let mut codes = refusals.iter().filter_map(|(_, why)| code(why));
    // A witness that has not read the newest ledger yet will have, in a moment.
    let named = ["too_many_devices", "ledger_behind"];
    let code = codes.find(|code| named.contains(&code.as_str()));
    let said: Vec<String> = refusals
        .iter()
        .map(|(name, why)| format!("{name}: {}", show_foreign(&format!("{why:#}"), 300)))
        .collect();
    let said = if said.is_empty() {
        "no witness of the roster counts, or what they said does not hold".to_owned()
    } else {
        said.join(" ")
    };
    refused(
        code.as_deref().unwrap_or("uncounted"),
        format!(
            "Too few witnesses counted this opening, and the policy asks for it. {said} Nothing was opened."
        ),
    )
}
