//! A keeper between a service and a technician of a few lines, on a disk that can fill up and lose power.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use api::ids::SessionId;
use api::signal::agent::{FromAgent, ToAgent};
use support::Org;
use support::service::{Service, Socket, Technician};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trust::envelope::Envelope;
use trust::receipt::{Beat, Reach};
use trust::statement::Target;
use wayleave_agent::clock::os_random;
use wayleave_agent::keeper::{HelperProgram, KeeperConfig};
use wayleave_agent::socket;
use wayleave_agent::trust_store::{DeviceKeys, Disk, Memory, Survives, TrustStore};
use wire::{ViewerEvent, public_of};

struct Stage {
    org: Org,
    memory: Memory,
    keys: DeviceKeys,
    service: Service,
    link: Socket,
    keeper: JoinHandle<Result<(), String>>,
    _stop: oneshot::Sender<()>,
}

/// An admitted device without a display whose policy allows unattended sessions.
async fn stage() -> Stage {
    let mut org = Org::new();
    let memory = Memory::new();
    let keys = DeviceKeys::load_or_make(&Disk::Memory(memory.clone())).unwrap();
    org.admit_device(keys.signing.public(), keys.noise_public);
    org.policy(true);
    let service = Service::start().await;
    let (keeper, stop) = start(&service, &memory, &org);
    let mut link = service.accept().await;
    link.give_ledger(&org).await;
    link.round_trip().await;
    Stage {
        org,
        memory,
        keys,
        service,
        link,
        keeper,
        _stop: stop,
    }
}

fn start(
    service: &Service,
    memory: &Memory,
    org: &Org,
) -> (JoinHandle<Result<(), String>>, oneshot::Sender<()>) {
    let store = TrustStore::open(Disk::Memory(memory.clone()), org.id).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let config = KeeperConfig {
        service: socket::Service::new(&service.url, None).unwrap(),
        hostname: "desk".into(),
        helper: HelperProgram {
            program: PathBuf::from(env!("CARGO_BIN_EXE_wayleave-agent")),
            state_dir: PathBuf::from("/nonexistent"),
            files_root: std::env::temp_dir(),
            display: Some(":4095".into()),
        },
        join: None,
    };
    let stopped = async move {
        let _ = stopped.await;
    };
    (
        tokio::spawn(wayleave_agent::eventloop::run(config, store, stopped)),
        stop,
    )
}

impl Stage {
    async fn meet(&mut self, private: &[u8; 32]) -> Technician {
        let session: SessionId = self.link.call().await;
        let relay = self.service.accept().await;
        assert_eq!(relay.path, format!("/v1/relay/{session}"));
        Technician::meet(relay, &self.org, &self.keys, private).await
    }

    fn warrant(&self, private: &[u8; 32], attended: bool) -> String {
        let noise = public_of(private).unwrap();
        let warrant = self
            .org
            .warrant(self.keys.signing.public(), noise, support::ALL, attended);
        self.org.sign_warrant(&warrant)
    }

    async fn open(&mut self) -> (Technician, Result<(), String>) {
        let private = os_random();
        let mut technician = self.meet(&private).await;
        let opened = technician.open(self.warrant(&private, false)).await;
        (technician, opened)
    }

    /// Receipts on the disk.
    fn receipts(&self) -> u64 {
        receipts(&self.memory, &self.org)
    }
}

fn receipts(memory: &Memory, org: &Org) -> u64 {
    let copy = memory.after_power_cut(Survives::Nothing);
    TrustStore::open(Disk::Memory(copy), org.id)
        .unwrap()
        .receipt_head()
        .map_or(0, |head| head.n)
}

async fn end_of(technician: &mut Technician) -> String {
    loop {
        match technician.event().await {
            Some(ViewerEvent::Over(wire::End::Closed { code, .. })) => return code,
            Some(ViewerEvent::Over(end)) => return format!("{end:?}"),
            Some(_) => {}
            None => return "gone".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_session_opens_and_its_receipts_reach_the_service() {
    let mut stage = stage().await;
    let (mut technician, opened) = stage.open().await;
    assert_eq!(opened, Ok(()));
    assert_eq!(stage.receipts(), 1);
    technician.viewer.bye();
    technician.flush().await;
    assert_eq!(
        technician
            .event()
            .await
            .map(|event| matches!(event, ViewerEvent::Over(_))),
        Some(true)
    );
    stage.link.say(&ToAgent::Receipts { have: 0 }).await;
    let mut have = 0;
    while have < 2 {
        have += stage
            .link
            .hear_until(|message| match message {
                FromAgent::Receipts { envelopes } => Some(envelopes.len() as u64),
                _ => None,
            })
            .await;
        stage.link.say(&ToAgent::Receipts { have }).await;
    }
    assert_eq!(stage.receipts(), 2);
}

#[tokio::test]
async fn a_full_disk_refuses_by_name_and_space_opens_again() {
    let mut stage = stage().await;
    // Room for the warrant's use, then not even for that.
    for room in [1500, 0] {
        stage.memory.set_size(Some(stage.memory.used() + room));
        assert_eq!(stage.open().await.1, Err("disk_full".to_owned()), "{room}");
        assert_eq!(stage.receipts(), 0);
    }
    stage.memory.set_size(None);
    assert_eq!(stage.open().await.1, Ok(()));
    assert_eq!(stage.receipts(), 1);
}

#[tokio::test]
async fn no_technician_hears_opened_before_the_receipt_is_synced() {
    let mut last_steps = 0;
    for steps in 0.. {
        let mut stage = stage().await;
        stage.memory.fail_after(steps);
        let opened = stage.open().await.1;
        match &opened {
            // Both of the warrant's use and of the receipt: written, synced.
            Ok(()) => {
                assert_eq!(stage.receipts(), 1, "after {steps} steps");
                last_steps = steps;
                break;
            }
            Err(code) => assert_eq!(code, "store", "after {steps} steps"),
        }
        stage.keeper.abort();
    }
    assert_eq!(last_steps, 4);
}

#[tokio::test]
async fn a_revocation_cuts_at_once_and_a_used_warrant_stays_used_over_a_restart() {
    let mut stage = stage().await;
    let private = os_random();
    let warrant = stage.warrant(&private, false);
    let mut technician = stage.meet(&private).await;
    assert_eq!(technician.open(warrant.clone()).await, Ok(()));
    // Over another key it opens nothing; over the same it goes on, in place of the first.
    let other = os_random();
    let mut thief = stage.meet(&other).await;
    assert_eq!(
        thief.open(warrant.clone()).await,
        Err("other_channel".to_owned())
    );
    let mut again = stage.meet(&private).await;
    assert_eq!(again.open(warrant.clone()).await, Ok(()));
    assert_eq!(end_of(&mut technician).await, "replaced");

    let revocation = stage.org.revocation(Target::Key(stage.org.technician.id()));
    stage
        .link
        .say(&ToAgent::Revocations {
            envelopes: vec![revocation],
        })
        .await;
    assert_eq!(end_of(&mut again).await, "technician_not_in_force");
    let (_, refused) = stage.open().await;
    assert_eq!(refused, Err("technician_not_in_force".to_owned()));

    // open, deny of the thief, close and resume, close, deny
    assert_eq!(stage.receipts(), 6);
    stage.keeper.abort();
    let memory = stage.memory.after_power_cut(Survives::Nothing);
    let store = TrustStore::open(Disk::Memory(memory), stage.org.id).unwrap();
    let id = trust::judge::peek_id(warrant.as_bytes()).unwrap();
    assert!(store.spent(&id).unwrap().ended);
    assert_eq!(store.held().len(), 1);
}

#[tokio::test]
async fn where_nobody_can_be_asked_an_attended_warrant_is_refused_and_not_used() {
    let mut stage = stage().await;
    let private = os_random();
    let warrant = stage.warrant(&private, true);
    for _ in 0..2 {
        let mut technician = stage.meet(&private).await;
        assert_eq!(
            technician.open(warrant.clone()).await,
            Err("nobody_to_ask".to_owned())
        );
    }
    // Two equal denials: one receipt now, the count later.
    assert_eq!(stage.receipts(), 1);
}

#[tokio::test]
async fn a_service_that_holds_more_receipts_than_the_disk_ends_all_opening() {
    let mut stage = stage().await;
    assert_eq!(stage.open().await.1, Ok(()));
    stage.link.say(&ToAgent::Receipts { have: 7 }).await;
    stage.link.round_trip().await;
    assert_eq!(stage.open().await.1, Err("store".to_owned()));
}

impl Stage {
    /// What the agent's next beat proves of the ledger's statement at `index`.
    async fn confirms(&mut self, index: u64) -> Reach {
        let beat = |message| match message {
            FromAgent::Beat(text) => Some(text),
            _ => None,
        };
        let text = self.link.hear_until(beat).await;
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        let beat = Beat::verify(&self.org.id, self.keys.signing.public(), &envelope).unwrap();
        beat.reach(&self.org.state, index)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_confirmed_at_once_when_the_ledger_carries_it_and_not_before() {
    let mut stage = stage().await;
    let index = stage.org.state.head().size;
    stage.link.say(&ToAgent::Receipts { have: 0 }).await;
    assert_eq!(stage.confirms(index).await, Reach::Lacks);

    // Held, it is in force; a beat could not prove it, and none is sent.
    let technician = Target::Key(stage.org.technician.id());
    let revocation = stage.org.revocation(technician);
    let envelopes = vec![revocation.clone()];
    stage.link.say(&ToAgent::Revocations { envelopes }).await;
    let nonce = api::ids::Nonce(os_random());
    stage.link.say(&ToAgent::Ping { nonce }).await;
    assert_eq!(stage.link.hear().await, FromAgent::Pong { nonce });

    stage.org.state.append(revocation.as_bytes());
    stage.org.leaves.push(revocation.clone());
    let page = ToAgent::Ledger {
        from: index,
        leaves: vec![revocation],
        checkpoint: stage.org.note(),
        more: false,
    };
    stage.link.say(&page).await;
    assert_eq!(stage.confirms(index).await, Reach::Holds);
}
