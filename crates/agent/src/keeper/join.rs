//! Joining by a code: one relay, one exchange, one attended session, and then the keeper is done.

use tokio::sync::mpsc;
use trust::judge::Standing;
use wire::Mode;
use wire::pake::Agreed;

use super::{Keeper, Refused};
use crate::join::{DomainProof, Plan};
use crate::limits::{JOIN_DOMAIN_WAIT_MS, JOIN_READY_WAIT_MS};
use crate::relay::{Joining, Relay};

/// How far a join has come.
pub struct JoinState {
    plan: Plan,
    /// Until when ledger and display have to be there, in milliseconds since the epoch.
    ready_until: u64,
    domain: mpsc::Sender<DomainProof>,
    stage: Stage,
    /// Which domain was asked: the one of the roster when the code was confirmed.
    asked: Option<String>,
    proof: Option<DomainProof>,
    /// Until when the domain may answer, in milliseconds since the epoch.
    proof_until: u64,
    ended: Option<Result<(), String>>,
}

enum Stage {
    /// The ledger is being fetched, the desk helper is starting.
    Preparing,
    /// On the relay, or in the exchange.
    Trying,
    /// Both ends confirmed the code.
    Agreed(Box<Agreed>),
}

impl JoinState {
    pub(super) fn new(plan: Plan, domain: mpsc::Sender<DomainProof>, now: u64) -> Self {
        Self {
            plan,
            ready_until: now + JOIN_READY_WAIT_MS,
            domain,
            stage: Stage::Preparing,
            asked: None,
            proof: None,
            proof_until: 0,
            ended: None,
        }
    }

    fn agreed(&self) -> Option<&Agreed> {
        match &self.stage {
            Stage::Agreed(agreed) => Some(agreed),
            Stage::Preparing | Stage::Trying => None,
        }
    }
}

impl Keeper {
    /// Goes to the relay once there is a ledger to judge by, and a screen on which somebody can be asked.
    pub(super) fn join_if_ready(&mut self) {
        let is_ready = self.store.state().is_some() && self.no_display.is_none();
        let Some(join) = &mut self.join else { return };
        if !matches!(join.stage, Stage::Preparing) || !is_ready {
            return;
        }
        join.stage = Stage::Trying;
        let (id, code) = (join.plan.session, join.plan.code.clone());
        let keys = self.store.keys();
        let joining = Joining {
            code,
            noise: keys.noise_public,
        };
        let number = self.next_number();
        let relay = Relay::join(
            self.config.service.clone(),
            self.store.org(),
            self.store.keys().signing.clone(),
            (id, Some(joining)),
            number,
            self.senders.relay.clone(),
        );
        self.joining.insert(number, (id, relay));
        tracing::info!("waiting for the technician to confirm the join code");
    }

    /// Both ends hold the same secret: the organisation is the one that the technician means, and now it is asked who it is.
    pub(crate) fn on_agreed(&mut self, agreed: Box<Agreed>) {
        let (now, org) = (self.now(), self.store.org());
        let domain = self.store.state().map(|s| s.roster().domain.clone());
        let (Some(join), Some(domain)) = (&mut self.join, domain) else {
            return;
        };
        join.plan.attempts.take_back(join.plan.code.nameplate);
        join.stage = Stage::Agreed(agreed);
        join.proof_until = now + JOIN_DOMAIN_WAIT_MS;
        join.asked = Some(domain.clone());
        tracing::info!("the join code is confirmed");
        crate::join::start_asking(join.plan.domains.clone(), domain, org, join.domain.clone());
    }

    /// The organisation's domain answered, or did not.
    pub fn on_domain(&mut self, proof: DomainProof) {
        tracing::info!(?proof, "the organisation's domain was asked");
        if let Some(join) = &mut self.join {
            join.proof.get_or_insert(proof);
            self.judge_again = true;
        }
    }

    /// How this device stands before the judge. A machine that joins is judged only over a channel that the code opened.
    pub(crate) fn standing(&self) -> Standing {
        match self.join.as_ref().map(JoinState::agreed) {
            None | Some(None) => Standing::Enrolled,
            Some(Some(agreed)) => Standing::Joined {
                technician: agreed.technician_noise,
            },
        }
    }

    /// The handshake's mode.
    pub(crate) fn mode(&self) -> Mode {
        match self.join.as_ref().and_then(JoinState::agreed) {
            None => Mode::Enrolled,
            Some(agreed) => Mode::Joined {
                pake_key: agreed.pake_key.clone(),
            },
        }
    }

    /// What stands in the prompt about the domain: nothing on an enrolled device, whose admins pinned it here.
    pub(crate) fn domain_is_proven(&self) -> Option<bool> {
        let join = self.join.as_ref()?;
        Some(join.proof == Some(DomainProof::Proven))
    }

    /// Until when a warrant waits for the domain's answer.
    pub(crate) fn domain_wait(&self, now: u64) -> Option<u64> {
        let join = self.join.as_ref()?;
        let is_open = join.proof.is_none() && now < join.proof_until;
        is_open.then_some(join.proof_until)
    }

    /// Why nothing opens on this machine, if its domain denied the organisation, or is another than the one that was asked.
    pub(crate) fn domain_denial(&self) -> Option<Refused> {
        let join = self.join.as_ref()?;
        let domain = self.store.state().map(|state| &state.roster().domain);
        if domain.is_some() && domain != join.asked.as_ref() {
            let text =
                "The organisation's domain changed while the machine joined. Make a new join code.";
            return Some(Refused::new("domain_changed", text));
        }
        let is_denied = join.proof == Some(DomainProof::Denied);
        is_denied.then(|| {
            let text = "The organisation's domain does not name this organisation under /.well-known/wayleave, so that anybody \
                        could have written it into the roster. Nothing opens.";
            Refused::new("domain_denied", text)
        })
    }

    /// The relay of a join is gone: nobody comes back to it.
    pub(crate) fn end_join(&mut self, why: &str) {
        let Some(join) = &mut self.join else { return };
        let confirmed = join.agreed().is_some();
        let ended = if confirmed {
            Ok(())
        } else {
            Err(format!("not joined: {why}"))
        };
        join.ended.get_or_insert(ended);
    }

    /// How a join ended; none as long as it goes on, or where this is none.
    pub fn take_end(&mut self) -> Option<Result<(), String>> {
        let now = self.now();
        let join = self.join.as_mut()?;
        if matches!(join.stage, Stage::Preparing) && now >= join.ready_until {
            join.plan.attempts.take_back(join.plan.code.nameplate);
            let why = match &self.no_display {
                Some(why) => format!("nobody can be asked here: {why}"),
                None => "the service did not show the organisation's ledger".to_owned(),
            };
            return Some(Err(format!("{why}; nothing was tried with the code")));
        }
        join.ended.take()
    }

    /// When time alone ends a join.
    pub(super) fn join_due(&self) -> Option<u64> {
        let join = self.join.as_ref()?;
        matches!(join.stage, Stage::Preparing).then_some(join.ready_until)
    }
}
