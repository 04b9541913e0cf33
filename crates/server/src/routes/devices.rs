//! Devices and those that wait for admission.

use std::collections::HashMap;
use std::sync::Arc;

use api::device::{Device, Devices};
use api::error::ErrorBody;
use api::ids::KeyId;
use api::signal::console::ToConsole;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use trust::statement::Role;

use super::id;
use crate::app::App;
use crate::auth::Signed;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::extract::Path;
use crate::presence::Order;
use crate::socket::waiting_view;

/// Presence of the admitted devices, and the devices that wait.
#[utoipa::path(get, path = "/v1/orgs/{org}/devices", tag = "devices", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = Devices), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<Devices>> {
    let (org, now) = (&signed.caller.org, now_ms());
    let last_seen: HashMap<KeyId, u64> = app
        .store
        .devices_seen(&org.id())
        .await?
        .into_iter()
        .collect();
    let admitted: Vec<KeyId> = org.state(|state| {
        let devices = state
            .entries()
            .filter(|(_, entry)| entry.role == Role::Device);
        devices
            .map(|(keyid, _)| *keyid)
            .filter(|keyid| state.in_force(keyid, Role::Device, now).is_ok())
            .collect()
    });
    let mut beats = app.store.beats(&org.id()).await?;
    let devices = admitted.into_iter().map(|keyid| {
        let seen = app.presence.seen(&org.id(), &keyid);
        Device {
            keyid,
            online: seen.is_some(),
            since: seen.as_ref().map(|seen| seen.since),
            last_seen: seen
                .as_ref()
                .map(|_| now)
                .or_else(|| last_seen.get(&keyid).copied()),
            beat: beats.remove(&keyid),
            display: seen.and_then(|seen| seen.display),
        }
    });
    let waiting = app.store.waiting(&org.id()).await?.into_iter().map(|row| {
        let online = app.presence.seen(&org.id(), &row.keyid).is_some();
        waiting_view(row, online)
    });
    Ok(Json(Devices {
        devices: devices.collect(),
        waiting: waiting.collect(),
    }))
}

/// Drops a waiting device and its connection. It may ask again.
#[utoipa::path(delete, path = "/v1/orgs/{org}/waiting/{keyid}", tag = "devices",
    params(("org" = String, Path), ("keyid" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Dropped"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn drop_waiting(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    signed.caller.admin()?;
    let (org, keyid) = (&signed.caller.org, id::<KeyId>(&ids.1)?);
    if !app.store.drop_waiting(&org.id(), &keyid).await? {
        return Err(Refusal::missing(
            "unknown_device",
            "No device with this key waits for admission.",
        ));
    }
    app.presence.tell(&org.id(), &keyid, Order::Dropped);
    org.hint(ToConsole::WaitingGone { keyid });
    Ok(StatusCode::NO_CONTENT)
}
