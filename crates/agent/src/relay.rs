//! One session's socket: joined by the service with the technician's, then sealed messages both ways.

use std::sync::Arc;
use std::time::Duration;

use api::ids::SessionId;
use api::limits::RELAY_WAIT_MS;
use api::signal::relay::ToRelayEnd;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::Message;
use trust::bytes::{OrgId, X25519Public};
use trust::key::SigningKey;

use wire::join_code::JoinCode;
use wire::pake::{Agreed, Device};

use crate::clock::os_random;
use crate::ipc::Number;
use crate::socket::{Door, Identity, Service, SocketError, Ws, next, reason};

/// Messages that wait for the socket: few, for what is queued here can no longer be overtaken by a key press.
const WAITING_MAX: usize = 2;
const SEND_MAX: Duration = Duration::from_secs(20);
/// How long the other end may take for one message of the exchange.
const EXCHANGE_MAX: Duration = Duration::from_secs(20);

/// What happens on a relay.
pub enum RelayEvent {
    /// Technician and this machine confirmed the same join code.
    Agreed(Box<Agreed>),
    /// The technician is there.
    Paired,
    /// He sent this.
    Message(Vec<u8>),
    /// The socket takes more.
    Room,
    /// It is over.
    Gone(String),
}

/// What a machine that is not enrolled brings to the relay.
pub struct Joining {
    /// The code, tried once.
    pub code: JoinCode,
    /// This machine's channel key.
    pub noise: X25519Public,
}

/// One end of a relay. Dropping it closes it.
pub struct Relay {
    task: JoinHandle<()>,
    out: Option<mpsc::Sender<Vec<u8>>>,
}

impl Relay {
    /// Starts to join a session; with a code, both ends confirm it before anything else.
    pub fn join(
        service: Service,
        org: OrgId,
        key: Arc<SigningKey>,
        (session, joining): (SessionId, Option<Joining>),
        number: Number,
        events: mpsc::Sender<(Number, RelayEvent)>,
    ) -> Self {
        let (out, messages) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(async move {
            let identity = Identity { org, key: &key };
            let met = async {
                let mut ws = pair(&service, session, &identity).await?;
                if let Some(joining) = joining {
                    let agreed = confirm(&mut ws, &identity, joining).await?;
                    let _ = events.send((number, RelayEvent::Agreed(agreed))).await;
                }
                Ok::<_, SocketError>(ws)
            };
            let why = match met.await {
                Ok(ws) => copy(ws, number, &events, messages).await,
                Err(error) => error.to_string(),
            };
            let _ = events.send((number, RelayEvent::Gone(why))).await;
        });
        Self {
            task,
            out: Some(out),
        }
    }

    /// Sends what `next` gives, while the socket takes some; [`RelayEvent::Room`] tells when it takes more. Gives whether
    /// there is nothing left to send.
    pub fn send(&self, mut next: impl FnMut() -> Option<Vec<u8>>) -> bool {
        let Some(out) = &self.out else { return true };
        loop {
            let Ok(place) = out.try_reserve() else {
                return false;
            };
            match next() {
                Some(message) => place.send(message),
                None => return true,
            }
        }
    }

    /// Closes the socket once what was given to [`Relay::send`] has left; [`RelayEvent::Gone`] follows.
    pub fn finish(&mut self) {
        self.out = None;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pair(
    service: &Service,
    session: SessionId,
    identity: &Identity<'_>,
) -> Result<Ws, SocketError> {
    let mut ws = service.open(Door::Relay(session), identity).await?;
    let waiting = Duration::from_millis(RELAY_WAIT_MS) + Duration::from_secs(5);
    let paired = tokio::time::timeout(waiting, next(&mut ws)).await;
    match paired.map_err(|_| SocketError::Timeout)?? {
        ToRelayEnd::Paired {} => Ok(ws),
        _ => Err(SocketError::Protocol(
            "another message came where paired is due".to_owned(),
        )),
    }
}

/// The exchange of a join code, once: `docs/protocol.md`, section 1.8.
async fn confirm(
    ws: &mut Ws,
    identity: &Identity<'_>,
    joining: Joining,
) -> Result<Box<Agreed>, SocketError> {
    let hello = binary(ws).await?;
    let (device, answer) = Device::answer(
        &identity.org,
        &joining.code,
        identity.key.public(),
        joining.noise,
        &os_random(),
        &hello,
    )?;
    ws.send(Message::binary(answer)).await.map_err(Box::new)?;
    Ok(Box::new(device.finish(&binary(ws).await?)?))
}

async fn binary(ws: &mut Ws) -> Result<Vec<u8>, SocketError> {
    let next = async {
        loop {
            match ws.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes.into()),
                Some(Ok(Message::Close(frame))) => return Err(SocketError::Closed(reason(frame))),
                Some(Ok(Message::Text(_))) => {
                    return Err(SocketError::Protocol(
                        "the relay spoke in between".to_owned(),
                    ));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Box::new(error).into()),
                None => return Err(SocketError::Closed(None)),
            }
        }
    };
    tokio::time::timeout(EXCHANGE_MAX, next)
        .await
        .map_err(|_| SocketError::Timeout)?
}

async fn copy(
    ws: Ws,
    number: Number,
    events: &mpsc::Sender<(Number, RelayEvent)>,
    mut messages: mpsc::Receiver<Vec<u8>>,
) -> String {
    const AWAY: &str = "the agent is going";
    let tell = |event| async move {
        events
            .send((number, event))
            .await
            .map_err(|_| AWAY.to_owned())
    };
    // Before anything that the technician sent.
    if let Err(why) = tell(RelayEvent::Paired).await {
        return why;
    }
    let (mut sink, mut stream) = ws.split();
    let sending = async {
        while let Some(message) = messages.recv().await {
            let sent = tokio::time::timeout(SEND_MAX, sink.send(Message::binary(message))).await;
            match sent {
                Ok(Ok(())) => tell(RelayEvent::Room).await?,
                Ok(Err(error)) => return Err(format!("the connection broke: {error}")),
                Err(_) => return Err("the connection takes nothing any more".to_owned()),
            }
        }
        let _ = tokio::time::timeout(SEND_MAX, sink.close()).await;
        Ok::<(), String>(())
    };
    let receiving = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Binary(bytes))) => tell(RelayEvent::Message(bytes.into())).await?,
                Some(Ok(Message::Close(frame))) => {
                    return Err::<(), _>(
                        reason(frame).unwrap_or_else(|| "the relay closed".to_owned()),
                    );
                }
                Some(Ok(Message::Text(_))) => return Err("the relay spoke in between".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("the connection broke: {error}")),
                None => return Err("the connection is gone".to_owned()),
            }
        }
    };
    let ended = tokio::select! {
        ended = sending => ended,
        ended = receiving => ended,
    };
    ended.err().unwrap_or_else(|| AWAY.to_owned())
}
