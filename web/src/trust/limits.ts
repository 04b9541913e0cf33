// Every bound of the trust core, on one page; the same numbers as crates/trust/src/limits.rs.

/** Largest envelope, in bytes. */
export const ENVELOPE_BYTES_MAX = 64 * 1024
/** Most signatures on one envelope. */
export const SIGNATURES_MAX = 16
/** Largest authenticator data or client data of a passkey signature, in bytes. */
export const PASSKEY_PART_BYTES_MAX = 4 * 1024
/** Most origins of one key, and most console origins of one roster. */
export const ORIGINS_MAX = 8
/** Longest origin, in bytes. */
export const ORIGIN_BYTES_MAX = 255
/** Most admin keys of one roster. */
export const ADMINS_MAX = 32
/** Most recovery keys of one roster. */
export const RECOVERY_KEYS_MAX = 16
/** Shortest and longest wait of a recovery, in milliseconds: a day at least, so that somebody can notice. */
export const RECOVERY_DELAY_MS = { min: 86_400_000, max: 30 * 86_400_000 }
/** Most recoveries that wait at a time. */
export const RECOVERIES_MAX = 16
/** Most witnesses of one roster. */
export const WITNESSES_MAX = 16
/** Most subjects of one `admit` statement (devices; every other role admits one). */
export const SUBJECTS_MAX = 500
/** Most groups of one admission. */
export const GROUPS_MAX = 32
/** Longest group, policy, witness or person name, in bytes. */
export const NAME_BYTES_MAX = 64
/** Longest text a person writes for another (name, reason, ticket, organisation), in characters. */
export const TEXT_CHARS_MAX = 200
/** Longest sealed blob, in bytes. */
export const SEALED_BYTES_MAX = 4 * 1024
/** Longest sealed warrant that asks for approvals, in bytes. */
export const SEALED_WARRANT_BYTES_MAX = 24 * 1024
/** Longest sealed body of a receipt, in bytes: the longest texts, folders and outcome of a warrant fit. */
export const SEALED_RECEIPT_BYTES_MAX = 12 * 1024
/** Most folders or users that one list of a policy or warrant names. */
export const PATHS_MAX = 8
/** Longest path of a folder in a policy or warrant, in bytes. */
export const PATH_BYTES_MAX = 160
/** Longest name of a workstation's user in a policy or warrant, in bytes. */
export const USER_BYTES_MAX = 64
/** Most scopes in one warrant or policy. */
export const SCOPES_MAX = 16
/** Most approvals a policy can ask for. */
export const APPROVALS_MAX = 8
/** Shortest and longest `max_age` of a checkpoint, in milliseconds. */
export const MAX_AGE_MS = { min: 10_000, max: 86_400_000 }
/** Shortest and longest session a policy can allow, in seconds. */
export const POLICY_SECONDS = { min: 10, max: 604_800 }
/** How far ahead of the device's clock a cosignature or a warrant's `from` may be, in milliseconds. */
export const CLOCK_SKEW_MS = 30_000
/** How old a count may be when its warrant opens, in milliseconds: nobody can lay in a stock of them. */
export const COUNT_AGE_MS_MAX = 300_000
/** Longest count, in bytes of its envelope. */
export const COUNT_BYTES_MAX = 4 * 1024
/** Longest technician admission where no witness vouches for the ledger's freshness, in milliseconds. */
export const QUORUM_0_ADMIT_MS_MAX = 30 * 86_400_000
/** Most admitted keys and policies in force. */
export const ENTRIES_MAX = 100_000
/** Most revocations held beside the ledger before it carries them. */
export const HELD_REVOCATIONS_MAX = 10_000
/** Longest checkpoint note, in bytes. */
export const NOTE_BYTES_MAX = 16 * 1024
/** Most signature lines of a checkpoint note. */
export const NOTE_SIGNATURES_MAX = 32
/** Largest integer that JSON carries exactly in every reader. */
export const INTEGER_MAX = Number.MAX_SAFE_INTEGER
/** Deepest nesting of a JSON text. */
export const JSON_DEPTH_MAX = 127
/** How many days before a key expires who looks after it is warned. */
export const EXPIRY_WARNINGS_DAYS = [30, 7, 1] as const
