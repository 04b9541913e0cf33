//! What anybody may do next. Each run draws which of these it knows and how often it takes them: so some runs are quiet,
//! some are nothing but one attack.

pub mod audit;
pub mod desk;
pub mod office;
pub mod relay;
pub mod rex;
pub mod service;
pub mod thief;
pub mod weather;

use crate::rng::Rng;
use crate::world::World;

/// One thing that somebody does.
pub type Move = fn(&mut World);

/// Everything that can happen: name, weight, whether every run knows it, what happens.
pub const MOVES: &[(&str, u64, bool, Move)] = &[
    (
        "the service sequences what waits",
        14,
        true,
        service::sequence,
    ),
    (
        "the service brings a device up to date",
        16,
        true,
        service::serve,
    ),
    ("readers look", 6, true, service::show),
    ("revocations reach witnesses", 10, true, weather::deliver),
    ("a technician works", 12, true, desk::work),
    ("a technician calls through the relay", 2, true, relay::call),
    ("users answer", 14, true, desk::answer),
    ("sessions end", 2, true, desk::end),
    ("a technician comes back", 4, true, desk::come_back),
    ("the office admits", 4, true, office::admit),
    ("the office changes a policy", 3, true, office::policy),
    ("the office revokes", 4, true, office::revoke),
    ("the office changes its roster", 2, true, office::roster),
    ("rex reaches too far", 24, true, rex::reach),
    ("rex replays", 4, true, rex::replay),
    ("rex lays counts in", 1, true, rex::lay_in),
    (
        "the service sequences out of order",
        4,
        false,
        service::shuffle,
    ),
    ("the service forgets a statement", 2, false, service::forget),
    ("the service sequences junk", 4, false, service::junk),
    ("the service forks", 2, false, service::fork),
    (
        "the service pushes a strange ledger",
        8,
        false,
        service::mislead,
    ),
    ("the service mixes notes", 8, false, service::mix),
    (
        "the service misleads a witness",
        5,
        false,
        service::mislead_witness,
    ),
    (
        "the service shows a strange ledger",
        3,
        false,
        service::show_strange,
    ),
    (
        "the service passes revocations on",
        4,
        false,
        service::pass_on,
    ),
    ("a thief takes a key", 2, false, thief::steal),
    ("a thief works", 6, false, thief::work),
    ("a thief gives", 6, false, thief::give),
    ("a thief raids", 2, false, thief::raid),
    ("a thief launders", 2, false, thief::launder),
    ("a thief gives beyond", 5, false, thief::give_wrongly),
    ("a thief revokes", 4, false, thief::revoke),
    ("the stopper stops", 2, false, thief::stop),
    ("the stopper whispers", 1, false, thief::whisper),
    ("the enroller enrols", 4, false, thief::enrol),
    ("the power goes", 2, false, weather::power),
    ("a disk is put back", 2, false, weather::put_back),
    ("a clock is set", 2, false, weather::set_clock),
    ("an auditor reads", 3, false, audit::read),
];

/// How often each is taken in a run.
pub fn weights(rng: &mut Rng) -> Vec<u64> {
    let knows = [25, 50, 75][rng.index(3)];
    MOVES
        .iter()
        .map(|(_, weight, always, _)| match (always, rng.below(100)) {
            (true, chance) if chance < 15 => weight * 3,
            (true, _) => *weight,
            (false, chance) if chance < knows / 3 => weight * 3,
            (false, chance) if chance < knows => *weight,
            (false, _) => 0,
        })
        .collect()
}

/// Draws one.
pub fn draw(rng: &mut Rng, weights: &[u64]) -> usize {
    let mut at = rng.below(weights.iter().sum());
    for (place, weight) in weights.iter().enumerate() {
        if at < *weight {
            return place;
        }
        at -= weight;
    }
    0
}
