//! Every bound of the trust core, on one page.

/// Largest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// Most signatures on one envelope.
pub const SIGNATURES_MAX: usize = 16;
/// Largest authenticator data or client data of a passkey signature, in bytes.
pub const PASSKEY_PART_BYTES_MAX: usize = 4 * 1024;
/// Most origins of one key, and most console origins of one roster.
pub const ORIGINS_MAX: usize = 8;
/// Longest origin or relying-party id, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 255;
/// Most admin keys of one roster.
pub const ADMINS_MAX: usize = 32;
/// Most recovery keys of one roster.
pub const RECOVERY_KEYS_MAX: usize = 16;
/// Shortest and longest wait of a recovery, in milliseconds: a day at least, so that somebody can notice.
pub const RECOVERY_DELAY_MS: std::ops::RangeInclusive<u64> = 86_400_000..=30 * 86_400_000;
/// Most recoveries that wait at a time.
pub const RECOVERIES_MAX: usize = 16;
/// Most witnesses of one roster.
pub const WITNESSES_MAX: usize = 16;
/// Most subjects of one `admit` statement (devices; every other role admits one).
pub const SUBJECTS_MAX: usize = 500;
/// Most groups of one admission.
pub const GROUPS_MAX: usize = 32;
/// Longest group, policy, witness or person name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest text a person writes for another (name, reason, ticket, organisation), in characters.
pub const TEXT_CHARS_MAX: usize = 200;
/// Longest sealed blob, in bytes.
pub const SEALED_BYTES_MAX: usize = 4 * 1024;
/// Longest sealed body of a receipt, in bytes: the longest texts, folders and outcome of a warrant fit.
pub const SEALED_RECEIPT_BYTES_MAX: usize = 12 * 1024;
/// Longest sealed warrant that asks for approvals, in bytes: one signature and the longest texts fit.
pub const SEALED_WARRANT_BYTES_MAX: usize = 24 * 1024;
/// Most scopes in one warrant or policy.
pub const SCOPES_MAX: usize = 16;
/// Most folders or users that one list of a policy or warrant names.
pub const PATHS_MAX: usize = 8;
/// Longest path of a folder in a policy or warrant, in bytes.
pub const PATH_BYTES_MAX: usize = 160;
/// Longest name of a workstation's user in a policy or warrant, in bytes.
pub const USER_BYTES_MAX: usize = 64;
/// Most approvals a policy can ask for.
pub const APPROVALS_MAX: u8 = 8;
/// Shortest and longest `max_age` of a checkpoint, in milliseconds.
pub const MAX_AGE_MS: std::ops::RangeInclusive<u64> = 10_000..=86_400_000;
/// Shortest and longest session a policy can allow, in seconds.
pub const POLICY_SECONDS: std::ops::RangeInclusive<u64> = 10..=604_800;
/// How far ahead of the device's clock a cosignature or a warrant's `from` may be, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 30_000;
/// How old a count may be when its warrant opens, in milliseconds: nobody can lay in a stock of them.
pub const COUNT_AGE_MS_MAX: u64 = 300_000;
/// Over how long a witness counts, in milliseconds.
pub const COUNT_WINDOW_MS: u64 = 3_600_000;
/// Longest count, in bytes of its envelope.
pub const COUNT_BYTES_MAX: usize = 4 * 1024;
/// Most openings that one witness keeps count of at a time, for one organisation.
pub const COUNTED_MAX: usize = 100_000;
/// Longest technician admission where no witness vouches for the ledger's freshness, in milliseconds.
pub const QUORUM_0_ADMIT_MS_MAX: u64 = 30 * 86_400_000;
/// Most admitted keys and policies in force; admissions beyond are inert, removals never are.
pub const ENTRIES_MAX: usize = 100_000;
/// Most revocations held beside the ledger before it carries them.
pub const HELD_REVOCATIONS_MAX: usize = 10_000;
/// Longest checkpoint note, in bytes.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;
/// Most signature lines of a checkpoint note.
pub const NOTE_SIGNATURES_MAX: usize = 32;
/// Largest integer that JSON carries exactly in every reader (2^53 - 1).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// How many days before a key expires who looks after it is warned.
pub const EXPIRY_WARNINGS_DAYS: [u64; 3] = [30, 7, 1];
