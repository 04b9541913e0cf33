//! The thief at the technician's end of a channel.

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use wayleave_tests::channel::{Channel, Pipe};
use wayleave_tests::parley::Target;

/// Says that both ends are there, and gives the relay's bytes.
pub async fn pair(mut ws: WebSocket) -> Pipe {
    let paired = api::signal::write(&api::signal::relay::ToRelayEnd::Paired {});
    let _ = ws.send(Message::text(paired)).await;
    let (out, mut outgoing) = mpsc::channel::<Vec<u8>>(4);
    let (incoming, back) = mpsc::channel(64);
    let (mut sink, mut stream) = ws.split();
    tokio::spawn(async move {
        while let Some(message) = outgoing.recv().await {
            if sink.send(Message::binary(message)).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    });
    tokio::spawn(async move {
        while let Some(message) = stream.next().await {
            let heard = match message {
                Ok(Message::Binary(bytes)) => Ok(bytes.to_vec()),
                Ok(Message::Close(frame)) => {
                    Err(frame.map(|f| f.reason.to_string()).unwrap_or_default())
                }
                Ok(_) => continue,
                Err(error) => Err(error.to_string()),
            };
            let is_over = heard.is_err();
            if incoming.send(heard).await.is_err() || is_over {
                return;
            }
        }
    });
    Pipe { out, back }
}

/// A channel to a device under a channel key of the thief's own.
pub async fn channel(ws: WebSocket, target: &Target, private: &[u8; 32]) -> Channel {
    Channel::new(
        pair(ws).await,
        target.org,
        target.device,
        &target.noise,
        private,
    )
}
