//! `wayleave connect`: see the screen, exactly, in a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use screen::decode::Decoder;
use screen::message::{Features, ViewerMessage};
use screen::picture::{PIXEL_BYTES, Picture};
use serde_json::json;
use tokio::time::{Duration, Instant, timeout_at};
use trust::scope::Scope;
use trust::text::show_foreign;
use wire::control::DisplayState;
use wire::{ToDevice, ToTechnician, ViewerEvent};

use crate::args::Common;
use crate::commands::org::parse::{Scopes, parse_scopes, together};
use crate::disk;
use crate::failure::{Kind, named};
use crate::session::{self, Driver, Session, Terms, end_error};

const PICTURE: Duration = Duration::from_secs(30);
/// Number of the display that is looked at.
const DISPLAY: u16 = 0;

/// Which device, and what for.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The device: its name, or the first characters of its key
    #[arg(allow_hyphen_values = true)]
    device: String,
    /// Save the picture of the screen to this file
    #[arg(long, value_name = "FILE.png")]
    screenshot: PathBuf,
    /// What to ask for [default: view]; may be repeated
    #[arg(long = "scope", alias = "scopes", value_name = "SCOPE", value_parser = parse_scopes)]
    scopes: Vec<Scopes>,
    #[command(flatten)]
    terms: Terms,
}

/// Runs it.
pub async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let mut scopes = together(&arguments.scopes);
    if !scopes.contains(&Scope::View) {
        scopes.insert(0, Scope::View);
    }
    let session = session::open(&arguments.device, &scopes, &arguments.terms, common).await?;
    take_picture(session, &arguments.screenshot, common).await
}

/// Saves the first whole picture of an open session and ends it.
pub async fn take_picture(mut session: Session, file: &Path, common: &Common) -> Result<()> {
    let picture = picture(&mut session).await;
    let Session {
        driver,
        opened,
        target,
    } = session;
    driver.close().await;
    let picture = picture?;
    save(&picture, file)?;
    let size = picture.size();
    if common.json {
        let answer = json!({
            "device": target.keyid, "session": opened.session, "attended": opened.attended,
            "width": size.width, "height": size.height, "file": file,
        });
        println!("{answer}");
    } else {
        println!(
            "{} x {} pixels of {} are in {}.",
            size.width,
            size.height,
            target.shown(),
            file.display()
        );
    }
    Ok(())
}

/// The first whole picture.
async fn picture(session: &mut Session) -> Result<Picture> {
    if session.opened.display.state == DisplayState::None {
        let why = show_foreign(
            session
                .opened
                .display
                .why
                .as_deref()
                .unwrap_or("no reason given"),
            300,
        );
        return Err(named(
            Kind::Device,
            "no_display",
            format!("The device has no screen to show: {why}"),
        ));
    }
    let driver = &mut session.driver;
    say_to(
        driver,
        ViewerMessage::Hello {
            version: screen::limits::VERSION,
            features: Features::default(),
        },
    )?;
    let mut decoder = Decoder::new();
    let until = Instant::now() + PICTURE;
    loop {
        let event = match timeout_at(until, driver.next()).await {
            Ok(event) => event?,
            Err(_) => bail!(
                "The device sent no whole picture within {} s.",
                PICTURE.as_secs()
            ),
        };
        match event {
            ViewerEvent::Message {
                id: DISPLAY,
                message: ToTechnician::Screen(bytes),
                credit,
                ..
            } => {
                let painted = decoder
                    .apply(&bytes)
                    .context("The device's picture is refused")?;
                driver.viewer.consumed(credit);
                if let Some(painted) = painted {
                    say_to(
                        driver,
                        ViewerMessage::Ack {
                            epoch: painted.epoch,
                            frame: painted.frame,
                        },
                    )?;
                    return Ok(decoder.picture().clone());
                }
            }
            ViewerEvent::Message { credit, .. } => driver.viewer.consumed(credit),
            ViewerEvent::Over(end) => return Err(end_error(end)),
            _ => {}
        }
    }
}

fn say_to(driver: &mut Driver, message: ViewerMessage) -> Result<()> {
    Ok(driver
        .viewer
        .send(DISPLAY, ToDevice::Screen(message.to_bytes()), false)?)
}

fn save(picture: &Picture, path: &Path) -> Result<()> {
    let size = picture.size();
    ensure!(
        size.width > 0 && size.height > 0,
        "The device sent an empty picture."
    );
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width.into(), size.height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    let rgb: Vec<u8> = picture
        .bytes()
        .chunks_exact(PIXEL_BYTES)
        .flat_map(|p| [p[2], p[1], p[0]])
        .collect();
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    disk::replace(path, &file)
}
