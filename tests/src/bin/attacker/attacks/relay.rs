//! Between an honest command line and an honest device: arms the relay and the ledger, then the test runs the command.

use trust::bytes::sha256;
use trust::envelope::{Envelope, PayloadType};
use trust::statement::{Role, Say, Seen, Statement};
use trust::{KeyId, OrgId, SigningKey, StatementId};
use wayleave_tests::org::{admission, bare};
use wayleave_tests::{now_ms, random};

use super::{Attack, Ended};
use crate::book::View;
use crate::mischief::{Relay, Tamper};

impl Attack<'_> {
    pub async fn run_relay(&mut self, name: &str) -> Option<Ended> {
        let relay = match name {
            "copy honestly" => Relay::Honest,
            "join another device" => Relay::Other(KeyId::parse(&self.leaked[0]).unwrap()),
            "answer as the device" => Relay::Impostor,
            "show another organisation" => return Some(self.show_other_organisation().await),
            "admit a device of its own" => return Some(self.admit_device().await),
            "take a leaf out" => return Some(self.take_leaf_out().await),
            _ => return self.tamper(name).await,
        };
        self.arm(relay, None).await;
        Some(armed())
    }

    async fn arm(&mut self, relay: Relay, view: Option<View>) {
        let _ = self.front.book.lock().await.cosign().await;
        let mut mischief = self.front.mischief.lock().unwrap();
        (mischief.relay, mischief.view) = (relay, view);
    }

    /// `change 2 to device`
    async fn tamper(&mut self, name: &str) -> Option<Ended> {
        let words: Vec<&str> = name.split(' ').collect();
        let [what, at, "to", whom] = words[..] else {
            return None;
        };
        let what = match what {
            "change" => Tamper::Change,
            "reorder" => Tamper::Reorder,
            "replay" => Tamper::Replay,
            "drop" => Tamper::Drop,
            "reflect" => Tamper::Reflect,
            _ => return None,
        };
        let (at, to_device) = (at.parse().ok()?, whom == "device");
        self.arm(
            Relay::Tamper {
                what,
                to_device,
                at,
            },
            None,
        )
        .await;
        Some(armed())
    }

    /// An organisation whose admins and devices are the thief's.
    async fn show_other_organisation(&mut self) -> Ended {
        let view = {
            let book = self.front.book.lock().await;
            let own = SigningKey::from_seed(random());
            let mut roster = book.state.roster().clone();
            roster.admins[0].key = own.public().clone();
            let seen = Seen {
                size: 0,
                root: sha256(&[]),
            };
            let say = Say::Roster(Box::new(roster));
            let genesis = Statement {
                org: OrgId([0; 32]),
                id: StatementId(random()),
                at: now_ms(),
                seen,
                say,
            };
            let leaves = vec![
                Envelope::sign(PayloadType::Statement, &genesis, &[&own])
                    .unwrap()
                    .to_text(),
            ];
            View {
                note: book.log_signed(&leaves),
                leaves,
            }
        };
        self.arm(Relay::Honest, Some(view)).await;
        armed()
    }

    /// A device that no admin admitted, with keys that the thief holds: its key id is the answer.
    async fn admit_device(&mut self) -> Ended {
        let key = SigningKey::from_seed(random());
        let mut subject = bare(key.public().clone());
        subject.noise = Some(wire::public_of(&random()).unwrap());
        let say = Say::Admit(admission(Role::Device, subject, &["office"]));
        let want = wayleave_tests::parley::Want::Statement {
            say: Box::new(say.clone()),
        };
        let leaf = match self.talk.want(want) {
            Some(honest) => honest,
            None => {
                let (org, seen) = (self.target.org, self.front.book.lock().await.state.head());
                let statement = Statement {
                    org,
                    id: StatementId(random()),
                    at: now_ms(),
                    seen,
                    say,
                };
                Envelope::sign(PayloadType::Statement, &statement, &self.stolen()).unwrap()
            }
        };
        self.sequence(&leaf.to_text()).await;
        self.arm(Relay::Impostor, None).await;
        (key.id().to_string(), String::new())
    }

    /// The command line saw a statement that the thief then takes away.
    async fn take_leaf_out(&mut self) -> Ended {
        let view = {
            let book = self.front.book.lock().await;
            let mut leaves = book.view.leaves.clone();
            leaves[2] = "{}".to_owned();
            leaves.push("{}".to_owned());
            View {
                note: book.log_signed(&leaves),
                leaves,
            }
        };
        self.arm(Relay::Honest, Some(view)).await;
        armed()
    }
}

fn armed() -> Ended {
    ("armed".to_owned(), String::new())
}
