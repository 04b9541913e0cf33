//! Memory that the display server writes pictures into (MIT-SHM 1.2).

use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A piece of memory shared with another process, which may write to it at our request.
pub struct SharedMemory {
    address: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone and is unmapped only when it is dropped.
#[allow(unsafe_code)]
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// Maps fresh memory; the descriptor is for the other process. Sealed, so that nobody can
    /// shrink it under our mapping.
    pub fn new(length: usize) -> rustix::io::Result<(Self, OwnedFd)> {
        let fd = memfd_create(
            "wayleave-screen",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        ftruncate(&fd, length as u64)?;
        fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        #[allow(unsafe_code)]
        let address = unsafe {
            mmap(
                std::ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::SHARED,
                &fd,
                0,
            )?
        };
        let address = NonNull::new(address.cast()).ok_or(rustix::io::Errno::NOMEM)?;
        Ok((Self { address, length }, fd))
    }

    /// Its bytes. The other process writes only between a request of ours and its answer, and
    /// we hold the bytes only outside of that time.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is `length` bytes long, sealed against shrinking, readable and
        // lives as long as `self`. A server that writes at other times breaks no memory of ours:
        // bytes have no invalid values and no decision is read twice from them.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(self.address.as_ptr(), self.length)
        }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nothing borrows it any more.
        #[allow(unsafe_code)]
        let unmapped = unsafe { munmap(self.address.as_ptr().cast(), self.length) };
        debug_assert!(unmapped.is_ok());
    }
}
