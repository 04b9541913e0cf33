//! Every bound of the agent that the channel's and the service's protocols do not already set.

use std::time::Duration;

/// Largest record of the store's files, in bytes: one batch of ledger leaves.
pub const LOG_RECORD_BYTES_MAX: usize = LEDGER_SYNC_BYTES_MAX + 16 * 1024 * 1024;
/// Most bytes of leaves that wait in memory until the checkpoint over them comes.
pub const LEDGER_SYNC_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How long a starting agent waits for the directory: what a killed one was just starting lets go of it a moment later.
pub const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
/// Most sessions at once.
pub const SESSIONS_MAX: usize = 16;
/// Least and most time between two attempts to reach the service.
pub const RECONNECT_MIN: Duration = Duration::from_millis(500);
/// Least and most time between two attempts to reach the service.
pub const RECONNECT_MAX: Duration = Duration::from_secs(60);
/// How often the service is asked for a sign of life.
pub const LINK_PING: Duration = Duration::from_secs(20);
/// How long the service may be silent.
pub const LINK_SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long a connection, its TLS and its upgrade may take.
pub const CONNECT_MAX: Duration = Duration::from_secs(15);
/// How long the end user is asked, in seconds.
pub const CONSENT_S: u32 = 60;
/// How long an `open` waits for the ledger it names, in milliseconds.
pub const LEDGER_WAIT_MS: u64 = 5_000;
/// How long equal denials are counted before they become one receipt, in milliseconds.
pub const DENIAL_WINDOW_MS: u64 = 600_000;
/// Most kinds of denials that are counted apart.
pub const DENIAL_KINDS_MAX: usize = 64;
/// Most messages of one session that the desk helper has not dealt with yet.
pub const UNDONE_MAX: usize = 4096;
/// Most bytes for one technician that wait in the keeper because he does not take them.
pub const BACKLOG_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest frame between keeper and desk helper, in bytes.
pub const IPC_FRAME_BYTES_MAX: usize = 8 * 1024 * 1024 + 64;
/// Most bytes that wait for the desk helper before it counts as stuck.
pub const IPC_WAITING_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Most bytes of one download or shell on their way through the keeper.
pub const HELPER_WINDOW_BYTES: usize = 256 * 1024;
/// Most entries of a folder that is listed.
pub const FOLDER_ENTRIES_MAX: usize = 50_000;
/// Time until a lost desk helper is started again, and one that did not start is tried again, in milliseconds.
pub const HELPER_RESTART_MS_MIN: u64 = 1_000;
/// Time until a lost desk helper is started again, and one that did not start is tried again, in milliseconds.
pub const HELPER_RESTART_MS_MAX: u64 = 10_000;
/// glibc's setting for blocks that go back to the system as soon as they are freed, in bytes: pictures, and whatever is as
/// large. Left to itself glibc raises it after the first one, and a helper keeps some 16 MB after its last session.
pub const LARGE_BLOCKS: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");
/// How long the service or a domain may take to answer one request of a join.
pub const JOIN_REQUEST_MAX: Duration = Duration::from_secs(8);
/// Largest answer to one, in bytes.
pub const JOIN_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long a machine that joins waits for the organisation's ledger and its own display, in milliseconds.
pub const JOIN_READY_WAIT_MS: u64 = 60_000;
/// How long a warrant waits for the organisation's domain to answer, in milliseconds: a little longer than the request.
pub const JOIN_DOMAIN_WAIT_MS: u64 = 10_000;
/// A device says how far its chain and its ledger reach this often, in milliseconds, after each connection, and at once
/// when its ledger takes a revocation.
pub const BEAT_EVERY_MS: u64 = 60 * 60 * 1000;
