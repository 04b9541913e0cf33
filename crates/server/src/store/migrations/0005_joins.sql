-- Meetings with machines that are not enrolled, by the part of the join code that this service knows. `device` is the key
-- that came with the nameplate: the first one, and no other.
CREATE TABLE joins (
    nameplate TEXT NOT NULL PRIMARY KEY,
    session TEXT NOT NULL UNIQUE,
    org TEXT NOT NULL,
    technician TEXT NOT NULL,
    device TEXT,
    expires BIGINT NOT NULL
);
CREATE INDEX joins_by_expiry ON joins (expires);
CREATE INDEX joins_by_org ON joins (org);

ALTER TABLE sessions ADD COLUMN joined BIGINT NOT NULL DEFAULT 0;
