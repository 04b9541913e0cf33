//! RFC 5424 messages: over TCP or TLS with octet counting (RFC 6587, RFC 5425), or over UDP.

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::Failure;
use super::event::{Event, rfc3339};
use super::target::{Syslog, Transport};
use crate::net::outside;

/// Facility 10 (security), severity 4 (warning) or 5 (notice).
const UNATTENDED: u8 = 10 * 8 + 4;
const ATTENDED: u8 = 10 * 8 + 5;

pub(super) async fn send(target: &str, private_too: bool, event: &Event) -> Result<(), Failure> {
    let target = Syslog::parse(target).map_err(Failure::Refused)?;
    let addresses = outside::resolve(&target.host, target.port, private_too).await?;
    let line = line(event);
    match target.transport {
        Transport::Udp => {
            let local = if addresses[0].is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            let socket = UdpSocket::bind(local).await?;
            socket.send_to(line.as_bytes(), addresses[0]).await?;
        }
        Transport::Tcp => counted(TcpStream::connect(&addresses[..]).await?, &line).await?,
        Transport::Tls => {
            let stream = TcpStream::connect(&addresses[..]).await?;
            counted(outside::tls(stream, &target.host).await?, &line).await?;
        }
    }
    Ok(())
}

/// Syslog acknowledges nothing: what the other end's system took counts as delivered.
async fn counted(mut stream: impl AsyncWrite + Unpin, line: &str) -> std::io::Result<()> {
    let framed = format!("{} {line}", line.len());
    stream.write_all(framed.as_bytes()).await?;
    stream.shutdown().await
}

/// 32473 is the enterprise number that RFC 5612 sets aside for documents: the project has none.
fn line(event: &Event) -> String {
    let receipt = &event.receipt;
    let priority = if event.is_attended() {
        ATTENDED
    } else {
        UNATTENDED
    };
    format!(
        "<{priority}>1 {} {} wayleave - session-opened [wayleave@32473 org=\"{}\" domain=\"{}\" device=\"{}\" n=\"{}\" \
         hash=\"{}\" event=\"{}\" attended=\"{}\"] {}",
        rfc3339(receipt.at),
        event.host,
        event.org,
        event.domain,
        receipt.device,
        receipt.n,
        event.hash,
        receipt.ev.as_str(),
        event.is_attended(),
        event.title(),
    )
}
