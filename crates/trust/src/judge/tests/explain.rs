//! What is explained beforehand is what the judge says afterwards.

use super::*;
use crate::judge::{Explanation, Wish, explain};
use crate::key::SigningKey;
use crate::statement::Hours;

/// One thing that a technician may wish.
#[derive(Clone, Debug)]
struct Case {
    who: &'static str,
    scopes: Vec<Scope>,
    lasts_ms: u64,
    attended: bool,
    approvers: &'static [&'static str],
    openings: usize,
}

impl Case {
    /// Every mixture of these.
    fn all() -> impl Iterator<Item = Self> {
        let scopes = [
            vec![Scope::View],
            vec![Scope::View, Scope::Shell],
            vec![Scope::FilesRead],
            vec![Scope::Control],
        ];
        let approvers: [&[&str]; 4] = [&[], &["abe"], &["abe", "abe/phone"], &["abe", "ada"]];
        let every = |count: usize| (0..count).collect::<Vec<_>>();
        let picks = every(2 * 4 * 2 * 2 * 4 * 2).into_iter();
        picks.map(move |n| Self {
            who: ["tess", "eve"][n % 2],
            scopes: scopes[n / 2 % 4].clone(),
            lasts_ms: [60_000, 3_600_001][n / 8 % 2],
            attended: n / 16 % 2 == 0,
            approvers: approvers[n / 32 % 4],
            openings: n / 128 % 2,
        })
    }

    fn explained(&self, world: &World) -> Explanation {
        let approvers: Vec<_> = self.approvers.iter().map(|name| key(name).id()).collect();
        explain(&Wish {
            state: &world.state,
            checkpoint: &world.checkpoint,
            now: world.now,
            technician: key(self.who).id(),
            device: key("desk-1").id(),
            scopes: &self.scopes,
            bounds: &Bounds::default(),
            has_ticket: false,
            lasts_ms: self.lasts_ms,
            attended: self.attended,
            approvers: &approvers,
            openings: self.openings,
        })
    }

    fn judged(&self, world: &mut World) -> Result<Verdict, Refusal> {
        let mut warrant = world.warrant();
        warrant.by = key(self.who).id();
        warrant.name = opened(self.who);
        warrant.scopes.clone_from(&self.scopes);
        warrant.until = warrant.from + self.lasts_ms;
        warrant.attended = self.attended;
        world.openings = vec![world.now; self.openings];
        let signers: Vec<&str> = [&[self.who], self.approvers].concat();
        world.ask(&warrant, &signers)
    }
}

/// Holds the explanation of every case against the judge's word; how many of them open.
fn hold(world: &mut World) -> usize {
    let mut opened = 0;
    for case in Case::all() {
        let explained = case.explained(world);
        match case.judged(world) {
            Ok(verdict) => {
                opened += 1;
                assert_eq!(explained.allowed_by(), Some(&*verdict.policy), "{case:?}");
                let approvers = explained
                    .policies
                    .iter()
                    .find(|p| p.policy == verdict.policy)
                    .map(|p| &p.approvers);
                assert_eq!(approvers, Some(&verdict.approvers), "{case:?}");
            }
            Err(why) => {
                assert_eq!(explained.allowed_by(), None, "{case:?}: {why}");
                let mut named = explained.obstacles.iter().chain(
                    explained
                        .policies
                        .iter()
                        .filter_map(|policy| policy.misses.first()),
                );
                let named = named.any(|n| {
                    n == &why
                        || matches!(
                            (n, &why),
                            (Refusal::Uncovered(Uncovered::Stale), Refusal::Stale(_))
                        )
                });
                assert!(named, "{case:?}: {why} is not in {explained:?}");
            }
        }
    }
    opened
}

fn staffed() -> World {
    let mut world = World::new();
    for admission in [
        technician("tess", &["support"]),
        technician("abe", &["leads"]),
        technician("abe/phone", &["leads"]),
        technician("eve", &["leads"]),
        device("desk-1", &["office"]),
    ] {
        world.give(Say::Admit(admission));
    }
    let approved = Policy {
        unattended: true,
        approvers: Some("leads".to_owned()),
        approvals: 1,
        ..policy("approved")
    };
    let once = Policy {
        scopes: vec![Scope::FilesRead],
        openings_per_hour: Some(1),
        unattended: true,
        ..policy("once")
    };
    let never = Policy {
        hours: Some(Hours {
            days: vec![3],
            from_minute: 594,
            to_minute: 700,
            offset_minutes: 60,
        }),
        ..policy("later")
    };
    let outage = Policy {
        scopes: vec![Scope::View],
        attended_when_stale: true,
        ..policy("outage")
    };
    for policy in [approved, once, never, outage] {
        world.give(Say::Policy(policy));
    }
    world
}

#[test]
fn a_wish_is_allowed_exactly_when_its_warrant_opens_and_by_the_same_policy() {
    assert!(hold(&mut staffed()) > 20);
}

#[test]
fn without_witnesses_only_what_bears_an_outage_is_allowed() {
    let mut world = staffed();
    world.now += 301_000;
    let opened = hold(&mut world);
    assert!((1..20).contains(&opened), "{opened}");
}

#[test]
fn what_stands_in_every_way_is_named_whatever_the_policies_say() {
    for (target, says) in [
        (Target::All, "suspended"),
        (Target::Key(key("tess").id()), "technician_not_in_force"),
        (Target::Key(key("desk-1").id()), "device_not_in_force"),
    ] {
        let mut world = staffed();
        let envelope = world.signed(revoke(target), &["cyd"]);
        assert!(world.state.hold(&envelope).unwrap());
        hold(&mut world);
        let explained = Case::all().next().unwrap().explained(&world);
        let codes: Vec<_> = explained.obstacles.iter().map(Refusal::code).collect();
        assert_eq!(codes, [says]);
    }
}

#[test]
fn everything_that_a_policy_lacks_is_named_with_who_can_change_it() {
    let mut world = World::new();
    for say in [
        Say::Admit(technician("tess", &["support"])),
        Say::Admit(device("desk-1", &["office"])),
        Say::Policy(Policy {
            scopes: vec![Scope::View],
            max_seconds: 60,
            openings_per_hour: Some(1),
            approvers: Some("leads".to_owned()),
            approvals: 1,
            ..policy("narrow")
        }),
    ] {
        world.give(say);
    }
    let case = Case {
        who: "tess",
        scopes: vec![Scope::View, Scope::Shell, Scope::Control],
        lasts_ms: 60_001,
        attended: false,
        approvers: &[],
        openings: 1,
    };
    let explained = case.explained(&world);
    let misses = &explained.policies[0].misses;
    let expected = [
        Uncovered::Scope(Scope::Shell),
        Uncovered::Scope(Scope::Control),
        Uncovered::AttendedOnly,
        Uncovered::TooLong(60),
        Uncovered::Rate(1),
        Uncovered::Approvals { have: 0, need: 1 },
    ];
    assert_eq!(*misses, expected.map(Refusal::Uncovered));
    assert!(misses.iter().all(|miss| miss.remedy().is_some()));
}

#[test]
fn where_no_policy_joins_the_two_that_is_what_stands_in_the_way() {
    let mut world = World::new();
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(device("desk-1", &["vault"])));
    world.give(Say::Policy(policy("office")));
    let explained = Case::all().next().unwrap().explained(&world);
    assert_eq!(explained.obstacles, [Refusal::Uncovered(Uncovered::Groups)]);
    assert_eq!(explained.policies, []);
}

/// An organisation whose `tess` holds her key in a page of the vendor's.
fn on_the_vendors_page() -> (World, SigningKey) {
    let mut world = World::new();
    let page = page_key("tess", VENDOR);
    let mut admit = technician("tess", &["support"]);
    admit.subjects[0].key = page.public().clone();
    world.give(Say::Admit(admit));
    world.give(Say::Admit(technician("abe", &["leads"])));
    world.give(Say::Admit(device("desk-1", &["office"])));
    (world, page)
}

#[test]
fn a_page_of_the_vendor_alone_is_told_beforehand() {
    let (mut world, page) = on_the_vendors_page();
    world.give(Say::Policy(Policy {
        unattended: true,
        approvers: Some("leads".to_owned()),
        ..policy("x")
    }));
    let abe = [key("abe").id()];
    let ask = |attended: bool, approvers: &[crate::bytes::KeyId]| {
        explain(&Wish {
            state: &world.state,
            checkpoint: &world.checkpoint,
            now: world.now,
            technician: page.public().id(),
            device: key("desk-1").id(),
            scopes: &[Scope::View],
            bounds: &Bounds::default(),
            has_ticket: false,
            lasts_ms: 60_000,
            attended,
            approvers,
            openings: 0,
        })
    };
    assert_eq!(
        ask(false, &[]).policies[0].misses,
        [Refusal::VendorOriginAlone]
    );
    assert_eq!(ask(false, &abe).allowed_by(), Some("x"));
    assert_eq!(ask(true, &[]).allowed_by(), Some("x"));
}

#[test]
fn of_two_policies_one_that_counts_the_approver_covers_what_the_other_leaves_to_the_vendor() {
    let (mut world, page) = on_the_vendors_page();
    for (name, approvers) in [("a-nobody", None), ("b-leads", Some("leads".to_owned()))] {
        world.give(Say::Policy(Policy {
            unattended: true,
            approvers,
            ..policy(name)
        }));
    }
    let mut warrant = world.warrant();
    warrant.by = page.public().id();
    warrant.attended = false;
    let alone = Envelope::sign(PayloadType::Warrant, &warrant, &[&page]).unwrap();
    assert_eq!(code(world.judge(&alone)), "vendor_origin_alone");
    let approved = alone.countersign(&key("abe")).unwrap();
    assert_eq!(world.judge(&approved).unwrap().policy, "b-leads");
}
