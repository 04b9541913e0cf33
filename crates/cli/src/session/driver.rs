//! The loop around a channel: one socket, one state machine, nothing of either's business here.

use std::pin::Pin;

use anyhow::{Result, anyhow};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::time::{Duration, sleep};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use trust::text::show_foreign;
use wire::{End, Viewer, ViewerEvent};

use super::relay::Socket;
use crate::ambient::now_ms;
use crate::failure::{Kind, named};

type Sending = SplitSink<Socket, Message>;

/// A channel on a relay's socket.
pub struct Driver {
    sink: Sending,
    stream: SplitStream<Socket>,
    /// The channel. After any change call [`Driver::next`] or [`Driver::flush`].
    pub viewer: Viewer,
}

enum Step {
    Sent(Result<(), SocketError>),
    Received(Option<Result<Message, SocketError>>),
    Due,
}

impl Driver {
    /// Drives `viewer` over a paired socket.
    pub fn new(socket: Socket, viewer: Viewer) -> Self {
        let (sink, stream) = socket.split();
        Self {
            sink,
            stream,
            viewer,
        }
    }

    /// The next event. Cancel safe: a message leaves the channel only when the socket takes it in the same breath.
    pub async fn next(&mut self) -> Result<ViewerEvent> {
        let mut unsent = true;
        loop {
            if let Some(event) = self.viewer.poll_event() {
                tell_turn(&event);
                return Ok(event);
            }
            match self.step(unsent).await {
                Step::Sent(result) => {
                    unsent = false;
                    result.map_err(lost)?;
                }
                Step::Received(message) => {
                    unsent = true;
                    self.receive(message)?;
                }
                Step::Due => {
                    unsent = true;
                    self.viewer.handle_timeout(now_ms());
                }
            }
        }
    }

    async fn step(&mut self, unsent: bool) -> Step {
        let wait = self
            .viewer
            .poll_timeout()
            .map_or(u64::MAX >> 16, |due| due.saturating_sub(now_ms()));
        tokio::select! {
            result = transmit(&mut self.sink, &mut self.viewer), if unsent => Step::Sent(result),
            message = self.stream.next() => Step::Received(message),
            () = sleep(Duration::from_millis(wait)) => Step::Due,
        }
    }

    fn receive(&mut self, message: Option<Result<Message, SocketError>>) -> Result<()> {
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                // The channel tells a failure by its last event.
                let _ = self.viewer.handle_bytes(&bytes, now_ms());
                Ok(())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(frame))) => {
                let why = frame
                    .map(|f| show_foreign(f.reason.as_str(), 200))
                    .filter(|r| !r.is_empty());
                let why = why.unwrap_or_else(|| "without a reason".to_owned());
                Err(named(
                    Kind::Service,
                    "parted",
                    format!("The relay ended the connection: {why}"),
                ))
            }
            Some(Ok(Message::Text(text))) => Err(named(
                Kind::Service,
                "relay",
                format!("The relay says: {}", show_foreign(&text, 300)),
            )),
            Some(Err(error)) => Err(lost(error)),
            None => Err(named(
                Kind::Unreachable,
                "lost",
                "The connection to the relay ended.",
            )),
        }
    }

    /// Sends what waits.
    pub async fn flush(&mut self) -> Result<()> {
        transmit(&mut self.sink, &mut self.viewer)
            .await
            .map_err(lost)
    }

    /// Ends the session politely; what cannot be sent any more does not matter.
    pub async fn close(mut self) {
        const GOODBYE: Duration = Duration::from_secs(3);
        self.viewer.bye();
        let _ = tokio::time::timeout(GOODBYE, async {
            let _ = self.flush().await;
            let _ = self.sink.close().await;
        })
        .await;
    }
}

/// Hands the socket one message at a time, only as fast as it takes them.
async fn transmit(sink: &mut Sending, viewer: &mut Viewer) -> Result<(), SocketError> {
    loop {
        futures_util::future::poll_fn(|cx| Pin::new(&mut *sink).poll_ready(cx)).await?;
        let Some(message) = viewer.poll_transmit() else {
            return sink.flush().await;
        };
        Pin::new(&mut *sink).start_send(Message::Binary(message.into()))?;
    }
}

fn lost(error: SocketError) -> anyhow::Error {
    named(
        Kind::Unreachable,
        "lost",
        format!("The connection to the relay broke: {error}."),
    )
}

/// A session that stands still says so, whatever it is about; a terminal may be raw.
fn tell_turn(event: &ViewerEvent) {
    match event {
        ViewerEvent::Paused { text, .. } => eprint!("\r\npaused: {}\r\n", show_foreign(text, 500)),
        ViewerEvent::Resumed => eprint!("\r\nthe session goes on\r\n"),
        _ => {}
    }
}

/// The end of an open session as an error.
pub fn end_error(end: End) -> anyhow::Error {
    match end {
        End::Refused { code, text } | End::Closed { code, text } => named(
            Kind::Device,
            &code,
            format!("The device ended the session: {}", show_foreign(&text, 500)),
        ),
        End::Bye => anyhow!("The session was ended here."),
        End::Failed(why) => named(
            Kind::Device,
            why.code(),
            format!("The channel to the device is broken: {why}."),
        ),
    }
}
