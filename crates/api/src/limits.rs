//! Every bound of the service's protocol.

/// Body of a request, in bytes, unless the route says otherwise. An envelope is 64 KiB at most.
pub const BODY_BYTES_MAX: usize = 96 * 1024;

/// One text message of the service on an agent's or console's socket, in bytes. Holds a page of the ledger.
pub const SIGNAL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One text message of an agent, in bytes. Holds a page of receipts.
pub const AGENT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One text message that a client sends before it has proven a key, in bytes.
pub const SIGNAL_UNPROVEN_BYTES_MAX: usize = 96 * 1024;

/// One binary message of a relay, in bytes: one Noise message.
pub const RELAY_MESSAGE_BYTES_MAX: usize = 65_535;

/// Leaves in one page of the ledger.
pub const LEDGER_PAGE_LEAVES_MAX: usize = 1_000;

/// Bytes of the leaves of one page of the ledger, after which the page ends; one leaf is always sent.
pub const LEDGER_PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Receipts in one page or in one message.
pub const RECEIPT_PAGE_MAX: usize = 200;

/// Bytes of the receipts of one page or message, after which it ends; one receipt is always sent.
pub const RECEIPT_PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Sessions in one page.
pub const SESSION_PAGE_MAX: usize = 200;

/// Devices that wait for admission, in one organisation.
pub const WAITING_PER_ORG_MAX: u64 = 5_000;

/// Devices that wait for admission, enrolled from one address.
pub const WAITING_PER_ADDRESS_MAX: u64 = 1_000;

/// Invites of one organisation that are not expired.
pub const INVITES_PER_ORG_MAX: u64 = 200;

/// Feeds of one organisation.
pub const FEEDS_PER_ORG_MAX: usize = 16;

/// Messages of one feed that wait to be delivered; later ones are dropped and counted.
pub const FEED_WAITING_MAX: u64 = 10_000;

/// How long a message of a feed is tried, in milliseconds: 3 days.
pub const FEED_MESSAGE_MS: u64 = 3 * 24 * 60 * 60 * 1000;

/// How long an invite may be answered, in milliseconds: 7 days.
pub const INVITE_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// How long a request for approval lives, in milliseconds: 1 hour. It ends with its warrant.
pub const APPROVAL_MS_MAX: u64 = 60 * 60 * 1000;

/// Requests for approval of one technician that have not ended.
pub const APPROVALS_PER_TECHNICIAN_MAX: u64 = 10;

/// Requests for approval of one organisation that have not ended.
pub const APPROVALS_PER_ORG_MAX: u64 = 100;

/// Answers to one request: all that fit into one envelope beside the technician's signature.
pub const ANSWERS_MAX: u64 = 15;

/// One answer's JSON, in bytes: a passkey's signature fits.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// How long a join code may wait for a machine, in milliseconds: 10 minutes.
pub const JOIN_MS: u64 = 10 * 60 * 1000;

/// Join codes of one organisation that wait for a machine.
pub const JOINS_PER_ORG_MAX: u64 = 100;

/// Join codes of one technician that wait for a machine.
pub const JOINS_PER_TECHNICIAN_MAX: u64 = 5;

/// How long a draft lives, in milliseconds: 7 days.
pub const DRAFT_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Drafts of one organisation that have not ended.
pub const DRAFTS_PER_ORG_MAX: u64 = 50;

/// Characters of an invite's note, of the reason a display is missing, and of a refusal's text.
pub const TEXT_CHARS_MAX: usize = 200;

/// How long a sign-in nonce may be used, in milliseconds.
pub const NONCE_MS: u64 = 60 * 1000;

/// How long a request key may sign, in milliseconds: 12 hours.
pub const REQUEST_KEY_MS_MAX: u64 = 12 * 60 * 60 * 1000;

/// How long one request's signature may be valid (`expires` minus `created`), in seconds.
pub const REQUEST_SIGNATURE_S_MAX: u64 = 60;

/// How far ahead of the server's clock a request's `created` may be, in seconds.
pub const CLOCK_SKEW_S_MAX: u64 = 30;

/// Length of the header fields `signature-input`, `signature` and `content-digest`, in bytes each.
pub const SIGNATURE_HEADER_BYTES_MAX: usize = 1024;

/// How long one side of a relay waits for the other, in milliseconds.
pub const RELAY_WAIT_MS: u64 = 30 * 1000;

/// How long a client may take for the first message of a socket, in milliseconds.
pub const SOCKET_PROOF_MS: u64 = 10 * 1000;
