//! The command lines of our own programs: the one place where the demo names them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::secret;
use super::state::State;
use crate::{layout, steps};

/// The group of the demo's technicians.
const TECHNICIANS: &str = "technicians";
/// The group of the demo's device.
const DEVICES: &str = "demo";
/// How the demo's technician is called.
const TECHNICIAN_NAME: &str = "Dana Demo";
/// Everything that a policy can allow.
const SCOPES: &str = "view,control,clipboard_read,clipboard_write,files_read,files_write,shell";

/// Builds the programs.
///
/// # Errors
/// When they don't compile.
pub fn build() -> Result<()> {
    steps::must(
        "build",
        layout::cargo().args(["build", "--workspace", "--bins"]),
    )
}

fn program(state: &State, name: &str) -> PathBuf {
    state.programs.join(name)
}

/// The service, with its configuration written anew.
///
/// # Errors
/// When the configuration can't be written.
pub fn server(state: &State) -> Result<Command> {
    let config = state.path("server.toml");
    let text = format!(
        "name = \"Wayleave demo\"\nlisten = \"127.0.0.1:{}\"\npublic_url = \"{}\"\ndata_dir = \"{}\"\n\
         insecure_loopback = true\nwitnesses_on_private_addresses = true\n",
        state.port,
        state.server_url(),
        state.path("server").display(),
    );
    std::fs::write(&config, text).with_context(|| format!("writing {}", config.display()))?;
    let mut command = Command::new(program(state, "wayleave-server"));
    command.args(["run", "--config"]).arg(config);
    Ok(command)
}

/// Makes the witness's key and returns what an organisation is told about it.
///
/// # Errors
/// When the command fails.
fn make_witness(state: &State) -> Result<String> {
    let mut command = Command::new(program(state, "wayleave"));
    command
        .args([
            "witness",
            "init",
            "--name",
            "demo",
            "--url",
            &state.witness_url(),
            "--dir",
        ])
        .arg(state.path("witness"));
    hear(&mut command, "")
}

/// The witness of the organisation `org`.
pub fn witness(state: &State, org: &str) -> Command {
    let mut command = Command::new(program(state, "wayleave"));
    command.args([
        "witness",
        "--org",
        org,
        "--listen",
        &format!("127.0.0.1:{}", state.witness_port),
        "--dir",
    ]);
    command.arg(state.path("witness"));
    command
}

/// Opens the organisation with its witness and returns its id. What an interrupted attempt left is cleared before.
///
/// # Errors
/// When a command fails.
pub fn create_organisation(state: &State) -> Result<String> {
    for left in ["witness", "admin"] {
        let folder = state.path(left);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("clearing {}", folder.display()))?;
        }
    }
    let recovery = state.path("admin/recovery-keys.json");
    let witness = make_witness(state)?;
    let origin = format!("{}=customer", state.server_url());
    let mut command = admin(state);
    command.args(["org", "create", "--server", &state.server_url()]);
    command.args([
        "--name",
        "Demo Ltd",
        "--domain",
        "demo.localhost",
        "--person",
        "ada",
        "--your-name",
        "Ada Demo",
    ]);
    command.args([
        "--witness",
        &witness,
        "--quorum",
        "1",
        "--console-origin",
        &origin,
    ]);
    command.arg("--recovery-file").arg(recovery);
    text_of(&answer(&mut command)?, "org")
}

/// Lets the demo's technicians do everything on the demo's device, whether its user is asked or not.
///
/// # Errors
/// When the command fails.
pub fn set_policy(state: &State) -> Result<()> {
    let mut command = admin(state);
    command.args([
        "org",
        "policy",
        "set",
        "demo",
        "--technicians",
        TECHNICIANS,
        "--devices",
        DEVICES,
    ]);
    command.args(["--scope", SCOPES, "--max-minutes", "240", "--unattended"]);
    answer(&mut command).map(drop)
}

/// The agent, to be run on the desktop that `on_desktop` starts programs on.
pub fn agent(
    state: &State,
    org: &str,
    on_desktop: impl FnOnce(&Path) -> Command,
    display: &str,
) -> Command {
    let mut command = on_desktop(&program(state, "wayleave-agent"));
    command.args([
        "run",
        "--org",
        org,
        "--server",
        &state.server_url(),
        "--display",
        display,
        "--dir",
    ]);
    command.arg(state.path("agent"));
    command
}

/// The agent's fingerprint as the machine itself shows it. Makes the device's keys when there are none.
///
/// # Errors
/// When the command fails, or an agent runs already.
pub fn fingerprint(state: &State) -> Result<String> {
    let mut command = Command::new(program(state, "wayleave-agent"));
    command
        .args(["fingerprint", "--dir"])
        .arg(state.path("agent"));
    hear(&mut command, "")
}

/// The waiting device whose key id and words both stand in the fingerprint: the comparison that an admin makes.
///
/// # Errors
/// When the command fails.
pub fn waiting_device(state: &State, fingerprint: &str) -> Result<Option<(String, String)>> {
    let devices = answer(admin(state).args(["device", "list"]))?;
    let waiting = devices["waiting"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(matching(waiting, fingerprint))
}

fn matching(waiting: &[Value], fingerprint: &str) -> Option<(String, String)> {
    waiting.iter().find_map(|device| {
        let (key, words) = (device["keyid"].as_str()?, device["words"].as_str()?);
        let is_ours = fingerprint.contains(key) && fingerprint.contains(words);
        is_ours.then(|| (key.to_owned(), words.to_owned()))
    })
}

/// Admits the device whose words were compared.
///
/// # Errors
/// When the command fails.
pub fn admit_device(state: &State, key: &str, words: &str) -> Result<()> {
    let mut command = admin(state);
    command.args([
        "org",
        "admit",
        "device",
        key,
        "--words",
        words,
        "--name",
        "Front desk",
        "--group",
        DEVICES,
    ]);
    answer(&mut command).map(drop)
}

/// Whether the service sees an admitted device online.
///
/// # Errors
/// When the command fails.
pub fn device_is_online(state: &State) -> Result<bool> {
    let devices = answer(admin(state).args(["device", "list"]))?;
    Ok(devices["devices"].as_array().is_some_and(|devices| {
        devices
            .iter()
            .any(|device| device["online"] == true && device["in_force"] == true)
    }))
}

/// A technician of one run: his key and where it is admitted.
pub struct Technician {
    /// The link whose fragment carries the seed. The service never sees it.
    pub link: String,
    /// The key's id, to be revoked when the next run makes another.
    pub keyid: String,
}

/// Admits a fresh technician for a day, and makes the link from which the console derives his key.
///
/// # Errors
/// When Node or the command fails.
pub fn admit_technician(state: &State, org: &str) -> Result<Technician> {
    let seed = secret::base64url(&secret::random::<32>()?);
    let derived = derive(state, org, &seed)?;
    let file = state.path("technician-answer.json");
    std::fs::write(&file, text_of(&derived, "answer")?)
        .with_context(|| format!("writing {}", file.display()))?;
    let mut command = admin(state);
    command.args([
        "org",
        "admit",
        "technician",
        "--person",
        "dana",
        "--name",
        TECHNICIAN_NAME,
    ]);
    command.args([
        "--name-salt",
        &text_of(&derived, "salt")?,
        "--words",
        &text_of(&derived, "words")?,
    ]);
    command
        .args(["--group", TECHNICIANS, "--days", "1", "--answer"])
        .arg(&file);
    answer(&mut command)?;
    let name = TECHNICIAN_NAME.replace(' ', "%20");
    let link = format!("{}/#seed={seed}&org={org}&name={name}", state.server_url());
    Ok(Technician {
        link,
        keyid: text_of(&derived, "keyid")?,
    })
}

/// Takes the technician of an earlier run out of force.
///
/// # Errors
/// When the command fails.
pub fn revoke_technician(state: &State, keyid: &str) -> Result<()> {
    let mut command = admin(state);
    command.args([
        "org",
        "revoke",
        "key",
        keyid,
        "--reason",
        "The demo was started again",
        "--wait",
        "0",
    ]);
    answer(&mut command).map(drop)
}

fn derive(state: &State, org: &str, seed: &str) -> Result<Value> {
    let wish = json!({
        "seed": seed,
        "org": org,
        "origin": state.server_url(),
        "name": TECHNICIAN_NAME,
        "words": layout::root().join("vectors/words.txt"),
    });
    let mut command = Command::new("node");
    command.arg(layout::root().join("xtask/src/demo/technician.mjs"));
    let text = hear(&mut command, &wish.to_string())?;
    serde_json::from_str(&text).context("what technician.mjs answered")
}

/// The admin's command line.
fn admin(state: &State) -> Command {
    let mut command = Command::new(program(state, "wayleave"));
    command
        .args(["--json", "--yes", "--dir"])
        .arg(state.path("admin"));
    command
        .arg("--passphrase-file")
        .arg(state.passphrase_file());
    command
}

/// Runs a command that answers in JSON.
fn answer(command: &mut Command) -> Result<Value> {
    let text = hear(command, "")?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("{}: no JSON: {text}", what(command)))
}

fn text_of(value: &Value, name: &str) -> Result<String> {
    value[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no {name} in: {value}"))
}

/// Runs a command to its end and returns what it printed.
fn hear(command: &mut Command, input: &str) -> Result<String> {
    let name = what(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("{name} could not be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn what(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    [name]
        .into_iter()
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_device_with_the_words_of_this_machine_is_taken() {
        let waiting = [
            json!({"keyid": "stranger", "words": "zoo zoo zoo zoo zoo zoo"}),
            json!({"keyid": "ours", "words": "abandon ability able about above absent"}),
        ];
        let shown = "Key ours\nWords abandon ability able about above absent";
        assert_eq!(matching(&waiting, shown).unwrap().0, "ours");
        assert_eq!(matching(&waiting, "Key ours\nWords other words"), None);
    }

    #[test]
    fn a_failing_program_speaks_for_itself() {
        let error = hear(
            Command::new("sh").args(["-c", "echo the disk is full >&2; exit 1"]),
            "",
        )
        .unwrap_err();
        assert!(error.to_string().contains("the disk is full"));
        assert_eq!(
            hear(&mut Command::new("cat"), "an answer\n").unwrap(),
            "an answer"
        );
    }
}
