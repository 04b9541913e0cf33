//! `ledger-checkpoints.json`: notes and cosignatures.

use serde_json::{Value, json};
use trust::checkpoint::{CheckpointError, cosign};
use trust::statement::{Say, Statement};
use trust::*;

use crate::settle;
use crate::support::*;

fn case(world: &World, name: &str, text: &str, expected: &str) -> Value {
    let verified =
        Note::parse(&world.org, text).and_then(|n| n.verify(&world.org, world.state.roster()));
    let outcome = match &verified {
        Ok(_) => "ok",
        Err(CheckpointError::Malformed(_)) => "malformed",
        Err(CheckpointError::OtherOrganisation) => "other_organisation",
        Err(CheckpointError::NotSigned) => "not_signed",
    };
    assert_eq!(outcome, expected, "{name}");
    let witnessed = verified.map_or_else(
        |_| json!(null),
        |c| json!({"head": c.head, "witnessed": c.witnessed}),
    );
    json!({"name": name, "note": text, "outcome": outcome, "checkpoint": witnessed})
}

fn with(world: &World, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|l| format!("{l}\n")).collect();
    format!("{}{lines}", world.note())
}

fn line(world: &World, name: &str, signer: &str, seconds: u64) -> String {
    cosign(&world.note(), name, &key(signer), seconds)
}

fn cosigned(world: &World) -> Vec<Value> {
    let seconds = NOW / 1000;
    let by = |name: &str, signer: &str| line(world, name, signer, seconds);
    let mut longer = world.state.head();
    longer.size = 12;
    let longer = Note::sign(&world.org, longer, &key("log"));
    let borrowed = cosign(&longer, "watch", &key("watch"), seconds);
    let later = line(world, "far", "far", seconds + 5);
    let lines = [
        ("the log alone", vec![]),
        ("a witness", vec![by("watch", "watch")]),
        (
            "two witnesses and a stranger",
            vec![by("x", "x"), by("watch", "watch"), later],
        ),
        ("a witness by another key", vec![by("watch", "far")]),
        ("a witness under another name", vec![by("far", "watch")]),
        ("a cosignature of another head", vec![borrowed]),
        (
            "a bad cosignature before a good one",
            vec![by("watch", "far"), by("watch", "watch")],
        ),
    ];
    let full = vec![by("watch", "watch"); 31];
    let largest = filled_to(world, 16 * 1024);
    lines
        .into_iter()
        .chain([("32 signatures", full), ("exactly 16 KiB", largest)])
        .map(|(name, lines)| case(world, name, &with(world, &lines), "ok"))
        .collect()
}

/// Lines of strangers that make the note this long, in bytes.
fn filled_to(world: &World, bytes: usize) -> Vec<String> {
    let left = bytes - world.note().to_string().len() - "— n \n".len();
    let blob = "A".repeat(left / 4 * 4);
    let lines = vec![format!("— n{} {blob}", "n".repeat(left % 4))];
    assert_eq!(with(world, &lines).len(), bytes);
    lines
}

fn foreign(world: &World) -> Vec<Value> {
    let plain = world.note().to_string();
    let stolen = Note::sign(&world.org, world.state.head(), &key("stranger")).to_string();
    let other = World::with(|r| r.name = "Nord".to_owned());
    let changed = plain.replacen("\n1\n", "\n2\n", 1);
    let largest = plain.replacen("\n1\n", "\n9007199254740991\n", 1);
    let unsigned = format!("{}\n", world.note().body());
    let returns = plain.replacen("\n1\n", "\r\n1\n", 1);
    let elsewhere = "other_organisation";
    vec![
        case(world, "another log key", &stolen, "not_signed"),
        case(world, "no signature", &unsigned, "not_signed"),
        case(world, "a body changed", &changed, "not_signed"),
        case(world, "the largest size", &largest, "not_signed"),
        case(
            world,
            "another organisation",
            &other.note().to_string(),
            elsewhere,
        ),
        case(world, "carriage returns in the body", &returns, elsewhere),
    ]
}

fn malformed(world: &World) -> Vec<Value> {
    let plain = world.note().to_string();
    let size = |text: &str| plain.replacen("\n1\n", &format!("\n{text}\n"), 1);
    let more = |line: &str| with(world, &[line.to_owned()]);
    let by_watch = line(world, "watch", "watch", 1);
    let texts = [
        ("a size with a zero before it", size("01")),
        ("a size with a sign", size("+1")),
        ("a size beyond 2^53", size("9007199254740992")),
        ("a line more", plain.replacen("\n\n", "\nextra\n\n", 1)),
        ("carriage returns", plain.replace('\n', "\r\n")),
        ("a cut line", plain.trim_end().to_owned()),
        ("a hyphen for the dash", plain.replace('—', "-")),
        ("a plus in a name", more("— a+b AAAAAAAA")),
        ("no name", more("—  AAAAAAAA")),
        ("four bytes of signature", more("— a AAAAAA==")),
        ("base64url in a line", more("— a AAAA-_AA")),
        ("an empty line between", format!("{plain}\n")),
        ("33 signatures", with(world, &vec![by_watch; 32])),
        (
            "more than 16 KiB",
            more(&format!("— a {}", "A".repeat(16_384))),
        ),
        ("nothing", String::new()),
    ];
    texts
        .iter()
        .map(|(name, text)| case(world, name, text, "malformed"))
        .collect()
}

#[test]
fn ledger_checkpoints_json() {
    let world = World::with(|r| r.witnesses.push(witness("far")));
    let genesis: Statement = Envelope::parse(&world.leaves[0])
        .unwrap()
        .read(PayloadType::Statement)
        .unwrap();
    assert!(matches!(genesis.say, Say::Roster(_)));
    let cases = [cosigned(&world), foreign(&world), malformed(&world)].concat();
    let built = json!({
        "org": world.org,
        "genesis": String::from_utf8(world.leaves[0].clone()).unwrap(),
        "cases": cases,
    });
    settle("ledger-checkpoints.json", &built);
}
