//! Everybody who plays, the true time, and what happens between them.

use std::rc::Rc;

use trust::bytes::Hash;
use trust::statement::{Say, Seen, Statement, Target};

use crate::cast;
use crate::device::{Channel, Crash, Device, Disk, Said};
use crate::found::{Rule, Violation};
use crate::model::Ledger;
use crate::model::count::Slip;
use crate::model::fleet::{Fleet, overrun};
use crate::model::tree::root_of;
use crate::model::vouch::{Line, Vouched};
use crate::org::{self, BEGIN, Org};
use crate::paper::{Paper, Way};
use crate::reader::Reader;
use crate::rng::Rng;
use crate::watcher::{Kind, Watcher};

/// Open sessions are judged at least this often, in milliseconds.
const JUDGED_EVERY_MS: u64 = 5_000;
/// Counts that somebody may still have.
const SLIPS_KEPT: usize = 32;
/// Judgements within one leap of time.
const JUDGED_IN_A_LEAP: u64 = 6;

/// All of it.
pub struct World {
    /// The run's chance.
    pub rng: Rng,
    /// The true time.
    pub now: u64,
    /// What it began with.
    pub org: Rc<Org>,
    /// The service.
    pub service: Service,
    /// Workstations.
    pub devices: Vec<Device>,
    /// Witnesses.
    pub watchers: Vec<Watcher>,
    /// The admins' program.
    pub office: Reader,
    /// The honest technicians' program.
    pub desk: Reader,
    /// What was revoked so that every device has to shut.
    pub fleet: Fleet,
    /// Revocations on their way to a witness: when, which, what.
    pub mail: Vec<(u64, usize, Rc<Paper>)>,
    /// Copies of devices' disks, with what they truly held.
    pub copies: Vec<Option<(Disk, Option<Ledger>)>>,
    /// Warrants that were presented somewhere.
    pub presented: Vec<(Rc<Paper>, Channel)>,
    /// Counts that were given.
    pub slips: Vec<Slip>,
    /// Keys that a thief holds too.
    pub stolen: Vec<String>,
    /// What must not be.
    pub found: Vec<Violation>,
    /// How many things happened.
    pub steps: u64,
    /// How many sessions opened.
    pub opened: u64,
    /// What happened, for a reader; none unless somebody reads.
    pub story: Option<Vec<String>>,
    judged_at: u64,
    channels: u64,
}

/// The service: it owns the order of the ledger, the log key, and whatever passes through it.
pub struct Service {
    /// Histories, the first being what it shows to most.
    pub branches: Vec<Vec<Rc<Paper>>>,
    /// Statements that it was given and has not sequenced.
    pub pending: Vec<Rc<Paper>>,
    /// Revocations that it was given.
    pub revocations: Vec<Rc<Paper>>,
    /// Notes that it collected.
    pub notes: Vec<Vouched>,
    /// Heads that the readers of each device remember.
    pub heads: Vec<trust::receipt::ChainHead>,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let org = org::org(seed % org::KINDS);
        let now = BEGIN;
        let mut devices: Vec<Device> = org
            .devices
            .iter()
            .map(|name| Device::joined(name, &org, now))
            .collect();
        devices.push(Device::new("desk-3", org.id, now));
        for device in &mut devices {
            device.drift = rng.between(0, 10_000) as i64 - 5_000;
        }
        let mut watchers: Vec<Watcher> = org.watchers();
        for watcher in &mut watchers {
            watcher.drift = rng.between(0, 20_000) as i64 - 10_000;
        }
        let reader = |name: &str| Reader::new(name, org.state.clone(), org.truth.clone());
        Self {
            rng,
            now,
            service: Service {
                branches: vec![org.leaves.clone()],
                pending: Vec::new(),
                revocations: Vec::new(),
                notes: Vec::new(),
                heads: vec![trust::receipt::ChainHead::default(); devices.len()],
            },
            office: reader("the office"),
            desk: reader("the technicians"),
            org,
            copies: vec![None; devices.len()],
            devices,
            watchers,
            fleet: Fleet::default(),
            mail: Vec::new(),
            presented: Vec::new(),
            slips: Vec::new(),
            stolen: Vec::new(),
            found: Vec::new(),
            steps: 0,
            opened: 0,
            story: None,
            judged_at: now,
            channels: 0,
        }
    }

    /// Tells a reader, if there is one.
    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let seconds = (self.now - BEGIN) as f64 / 1000.0;
            story.push(format!("{seconds:>10.1} s  {}", text()));
        }
    }

    /// Something must not be.
    pub fn broke(&mut self, rule: Rule, text: String) {
        let at = self.now - BEGIN;
        self.found.push(Violation { rule, text, at });
    }

    /// Time passes; open sessions are judged meanwhile.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let step = (ms / JUDGED_IN_A_LEAP).max(JUDGED_EVERY_MS);
        while self.judged_at + step <= end {
            self.now = self.now.max(self.judged_at + step);
            self.judge_all();
        }
        self.now = end;
    }

    fn judge_all(&mut self) {
        self.judged_at = self.now;
        for at in 0..self.devices.len() {
            self.with_device(at, Device::judge_all);
        }
    }

    /// Something happens to a device; the power may go meanwhile.
    pub fn with_device<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Device, u64) -> Result<T, Crash>,
    ) -> Option<T> {
        let now = self.now;
        let device = self.devices.get_mut(at)?;
        let done = act(device, now);
        if done.is_err() {
            device.stop();
        }
        let found = std::mem::take(&mut device.found);
        for violation in found {
            self.broke(violation.rule, violation.text);
        }
        done.ok()
    }

    /// Gathers what everybody's programs did that they must not, and looks for sessions that outlived what they stood on.
    pub fn gather(&mut self) {
        let mut found = std::mem::take(&mut self.office.found);
        found.append(&mut self.desk.found);
        for watcher in &mut self.watchers {
            found.append(&mut watcher.found);
        }
        for device in &mut self.devices {
            found.append(&mut device.found);
        }
        for violation in found {
            self.broke(violation.rule, violation.text);
        }
        let max_age = self.org.truth.roster().what.max_age;
        let mut outlived = Vec::new();
        for device in self.devices.iter().filter(|device| !device.clock_was_set) {
            for session in device.sessions().iter().filter(|session| session.is_open) {
                let Some(warrant) = session.paper.as_warrant() else {
                    continue;
                };
                let targets = [
                    Target::Key(warrant.by),
                    Target::Key(device.key),
                    Target::Warrant(warrant.id),
                ];
                let shut = targets
                    .iter()
                    .filter_map(|t| self.fleet.shut_since(t, max_age))
                    .min();
                if !may_be_stale(device, warrant) && shut.is_some_and(|shut| self.now > shut) {
                    let who = cast::name_of(&warrant.by).unwrap_or_default();
                    outlived.push(format!("{who} is still in {}", device.name));
                }
            }
        }
        for text in outlived {
            self.broke(Rule::Outlived, text);
        }
        self.look_for_overruns();
    }

    /// A channel that nobody else has, over a fresh key.
    pub fn channel(&mut self) -> (Channel, String) {
        self.channels += 1;
        let name = format!("channel-{}", self.channels % 16);
        let channel = Channel {
            hash: Hash(self.rng.bytes()),
            remote: cast::channel(&name),
        };
        (channel, name)
    }

    /// A warrant reaches a device.
    pub fn present(&mut self, at: usize, paper: &Rc<Paper>, channel: &Channel) -> Said {
        self.present_counted(at, paper, channel, &[])
    }

    /// A warrant reaches a device, with these counts beside it.
    pub fn present_counted(
        &mut self,
        at: usize,
        paper: &Rc<Paper>,
        channel: &Channel,
        counts: &[Slip],
    ) -> Said {
        self.presented.push((paper.clone(), channel.clone()));
        let said = self.with_device(at, |device, now| {
            device.present(paper, channel, counts, now)
        });
        let said = said.unwrap_or(Said::Nothing);
        self.opened += u64::from(said == Said::Opened);
        let name = self.devices[at].name.clone();
        self.tell(|| format!("{name}: {} -> {said:?}", describe(paper)));
        said
    }

    /// Every witness is asked to count a warrant. What they say may be used elsewhere.
    pub fn counts(&mut self, paper: &Paper) -> Vec<Slip> {
        let now = self.now;
        let asked = self.watchers.iter_mut();
        let slips: Vec<Slip> = asked.filter_map(|w| w.count(paper, now)).collect();
        self.slips.extend(slips.iter().cloned());
        let old = self.slips.len().saturating_sub(SLIPS_KEPT);
        self.slips.drain(..old);
        slips
    }

    fn look_for_overruns(&mut self) {
        let entries: Vec<_> = self
            .devices
            .iter()
            .flat_map(|d| d.entered.clone())
            .collect();
        let corrupt = self.watchers.iter().filter(|w| w.kind == Kind::Corrupt);
        let roster = self.org.truth.roster().what;
        if let Some(entry) = overrun(&entries, roster, corrupt.count()) {
            let text = format!("{} opened one device too many: {entries:?}", entry.person);
            self.broke(Rule::Overrun, text);
        }
    }

    /// A user answers.
    pub fn answer(&mut self, at: usize, allows: bool) -> Option<Said> {
        let said = self
            .with_device(at, |device, now| device.answer(allows, now))
            .flatten();
        self.opened += u64::from(said == Some(Said::Opened));
        let name = self.devices[at].name.clone();
        self.tell(|| format!("{name}: its user says {allows} -> {said:?}"));
        said
    }

    /// A statement by somebody who knows this history.
    pub fn statement(&mut self, say: Say, seen: Seen) -> Statement {
        Statement {
            org: self.org.id,
            id: trust::StatementId(self.rng.bytes()),
            at: self.now,
            seen,
            say,
        }
    }

    /// The same, signed well.
    pub fn signed(&mut self, say: Say, seen: Seen, names: &[String]) -> Rc<Paper> {
        let statement = self.statement(say, seen);
        let hands: Vec<(&str, Way)> = names.iter().map(|name| (&**name, Way::Well)).collect();
        Paper::statement(&statement, &hands)
    }

    /// The head of a history.
    pub fn head_of(&self, branch: usize, size: usize) -> Seen {
        Seen {
            size: size as u64,
            root: root_of(&self.service.branches[branch][..size]),
        }
    }

    /// A note over a history, with the lines that its witnesses give for it.
    pub fn collect(&mut self, branch: usize, size: usize) -> Vouched {
        let head = self.head_of(branch, size);
        let log = Line::log(self.org.id, head, &cast::player("log").signing);
        let bare = Vouched::new(self.org.id, head, vec![log]);
        let mut note = bare.clone();
        for at in 0..self.watchers.len() {
            let from = self.watchers[at].size().min(size);
            let leaves = self.service.branches[branch][from..size].to_vec();
            note.lines
                .extend(self.watchers[at].cosign(from, &leaves, &bare, self.now));
        }
        self.service.notes.push(note.clone());
        note
    }

    /// A device gets a history up to `size`, with a note.
    pub fn push(&mut self, at: usize, branch: usize, size: usize, note: &Vouched) {
        let history = self.service.branches[branch].clone();
        let from = usize::try_from(self.devices[at].size()).unwrap_or(usize::MAX);
        let leaves = history.get(from.min(size)..size).unwrap_or_default();
        if from == 0 && leaves.is_empty() {
            return;
        }
        let said = self.with_device(at, |device, now| {
            let said = device.extend(from as u64, leaves, note, now)?;
            device.judge_all(now)?;
            Ok(said)
        });
        let (name, count) = (self.devices[at].name.clone(), leaves.len());
        self.tell(|| format!("{name}: {count} leaves from {from} on -> {said:?}"));
    }

    /// A device gets a revocation ahead of the ledger.
    pub fn hand(&mut self, at: usize, paper: &Rc<Paper>) {
        self.with_device(at, |device, now| {
            if device.hold(paper, now)? {
                device.judge_all(now)?;
            }
            Ok(())
        });
    }

    /// A witness gets a revocation.
    pub fn hand_witness(&mut self, at: usize, paper: &Rc<Paper>) {
        let now = self.now;
        let Some(watcher) = self.watchers.get_mut(at) else {
            return;
        };
        if watcher.hold(paper, now) {
            let name = watcher.name.clone();
            let roster = self.org.truth.roster().what.clone();
            self.fleet.acknowledged(paper, &name, &roster, now);
        }
    }
}

/// Whether a policy lets it go on although nobody vouches for the ledger.
fn may_be_stale(device: &Device, warrant: &trust::Warrant) -> bool {
    let truth = device.truth.as_ref();
    warrant.attended
        && truth.is_some_and(|truth| truth.policies().iter().any(|(_, p)| p.attended_when_stale))
}

/// A paper in a few words.
pub fn describe(paper: &Paper) -> String {
    let by: Vec<String> = paper
        .marks
        .iter()
        .map(|mark| {
            let name = cast::name_of(&mark.key).unwrap_or_default();
            if mark.is_genuine {
                name
            } else {
                format!("{name}?")
            }
        })
        .collect();
    let what = match &paper.content {
        crate::paper::Content::Statement(statement) => match &statement.say {
            Say::Roster(roster) => format!("roster {}", roster.version),
            Say::Admit(admit) => format!(
                "admits {:?} {:?} to {:?}",
                admit.role,
                admit
                    .subjects
                    .iter()
                    .map(|s| cast::name_of(&s.key.id()))
                    .collect::<Vec<_>>(),
                admit.groups
            ),
            Say::Policy(policy) => format!("policy {}", policy.name),
            Say::Revoke(revoke) => match revoke.target {
                Target::Key(key) => format!("revokes {:?}", cast::name_of(&key)),
                target => format!("revokes {target:?}"),
            },
            Say::Recover(_) => "completes a recovery".to_owned(),
        },
        crate::paper::Content::Warrant(w) => format!(
            "warrant of {} for {} ({:?}{})",
            cast::name_of(&w.by).unwrap_or_default(),
            cast::name_of(&w.device).unwrap_or_default(),
            w.scopes,
            if w.attended { ", attended" } else { "" },
        ),
        crate::paper::Content::Later => "something later".to_owned(),
        crate::paper::Content::Junk => "junk".to_owned(),
    };
    let flaw = paper
        .flaw
        .map(|flaw| format!(" [{flaw}]"))
        .unwrap_or_default();
    format!("{what} by {}{flaw}", by.join(", "))
}
