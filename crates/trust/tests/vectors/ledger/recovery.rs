//! Ledgers of organisations that lost their admins' keys.

use super::*;

const PROPOSERS: [&str; 3] = ["safe", "vault", "new"];
const WAIT: u64 = 3 * DAY;

fn lost() -> Story {
    Story::of(World::with(|roster| {
        roster.recovery = recovery(&["safe", "vault", "bank"]);
        roster.witnesses.push(witness("far"));
    }))
}

fn anew(story: &Story) -> Roster {
    let mut roster = story.world.next_roster();
    roster.admins = vec![admin("new")];
    roster.threshold = 1;
    roster
}

fn say_roster(roster: Roster) -> Say {
    Say::Roster(Box::new(roster))
}

fn propose(story: &mut Story) -> StatementId {
    let statement = story.world.statement(say_roster(anew(story)));
    story.put(&sign(&statement, &PROPOSERS), "counts");
    statement.id
}

fn both(story: &Story, at: u64) -> String {
    story.world.cosigned(&[("watch", at), ("far", at)])
}

fn shown(recovery: StatementId, begun: &str, waited: &str) -> Say {
    Say::Recover(Recover {
        recovery,
        begun: begun.to_owned(),
        waited: waited.to_owned(),
    })
}

fn waited(story: &Story, recovery: StatementId) -> Say {
    shown(recovery, &both(story, NOW), &both(story, NOW + WAIT))
}

fn veto(recovery: StatementId) -> Say {
    revoke(Target::Recovery(recovery))
}

pub(super) fn waits() -> Value {
    let mut story = lost();
    story.say(tess(), &TWO, "counts");
    story.say(revoke(Target::All), &["ada"], "counts");
    let say = say_roster(anew(&story));
    for (signers, expected) in [
        (&["safe", "new"][..], "too_few_recovery_keys"),
        (&["new"], "too_few_admins"),
        (&["safe", "vault"], "too_few_admins"),
    ] {
        story.say(say.clone(), signers, expected);
    }
    let changes: [fn(&mut Roster); 12] = [
        |r| r.version = 3,
        |r| r.format = 2,
        |r| r.threshold = 2,
        |r| r.name = "Hafen Nord".to_owned(),
        |r| r.domain = "nord.example".to_owned(),
        |r| r.recovery = recovery(&["thief"]),
        |r| r.log_key = key("thief").public().clone(),
        |r| r.witnesses[0].holds_revocations = false,
        |r| r.witnesses[1].url = Some("https://far.example".to_owned()),
        |r| r.quorum = 2,
        |r| r.max_age = 86_400_000,
        |r| r.console_origins[1].owner = Owner::Customer,
    ];
    for change in changes {
        let mut changed = anew(&story);
        change(&mut changed);
        story.say(say_roster(changed), &PROPOSERS, "shape");
    }
    let mut of_tess = anew(&story);
    of_tess.admins.push(admin("tess"));
    story.say(say_roster(of_tess), &PROPOSERS, "role_conflict");
    let in_flight = story.world.signed(Say::Policy(policy("desk")), &TWO);
    let mut free = anew(&story);
    free.audit_key = noise("audit");
    free.directory_key = noise("another directory");
    free.admins.push(admin("ada"));
    story.say(say_roster(free), &PROPOSERS, "counts");
    let first = propose(&mut story);
    story.put(&in_flight, "counts");
    story.say(Say::Policy(policy("x")), &["new"], "too_few_admins");
    for alone in ["ada", "safe"] {
        story.say(veto(first), &[alone], "no_authority");
    }
    for target in ["safe", "new"] {
        story.say(revoke_key(target), &["ada"], "no_authority");
    }
    for target in ["bank", "new"] {
        let say = Say::Admit(device(target, &["office"]));
        story.say(say, &TWO, "role_conflict");
    }
    let late = story.world.signed(Say::Policy(policy("late")), &TWO);
    let say = waited(&story, first);
    story
        .say(say.clone(), &["ada"], "no_authority")
        .say(say, &["new"], "counts")
        .put(&late, "superseded")
        .say(veto(first), &["new"], "too_late")
        .say(Say::Policy(policy("late")), &["new"], "counts");
    story.end(
        "a recovery waits, changes nothing, then everything",
        "G -> A1 -> *2 -> junk.. -> P -> P -> P1 -> junk.. -> E -> P2",
    )
}

pub(super) fn proofs() -> Value {
    let mut story = lost();
    let before = both(&story, NOW);
    let mut fork = World::with(|roster| {
        roster.recovery = recovery(&["safe", "vault", "bank"]);
        roster.witnesses.push(witness("far"));
    });
    fork.give(tess());
    let elsewhere = fork.cosigned(&[("watch", NOW), ("far", NOW)]);
    let id = propose(&mut story);
    let (begun, done) = (both(&story, NOW), both(&story, NOW + WAIT));
    let by = |story: &Story, watch, far| story.world.cosigned(&[("watch", watch), ("far", far)]);
    let alone = story.world.cosigned(&[("watch", NOW + WAIT)]);
    let early = both(&story, NOW + WAIT - 1_000);
    let back_dated = by(&story, NOW - 9 * DAY, NOW);
    let post_dated = by(&story, NOW + 9 * DAY, NOW + WAIT - 1_000);
    let beyond = both(&story, u64::MAX);
    let just_beyond = both(&story, 9_007_199_254_741_000);
    let unsigned = done.replacen("\n— wayleave/", "\n— wayleave/x", 1);
    let nothing = String::new();
    for (begun, waited) in [
        (&before, &done),
        (&elsewhere, &done),
        (&begun, &alone),
        (&alone, &done),
        (&begun, &early),
        (&done, &begun),
        (&back_dated, &early),
        (&begun, &post_dated),
        (&begun, &beyond),
        (&beyond, &beyond),
        (&begun, &just_beyond),
        (&begun, &unsigned),
        (&begun, &nothing),
        (&nothing, &done),
    ] {
        story.say(shown(id, begun, waited), &["new"], "not_waited");
    }
    let stranger = StatementId([7; 16]);
    story.say(shown(stranger, &begun, &done), &["new"], "no_recovery");
    let mut forked = story.world.statement(shown(id, &begun, &done));
    forked.seen.root.0[0] ^= 1;
    story.put(&sign(&forked, &["new"]), "forked");
    let honest = by(&story, NOW + 9 * DAY, NOW + WAIT);
    story.say(shown(id, &back_dated, &honest), &["bank"], "counts");
    story.say(shown(id, &begun, &done), &["bank"], "no_recovery");
    story.end(
        "what shows that a recovery has waited",
        "G -> P1 -> junk.. -> E",
    )
}

pub(super) fn ends() -> Value {
    let mut story = lost();
    let vetoed = story.world.statement(say_roster(anew(&story)));
    story.put(&sign(&vetoed, &PROPOSERS), "counts");
    let proof = waited(&story, vetoed.id);
    story
        .say(veto(vetoed.id), &TWO, "counts")
        .say(proof, &["new"], "no_recovery")
        .put(&sign(&vetoed, &["vault", "bank", "new"]), "repeated")
        .say(veto(vetoed.id), &["bob", "cyd"], "already_revoked");
    let mut ahead = story.world.statement(say_roster(anew(&story)));
    story.say(veto(ahead.id), &TWO, "counts");
    ahead.seen = story.world.state.head();
    story.put(&sign(&ahead, &PROPOSERS), "already_revoked");
    let of_new = propose(&mut story);
    story.say(revoke_key("new"), &["new"], "counts");
    let proof = waited(&story, of_new);
    story.say(proof, &["bank"], "shape");
    story.say(say_roster(anew(&story)), &PROPOSERS, "shape");
    let mut other = anew(&story);
    other.admins = vec![admin("newer")];
    let statement = story.world.statement(say_roster(other.clone()));
    story.put(&sign(&statement, &["safe", "vault", "newer"]), "counts");
    story.say(revoke_key("safe"), &TWO, "counts");
    let proof = waited(&story, statement.id);
    story
        .say(proof.clone(), &["safe"], "no_authority")
        .say(proof, &["newer"], "too_few_recovery_keys")
        .say(
            say_roster(other.clone()),
            &["safe", "vault", "newer"],
            "too_few_recovery_keys",
        );
    let held = story.world.signed(veto(statement.id), &TWO);
    story.hold(&held, "new");
    let mut next = story.world.next_roster();
    next.admins = ["cyd", "dan"].map(admin).to_vec();
    let say = say_roster(next);
    story.say(say, &["ada", "bob", "cyd", "dan"], "counts");
    other.version = 3;
    for _ in 0..trust::limits::RECOVERIES_MAX {
        let say = say_roster(other.clone());
        story.say(say, &["vault", "bank", "newer"], "counts");
    }
    let say = say_roster(other);
    story.say(say, &["vault", "bank", "newer"], "shape");
    story.end(
        "what ends a recovery",
        "G -> P1 -> V1 -> V2 -> P2 -> P3 -> R(new) -> P4 -> R(safe) -> [V4] -> C2 -> P.. -> P",
    )
}

pub(super) fn vetoed_in_vain() -> Value {
    let mut story = lost();
    let statement = story.world.statement(say_roster(anew(&story)));
    let held = story.world.signed(veto(statement.id), &TWO);
    story
        .hold(&held, "new")
        .put(&sign(&statement, &PROPOSERS), "counts");
    let proof = waited(&story, statement.id);
    story.say(proof, &["new"], "counts");
    let next = say_roster(story.world.next_roster());
    story.say(next, &["new"], "counts");
    story.put(&held.countersign(&key("new")).unwrap(), "too_late");
    story.end(
        "a veto that the ledger never carried",
        "G -> [V1] -> P1 -> E -> C3 -> V1",
    )
}

pub(super) fn unwitnessed() -> Value {
    let mut story = Story::of(World::with(|roster| {
        roster.recovery = recovery(&["safe"]);
        roster.quorum = 0;
    }));
    let say = say_roster(anew(&story));
    story.say(say, &["safe", "new"], "shape");
    let mut unsound = story.world.next_roster();
    let changes: [fn(&mut Roster); 5] = [
        |r| r.recovery = recovery(&["safe", "safe"]),
        |r| r.recovery = recovery(&["safe", "ada"]),
        |r| r.recovery.as_mut().unwrap().delay = DAY - 1,
        |r| r.recovery.as_mut().unwrap().delay = 30 * DAY + 1,
        |r| r.recovery.as_mut().unwrap().keys[0] = page_key("safe", OWN).public().clone(),
    ];
    for change in changes {
        let sound = unsound.clone();
        change(&mut unsound);
        story.say(say_roster(unsound), &TWO, "shape");
        unsound = sound;
    }
    unsound.recovery = recovery(&["vault"]);
    story.say(say_roster(unsound), &TWO, "counts");
    story.say(Say::Admit(technician("vault", &[])), &TWO, "role_conflict");
    story.end(
        "no recovery without witnesses, and no unsound one",
        "G -> P -> junk.. -> C2",
    )
}
