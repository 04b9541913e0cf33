//! A stolen service against a real device: what honest people hold, and how an attack and its twin are judged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use trust::bytes::to_b64u;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::SignIn;
use trust::receipt::{Body, Event, open_body};
use trust::statement::{Policy, Say};
use trust::warrant::Warrant;
use trust::{Scope, SigningKey};

use crate::org::{
    Org, Passkey, Person, device, policy, sign_warrant, technician, technician_with_key,
};
use crate::parley::{Attacker, FromAttacker, Ingredient, Target, ToAttacker, Want};
use crate::stage::{Agent, Desktop, PROMPT, Witness, World};
use crate::{now_ms, random};

/// One attack.
#[derive(Clone, Copy)]
pub struct Case {
    /// What the thief does.
    pub attack: &'static str,
    /// What honest people withhold, and give in the twin.
    pub withheld: Ingredient,
    /// How the device refuses.
    pub code: &'static str,
}

/// A case.
pub const fn case(attack: &'static str, withheld: Ingredient, code: &'static str) -> Case {
    Case {
        attack,
        withheld,
        code,
    }
}

/// The customer's side of an assault: his people, his witness, his devices; the service is lost.
pub struct Assault {
    /// The organisation.
    pub org: Org,
    /// Its people, by name.
    pub people: BTreeMap<String, Person>,
    /// The key of the technician who signs with a passkey.
    pub passkey: Passkey,
    /// Its witness, which is not the service's.
    pub witness: Witness,
    /// The thief.
    pub attacker: Attacker,
    /// Where the service was.
    pub url: String,
    /// Where new devices keep their files.
    pub dir: tempfile::TempDir,
    /// Who sits at the device, if somebody does: he refuses in an attack and allows in its twin.
    pub seat: Option<Desktop>,
}

/// Everything a technician may do on a device without a display.
pub const ALL: [Scope; 4] = [
    Scope::View,
    Scope::FilesRead,
    Scope::FilesWrite,
    Scope::Shell,
];

impl Assault {
    /// Lets an organisation work, then has its service stolen.
    pub async fn on(mut world: World) -> Self {
        let org = &mut world.org;
        let mut people = BTreeMap::new();
        for (name, group) in [
            ("tess", "support"),
            ("carl", "careful"),
            ("abe", "leads"),
            ("mia", "mixed"),
            ("vera", "visitors"),
            ("rita", "support"),
            ("rick", "support"),
            ("renee", "support"),
            ("ron", "support"),
            ("sam", "support"),
        ] {
            people.insert(name.to_owned(), org.technician(name, &[group]).await);
        }
        let again = Person {
            key: SigningKey::from_seed(random()),
            name: people["carl"].name.clone(),
        };
        org.say(technician(&again, &["leads"])).await;
        people.insert("carl's other key".to_owned(), again);
        let (pia, passkey) = (Person::new("pia"), Passkey::default());
        org.say(technician_with_key(&pia, &passkey.key, &["support"]))
            .await;
        people.insert("pia".to_owned(), pia);
        for policy in policies() {
            org.say(Say::Policy(policy)).await;
        }
        let stopper = org.stopper().await;
        let port = world.service.port();
        let loot = steal(&mut world, &stopper).await;
        let attacker = Attacker::start(&loot, port).await;
        let World {
            dir,
            service,
            witness,
            org,
        } = world;
        Self {
            org,
            people,
            passkey,
            witness,
            attacker,
            url: service.url,
            dir,
            seat: None,
        }
    }

    /// A new device that holds nothing of the ledger yet, and the admin's statement that admits it.
    pub async fn new_device(&mut self, name: &str) -> (Agent, String) {
        let agent = Agent::start(&self.dir.path().join(name), self.org.id, &self.url, None).await;
        let admit = device(&agent, &["office"]);
        (agent, self.org.signed(admit, &self.org.ada).to_text())
    }

    /// A device as everybody may know it.
    pub fn target(&self, agent: &Agent) -> Target {
        Target {
            org: self.org.id,
            device: agent.id(),
            noise: agent.noise,
        }
    }

    /// Runs an attack, or its twin.
    pub async fn run(
        &mut self,
        case: &Case,
        is_twin: bool,
        target: Target,
        leaked: &[String],
    ) -> (String, String) {
        let order = ToAttacker::Run {
            attack: case.attack.to_owned(),
            target,
            leaked: leaked.to_vec(),
        };
        self.attacker.say(&order).await;
        loop {
            match self.attacker.next().await {
                FromAttacker::Ready {} => {}
                FromAttacker::Wants(want) => {
                    if let (Want::Seat {}, Some(desktop)) = (&want, &self.seat) {
                        press(desktop, is_twin);
                    }
                    let is_withheld = !is_twin && want.ingredient() == case.withheld;
                    let answer = if is_withheld {
                        ToAttacker::Withheld {}
                    } else {
                        ToAttacker::Given(self.give(want))
                    };
                    self.attacker.say(&answer).await;
                }
                FromAttacker::Sequenced { leaf } => drop(self.org.state.append(leaf.as_bytes())),
                FromAttacker::Outcome { code, text } => return (code, text),
            }
        }
    }

    fn give(&self, want: Want) -> String {
        match want {
            Want::Warrant { by, warrant } => self.warrant(&by, *warrant).to_text(),
            Want::Approval { by, envelope } => {
                let envelope = Envelope::parse(envelope.as_bytes()).unwrap();
                envelope
                    .countersign(&self.people[&by].key)
                    .unwrap()
                    .to_text()
            }
            Want::Passkey {
                mut warrant,
                origin,
                flags,
            } => {
                warrant.by = self.passkey.key.id();
                warrant.name = self.people["pia"].name.clone();
                self.passkey.sign(&warrant, &origin, flags).to_text()
            }
            Want::SignIn { by, nonce } => self.sign_in(&by, nonce).to_text(),
            Want::Statement { say } => self.org.signed(*say, &self.org.ada).to_text(),
            Want::Honesty {} | Want::Seat {} => String::new(),
        }
    }

    fn warrant(&self, by: &str, mut warrant: Warrant) -> Envelope {
        let person = &self.people[by.split(" as ").next().unwrap()];
        warrant.by = person.key.id();
        warrant.name = person.name.clone();
        if by.contains(" as ") {
            warrant.name.name = "Her Boss".to_owned();
        }
        sign_warrant(&warrant, &[&person.key])
    }

    fn sign_in(&self, by: &str, nonce: trust::Nonce) -> Envelope {
        let at = now_ms();
        let request_key = SigningKey::from_seed(random()).public().clone();
        let payload = SignIn {
            server: self.url.clone(),
            org: self.org.id,
            nonce,
            request_key,
            at,
            until: at + 60_000,
        };
        Envelope::sign(PayloadType::SignIn, &payload, &[&self.people[by].key]).unwrap()
    }

    /// Runs an attack and its twin; gives what is wrong.
    pub async fn try_both(&mut self, case: &Case, agent: &Agent, leaked: &[String]) -> Vec<String> {
        let mut wrong = self.try_attack(case, agent, leaked).await;
        wrong.extend(self.try_twin(case, agent, leaked).await);
        wrong
    }

    /// An attack ends in its refusal, with a receipt where the warrant could be read, and opens nothing.
    pub async fn try_attack(
        &mut self,
        case: &Case,
        agent: &Agent,
        leaked: &[String],
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let before = agent.count(Event::Open);
        let (code, text) = self.run(case, false, self.target(agent), leaked).await;
        if code != case.code {
            wrong.push(format!(
                "{}: {code} ({text}) instead of {}",
                case.attack, case.code
            ));
        }
        // A handshake that fails leaves no channel to say anything on.
        if code != "lost" && !text.contains(' ') {
            wrong.push(format!("{}: {text:?} is no sentence", case.attack));
        }
        // A replay needs a first use.
        let expected = before + usize::from(case.attack == "replay");
        if agent.count(Event::Open) != expected {
            wrong.push(format!("{}: a session was opened", case.attack));
        }
        if !NO_RECEIPT.contains(&case.code)
            && !self.denials(agent).iter().any(|denied| denied == case.code)
        {
            wrong.push(format!("{}: no receipt says {}", case.attack, case.code));
        }
        wrong
    }

    /// An attack that may open as long as an old cosignature lasts, and then ends in its refusal.
    pub async fn try_withheld(&mut self, case: &Case, agent: &Agent) -> Vec<String> {
        let (code, text) = self.run(case, false, self.target(agent), &[]).await;
        let is_receipted = self.denials(agent).iter().any(|denied| denied == case.code);
        if code == case.code && is_receipted {
            return Vec::new();
        }
        vec![format!(
            "{}: {code} ({text}) instead of {}, receipted: {is_receipted}",
            case.attack, case.code
        )]
    }

    /// The same program with what was withheld opens the session.
    pub async fn try_twin(&mut self, case: &Case, agent: &Agent, leaked: &[String]) -> Vec<String> {
        let before = agent.count(Event::Open);
        let (code, text) = self.run(case, true, self.target(agent), leaked).await;
        if code == "opened" && agent.count(Event::Open) > before {
            return Vec::new();
        }
        vec![format!(
            "the twin of {}: {code} ({text}) instead of an open session",
            case.attack
        )]
    }

    /// The codes of all denials on the device's disk, as the audit key reads them.
    pub fn denials(&self, agent: &Agent) -> Vec<String> {
        let denials = agent
            .receipts()
            .into_iter()
            .filter(|receipt| receipt.ev == Event::Deny);
        let bodies = denials.map(|receipt| open_body(&self.org.audit, &receipt).unwrap());
        bodies
            .filter_map(|body: Body| body.outcome)
            .map(|outcome| outcome.code)
            .collect()
    }
}

/// Refusals before a warrant could be read.
const NO_RECEIPT: [&str; 4] = ["early", "handshake", "lost", "declined"];

/// The prompt is there, whoever tried to answer it: only the seat does.
fn press(desktop: &Desktop, allow: bool) {
    let prompt = desktop.window(PROMPT);
    let place = if allow {
        Desktop::allow(prompt)
    } else {
        Desktop::refuse(prompt)
    };
    desktop.press_until_gone(PROMPT, place);
}

/// Policies that differ in one thing each.
fn policies() -> Vec<Policy> {
    let careful = Policy {
        approvals: 1,
        approvers: Some("leads".to_owned()),
        ..policy("careful", "careful", "office", &ALL)
    };
    let short = Policy {
        unattended: false,
        ..policy("shell", "mixed", "office", &[Scope::View, Scope::Shell])
    };
    vec![
        policy("support", "support", "office", &ALL),
        careful,
        policy("look", "mixed", "office", &[Scope::View]),
        short,
    ]
}

/// Ends the service and copies everything it held.
async fn steal(world: &mut World, stopper: &SigningKey) -> PathBuf {
    std::fs::write(
        world.service.dir.join("stopper.key"),
        to_b64u(stopper.seed()),
    )
    .unwrap();
    world.service.process.kill().await;
    let loot = world.dir.path().join("loot");
    copy(&world.service.dir, &loot);
    loot
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
