//! A thief holds everything that the service held, and stands where it stood. A real agent judges for itself.
#![allow(clippy::unwrap_used)]

use wayleave_tests::assault::{Assault, Case, case};
use wayleave_tests::parley::Ingredient::{Approval, Honesty, Nothing, Warrant};
use wayleave_tests::stage::{Desktop, World};
use wayleave_tests::technician::Technician;

const WARRANTS: &[Case] = &[
    case("connect and run a command", Warrant, "early"),
    case("connect with the device's own key", Honesty, "lost"),
    case("connect for another organisation", Honesty, "lost"),
    case("sign it in the technician's name", Warrant, "unreadable"),
    case("sign it with the service's own keys", Warrant, "not_signed"),
    case("widen", Honesty, "unreadable"),
    case("extend", Honesty, "unreadable"),
    case("rename", Honesty, "unreadable"),
    case("re-target an envelope", Honesty, "unreadable"),
    case("use one made for another device", Honesty, "other_device"),
    case("use it on another channel", Honesty, "other_channel"),
    case(
        "use it in another organisation",
        Honesty,
        "other_organisation",
    ),
    case("use another's name", Honesty, "other_name"),
    case("replay", Honesty, "spent"),
    case("use it after its end", Honesty, "expired"),
    case("use it before its time", Honesty, "too_early"),
    case("drop the approver's signature", Approval, "uncovered"),
    case("swap technician and approver", Honesty, "uncovered"),
    case("approve oneself", Honesty, "uncovered"),
    case("mix two policies", Honesty, "uncovered"),
    case("stay longer than policy allows", Honesty, "uncovered"),
    case("clear the user verification", Honesty, "unreadable"),
    case("take a passkey that verified nobody", Honesty, "unreadable"),
    case(
        "sign on an origin that is not listed",
        Honesty,
        "origin_not_listed",
    ),
    case("sign on the thief's own origin", Honesty, "unreadable"),
    case("present a sign-in", Warrant, "unreadable"),
    case("move a sign-in's signature", Warrant, "unreadable"),
    case("present what is no envelope", Warrant, "unreadable"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_the_service_makes_a_warrant() {
    let mut world = World::start().await;
    let agent = world.device("desk", &["office"]).await;
    let mut assault = Assault::on(world).await;
    let marker = agent.home().join("marker");
    let command = format!("touch {}", marker.display());
    let mut wrong = Vec::new();
    for case in WARRANTS {
        wrong.extend(
            assault
                .try_both(case, &agent, std::slice::from_ref(&command))
                .await,
        );
    }
    assert!(
        wrong.is_empty(),
        "\n{}\n\nthe agent:\n{}",
        wrong.join("\n"),
        agent.process.text()
    );
    assert!(!marker.exists(), "a command ran without a warrant");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_cannot_answer_for_the_person_at_the_seat() {
    let desktop = Desktop::start().await;
    let mut world = World::start().await;
    let agent = world.device_on(&desktop, "desk", &["office"]).await;
    let eve = world.org.technician("Eve", &["support"]).await;
    let eve = Technician::sign_in(&world.org, &world.service.url, eve).await;
    eve.wait_for_display(&agent).await;
    let mut assault = Assault::on(world).await;
    assault.seat = Some(desktop);
    let answer = case(
        "answer the prompt from the service",
        Nothing,
        "refused_by_user",
    );
    let wrong = assault.try_both(&answer, &agent, &[]).await;
    assert!(
        wrong.is_empty(),
        "\n{}\n\nthe agent:\n{}",
        wrong.join("\n"),
        agent.process.text()
    );
}
