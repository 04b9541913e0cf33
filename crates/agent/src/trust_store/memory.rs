//! A disk in memory for tests: power cuts at any step, and a size.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a power cut leaves of bytes that were written and not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Survives {
    /// Nothing.
    Nothing,
    /// The first half.
    Half,
    /// Their length, as zeros.
    Zeros,
    /// Everything.
    Everything,
}

impl Survives {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Half, Self::Zeros, Self::Everything];
}

/// Handles of one disk share it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    files: BTreeMap<String, Bytes>,
    /// Names as a power cut would leave them.
    lasting: BTreeMap<String, Bytes>,
    steps_taken: usize,
    steps_max: Option<usize>,
    bytes_max: Option<usize>,
}

#[derive(Clone, Default)]
struct Bytes {
    now: Vec<u8>,
    synced: Vec<u8>,
}

impl Memory {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many steps were taken so far.
    pub fn steps(&self) -> usize {
        self.inner().steps_taken
    }

    /// The power goes after so many more steps: every later one fails.
    pub fn fail_after(&self, steps: usize) {
        let mut inner = self.inner();
        inner.steps_max = Some(inner.steps_taken + steps);
    }

    /// The disk has so many bytes; none for no bound.
    pub fn set_size(&self, bytes: Option<usize>) {
        self.inner().bytes_max = bytes;
    }

    /// How many bytes its files have.
    pub fn used(&self) -> usize {
        self.inner().used()
    }

    /// The disk after a power cut.
    pub fn after_power_cut(&self, survives: Survives) -> Self {
        let inner = self.inner();
        let names = match survives {
            Survives::Nothing | Survives::Half => &inner.lasting,
            Survives::Zeros | Survives::Everything => &inner.files,
        };
        let left = |name: &String, file: &Bytes| {
            // A file whose new name did not last may still have grown under its old one.
            let file = inner
                .files
                .get(name)
                .filter(|now| now.synced == file.synced)
                .unwrap_or(file);
            file.after_power_cut(survives)
        };
        let files: BTreeMap<_, _> = names.iter().map(|(n, f)| (n.clone(), left(n, f))).collect();
        let lasting = files.clone();
        Self(Arc::new(Mutex::new(Inner {
            files,
            lasting,
            ..Inner::default()
        })))
    }

    /// Changes one byte, as a failing disk does.
    pub fn damage(&self, name: &str, at: usize) {
        if let Some(file) = self.inner().files.get_mut(name) {
            file.now[at] ^= 0xff;
            file.synced.clone_from(&file.now);
        }
    }

    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.inner().files.get(name).map(|file| file.now.clone()))
    }

    pub(super) fn read_at(&self, name: &str, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(name)?.ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let range = at..at.saturating_add(len);
        Ok(bytes
            .get(range)
            .ok_or(io::ErrorKind::UnexpectedEof)?
            .to_vec())
    }

    pub(super) fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let room = inner.room();
        let file = inner.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.now.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    pub(super) fn truncate(&self, name: &str, len: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let file = inner.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.now
            .truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(())
    }

    pub(super) fn sync(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let file = inner.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.synced.clone_from(&file.now);
        let file = file.clone();
        if let Some(lasting) = inner.lasting.get_mut(name) {
            *lasting = file;
        }
        Ok(())
    }

    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        // write, sync, rename, sync of the directory
        for _ in 0..2 {
            inner.step()?;
            if bytes.len() > inner.room() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        inner.step()?;
        let file = Bytes {
            now: bytes.to_vec(),
            synced: bytes.to_vec(),
        };
        inner.files.insert(name.to_owned(), file.clone());
        inner.step()?;
        inner.lasting.insert(name.to_owned(), file);
        Ok(())
    }

    /// Each rename is a step, and lasts.
    pub(super) fn set_aside(&self, folder: &str, last: &str) -> io::Result<()> {
        let mut inner = self.inner();
        let others = inner
            .files
            .keys()
            .filter(|n| *n != last && !n.contains('/'));
        let names: Vec<String> = others.cloned().chain([last.to_owned()]).collect();
        for name in names {
            inner.step()?;
            let moved = format!("{folder}/{name}");
            if let Some(file) = inner.files.remove(&name) {
                inner.files.insert(moved.clone(), file);
            }
            if let Some(file) = inner.lasting.remove(&name) {
                inner.lasting.insert(moved, file);
            }
        }
        Ok(())
    }

    /// The names of its files.
    pub fn names(&self) -> Vec<String> {
        self.inner().files.keys().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn step(&mut self) -> io::Result<()> {
        if self.steps_max.is_some_and(|max| self.steps_taken >= max) {
            return Err(io::Error::other("the power is gone"));
        }
        self.steps_taken += 1;
        Ok(())
    }

    fn used(&self) -> usize {
        self.files.values().map(|file| file.now.len()).sum()
    }

    fn room(&self) -> usize {
        self.bytes_max
            .map_or(usize::MAX, |max| max.saturating_sub(self.used()))
    }
}

impl Bytes {
    fn after_power_cut(&self, survives: Survives) -> Self {
        let kept = self.synced.len().min(self.now.len());
        let fresh = &self.now[kept..];
        let mut now = match survives {
            Survives::Nothing | Survives::Half | Survives::Zeros => self.synced.clone(),
            Survives::Everything => {
                return Self {
                    now: self.now.clone(),
                    synced: self.now.clone(),
                };
            }
        };
        match survives {
            Survives::Half => now.extend_from_slice(&fresh[..fresh.len() / 2]),
            Survives::Zeros => now.extend(fresh.iter().map(|_| 0)),
            Survives::Nothing | Survives::Everything => {}
        }
        Self {
            synced: now.clone(),
            now,
        }
    }
}
