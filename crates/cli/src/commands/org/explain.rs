//! `wayleave policy explain`: whether a technician could do something on a device, and what is in the way.

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use serde_json::{Value, json};
use trust::judge::{Counts, Explanation, Refusal, Wish, explain};
use trust::scope::Scope;
use trust::statement::Role;
use trust::{Bounds, KeyId};

use super::describe::groups;
use super::parse::{Scopes, parse_scopes, together};
use super::{Labelled, labels};
use crate::ambient::now_ms;
use crate::args::Common;
use crate::failure::refused;
use crate::login::{As, Login, SHORT_MS};
use crate::say::count;
use crate::session::target::resolve;

/// Who, where, what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The technician, by name or by the first characters of his key
    #[arg(allow_hyphen_values = true)]
    technician: String,
    /// The device, by name or by the first characters of its key
    #[arg(allow_hyphen_values = true)]
    device: String,
    /// What he would do: view, control, clipboard_read, clipboard_write, files_read, files_write, shell, or all
    #[arg(required = true, value_name = "SCOPE", value_parser = parse_scopes)]
    scopes: Vec<Scopes>,
    /// For how long
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Without asking anybody at the device
    #[arg(long)]
    unattended: bool,
    /// A folder of the device beneath which he would list and fetch files; may be repeated
    #[arg(long, value_name = "PATH")]
    read_under: Vec<String>,
    /// A folder of the device beneath which he would put files; may be repeated
    #[arg(long, value_name = "PATH")]
    write_under: Vec<String>,
    /// As which user of the device he would run a shell
    #[arg(long, value_name = "USER")]
    shell_as: Option<String>,
    /// With a ticket
    #[arg(long)]
    ticket: bool,
    /// Somebody who would sign too, by name or by the first characters of his key; may be repeated
    #[arg(long = "approved-by", value_name = "WHO", allow_hyphen_values = true)]
    approved_by: Vec<String>,
    /// Sessions that he has opened there within the last hour
    #[arg(long, value_name = "N", default_value_t = 0)]
    openings: usize,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    ensure!(arguments.minutes > 0, "--minutes is at least 1.");
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    let technician = resolve(&login, Role::Technician, &arguments.technician, common)?;
    let device = resolve(&login, Role::Device, &arguments.device, common)?;
    let scopes = together(&arguments.scopes);
    let approvers = arguments
        .approved_by
        .iter()
        .map(|wanted| approver(&login, wanted, common))
        .collect::<Result<Vec<_>>>()?;
    let bounds = Bounds {
        read_under: arguments.read_under.clone(),
        write_under: arguments.write_under.clone(),
        shell_as: arguments.shell_as.clone(),
    };
    bounds
        .check_shape(&scopes)
        .map_err(|why| anyhow!("Nobody could ask for this: {why}."))?;
    let explained = explain(&Wish {
        state: login.state(),
        checkpoint: login.ledger.checkpoint(),
        now: now_ms(),
        technician: technician.keyid,
        device: device.keyid,
        scopes: &scopes,
        bounds: &bounds,
        has_ticket: arguments.ticket,
        lasts_ms: arguments.minutes.saturating_mul(60_000),
        attended: !arguments.unattended,
        approvers: &approvers,
        openings: arguments.openings,
    });
    if common.json {
        println!("{}", as_json(&technician, &device, &explained));
    } else {
        let wish = in_words(&technician, &device, &scopes, arguments);
        print!(
            "{}",
            as_text(&login, &wish, &technician, &device, &explained)
        );
    }
    match explained.allowed_by() {
        Some(_) => Ok(()),
        None => Err(refused("not_allowed", "It is not allowed as things stand.")),
    }
}

/// Approvers are technicians, or admins of the roster.
fn approver(login: &Login, wanted: &str, common: &Common) -> Result<KeyId> {
    let admins = &login.state().roster().admins;
    let admin = admins.iter().map(|admin| admin.key.id());
    let mut named =
        admin.filter(|keyid| wanted.len() >= 6 && keyid.to_string().starts_with(wanted));
    match (named.next(), named.next()) {
        (Some(keyid), None) => Ok(keyid),
        _ => resolve(login, Role::Technician, wanted, common).map(|found| found.keyid),
    }
}

fn in_words(
    technician: &Labelled<'_>,
    device: &Labelled<'_>,
    scopes: &[Scope],
    arguments: &Arguments,
) -> String {
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    let asked = if arguments.unattended {
        "nobody at the device is asked"
    } else {
        "the person at the device is asked"
    };
    format!(
        "{} on {}: {} for {} minutes; {asked}",
        shown(technician),
        shown(device),
        scopes.join(", "),
        arguments.minutes
    )
}

fn shown(key: &Labelled<'_>) -> String {
    key.name.clone().unwrap_or_else(|| key.keyid.to_string())
}

fn as_text(
    login: &Login,
    wish: &str,
    technician: &Labelled<'_>,
    device: &Labelled<'_>,
    explained: &Explanation,
) -> String {
    let mut text = format!("{wish}.\n");
    let mut line = |words: String| text.extend([words.as_str(), "\n"]);
    for obstacle in &explained.obstacles {
        line(format!("  no   {}", reason(obstacle)));
    }
    for weighed in &explained.policies {
        let verdict = if weighed.misses.is_empty() {
            "yes"
        } else {
            "no "
        };
        let approved = names(login, &weighed.approvers);
        line(format!("  {verdict}  policy {}{approved}", weighed.policy));
        if let Some(counts) = &weighed.counts {
            line(format!("         {}", counted(counts)));
        }
        for miss in &weighed.misses {
            line(format!("         {}", reason(miss)));
        }
    }
    if explained.policies.is_empty() {
        line(format!(
            "  {} is in: {}",
            shown(technician),
            groups(&technician.entry.groups)
        ));
        line(format!(
            "  {} is in: {}",
            shown(device),
            groups(&device.entry.groups)
        ));
        let all: Vec<String> = login
            .state()
            .policies()
            .map(|p| {
                format!(
                    "{} ({} on {})",
                    p.policy.name, p.policy.technicians, p.policy.devices
                )
            })
            .collect();
        line(format!(
            "  policies in force: {}",
            if all.is_empty() {
                "none".to_owned()
            } else {
                all.join(", ")
            }
        ));
    }
    match explained.allowed_by() {
        Some(policy) => line(format!(
            "Allowed, by the policy {policy}. The device itself judges again when it is asked."
        )),
        None => line("Not allowed.".to_owned()),
    }
    text
}

/// Nobody knows beforehand how much of the hour is used up: the witnesses say so when they are asked.
fn counted(counts: &Counts) -> String {
    let Counts {
        need,
        devices_per_hour,
    } = counts;
    let devices = count(*devices_per_hour as usize, "device");
    format!("witnesses count it first ({need} of them): {devices} of one person within an hour")
}

/// What is in the way, without what all of them say, and who can change it.
fn reason(refusal: &Refusal) -> String {
    let what = match refusal {
        Refusal::Uncovered(miss) => miss.to_string(),
        other => other.to_string(),
    };
    match refusal.remedy() {
        Some(remedy) => format!("{what}: {remedy}"),
        None => what,
    }
}

fn names(login: &Login, approvers: &[KeyId]) -> String {
    if approvers.is_empty() {
        return String::new();
    }
    let directory = login.directory();
    let known = labels(login.state(), Role::Technician, directory.as_ref());
    let name = |keyid: &KeyId| {
        let known = known.iter().find(|key| key.keyid == *keyid);
        known.map_or_else(|| keyid.to_string(), shown)
    };
    let approvers: Vec<String> = approvers.iter().map(name).collect();
    format!(", approved by {}", approvers.join(", "))
}

fn as_json(technician: &Labelled<'_>, device: &Labelled<'_>, explained: &Explanation) -> Value {
    let says = |refusal: &Refusal| json!({ "code": refusal.code(), "text": refusal.to_string(), "remedy": refusal.remedy() });
    let policies = explained.policies.iter().map(|weighed| {
        json!({
            "policy": weighed.policy, "approvers": weighed.approvers,
            "counts": weighed.counts.map(|c| json!({ "need": c.need, "devices_per_hour": c.devices_per_hour })),
            "misses": weighed.misses.iter().map(says).collect::<Vec<_>>(),
        })
    });
    json!({
        "technician": technician.keyid, "device": device.keyid, "allowed_by": explained.allowed_by(),
        "obstacles": explained.obstacles.iter().map(says).collect::<Vec<_>>(), "policies": policies.collect::<Vec<_>>(),
    })
}
