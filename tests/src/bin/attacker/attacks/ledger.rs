//! Ledgers that are not what they should be: the thief writes any leaf, and shows whom he likes what he likes.

use trust::bytes::sha256;
use trust::envelope::{Envelope, PayloadType};
use trust::state::Inert;
use trust::statement::{Role, Say, Seen, Statement, Target as Revoked};
use trust::{OrgId, Scope, SigningKey, StatementId};
use wayleave_tests::org::{Person, admission, bare, policy, revoke, sign_warrant, technician};
use wayleave_tests::parley::Want;
use wayleave_tests::{now_ms, random};

use super::{Attack, Ended};
use crate::book::View;

const SHELL: [Scope; 1] = [Scope::Shell];

impl Attack<'_> {
    pub async fn run_ledger(&mut self, name: &str) -> Option<Ended> {
        Some(match name {
            "admit a technician" => self.admit_technician(false).await,
            "admit a technician among junk leaves" => self.admit_technician(true).await,
            "allow what no policy allows" => self.make_policy().await,
            "give the device another channel key" => self.replace_noise().await,
            "serve a shorter ledger" => self.shorter().await,
            "serve another organisation's genesis" => self.other_genesis().await,
            "serve a ledger with a leaf left out" => self.left_out().await,
            "withhold a revocation" => self.withhold().await,
            "sequence a renewal after the revocation" => self.late_renewal().await,
            "revoke a revocation" => self.revoke_a_revocation().await,
            "revoke an admin with the stopper" => self.stop_an_admin().await,
            "stop a technician" => self.stop_a_technician().await,
            _ => return None,
        })
    }

    async fn present_by(&mut self, by: &str) -> Ended {
        let (private, warrant) = self.wish(&SHELL).await;
        let honest = self.signed(by, &warrant);
        self.present(&private, &honest.to_text()).await
    }

    /// A statement over the ledger as it is, by a key of the service.
    async fn stated(&self, say: Say, by: &SigningKey) -> Envelope {
        let (org, seen) = (self.target.org, self.front.book.lock().await.state.head());
        let statement = Statement {
            org,
            id: StatementId(random()),
            at: now_ms(),
            seen,
            say,
        };
        Envelope::sign(PayloadType::Statement, &statement, &[by]).unwrap()
    }

    async fn stated_by_service(&mut self, say: &Say) {
        let keys: Vec<[u8; 32]> = self.stolen().iter().map(|key| *key.seed()).collect();
        for seed in keys {
            let leaf = self.stated(say.clone(), &SigningKey::from_seed(seed)).await;
            self.sequence(&leaf.to_text()).await;
        }
    }

    async fn admit_technician(&mut self, with_junk: bool) -> Ended {
        if with_junk {
            for junk in ["", "{}", "not an envelope", "\u{0}", &"x".repeat(70_000)] {
                self.sequence(junk).await;
            }
        }
        let mallory = Person::new("Mallory");
        let say = technician(&mallory, &["support"]);
        match self.talk.want(Want::Statement {
            say: Box::new(say.clone()),
        }) {
            Some(honest) => self.sequence(&honest.to_text()).await,
            None => self.stated_by_service(&say).await,
        }
        self.present_as(&mallory).await
    }

    async fn present_as(&mut self, person: &Person) -> Ended {
        let (private, mut warrant) = self.wish(&SHELL).await;
        (warrant.by, warrant.name) = (person.key.id(), person.name.clone());
        let signed = sign_warrant(&warrant, &[&person.key]);
        self.present(&private, &signed.to_text()).await
    }

    async fn make_policy(&mut self) -> Ended {
        let say = Say::Policy(policy("wide", "visitors", "office", &SHELL));
        match self.talk.want(Want::Statement {
            say: Box::new(say.clone()),
        }) {
            Some(honest) => self.sequence(&honest.to_text()).await,
            None => self.stated_by_service(&say).await,
        }
        self.present_by("vera").await
    }

    /// The channel key in the ledger would be the thief's; the device would then refuse to be itself.
    async fn replace_noise(&mut self) -> Ended {
        let device = self
            .front
            .book
            .lock()
            .await
            .state
            .entry(&self.target.device)
            .unwrap()
            .subject
            .key
            .clone();
        let mut subject = bare(device);
        subject.noise = Some(wire::public_of(&random()).unwrap());
        let say = Say::Admit(admission(Role::Device, subject, &["office"]));
        self.stated_by_service(&say).await;
        self.present_by("tess").await
    }

    /// The technician knows a statement that the device is not shown.
    async fn shorter(&mut self) -> Ended {
        let before = self.front.book.lock().await.view.clone();
        let say = Say::Policy(policy("another", "visitors", "office", &[Scope::View]));
        let leaf = self
            .talk
            .want(Want::Statement { say: Box::new(say) })
            .unwrap();
        self.sequence(&leaf.to_text()).await;
        if !self.talk.is_honest() {
            self.front
                .views
                .lock()
                .unwrap()
                .insert(self.target.device, before);
        }
        let ended = self.present_by("tess").await;
        self.front.views.lock().unwrap().clear();
        ended
    }

    /// A device that holds nothing yet is shown an organisation of the thief's own making.
    async fn other_genesis(&mut self) -> Ended {
        if self.talk.is_honest() {
            self.sequence_leaked().await;
            return self.present_by("tess").await;
        }
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
        self.front
            .views
            .lock()
            .unwrap()
            .insert(self.target.device, view);
        let ended = self.present_by("tess").await;
        self.front.views.lock().unwrap().clear();
        ended
    }

    async fn sequence_leaked(&mut self) {
        for leaf in self.leaked.clone() {
            self.sequence(&leaf).await;
        }
    }

    /// A device that holds nothing yet is shown a ledger with junk in the place of one statement.
    async fn left_out(&mut self) -> Ended {
        let is_honest = self.talk.is_honest();
        if !is_honest {
            // It may come for its ledger any moment: nothing of the true one may reach it.
            let nothing = View {
                leaves: Vec::new(),
                note: String::new(),
            };
            self.front
                .views
                .lock()
                .unwrap()
                .insert(self.target.device, nothing);
        }
        self.sequence_leaked().await;
        if !is_honest {
            let view = {
                let book = self.front.book.lock().await;
                let mut leaves = book.view.leaves.clone();
                leaves[2] = "{}".to_owned();
                View {
                    note: book.log_signed(&leaves),
                    leaves,
                }
            };
            self.front
                .views
                .lock()
                .unwrap()
                .insert(self.target.device, view);
        }
        let ended = self.present_by("tess").await;
        self.front.views.lock().unwrap().clear();
        ended
    }

    /// Nothing new is sequenced; the old head is shown until its cosignature is too old.
    async fn withhold(&mut self) -> Ended {
        let max_age = self.front.book.lock().await.state.roster().max_age;
        let since = now_ms();
        loop {
            let ended = self.present_by("rita").await;
            // Fresh for as long as the last cosignature lasts, and no longer.
            if ended.0 != "opened" || now_ms() > since + max_age + 2_000 {
                return ended;
            }
            tokio::time::sleep(std::time::Duration::from_millis(max_age / 10)).await;
        }
    }

    /// Leaked: a renewal, and the revocation of what it renews. In the attack the revocation goes first.
    async fn late_renewal(&mut self) -> Ended {
        let [renewal, revocation] = [self.leaked[0].clone(), self.leaked[1].clone()];
        let is_honest = self.talk.is_honest();
        let order = if is_honest {
            [&renewal, &revocation]
        } else {
            [&revocation, &renewal]
        };
        for leaf in order {
            self.sequence(leaf).await;
        }
        self.present_by(if is_honest { "ron" } else { "renee" })
            .await
    }

    /// Leaked, in the attack: the sequenced revocation of this technician.
    async fn revoke_a_revocation(&mut self) -> Ended {
        self.sequence_leaked().await;
        if let Some(revocation) = self.leaked.first() {
            let revocation: Statement = Envelope::parse(revocation.as_bytes())
                .unwrap()
                .read(PayloadType::Statement)
                .unwrap();
            for target in [
                Revoked::Admit(revocation.id),
                Revoked::Policy(revocation.id),
            ] {
                self.stated_by_service(&revoke(target)).await;
            }
        }
        self.present_by("rick").await
    }

    /// Afterwards the admin admits somebody: does it still count?
    async fn stop_an_admin(&mut self) -> Ended {
        let admins: Vec<_> = self
            .front
            .book
            .lock()
            .await
            .state
            .roster()
            .admins
            .iter()
            .map(|a| a.key.id())
            .collect();
        for admin in admins {
            self.stated_by_service(&revoke(Revoked::Key(admin))).await;
        }
        let is_inert = self
            .front
            .book
            .lock()
            .await
            .state
            .inert()
            .iter()
            .any(|(_, why)| *why == Inert::NoAuthority);
        assert!(is_inert, "the stopper was heard against an admin");
        let nina = Person::new("Nina");
        let admit = technician(&nina, &["support"]);
        match self.talk.want(Want::Statement {
            say: Box::new(admit),
        }) {
            Some(leaf) => self.sequence(&leaf.to_text()).await,
            None => {
                return (
                    "nobody_admitted".to_owned(),
                    "The admin said nothing.".to_owned(),
                );
            }
        }
        self.present_as(&nina).await
    }

    /// What the stopper may do: nothing opens for a technician whom it stopped.
    async fn stop_a_technician(&mut self) -> Ended {
        if !self.talk.is_honest() {
            let sam = self.leaked[0].parse().unwrap();
            self.stated_by_service(&revoke(Revoked::Key(sam))).await;
        }
        self.present_by("sam").await
    }
}
