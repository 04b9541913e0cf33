//! The ledger in the thief's hands: he has the log key and may write any leaf, but the witness looks.

use api::witness::{CosignAnswer, CosignRequest};
use trust::checkpoint::Note;
use trust::statement::Seen;
use trust::tree::Tree;
use trust::{OrgId, SigningKey, State};

use crate::loot::Loot;

/// Leaves with a checkpoint over them.
#[derive(Clone)]
pub struct View {
    pub leaves: Vec<String>,
    pub note: String,
}

pub struct Book {
    pub org: OrgId,
    pub state: State,
    pub view: View,
    log_key: SigningKey,
    witness: String,
    http: reqwest::Client,
}

impl Book {
    pub fn new(loot: &Loot) -> Self {
        let mut leaves = loot.leaves.iter();
        let mut state = State::genesis(loot.org, leaves.next().unwrap().as_bytes()).unwrap();
        leaves.for_each(|leaf| drop(state.append(leaf.as_bytes())));
        let witness = state.roster().witnesses[0].url.clone().unwrap();
        let view = View {
            leaves: loot.leaves.clone(),
            note: loot.checkpoint.clone(),
        };
        let log_key = SigningKey::from_seed(*loot.log_key.seed());
        Self {
            org: loot.org,
            state,
            view,
            log_key,
            witness,
            http: reqwest::Client::new(),
        }
    }

    /// Writes a leaf; only the log key vouches for it yet.
    pub fn append(&mut self, leaf: &str) {
        self.state.append(leaf.as_bytes());
        self.view.leaves.push(leaf.to_owned());
        self.view.note = self.log_signed(&self.view.leaves);
    }

    /// A checkpoint over any leaves, by the log key alone.
    pub fn log_signed(&self, leaves: &[String]) -> String {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf.as_bytes()));
        let head = Seen {
            size: tree.size(),
            root: tree.root(),
        };
        Note::sign(&self.org, head, &self.log_key).to_string()
    }

    /// Asks the witness for a new cosignature of the ledger as it is; what it refuses stays without.
    pub async fn cosign(&mut self) -> Result<(), String> {
        let mut note = Note::parse(&self.org, &self.log_signed(&self.view.leaves)).unwrap();
        let mut from = self.view.leaves.len();
        loop {
            let leaves = self.view.leaves[from..].to_vec();
            let wish = CosignRequest {
                from: from as u64,
                leaves,
                checkpoint: note.to_string(),
            };
            let url = format!("{}/v1/orgs/{}/checkpoint", self.witness, self.org);
            let answer = self
                .http
                .post(url)
                .json(&wish)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            match serde_json::from_str(&answer) {
                Ok(CosignAnswer::Cosignature(line)) => {
                    note.add_line(&line).unwrap();
                    self.view.note = note.to_string();
                    return Ok(());
                }
                Ok(CosignAnswer::Have(have)) if (have as usize) < from => from = have as usize,
                _ => return Err(answer),
            }
        }
    }
}
