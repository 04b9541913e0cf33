//! A machine that joins by a code, between a service and a technician of a few lines.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use api::ids::SessionId;
use api::signal::agent::{FromAgent, ToAgent};
use support::Org;
use support::service::{Service, Socket, Technician};
use support::xvfb::Xvfb;
use tokio::task::JoinHandle;
use trust::nameplate::Nameplate;
use trust::statement::{Policy, Say};
use wayleave_agent::clock::os_random;
use wayleave_agent::join::{AttemptLog, DomainProof, Domains, Plan};
use wayleave_agent::keeper::{HelperProgram, KeeperConfig};
use wayleave_agent::socket;
use wayleave_agent::trust_store::{DeviceKeys, Disk, Memory, TrustStore};
use wire::attempts::Attempts;
use wire::join_code::{JoinCode, Secret};
use wire::{ViewerEvent, public_of};

struct Stage {
    org: Org,
    code: JoinCode,
    attempts: Memory,
    session: SessionId,
    service: Service,
    link: Socket,
    keeper: JoinHandle<Result<(), String>>,
    _display: Xvfb,
}

fn code(nameplate: u32) -> JoinCode {
    JoinCode {
        nameplate: Nameplate::new(nameplate).unwrap(),
        secret: Secret::from_random(&os_random()),
    }
}

/// The code is typed, the ledger is there, and the machine is on its way to the relay.
async fn stage(domain: DomainProof) -> Stage {
    let mut org = Org::new();
    org.append(Say::Policy(Policy {
        name: "guests".into(),
        technicians: "support".into(),
        devices: "joined".into(),
        approvers: None,
        scopes: support::ALL.to_vec(),
        max_seconds: 3600,
        unattended: true,
        approvals: 0,
        hours: None,
        openings_per_hour: None,
        devices_per_hour: None,
        read_under: Vec::new(),
        write_under: Vec::new(),
        shell_as: Vec::new(),
        ticket_required: false,
        attended_when_stale: false,
    }));
    let display = Xvfb::start();
    let service = Service::start().await;
    let (code, attempts, session) = (code(7), Memory::new(), SessionId::from_random(os_random()));
    let log = AttemptLog::open(Disk::Memory(attempts.clone())).unwrap();
    log.begin(code.nameplate).unwrap();
    let disk = Disk::Memory(Memory::new());
    let store = TrustStore::open_with(disk, org.id, DeviceKeys::fresh().unwrap()).unwrap();
    let config = KeeperConfig {
        service: socket::Service::new(&service.url, None).unwrap(),
        hostname: "guest".into(),
        helper: HelperProgram {
            program: PathBuf::from(env!("CARGO_BIN_EXE_wayleave-agent")),
            state_dir: PathBuf::from("/nonexistent"),
            files_root: std::env::temp_dir(),
            display: Some(display.display.clone()),
        },
        join: Some(Plan {
            code: code.clone(),
            session,
            attempts: log,
            domains: Domains::Told(domain),
        }),
    };
    let keeper = tokio::spawn(wayleave_agent::eventloop::run(
        config,
        store,
        std::future::pending(),
    ));
    let mut link = service.accept().await;
    link.give_ledger(&org).await;
    Stage {
        org,
        code,
        attempts,
        session,
        service,
        link,
        keeper,
        _display: display,
    }
}

impl Stage {
    async fn relay(&self) -> Socket {
        let relay = self.service.accept().await;
        assert_eq!(relay.path, format!("/v1/relay/{}", self.session));
        relay
    }

    async fn join(&self, private: &[u8; 32]) -> (Technician, trust::KeyId) {
        let relay = self.relay().await;
        let joined = Technician::join(relay, &self.org, &self.code, private).await;
        joined.unwrap()
    }

    fn warrant(&self, device: trust::KeyId, private: &[u8; 32], attended: bool) -> String {
        let noise = public_of(private).unwrap();
        let mut warrant =
            self.org
                .warrant(self.org.technician.public(), noise, support::ALL, attended);
        warrant.device = device;
        self.org.sign_warrant(&warrant)
    }

    fn failures(&self) -> bool {
        let disk = Disk::Memory(self.attempts.clone());
        let bytes = disk.read("attempts").unwrap().unwrap();
        Attempts::parse(&bytes).unwrap() != Attempts::default()
    }
}

/// Whether the person is asked about the warrant, or the code of the refusal.
async fn asked(technician: &mut Technician, warrant: String) -> Result<(), String> {
    let mut warrant = Some(warrant);
    loop {
        match technician.event().await {
            Some(ViewerEvent::Head(_)) => {
                let warrant = warrant.take().unwrap();
                let now = wayleave_agent::clock::wall_ms();
                technician
                    .viewer
                    .open(warrant, Vec::new(), None, now)
                    .unwrap();
            }
            Some(ViewerEvent::Asking { .. }) => return Ok(()),
            Some(ViewerEvent::Over(wire::End::Refused { code, .. })) => return Err(code),
            Some(ViewerEvent::Over(end)) => return Err(format!("{end:?}")),
            Some(_) => {}
            None => return Err("gone".to_owned()),
        }
    }
}

#[tokio::test]
async fn a_domain_that_denies_the_organisation_opens_nothing_and_another_is_asked_about() {
    for (proof, expected) in [
        (DomainProof::Denied, Err("domain_denied".to_owned())),
        (DomainProof::Silent, Ok(())),
        (DomainProof::Proven, Ok(())),
    ] {
        let stage = stage(proof).await;
        let private = os_random();
        let (mut technician, device) = stage.join(&private).await;
        let warrant = stage.warrant(device, &private, true);
        assert_eq!(asked(&mut technician, warrant).await, expected, "{proof:?}");
    }
}

#[tokio::test]
async fn a_roster_that_names_another_domain_than_the_one_that_was_asked_opens_nothing() {
    let mut stage = stage(DomainProof::Proven).await;
    let private = os_random();
    let (mut technician, device) = stage.join(&private).await;
    while !matches!(technician.event().await, Some(ViewerEvent::Secured { .. })) {}
    let mut roster = stage.org.state.roster().clone();
    (roster.version, roster.domain) = (roster.version + 1, "bank.example".into());
    let from = stage.org.leaves.len();
    stage.org.append(Say::Roster(Box::new(roster)));
    let page = ToAgent::Ledger {
        from: from as u64,
        leaves: stage.org.leaves[from..].to_vec(),
        checkpoint: stage.org.note(),
        more: false,
    };
    stage.link.say(&page).await;
    stage.link.round_trip().await;
    let warrant = stage.warrant(device, &private, true);
    assert_eq!(
        asked(&mut technician, warrant).await,
        Err("domain_changed".to_owned())
    );
}

#[tokio::test]
async fn no_warrant_opens_a_joined_machine_without_asking() {
    let stage = stage(DomainProof::Proven).await;
    let private = os_random();
    let (mut technician, device) = stage.join(&private).await;
    let warrant = stage.warrant(device, &private, false);
    assert_eq!(
        asked(&mut technician, warrant).await,
        Err("joined_unattended".to_owned())
    );
}

#[tokio::test]
async fn a_failed_code_is_on_disk_and_a_confirmed_one_is_taken_back() {
    let wrong = stage(DomainProof::Proven).await;
    assert!(wrong.failures());
    let relay = wrong.relay().await;
    let met = Technician::join(relay, &wrong.org, &code(7), &os_random()).await;
    assert!(met.is_none());
    let ended = wrong.keeper.await.unwrap();
    assert!(ended.unwrap_err().starts_with("not joined"));
    let disk = Disk::Memory(wrong.attempts.clone());
    let log = AttemptLog::open(disk).unwrap();
    assert!(log.begin(wrong.code.nameplate).is_err());

    let right = stage(DomainProof::Proven).await;
    let (mut technician, _) = right.join(&os_random()).await;
    while !matches!(technician.event().await, Some(ViewerEvent::Head(_))) {}
    assert!(!right.failures());
    drop(technician);
    assert_eq!(right.keeper.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_machine_that_joins_answers_no_call_of_the_service() {
    let mut stage = stage(DomainProof::Proven).await;
    let session = stage.link.call().await;
    let declined = |message| match message {
        FromAgent::Decline { session, .. } => Some(session),
        FromAgent::Enrol(_) => panic!("it asks to be admitted"),
        _ => None,
    };
    assert_eq!(stage.link.hear_until(declined).await, session);
}
