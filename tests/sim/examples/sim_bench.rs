//! How many runs of the simulation fit into a minute. Prints one JSON row a line for `cargo xtask bench`.

use std::time::Instant;

use wayleave_sim::search::search;

const SEEDS: u64 = 3000;

fn main() {
    let started = Instant::now();
    let totals = search(0..SEEDS, false);
    let seconds = started.elapsed().as_secs_f64();
    print(
        "runs of the simulation",
        "seeds/min",
        totals.seeds as f64 * 60.0 / seconds,
    );
    print("of that: steps", "1/s", totals.steps as f64 / seconds);
}

fn print(what: &str, unit: &str, number: f64) {
    println!(
        "{}",
        serde_json::json!({"what": what, "unit": unit, "n": 1, "p50": number})
    );
}
