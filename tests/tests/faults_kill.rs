//! Programs that are killed in the middle of writing: what was acknowledged is there afterwards.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::ledger::LedgerPage;
use trust::envelope::Envelope;
use trust::receipt::Event;
use trust::statement::{Say, Target};
use trust::{Hash, Scope, WarrantId};
use wayleave_tests::channel::Answer;
use wayleave_tests::org::{Org, policy, revoke, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, World};
use wayleave_tests::technician::Technician;

const KILLS_OF_AGENT: usize = 50;
const KILLS_OF_SERVICE: usize = 20;

/// A small generator (SplitMix64): the same seed kills at the same moments.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn moment(&mut self, below: u64) -> Duration {
        Duration::from_micros(self.next() % (below * 1000))
    }
}

/// What a technician was told, and so must be true for ever.
#[derive(Default)]
struct Acknowledged {
    /// Sessions that opened.
    opened: Vec<String>,
    /// Heads of the receipt chain.
    heads: BTreeMap<u64, Hash>,
    /// Warrants whose revocation the device took, each with its channel key.
    revoked: Vec<([u8; 32], Envelope)>,
}

/// A technician at work: sessions that open and end, and revocations that only the device is told of.
struct Work {
    org: Org,
    tess: Technician,
    device: trust::KeyId,
    noise: trust::X25519Public,
    told: Mutex<Acknowledged>,
}

impl Work {
    async fn go_on(&self) -> Result<(), String> {
        loop {
            let (private, warrant, _) = self.warrant();
            self.session(private, &warrant, None).await?;
            let (private, warrant, id) = self.warrant();
            let revocation = self.org.signed(revoke(Target::Warrant(id)), &self.org.ada);
            self.session(private, &warrant, Some(&revocation)).await?;
        }
    }

    fn warrant(&self) -> ([u8; 32], Envelope, WarrantId) {
        let private: [u8; 32] = random();
        let noise = wire::public_of(&private).unwrap();
        let scopes = [Scope::FilesRead];
        let warrant = self
            .org
            .warrant(&self.tess.person, self.device, noise, &scopes);
        (
            private,
            sign_warrant(&warrant, &[&self.tess.person.key]),
            warrant.id,
        )
    }

    async fn session(
        &self,
        private: [u8; 32],
        warrant: &Envelope,
        revocation: Option<&Envelope>,
    ) -> Result<(), String> {
        let mut channel = self
            .tess
            .try_call(self.device, &self.noise, &private)
            .await?;
        channel
            .greet()
            .await
            .map_err(|answer| answer.code().to_owned())?;
        if let Some(head) = channel.head.as_ref().and_then(|head| head.receipt) {
            self.told.lock().unwrap().heads.insert(head.n, head.hash);
        }
        if let Some(revocation) = revocation {
            channel
                .viewer
                .send_revocations(vec![revocation.to_text()])
                .unwrap();
        }
        match (channel.open(&warrant.to_text()).await, revocation) {
            (Answer::Opened(opened), None) => {
                self.told.lock().unwrap().opened.push(opened.session);
                channel.bye().await;
                Ok(())
            }
            (Answer::No { code, .. }, Some(_)) if code == "revoked" => {
                self.told
                    .lock()
                    .unwrap()
                    .revoked
                    .push((private, warrant.clone()));
                Ok(())
            }
            (answer, _) => Err(format!("{answer:?}")),
        }
    }

    /// What is missing on the device's disk of all that it acknowledged.
    async fn missing(&self, agent: &Agent) -> Vec<String> {
        let chain = agent.chain();
        let last = {
            let told = self.told.lock().unwrap();
            let is_open = |session: &String| {
                chain
                    .iter()
                    .any(|(_, r)| r.ev == Event::Open && r.session.to_string() == *session)
            };
            let lost = told.opened.iter().filter(|session| !is_open(session));
            let mut missing: Vec<String> = lost
                .map(|session| format!("no receipt of session {session}"))
                .collect();
            let stands = |n: u64, hash: &Hash| {
                chain
                    .get(n as usize - 1)
                    .is_some_and(|(found, _)| found == hash)
            };
            let forked = told.heads.iter().filter(|(n, hash)| !stands(**n, hash));
            missing.extend(forked.map(|(n, _)| format!("receipt {n} is another one")));
            if !missing.is_empty() {
                return missing;
            }
            told.revoked.last().cloned()
        };
        let Some((private, warrant)) = last else {
            return Vec::new();
        };
        self.still_revoked(private, &warrant).await
    }

    async fn still_revoked(&self, private: [u8; 32], warrant: &Envelope) -> Vec<String> {
        let channel = self.tess.try_call(self.device, &self.noise, &private).await;
        let answer = channel.unwrap().open(&warrant.to_text()).await;
        if answer.code() == "revoked" {
            Vec::new()
        } else {
            vec![format!("a revocation is forgotten: {answer:?}")]
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_at_any_moment_keeps_every_receipt_and_revocation_it_acknowledged() {
    let mut world = World::start().await;
    world
        .org
        .say(Say::Policy(policy("all", "support", "office", &Scope::ALL)))
        .await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let mut agent = world.device("desk", &["office"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    let World {
        org,
        service: _service,
        witness: _witness,
        dir: _dir,
    } = world;
    let (device, noise) = (agent.id(), agent.noise);
    let work = Arc::new(Work {
        org,
        tess,
        device,
        noise,
        told: Mutex::default(),
    });
    let mut seeded = Seeded(1);
    for kill in 0..KILLS_OF_AGENT {
        let load = tokio::spawn({
            let work = work.clone();
            async move { work.go_on().await }
        });
        tokio::time::sleep(seeded.moment(200)).await;
        agent.process.kill().await;
        load.abort();
        agent.restart().await;
        agent
            .process
            .line(|line| line.contains("connected to the service"))
            .await;
        let missing = work.missing(&agent).await;
        assert!(
            missing.is_empty(),
            "after kill {kill}: {}",
            missing.join(", ")
        );
    }
    let revoked: Vec<_> = work.told.lock().unwrap().revoked.clone();
    for (private, warrant) in &revoked {
        assert_eq!(
            work.still_revoked(*private, warrant).await,
            Vec::<String>::new()
        );
    }
    let told = work.told.lock().unwrap();
    assert!(
        told.opened.len() > KILLS_OF_AGENT / 2,
        "only {} sessions opened",
        told.opened.len()
    );
    assert!(
        told.revoked.len() > KILLS_OF_AGENT / 4,
        "only {} revocations",
        told.revoked.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_under_appends_keeps_every_statement_it_acknowledged_in_its_place() {
    let mut world = World::start().await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    let World {
        org,
        mut service,
        witness: _witness,
        dir: _dir,
    } = world;
    let org = Arc::new(org);
    let acknowledged: Arc<Mutex<BTreeMap<u64, String>>> = Arc::default();
    let mut seeded = Seeded(2);
    for kill in 0..KILLS_OF_SERVICE {
        let load = tokio::spawn({
            let (org, acknowledged) = (org.clone(), acknowledged.clone());
            async move {
                loop {
                    let leaf = org.signed(revoke(Target::Warrant(WarrantId(random()))), &org.ada);
                    let Ok(place) = org.append(&leaf).await else {
                        return;
                    };
                    acknowledged
                        .lock()
                        .unwrap()
                        .insert(place.index, leaf.to_text());
                }
            }
        });
        tokio::time::sleep(seeded.moment(250)).await;
        service.process.kill().await;
        load.abort();
        service.restart().await;
        let leaves = leaves(&tess).await;
        for (index, leaf) in acknowledged.lock().unwrap().iter() {
            assert_eq!(
                leaves.get(*index as usize),
                Some(leaf),
                "statement {index}, after kill {kill}"
            );
        }
    }
    assert!(acknowledged.lock().unwrap().len() > KILLS_OF_SERVICE);
}

async fn leaves(tess: &Technician) -> Vec<String> {
    let mut leaves = Vec::new();
    loop {
        let path = format!("ledger?from={}", leaves.len());
        let page = tess
            .ask(reqwest::Method::GET, &path, Vec::new())
            .await
            .unwrap();
        let page: LedgerPage = serde_json::from_str(&page).unwrap();
        leaves.extend(page.leaves);
        if leaves.len() as u64 >= page.size {
            leaves.extend(page.pending);
            return leaves;
        }
    }
}
