-- Requests for approval. `sealed` is ciphertext to this service.
CREATE TABLE approvals (
    org TEXT NOT NULL,
    warrant TEXT NOT NULL,
    technician TEXT NOT NULL,
    device TEXT NOT NULL,
    asked BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    withdrawn BIGINT,
    sealed TEXT NOT NULL,
    PRIMARY KEY (org, warrant)
);
CREATE INDEX approvals_by_expiry ON approvals (expires);

-- One answer of each ledger key, as its JSON.
CREATE TABLE approval_answers (
    org TEXT NOT NULL,
    warrant TEXT NOT NULL,
    approver TEXT NOT NULL,
    at BIGINT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (org, warrant, approver)
);

-- Statements that lack signatures. `draft` is SHA-256 of the payload.
CREATE TABLE drafts (
    org TEXT NOT NULL,
    draft TEXT NOT NULL,
    made_by TEXT NOT NULL,
    envelope TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (org, draft)
);
CREATE INDEX drafts_by_expiry ON drafts (expires);
