//! Many devices at once, from a list that was made at the machines.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use trust::limits::{ENVELOPE_BYTES_MAX, INTEGER_MAX, SIGNATURES_MAX, SUBJECTS_MAX};
use trust::proof::Enrol;
use trust::statement::{Admit, Role, Say, Statement, Subject};
use trust::text::show_foreign;

use super::super::publish::{Published, as_json, compose, tell};
use super::list::{List, Listed, Matched};
use super::{Terms, device, give};
use crate::ambient::now_ms;
use crate::args::Common;
use crate::failure::refused;
use crate::login::Login;
use crate::say::{count, red};

/// Room in an envelope for each further signature; a passkey's is the largest.
const SIGNATURE_BYTES: usize = 1024;

/// Which list.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What "wayleave-agent fingerprint --list" printed at the machines, one machine a line
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

pub(super) async fn run(login: &mut Login, arguments: Arguments, common: &Common) -> Result<()> {
    let list = read(&arguments.list)?;
    let waiting = device::waiting(login).await?;
    let matched = list.matched(&waiting);
    let (admitted, missing): (Vec<_>, Vec<_>) = matched
        .only_listed
        .iter()
        .partition(|listed| is_admitted(login, listed));
    if !common.json {
        show(&list, &matched, &admitted, &missing);
    }
    check_channels(&matched)?;
    ensure!(
        !matched.both.is_empty(),
        "No device was admitted: none of the list waits. Are the agents there running?"
    );
    let subjects = matched
        .both
        .iter()
        .map(|(listed, enrol)| device::named(login, enrol, &listed.name))
        .collect::<Result<Vec<_>>>()?;
    let parts = parts(
        subjects,
        SIGNATURES_MAX.min(login.state().roster().admins.len()),
        |part| {
            let (subjects, groups) = (part.to_vec(), arguments.terms.group.clone());
            compose(
                login,
                Say::Admit(Admit {
                    role: Role::Device,
                    subjects,
                    groups,
                    until: INTEGER_MAX,
                }),
            )
        },
    )?;
    ensure!(
        parts.len() == 1 || arguments.terms.propose.is_none(),
        "These {} devices take {} statements, and --propose writes one: cut the list in so many.",
        matched.both.len(),
        parts.len()
    );
    let mut published = Vec::new();
    for part in parts {
        published.push(give(login, Role::Device, part, &arguments.terms, 3650, common).await?);
    }
    if common.json {
        println!("{}", report(&published, &matched, &admitted, &missing));
    } else {
        published.iter().for_each(|p| tell(p, common));
    }
    Ok(())
}

fn report(
    published: &[Published],
    matched: &Matched,
    admitted: &[&&Listed],
    missing: &[&&Listed],
) -> Value {
    let listed = |all: &[&&Listed]| -> Vec<Value> {
        all.iter()
            .map(|l| json!({ "keyid": l.key, "name": l.name }))
            .collect()
    };
    let both = matched
        .both
        .iter()
        .map(|(listed, _)| listed)
        .collect::<Vec<_>>();
    let stranger = |e: &&Enrol| json!({ "keyid": e.key.id(), "hostname": e.hostname });
    json!({
        "statements": published.iter().map(as_json).collect::<Vec<_>>(),
        "admitted": listed(&both), "admitted_before": listed(admitted), "not_waiting": listed(missing),
        "not_listed": matched.only_waiting.iter().map(stranger).collect::<Vec<_>>(),
    })
}

fn read(file: &std::path::Path) -> Result<List> {
    let name = file.display();
    let bytes = crate::disk::read(file)?.with_context(|| format!("{name} is missing."))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text."))?;
    List::parse(&text).map_err(|why| anyhow::anyhow!("The list {name} is refused: {why}."))
}

/// Whether the ledger has exactly this machine already.
fn is_admitted(login: &Login, listed: &Listed) -> bool {
    let entry = login.state().in_force(&listed.key, Role::Device, now_ms());
    entry.is_ok_and(|e| e.subject.noise == Some(listed.noise))
}

/// Whoever waits with a listed device key and another channel key is no machine of the list, or one that was copied.
fn check_channels(matched: &Matched) -> Result<()> {
    match matched.other_channel.first() {
        None => Ok(()),
        Some((listed, enrol)) => Err(refused(
            "other_channel_key",
            format!(
                "{} waits with another channel key than the list says: nothing was admitted.\n  the list: {}\n  it shows: {}",
                listed.name, listed.noise, enrol.noise
            ),
        )),
    }
}

fn show(list: &List, matched: &Matched, admitted: &[&&Listed], missing: &[&&Listed]) {
    eprintln!(
        "The list names {}; {} of them wait with the keys it says.",
        count(list.len(), "device"),
        matched.both.len()
    );
    for listed in admitted {
        eprintln!("admitted before   {} {}", listed.key, listed.name);
    }
    for listed in missing {
        eprintln!("does not wait     {} {}", listed.key, listed.name);
    }
    for enrol in &matched.only_waiting {
        let host = show_foreign(&enrol.hostname, 60);
        let line = format!("not in the list   {} calls itself {host:?}", enrol.key.id());
        eprintln!("{}", red(&line));
    }
}

/// As few statements as hold them all: one lists 500 at most, and names and signatures have to fit its envelope.
fn parts(
    mut subjects: Vec<Subject>,
    signatures: usize,
    statement: impl Fn(&[Subject]) -> Statement,
) -> Result<Vec<Vec<Subject>>> {
    let room = ENVELOPE_BYTES_MAX - (signatures + 1) * SIGNATURE_BYTES;
    let mut parts = Vec::new();
    while !subjects.is_empty() {
        let mut size = subjects.len().min(SUBJECTS_MAX);
        while size > 1 {
            let payload = serde_json::to_vec(&statement(&subjects[..size]))?;
            if payload.len().div_ceil(3) * 4 <= room {
                break;
            }
            size -= size.div_ceil(16);
        }
        parts.push(subjects.drain(..size).collect());
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use trust::bytes::{Hash, StatementId};
    use trust::envelope::{Envelope, PayloadType};
    use trust::seal::{OpeningKey, seal_label};
    use trust::statement::Seen;
    use trust::{OrgId, SigningKey, X25519Public};

    use super::*;

    #[test]
    fn a_long_list_becomes_statements_that_fit_and_loses_nobody() {
        let org = OrgId([1; 32]);
        let directory = OpeningKey::from_secret([7; 32]).unwrap().public();
        let subject = |n: usize| Subject {
            key: SigningKey::from_seed([(n % 251) as u8; 32])
                .public()
                .clone(),
            noise: Some(X25519Public([n as u8; 32])),
            person: None,
            name: None,
            label: Some(seal_label(&org, &directory, &format!("desk-{n}"), [n as u8; 32]).unwrap()),
            directory: None,
        };
        let subjects: Vec<Subject> = (0..501).map(subject).collect();
        let statement = |part: &[Subject]| Statement {
            org,
            id: StatementId([2; 16]),
            at: 1,
            seen: Seen {
                size: 1,
                root: Hash([3; 32]),
            },
            say: Say::Admit(Admit {
                role: Role::Device,
                subjects: part.to_vec(),
                groups: vec!["desks".to_owned()],
                until: INTEGER_MAX,
            }),
        };
        let parts = parts(subjects.clone(), 2, statement).unwrap();
        assert_eq!(parts.concat(), subjects);
        let keys = [1, 2].map(|n| SigningKey::from_seed([n; 32]));
        for part in &parts {
            let by = [&keys[0], &keys[1]];
            Envelope::sign(PayloadType::Statement, &statement(part), &by).unwrap();
        }
        assert!(parts.len() <= 4, "{} statements", parts.len());
    }
}
