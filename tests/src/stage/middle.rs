//! Somebody on the path who sees and changes every byte: what a service could do that means ill.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A message of the exchange of a join code, and the byte of it that is changed: another key is then in its place.
#[derive(Clone, Copy, Debug)]
pub struct Swap {
    /// The message's length in bytes, by which it is known.
    pub bytes: usize,
    /// Which byte.
    pub at: usize,
}

#[derive(Default)]
struct Plan {
    to: String,
    swap: Option<Swap>,
    swapped: usize,
}

/// He listens at a URL of his own and passes everything on.
pub struct Middle {
    /// `http://localhost:PORT`.
    pub url: String,
    plan: Arc<Mutex<Plan>>,
}

impl Middle {
    /// On any free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let shared = plan.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, shared.clone()));
            }
        });
        Self { url, plan }
    }

    /// Where to.
    pub fn pass_on_to(&self, address: &str) {
        self.plan.lock().unwrap().to = address.to_owned();
    }

    /// From now on, changes this, or nothing.
    pub fn swap(&self, swap: Option<Swap>) {
        let mut plan = self.plan.lock().unwrap();
        (plan.swap, plan.swapped) = (swap, 0);
    }

    /// How often he changed it.
    pub fn swapped(&self) -> usize {
        self.plan.lock().unwrap().swapped
    }
}

async fn pass(client: TcpStream, plan: Arc<Mutex<Plan>>) {
    let to = plan.lock().unwrap().to.clone();
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let up = copy(from_client, to_server, Some(plan));
    tokio::join!(up, copy(from_server, to_client, None));
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: Option<Arc<Mutex<Plan>>>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        if let Some(plan) = &plan {
            change(&mut buffer[..read], &mut plan.lock().unwrap());
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Changes a byte of a client's binary message. Its mask is a XOR (RFC 6455, section 5.3), and so is this.
fn change(bytes: &mut [u8], plan: &mut Plan) {
    let Some(swap) = plan.swap else { return };
    let head = match swap.bytes {
        short @ 0..126 => vec![0x82, 0x80 | short as u8],
        long => vec![0x82, 0xfe, (long >> 8) as u8, long as u8],
    };
    let body = head.len() + 4;
    let is_whole = bytes.len() == body + swap.bytes && bytes.starts_with(&head);
    if is_whole {
        bytes[body + swap.at] ^= 1;
        plan.swapped += 1;
    }
}
