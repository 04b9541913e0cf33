-- When each key of a ledger last signed a request key in, in milliseconds since the epoch.
CREATE TABLE key_uses (
    org TEXT NOT NULL,
    keyid TEXT NOT NULL,
    signed_in BIGINT NOT NULL,
    PRIMARY KEY (org, keyid)
);
