//! The end user's seat: a page on loopback that shows the demo's desktop and takes clicks, so that one person at one
//! machine can play both sides. It is part of the demo and never of the product.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use super::screen::{Screen, encode_png};
use super::secret;

/// How long a request for a picture waits for a change.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests that are answered at the same time: one page holds one for its picture and sends clicks beside it.
const WORKERS: usize = 6;
/// The largest body of a click, in bytes.
const BODY_MAX: usize = 1024;
const PAGE: &str = include_str!("page.html");

/// A seat that is being served.
pub struct Seat {
    /// The link to open. Its path holds a secret, so that no other page on this machine can click.
    pub link: String,
    /// Where it listens.
    pub port: u16,
    server: Arc<Server>,
}

impl Seat {
    /// Serves `screen` on `http://localhost:PORT/SECRET/`.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn open(screen: Screen, port: u16) -> Result<Self> {
        let secret = secret::base64url(&secret::random::<16>()?);
        let server = match Server::http((Ipv4Addr::LOCALHOST, port)) {
            Ok(server) => Arc::new(server),
            Err(error) => bail!("the seat can't listen on port {port}: {error}"),
        };
        let screen = Arc::new(screen);
        let host = format!("localhost:{port}");
        for _ in 0..WORKERS {
            let (server, screen) = (Arc::clone(&server), Arc::clone(&screen));
            let (secret, host) = (secret.clone(), host.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    answer(&screen, &host, &secret, request);
                }
            });
        }
        Ok(Self {
            link: format!("http://{host}/{secret}/"),
            port,
            server,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        for _ in 0..WORKERS {
            self.server.unblock();
        }
    }
}

/// A client that went away before its answer is no error of the seat.
fn answer(screen: &Screen, host: &str, secret: &str, mut request: Request) {
    let response = respond(screen, host, secret, &mut request)
        .unwrap_or_else(|error| text(500, &format!("{error:#}")));
    let _ = request.respond(response);
}

type Answer = Response<std::io::Cursor<Vec<u8>>>;

fn respond(screen: &Screen, host: &str, secret: &str, request: &mut Request) -> Result<Answer> {
    if header(request, "Host").as_deref() != Some(host) {
        return Ok(text(421, "this seat is served on localhost only"));
    }
    let path = request.url().to_owned();
    let Some(rest) = path.strip_prefix(&format!("/{secret}/")) else {
        return Ok(text(404, "no such page"));
    };
    match (request.method(), rest.split_once('?').unwrap_or((rest, ""))) {
        (Method::Get, ("", _)) => Ok(page()),
        (Method::Get, ("picture", seen)) => picture(screen, seen.parse().unwrap_or(0)),
        (Method::Get, ("windows", _)) => windows(screen),
        (Method::Post, ("input", _)) => {
            let mut body = String::new();
            let mut reader = std::io::Read::take(request.as_reader(), BODY_MAX as u64);
            std::io::Read::read_to_string(&mut reader, &mut body).context("reading the click")?;
            Ok(match input(screen, &body) {
                Ok(()) => text(204, ""),
                Err(error) => text(400, &format!("{error:#}")),
            })
        }
        _ => Ok(text(404, "no such page")),
    }
}

/// The newest picture; waits for a change beyond `seen`. The count of changes goes into a header.
fn picture(screen: &Screen, seen: u64) -> Result<Answer> {
    let change = screen.wait_for_change(seen, PATIENCE);
    let picture = screen.picture()?;
    let png = encode_png(picture.width, picture.height, &picture.rgb)?;
    let response = Response::from_data(png).with_header(field("Content-Type", "image/png")?);
    Ok(response
        .with_header(field("X-Change", &change.to_string())?)
        .with_header(field("Cache-Control", "no-store")?))
}

/// The titled windows, for a script that sits here instead of a person.
fn windows(screen: &Screen) -> Result<Answer> {
    let windows: Vec<Value> = screen
        .titled_windows()?
        .iter()
        .map(
            |w| json!({"title": w.title, "x": w.x, "y": w.y, "width": w.width, "height": w.height}),
        )
        .collect();
    Ok(text(200, &Value::Array(windows).to_string())
        .with_header(field("Content-Type", "application/json")?))
}

/// `{"x":..,"y":..}` moves, with `"button"` and `"pressed"` it also presses or releases.
fn input(screen: &Screen, body: &str) -> Result<()> {
    let click: Value = serde_json::from_str(body).context("a click is a JSON object")?;
    let number = |name: &str| {
        click[name]
            .as_u64()
            .and_then(|value| u16::try_from(value).ok())
    };
    let (Some(x), Some(y)) = (number("x"), number("y")) else {
        bail!("a click needs x and y, in pixels of the screen");
    };
    screen.point(x, y)?;
    match (number("button"), click["pressed"].as_bool()) {
        (Some(button @ 1..=7), Some(pressed)) => screen.button(button as u8, pressed),
        (None, None) => Ok(()),
        _ => bail!("button is 1 to 7 and comes with pressed"),
    }
}

fn page() -> Answer {
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob:; connect-src 'self'; frame-ancestors 'none'";
    let mut response = Response::from_data(PAGE.as_bytes());
    for (name, value) in [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
    ] {
        if let Ok(field) = field(name, value) {
            response = response.with_header(field);
        }
    }
    response
}

fn text(status: u16, text: &str) -> Answer {
    Response::from_string(text).with_status_code(StatusCode(status))
}

fn field(name: &str, value: &str) -> Result<Header> {
    Header::from_bytes(name, value).map_err(|()| anyhow::anyhow!("{name}: {value} is no header"))
}

fn header(request: &Request, name: &'static str) -> Option<String> {
    let found = request
        .headers()
        .iter()
        .find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::super::desktop::{Desktop, SIZE};
    use super::super::ports;
    use super::super::supervise::{Interrupt, Supervisor};
    use super::*;

    fn ask(port: u16, method: &str, path: &str, host: &str, body: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .unwrap();
        let status = String::from_utf8_lossy(&answer[9..12]).into_owned();
        (status, answer[head + 4..].to_vec())
    }

    #[test]
    fn the_seat_shows_the_screen_and_moves_its_pointer_for_its_own_page_only() {
        let folder = crate::layout::target().join("xtask").join("seat");
        std::fs::create_dir_all(&folder).unwrap();
        let mut supervisor = Supervisor::new(&folder, Interrupt::default());
        let desktop = Desktop::bare(&mut supervisor, &folder, SIZE).unwrap();
        let screen = || Screen::connect(desktop.access.as_ref()).unwrap();
        let seat = Seat::open(screen(), ports::find(20_000, &[]).unwrap()).unwrap();
        let port = seat.port;
        let host = format!("localhost:{port}");
        let home = seat
            .link
            .strip_prefix(&format!("http://{host}"))
            .unwrap()
            .to_owned();

        let (status, page) = ask(port, "GET", &home, &host, "");
        assert_eq!((status.as_str(), page == PAGE.as_bytes()), ("200", true));

        let (status, png) = ask(port, "GET", &format!("{home}picture?0"), &host, "");
        assert_eq!(status, "200");
        let reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        assert_eq!(reader.info().size(), (SIZE.0.into(), SIZE.1.into()));

        let input = format!("{home}input");
        let click = r#"{"x":321,"y":123,"button":1,"pressed":true}"#;
        assert_eq!(ask(port, "POST", "/x/input", &host, click).0, "404");
        assert_eq!(ask(port, "POST", &input, "evil.example", click).0, "421");
        assert_eq!(
            ask(port, "POST", &input, &host, r#"{"x":-1,"y":0}"#).0,
            "400"
        );
        assert_eq!(
            ask(
                port,
                "POST",
                &input,
                &host,
                r#"{"x":1,"y":1,"button":9,"pressed":true}"#
            )
            .0,
            "400"
        );
        assert_ne!(screen().pointer(), (321, 123, true));
        assert_eq!(ask(port, "POST", &input, &host, click).0, "204");
        assert_eq!(screen().pointer(), (321, 123, true));
    }
}
