//! A thief with the log key writes the ledger. The device folds it, the witness looks, and neither believes the service.
#![allow(clippy::unwrap_used)]

use trust::envelope::{Envelope, PayloadType};
use trust::statement::{Say, Statement, Target};
use wayleave_tests::assault::{Assault, Case, case};
use wayleave_tests::org::{revoke, technician};
use wayleave_tests::parley::Ingredient::{Honesty, Nothing, Statement as Admin};
use wayleave_tests::stage::{Agent, World};

const LEDGERS: &[Case] = &[
    case("admit a technician", Admin, "not_signed"),
    case("admit a technician among junk leaves", Admin, "not_signed"),
    case("allow what no policy allows", Admin, "uncovered"),
    case("serve a shorter ledger", Honesty, "ledger_behind"),
];

async fn stage(max_age: u64) -> (Assault, Agent) {
    let mut world = World::fresh_for(max_age).await;
    let agent = world.device("desk", &["office"]).await;
    (Assault::on(world).await, agent)
}

fn none(wrong: &[String], agent: &Agent) {
    assert!(
        wrong.is_empty(),
        "\n{}\n\nthe agent:\n{}",
        wrong.join("\n"),
        agent.process.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_leaf_of_the_service_gives_or_takes_what_only_admins_do() {
    let (mut assault, agent) = stage(300_000).await;
    let mut wrong = Vec::new();
    for case in LEDGERS {
        wrong.extend(assault.try_both(case, &agent, &[]).await);
    }
    // Neither of these changes anything: who could open, still can.
    for attack in [
        "give the device another channel key",
        "revoke an admin with the stopper",
    ] {
        wrong.extend(
            assault
                .try_twin(&case(attack, Nothing, "opened"), &agent, &[])
                .await,
        );
    }
    let stop = case("stop a technician", Honesty, "technician_not_in_force");
    let sam = assault.people["sam"].key.id().to_string();
    wrong.extend(assault.try_twin(&stop, &agent, &[]).await);
    wrong.extend(assault.try_attack(&stop, &agent, &[sam]).await);
    none(&wrong, &agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_final_however_the_service_orders_and_answers_it() {
    let (mut assault, agent) = stage(300_000).await;
    let mut wrong = Vec::new();

    let undo = case("revoke a revocation", Nothing, "technician_not_in_force");
    wrong.extend(assault.try_twin(&undo, &agent, &[]).await);
    let rick = Target::Key(assault.people["rick"].key.id());
    let revocation = assault.org.signed(revoke(rick), &assault.org.ada);
    wrong.extend(
        assault
            .try_attack(&undo, &agent, &[revocation.to_text()])
            .await,
    );

    let late = case(
        "sequence a renewal after the revocation",
        Honesty,
        "technician_not_in_force",
    );
    let leaked = renewal_and_revocation(&assault, "ron");
    wrong.extend(assault.try_twin(&late, &agent, &leaked).await);
    let leaked = renewal_and_revocation(&assault, "renee");
    wrong.extend(assault.try_attack(&late, &agent, &leaked).await);
    none(&wrong, &agent);
}

/// Signed over the same ledger: a second admission of somebody, and the revocation of the first.
fn renewal_and_revocation(assault: &Assault, name: &str) -> [String; 2] {
    let person = &assault.people[name];
    let admit = assault.org.state.entry(&person.key.id()).unwrap().admit;
    let renewal = assault
        .org
        .signed(technician(person, &["support"]), &assault.org.ada);
    let revocation = assault
        .org
        .signed(revoke(Target::Admit(admit)), &assault.org.ada);
    let said: Statement = renewal.read(PayloadType::Statement).unwrap();
    assert!(matches!(said.say, Say::Admit(_)));
    [renewal.to_text(), revocation.to_text()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_takes_no_other_genesis_and_no_ledger_with_a_leaf_left_out() {
    let (mut assault, _first) = stage(300_000).await;
    let mut wrong = Vec::new();
    for (attack, code, names) in [
        (
            "serve another organisation's genesis",
            "declined",
            ["a", "b"],
        ),
        (
            "serve a ledger with a leaf left out",
            "ledger_forked",
            ["c", "d"],
        ),
    ] {
        let case = case(attack, Honesty, code);
        let (agent, admit) = assault.new_device(names[0]).await;
        wrong.extend(assault.try_attack(&case, &agent, &[admit]).await);
        let (agent, admit) = assault.new_device(names[1]).await;
        wrong.extend(assault.try_twin(&case, &agent, &[admit]).await);
        none(&wrong, &agent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_withholds_a_revocation_starves_its_devices() {
    let (mut assault, agent) = stage(10_000).await;
    let withhold = case("withhold a revocation", Nothing, "stale");
    let mut wrong = assault.try_twin(&withhold, &agent, &[]).await;
    let rita = Target::Key(assault.people["rita"].key.id());
    let revocation: Envelope = assault.org.signed(revoke(rita), &assault.org.ada);
    assault.witness.hand(assault.org.id, &revocation).await;
    wrong.extend(assault.try_withheld(&withhold, &agent).await);
    none(&wrong, &agent);
}
