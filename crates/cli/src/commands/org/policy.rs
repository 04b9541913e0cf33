//! `wayleave org policy`: what technicians may do on devices.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use serde_json::json;
use trust::statement::{Hours, Policy, Say};

use super::describe::statement_line;
use super::explain;
use super::parse::{Scopes, parse_scopes, together};
use super::publish::{publish, tell};
use crate::args::Common;
use crate::login::{As, Login, SHORT_MS};

/// Subcommands of `wayleave org policy`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a policy, or replace the one of the same name
    Set(Box<SetArguments>),
    /// List the policies that count
    List,
    /// Show one policy
    Show {
        /// Its name
        name: String,
    },
    /// Say whether a technician could do something on a device, or what is in the way and who can change it
    Explain(explain::Arguments),
}

/// A policy.
#[derive(Args, Debug)]
pub struct SetArguments {
    /// Its name
    name: String,
    /// Group of the technicians
    #[arg(long, value_name = "GROUP")]
    technicians: String,
    /// Group of the devices
    #[arg(long, value_name = "GROUP")]
    devices: String,
    /// What it allows: view, control, clipboard_read, clipboard_write, files_read, files_write, shell, or all; may be repeated
    #[arg(long = "scope", alias = "scopes", value_name = "SCOPE", required = true, value_parser = parse_scopes)]
    scopes: Vec<Scopes>,
    /// Longest session, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    max_minutes: u64,
    /// Allow sessions that nobody at the device is asked about
    #[arg(long)]
    unattended: bool,
    /// How many others must have signed
    #[arg(long, default_value_t = 0, requires = "approvers")]
    approvals: u8,
    /// Group of those others; "admins" means the roster's admins
    #[arg(long, value_name = "GROUP")]
    approvers: Option<String>,
    /// When: days 0 (Monday) to 6, from and to in minutes of the day, minutes east of UTC, such as 0-4,480,1080,60
    #[arg(long, value_name = "DAYS,FROM,TO,OFFSET", value_parser = parse_hours, allow_hyphen_values = true)]
    hours: Option<Hours>,
    /// Openings of one technician on one device within an hour
    #[arg(long, value_name = "N")]
    openings_per_hour: Option<u32>,
    /// Devices of one technician within an hour over the whole fleet: each opening is counted by the witnesses first
    #[arg(long, value_name = "N", visible_alias = "counted")]
    devices_per_hour: Option<u32>,
    /// Let attended sessions open when no witness vouches for the ledger, the user being told
    #[arg(long)]
    attended_when_stale: bool,
    /// Let files be listed and fetched only beneath this folder of the device; may be repeated
    #[arg(long, value_name = "PATH")]
    read_under: Vec<String>,
    /// Let files be put only beneath this folder of the device; may be repeated
    #[arg(long, value_name = "PATH")]
    write_under: Vec<String>,
    /// Let shells run only as this user of the device [default: the user of the display]; may be repeated
    #[arg(long, value_name = "USER")]
    shell_as: Vec<String>,
    /// Demand that the warrant names a ticket
    #[arg(long)]
    ticket_required: bool,
    /// Write the statement to this file for other admins to sign, instead of publishing it
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    match command {
        Command::Set(arguments) => set(*arguments, common).await,
        Command::List => list(common, None).await,
        Command::Show { name } => list(common, Some(&name)).await,
        Command::Explain(arguments) => explain::run(&arguments, common).await,
    }
}

async fn set(arguments: SetArguments, common: &Common) -> Result<()> {
    let policy = Policy {
        name: arguments.name,
        technicians: arguments.technicians,
        devices: arguments.devices,
        approvers: arguments.approvers,
        scopes: together(&arguments.scopes),
        max_seconds: arguments.max_minutes.saturating_mul(60),
        unattended: arguments.unattended,
        approvals: arguments.approvals,
        hours: arguments.hours,
        openings_per_hour: arguments.openings_per_hour,
        devices_per_hour: arguments.devices_per_hour,
        attended_when_stale: arguments.attended_when_stale,
        read_under: arguments.read_under,
        write_under: arguments.write_under,
        shell_as: arguments.shell_as,
        ticket_required: arguments.ticket_required,
    };
    policy
        .check_shape()
        .map_err(|why| anyhow!("The policy cannot be like this: {why}."))?;
    let mut login = Login::online(common, As::Admin, SHORT_MS).await?;
    let published = publish(
        &mut login,
        Say::Policy(policy),
        arguments.propose.as_deref(),
        common,
    )
    .await?;
    tell(&published, common);
    Ok(())
}

async fn list(common: &Common, name: Option<&str>) -> Result<()> {
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    let wanted = login
        .state()
        .policies()
        .filter(|p| name.is_none_or(|n| p.policy.name == n));
    let policies: Vec<_> = wanted.collect();
    if let (Some(name), true) = (name, policies.is_empty()) {
        return Err(anyhow!("There is no policy {name:?} in force."));
    }
    if common.json {
        println!(
            "{}",
            json!(
                policies
                    .iter()
                    .map(|p| json!({ "id": p.id, "policy": p.policy }))
                    .collect::<Vec<_>>()
            )
        );
        return Ok(());
    }
    if policies.is_empty() {
        println!("No policy is in force: no technician can open anything.");
    }
    for entry in policies {
        println!(
            "{}\n  version {}",
            statement_line(&Say::Policy(entry.policy.clone())),
            entry.id
        );
    }
    Ok(())
}

fn parse_hours(text: &str) -> Result<Hours, String> {
    let wrong = || {
        "hours are DAYS,FROM,TO,OFFSET, such as 0-4,480,1080,60 for Monday to Friday, 8 to 18 o'clock, one hour east".to_owned()
    };
    let parts: Vec<&str> = text.split(',').collect();
    let [days, from, to, offset] = parts[..] else {
        return Err(wrong());
    };
    let day = |text: &str| text.parse::<u8>().map_err(|_| wrong());
    let days = match days.split_once('-') {
        Some((first, last)) => (day(first)?..=day(last)?).collect(),
        None => vec![day(days)?],
    };
    let minute = |text: &str| text.parse().map_err(|_| wrong());
    Ok(Hours {
        days,
        from_minute: minute(from)?,
        to_minute: minute(to)?,
        offset_minutes: offset.parse().map_err(|_| wrong())?,
    })
}
