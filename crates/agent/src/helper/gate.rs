//! Stops file work while the end user is asked: closed means that nothing is under way and nothing begins.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Shared by the loop and the workers.
#[derive(Clone, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    inside: usize,
}

/// Somebody is inside until this is dropped.
pub struct Pass<'g>(&'g Inner);

impl Gate {
    /// Closes it; returns once nobody is inside.
    pub fn close(&self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        while state.inside > 0 {
            state = self
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Opens it.
    pub fn open(&self) {
        self.0.lock().is_closed = false;
        self.0.changed.notify_all();
    }

    /// Wakes who waits, to look whether he was cancelled.
    pub fn wake(&self) {
        let _state = self.0.lock();
        self.0.changed.notify_all();
    }

    /// Waits until it is open; none once `cancelled`.
    pub fn enter(&self, cancelled: &AtomicBool) -> Option<Pass<'_>> {
        let mut state = self.0.lock();
        loop {
            if cancelled.load(Ordering::SeqCst) {
                return None;
            }
            if !state.is_closed {
                state.inside += 1;
                return Some(Pass(&self.0));
            }
            state = self
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.lock().inside -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn closing_waits_for_who_is_inside_and_keeps_others_out() {
        let (gate, cancelled) = (Gate::default(), Arc::new(AtomicBool::new(false)));
        let pass = gate.enter(&cancelled).unwrap();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let (gate, tell) = (gate.clone(), tell.clone());
            scope.spawn(move || {
                gate.close();
                tell.send("closed").unwrap();
            });
            assert!(told.try_recv().is_err());
            drop(pass);
            assert_eq!(told.recv().unwrap(), "closed");
        });
        thread::scope(|scope| {
            let (inside, cancelled) = (gate.clone(), cancelled.clone());
            scope.spawn(move || {
                let _pass = inside.enter(&cancelled).unwrap();
                tell.send("inside").unwrap();
            });
            assert!(told.try_recv().is_err());
            gate.open();
            assert_eq!(told.recv().unwrap(), "inside");
        });
    }

    #[test]
    fn a_cancelled_worker_leaves_a_closed_gate() {
        let (gate, cancelled) = (Gate::default(), Arc::new(AtomicBool::new(false)));
        gate.close();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(&cancelled).is_none());
            cancelled.store(true, Ordering::SeqCst);
            gate.wake();
            assert!(waiting.join().unwrap());
        });
    }
}
