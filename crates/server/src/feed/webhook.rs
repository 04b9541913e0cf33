//! Standard Webhooks (standardwebhooks.com), asymmetric: signed with Ed25519, so that no shared secret is stored here.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use trust::SigningKey;

use super::event::Event;
use super::{Failure, Feeds};
use crate::clock::now_ms;

pub(super) fn public_key(key: &SigningKey) -> String {
    let public = BASE64_STANDARD.encode(key.public().public_bytes());
    format!("whpk_{public}")
}

pub(super) async fn send(feeds: &Feeds, target: &str, event: &Event) -> Result<(), Failure> {
    let (id, at, body) = (event.id(), now_ms() / 1000, event.json().to_string());
    let signature = feeds.key.sign(format!("{id}.{at}.{body}").as_bytes());
    let sent = feeds
        .http
        .post(target)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header(
            "webhook-signature",
            format!("v1a,{}", BASE64_STANDARD.encode(signature)),
        )
        .body(body)
        .send()
        .await;
    // What the receiver says besides its status is nobody's business here, and is not read.
    let answer = sent.map_err(|error| Failure::Unreachable(error.without_url().to_string()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "it answered with status {}",
        answer.status().as_u16()
    )))
}
