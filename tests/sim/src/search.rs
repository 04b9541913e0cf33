//! Many seeds, on as many threads as the machine has. Each run stays on one thread and knows nothing of the others.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::found::Violation;
use crate::run::run;

/// What many runs came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// How many seeds were played.
    pub seeds: u64,
    /// How many things happened.
    pub steps: u64,
    /// How many sessions opened.
    pub opened: u64,
    /// Seeds that found something, in order.
    pub found: Vec<(u64, Violation)>,
}

/// Plays all of these seeds; `first_only`: until one finds something.
pub fn search(seeds: Range<u64>, first_only: bool) -> Totals {
    let (next, is_over) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let totals = Mutex::new(Totals::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let report = run(seed);
                    let mut totals = totals
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    totals.seeds += 1;
                    totals.steps += report.steps;
                    totals.opened += report.opened;
                    if let Some(violation) = report.violation {
                        totals.found.push((seed, violation));
                        is_over.store(first_only, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut totals = totals
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    totals.found.sort_by_key(|(seed, _)| *seed);
    totals
}
