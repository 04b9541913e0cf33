//! The attacks, by name. Each is written as the thief would do it; where it asks (`talk.want`) it does in the twin what an
//! honest person makes possible.

mod channel;
mod ledger;
mod relay;
mod warrant;

use trust::envelope::Envelope;
use trust::warrant::{OpenedName, Warrant};
use trust::{Salt, Scope, SigningKey, WarrantId};
use wayleave_tests::channel::Answer;
use wayleave_tests::parley::{FromAttacker, Target, Want};
use wayleave_tests::{now_ms, random};

use crate::front::Front;
use crate::loot::Loot;
use crate::meeting;
use crate::talk::Talk;

/// One attack under way.
pub struct Attack<'a> {
    pub loot: &'a Loot,
    pub front: &'a Front,
    pub talk: &'a mut Talk,
    pub target: Target,
    pub leaked: Vec<String>,
}

/// How it ended: a code and a sentence.
pub type Ended = (String, String);

impl Attack<'_> {
    /// Runs the attack of this name.
    pub async fn run(&mut self, name: &str) -> Ended {
        if let Some(ended) = self.run_warrant(name).await {
            return ended;
        }
        if let Some(ended) = self.run_ledger(name).await {
            return ended;
        }
        if let Some(ended) = self.run_channel(name).await {
            return ended;
        }
        self.run_relay(name)
            .await
            .unwrap_or_else(|| panic!("no attack is called {name}"))
    }

    /// A channel key of the thief's own, and the unsigned warrant that he would like over it.
    pub async fn wish(&self, scopes: &[Scope]) -> ([u8; 32], Warrant) {
        let private: [u8; 32] = random();
        let now = now_ms();
        let warrant = Warrant {
            org: self.target.org,
            id: WarrantId(random()),
            device: self.target.device,
            // The test puts an honest person's key and name here before he signs.
            by: self.loot.log_key.id(),
            noise: wire::public_of(&private).unwrap(),
            scopes: scopes.to_vec(),
            bounds: trust::Bounds::default(),
            from: now,
            until: now + 600_000,
            attended: false,
            why: "Maintenance".to_owned(),
            ticket: None,
            name: OpenedName {
                name: "The service".to_owned(),
                salt: Salt(random()),
            },
            seen: self.front.book.lock().await.state.head(),
        };
        (private, warrant)
    }

    /// Asks a technician to sign.
    pub fn sign(&mut self, by: &str, warrant: &Warrant) -> Option<Envelope> {
        self.talk.want(Want::Warrant {
            by: by.to_owned(),
            warrant: Box::new(warrant.clone()),
        })
    }

    /// A signature that he gives in any case.
    pub fn signed(&mut self, by: &str, warrant: &Warrant) -> Envelope {
        self.sign(by, warrant)
            .expect("this signature is not what is withheld")
    }

    /// Shows the device all that it is to know, calls it, and hands over a warrant. An open session is used, and ended.
    pub async fn present(&mut self, private: &[u8; 32], warrant: &str) -> Ended {
        // What the witness refuses stays stale; the device says so.
        let _ = self.front.book.lock().await.cosign().await;
        self.present_unrefreshed(private, warrant).await
    }

    /// The same without a word to the witness.
    pub async fn present_unrefreshed(&mut self, private: &[u8; 32], warrant: &str) -> Ended {
        self.front.push(self.target.device).await;
        let ws = match self.front.call(self.target.device).await {
            Ok(ws) => ws,
            Err(text) => return ("declined".to_owned(), text),
        };
        let mut channel = meeting::channel(ws, &self.target, private).await;
        match channel.open(warrant).await {
            Answer::No { code, text } => (code, text),
            Answer::Opened(opened) => {
                channel.bye().await;
                (
                    "opened".to_owned(),
                    format!("session {} is open", opened.session),
                )
            }
        }
    }

    /// Puts a leaf into the ledger, and shows it to the witness.
    pub async fn sequence(&mut self, leaf: &str) {
        let mut book = self.front.book.lock().await;
        book.append(leaf);
        let _ = book.cosign().await;
        self.talk.say(&FromAttacker::Sequenced {
            leaf: leaf.to_owned(),
        });
    }

    /// The service's own keys.
    pub fn stolen(&self) -> Vec<&SigningKey> {
        [Some(&self.loot.log_key), self.loot.stopper.as_ref()]
            .into_iter()
            .flatten()
            .collect()
    }
}
