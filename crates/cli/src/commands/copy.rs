//! `wayleave cp`: one file to or from a device, checked by its SHA-256 on both sides.

mod get;
mod put;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use trust::scope::Scope;
use trust::text::show_foreign;
use wire::files::Digest;

use crate::args::Common;
use crate::failure::{Kind, named};
use crate::session::{self, Session, Terms};

/// What to copy where.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A file here, or DEVICE:PATH
    source: String,
    /// A file or folder here, or DEVICE:PATH
    destination: String,
    /// Replace a file that is there already
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    terms: Terms,
}

/// One end of a copy.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Side {
    Here(PathBuf),
    There { device: String, path: String },
}

/// Runs it.
pub async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let terms = &arguments.terms;
    let digest = match (side(&arguments.source), side(&arguments.destination)) {
        (Side::There { device, path }, Side::Here(to)) => {
            let to = get::destination(&path, &to, arguments.replace)?;
            let Session { mut driver, .. } =
                session::open(&device, &[Scope::FilesRead], terms, common).await?;
            let result = get::get(&mut driver, &path, &to, common).await;
            driver.close().await;
            result?
        }
        (Side::Here(from), Side::There { device, path }) => {
            let upload = put::Upload::open(&from, &path)?;
            let Session { mut driver, .. } =
                session::open(&device, &[Scope::FilesWrite], terms, common).await?;
            let result = upload.put(&mut driver, arguments.replace, common).await;
            driver.close().await;
            result?
        }
        (Side::Here(_), Side::Here(_)) => {
            bail!("Neither side is on a device: write one of them as DEVICE:PATH.")
        }
        (Side::There { .. }, Side::There { .. }) => {
            bail!("Both sides are on devices: copy to this computer first.")
        }
    };
    if common.json {
        println!(
            "{}",
            json!({ "bytes": digest.size, "sha256": digest.sha256 })
        );
    } else {
        println!("{} bytes copied and compared.", digest.size);
    }
    Ok(())
}

/// `DEVICE:PATH` where nothing before the colon looks like a path of this computer.
fn side(text: &str) -> Side {
    match text.split_once(':') {
        Some((device, path)) if !device.is_empty() && !device.contains('/') => Side::There {
            device: device.to_owned(),
            path: path.to_owned(),
        },
        _ => Side::Here(PathBuf::from(text)),
    }
}

/// A progress bar on standard error, silent where nobody looks.
fn bar(size: u64, what: &str, common: &Common) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
    if common.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(show_foreign(what, 30));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The device's refusal of a transfer.
fn failed(code: &str, text: &str) -> anyhow::Error {
    named(
        Kind::Device,
        code,
        format!("The device says: {}", show_foreign(text, 300)),
    )
}

fn unexpected() -> anyhow::Error {
    named(
        Kind::Device,
        "protocol",
        "The device answered something else than this transfer asks for.",
    )
}

fn differs(ours: Digest, theirs: Digest) -> anyhow::Error {
    anyhow!(
        "The file arrived changed: {} bytes with SHA-256 {} here, {} bytes with {} there. Copy it again.",
        ours.size,
        ours.sha256,
        theirs.size,
        theirs.sha256
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_with_a_colon_is_a_device_unless_it_looks_like_a_path() {
        let there = |device: &str, path: &str| Side::There {
            device: device.into(),
            path: path.into(),
        };
        assert_eq!(side("desk-7:a/b.txt"), there("desk-7", "a/b.txt"));
        assert_eq!(side("desk-7:"), there("desk-7", ""));
        for here in ["a/b.txt", "./a:b", "/tmp/a:b", ":a"] {
            assert_eq!(side(here), Side::Here(here.into()), "{here}");
        }
    }
}
