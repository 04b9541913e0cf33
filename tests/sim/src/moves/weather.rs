//! What happens to everybody: the post, the power, the clocks.

use crate::world::World;

/// Revocations that were long enough on their way reach their witnesses, in any order, now and then twice or never.
pub fn deliver(w: &mut World) {
    for _ in 0..3 {
        let due: Vec<usize> = (0..w.mail.len())
            .filter(|at| w.mail[*at].0 <= w.now)
            .collect();
        let Some(at) = w.rng.pick(&due).copied() else {
            return;
        };
        let (_, witness, paper) = w.mail.swap_remove(at);
        w.hand_witness(witness, &paper);
        if w.rng.percent(5) {
            w.hand_witness(witness, &paper);
        }
    }
}

/// The power goes at a device: at once, or after so many more writes. Later it comes back.
pub fn power(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let now = w.now;
    if w.devices[at].run.is_none() {
        w.devices[at].start(now);
        return;
    }
    if w.rng.percent(50) {
        w.devices[at].disk.fuse = Some(w.rng.below(4) as u32);
    } else {
        w.devices[at].stop();
        w.tell(|| "a device loses its power".to_owned());
        if w.rng.percent(50) {
            w.devices[at].start(now);
        }
    }
}

/// Somebody sets a device's clock.
pub fn set_clock(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let far = [20_000, 120_000, 3_600_000, 86_400_000][w.rng.index(4)];
    let drift = if w.rng.percent(70) { -far } else { far };
    w.tell(|| format!("the clock of device {at} is {drift} ms off"));
    w.devices[at].drift = drift;
    w.devices[at].clock_was_set = true;
}

/// Somebody copies a device's disk, or puts such a copy back: what it knew and did since is gone.
pub fn put_back(w: &mut World) {
    let at = w.rng.index(w.devices.len());
    let (now, device) = (w.now, &mut w.devices[at]);
    let Some((disk, truth)) = w.copies[at].take() else {
        w.copies[at] = Some((device.disk.clone(), device.truth.clone()));
        return;
    };
    device.stop();
    device.disk = disk;
    device.disk.fuse = None;
    device.truth = truth;
    device.start(now);
    w.tell(|| format!("the disk of device {at} is put back from a copy"));
}
