-- The same text runs on SQLite and PostgreSQL: TEXT and BIGINT only, times in milliseconds since the epoch.

CREATE TABLE orgs (
    org TEXT NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);

-- One row a leaf of an organisation's ledger, never changed. `hash` is SHA-256 of the envelope.
CREATE TABLE leaves (
    org TEXT NOT NULL,
    idx BIGINT NOT NULL,
    hash TEXT NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (org, idx),
    UNIQUE (org, hash)
);

-- The newest published checkpoint of each organisation, with its cosignatures.
CREATE TABLE checkpoints (
    org TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    note TEXT NOT NULL
);

-- Spent once: sign-in nonces and request nonces. Forgotten after they expire.
CREATE TABLE nonces (
    scope TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (scope, nonce)
);
CREATE INDEX nonces_by_expiry ON nonces (expires);

-- Public halves only.
CREATE TABLE request_keys (
    org TEXT NOT NULL,
    keyid TEXT NOT NULL,
    public TEXT NOT NULL,
    signer TEXT NOT NULL,
    created BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (org, keyid)
);

CREATE TABLE devices (
    org TEXT NOT NULL,
    keyid TEXT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (org, keyid)
);

CREATE TABLE waiting (
    org TEXT NOT NULL,
    keyid TEXT NOT NULL,
    envelope TEXT NOT NULL,
    address TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (org, keyid)
);
CREATE INDEX waiting_by_address ON waiting (address);

CREATE TABLE invites (
    invite TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    made_by TEXT NOT NULL,
    note TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    answer TEXT
);
CREATE INDEX invites_by_org ON invites (org, created);

CREATE TABLE sessions (
    session TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    technician TEXT NOT NULL,
    device TEXT NOT NULL,
    warrant TEXT,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    paired BIGINT,
    ended BIGINT,
    why TEXT
);
CREATE INDEX sessions_by_org ON sessions (org, created);
CREATE INDEX sessions_by_state ON sessions (state, changed);

-- Append only: numbers 1 to n of each device without a gap.
CREATE TABLE receipts (
    org TEXT NOT NULL,
    device TEXT NOT NULL,
    n BIGINT NOT NULL,
    hash TEXT NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (org, device, n)
);
