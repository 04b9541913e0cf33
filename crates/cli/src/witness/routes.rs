//! The witness over HTTP: bounded bodies, few at a time, folding off the event loop.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::error::ErrorBody;
use api::witness::{CosignAnswer, CosignRequest, CountAnswer};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Semaphore;
use trust::OrgId;
use trust::envelope::Envelope;
use trust::limits::ENVELOPE_BYTES_MAX;
use trust::witness::{CountRefusal, WitnessRefusal};

use super::identity::Identity;
use super::store::{Refusal, Witnessed};
use crate::ambient::{date, now_ms};

/// Leaves of one request, as JSON, in bytes.
const CHECKPOINT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Large bodies in memory at a time.
const BODIES_MAX: usize = 4;
const BODY: Duration = Duration::from_secs(30);
/// Organisations of a witness that takes any.
const ORGS_MAX: usize = 1_000;

struct App {
    identity: Identity,
    orgs_dir: PathBuf,
    /// `None` takes any organisation.
    allowed: Option<BTreeSet<OrgId>>,
    orgs: Mutex<BTreeMap<OrgId, Arc<Mutex<Witnessed>>>>,
    bodies: Semaphore,
}

/// The routes.
pub fn app(identity: Identity, dir: PathBuf, allowed: Option<BTreeSet<OrgId>>) -> Router {
    let app = App {
        identity,
        orgs_dir: dir.join("orgs"),
        allowed,
        orgs: Mutex::default(),
        bodies: Semaphore::new(BODIES_MAX),
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/v1/orgs/{org}", get(describe))
        .route("/v1/orgs/{org}/checkpoint", post(checkpoint))
        .route("/v1/orgs/{org}/revocations", post(revocations))
        .route("/v1/orgs/{org}/counts", post(counts))
        .layer(axum::middleware::map_response(readable_by_pages))
        .with_state(Arc::new(app))
}

/// A page that revokes hands the revocation over itself, so that no service can withhold it, and has to read the answer.
/// Nothing here rides on cookies, and what a witness says is public.
async fn readable_by_pages(mut answer: Response) -> Response {
    let anybody = HeaderValue::from_static("*");
    answer
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    answer
}

type Answer = Result<Response, Refused>;

/// What a client gets instead.
struct Refused {
    status: StatusCode,
    code: &'static str,
    text: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody::new(self.code, self.text))).into_response()
    }
}

async fn describe(State(app): State<Arc<App>>, Path(org): Path<String>) -> Answer {
    let org = app.org_id(&org)?;
    on_ledger(app.clone(), org, move |ledger| {
        let witness = json!({ "name": app.identity.name, "key": app.identity.key.public() });
        let (size, held) = (ledger.size(), ledger.held());
        let answer = json!({ "org": org, "size": size, "held": held, "witness": witness });
        Ok(Json(answer).into_response())
    })
    .await
}

async fn checkpoint(
    State(app): State<Arc<App>>,
    Path(org): Path<String>,
    request: Request,
) -> Answer {
    let org = app.org_id(&org)?;
    let limit = app.clone();
    let _permit = limit
        .bodies
        .acquire()
        .await
        .map_err(|_| fault("the witness is stopping"))?;
    let body = read(request.into_body(), CHECKPOINT_BYTES_MAX).await?;
    let wish: CosignRequest = serde_json::from_slice(&body).map_err(|e| {
        refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("The request cannot be read: {e}."),
        )
    })?;
    on_ledger(app.clone(), org, move |ledger| {
        let Identity { name, key } = &app.identity;
        match ledger.cosign(
            wish.from,
            &wish.leaves,
            &wish.checkpoint,
            name,
            key,
            now_ms() / 1000,
        ) {
            Ok(line) => Ok(Json(CosignAnswer::Cosignature(line)).into_response()),
            Err(why) => answer(&org, why),
        }
    })
    .await
}

async fn revocations(
    State(app): State<Arc<App>>,
    Path(org): Path<String>,
    request: Request,
) -> Answer {
    let org = app.org_id(&org)?;
    let body = read(request.into_body(), ENVELOPE_BYTES_MAX).await?;
    let revocation = Envelope::parse(&body).map_err(|e| {
        refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("The revocation is refused: {e}."),
        )
    })?;
    on_ledger(app, org, move |ledger| match ledger.hold(&revocation) {
        Ok(()) => Ok(Json(json!({ "held": true })).into_response()),
        Err(why) => answer(&org, why),
    })
    .await
}

async fn counts(State(app): State<Arc<App>>, Path(org): Path<String>, request: Request) -> Answer {
    let org = app.org_id(&org)?;
    let body = read(request.into_body(), ENVELOPE_BYTES_MAX).await?;
    let warrant = Envelope::parse(&body).map_err(|e| {
        refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("The warrant is refused: {e}."),
        )
    })?;
    on_ledger(app.clone(), org, move |ledger| {
        match ledger.count(&warrant, &app.identity.key, now_ms()) {
            Ok(count) => Ok(Json(CountAnswer {
                count: count.to_text(),
            })
            .into_response()),
            Err(why) => answer(&org, why),
        }
    })
    .await
}

impl App {
    fn org_id(&self, text: &str) -> Result<OrgId, Refused> {
        let org = text.parse::<OrgId>().map_err(|e| {
            refuse(
                StatusCode::NOT_FOUND,
                "unknown_org",
                format!("This is no organisation: {e}."),
            )
        })?;
        if self
            .allowed
            .as_ref()
            .is_none_or(|allowed| allowed.contains(&org))
        {
            return Ok(org);
        }
        Err(refuse(
            StatusCode::NOT_FOUND,
            "unknown_org",
            "This witness does not look at this organisation.",
        ))
    }

    fn ledger(&self, org: OrgId) -> Result<Arc<Mutex<Witnessed>>, Refused> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ledger) = orgs.get(&org) {
            return Ok(ledger.clone());
        }
        if orgs.len() >= ORGS_MAX {
            return Err(refuse(
                StatusCode::INSUFFICIENT_STORAGE,
                "full",
                "This witness looks at enough organisations.",
            ));
        }
        let ledger = Witnessed::load(&self.orgs_dir, org).map_err(|e| {
            eprintln!("witness: {org}: {e:#}");
            fault("the stored ledger cannot be read")
        })?;
        let ledger = Arc::new(Mutex::new(ledger));
        orgs.insert(org, ledger.clone());
        Ok(ledger)
    }
}

async fn on_ledger(
    app: Arc<App>,
    org: OrgId,
    act: impl FnOnce(&mut Witnessed) -> Answer + Send + 'static,
) -> Answer {
    let work = move || {
        let ledger = app.ledger(org)?;
        // A panic while it was held leaves memory in doubt; the guard is taken over only for an unharmed one.
        let mut ledger = ledger
            .lock()
            .map_err(|_| fault("the ledger is in doubt; restart the witness"))?;
        act(&mut ledger)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(fault("the request failed")))
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Refused> {
    match tokio::time::timeout(BODY, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("The body is longer than {bytes_max} bytes, or was cut off."),
        )),
        Err(_) => Err(refuse(
            StatusCode::REQUEST_TIMEOUT,
            "slow",
            "The body came too slowly.",
        )),
    }
}

fn answer(org: &OrgId, why: Refusal) -> Answer {
    Err(match why {
        Refusal::Have(have) => {
            return Ok((StatusCode::CONFLICT, Json(CosignAnswer::Have(have))).into_response());
        }
        Refusal::Witness(why) => {
            if matches!(why, WitnessRefusal::Withheld(_)) {
                eprintln!("witness: {org}: NOT COSIGNED: {why}");
            }
            let text = format!("Not cosigned: {why}.");
            refuse(StatusCode::CONFLICT, code(&why), text)
        }
        Refusal::Hold(why) => {
            let text = format!("Not held: {why}.");
            refuse(StatusCode::UNPROCESSABLE_ENTITY, "not_held", text)
        }
        Refusal::Count(why) => uncounted(&why),
        Refusal::Disk(why) => {
            eprintln!("witness: {org}: {why:#}");
            fault("it could not be stored")
        }
    })
}

fn uncounted(why: &CountRefusal) -> Refused {
    let text = format!("Not counted: {why}.");
    match why {
        CountRefusal::Warrant(refusal) => {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, refusal.code(), text)
        }
        CountRefusal::NotAsked => refuse(StatusCode::UNPROCESSABLE_ENTITY, "not_asked", text),
        CountRefusal::TooMany { again, .. } => refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_devices",
            // The next whole minute: dates have no seconds.
            format!("{text} One more is possible at {}.", date(again + 59_999)),
        ),
        CountRefusal::Full => refuse(StatusCode::SERVICE_UNAVAILABLE, "full", text),
    }
}

fn code(why: &WitnessRefusal) -> &'static str {
    match why {
        WitnessRefusal::Genesis(_) => "other_genesis",
        WitnessRefusal::Position { .. } => "position",
        WitnessRefusal::Checkpoint(_) => "bad_checkpoint",
        WitnessRefusal::OtherHead => "other_head",
        WitnessRefusal::Withheld(_) => "withheld",
        WitnessRefusal::Empty => "empty",
    }
}

fn refuse(status: StatusCode, code: &'static str, text: impl Into<String>) -> Refused {
    Refused {
        status,
        code,
        text: text.into(),
    }
}

fn fault(what: &str) -> Refused {
    refuse(
        StatusCode::INTERNAL_SERVER_ERROR,
        "fault",
        format!("The witness has a fault: {what}."),
    )
}
