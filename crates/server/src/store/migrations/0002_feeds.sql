-- Whom an organisation wants to be told of openings.
CREATE TABLE feeds (
    feed TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    made_by TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    what TEXT NOT NULL,
    created BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    delivered BIGINT,
    failing TEXT
);
CREATE INDEX feeds_by_org ON feeds (org, created);

-- One row a message that is not delivered yet, written with the receipt that it tells of.
CREATE TABLE outbox (
    feed TEXT NOT NULL,
    org TEXT NOT NULL,
    device TEXT NOT NULL,
    n BIGINT NOT NULL,
    created BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (feed, device, n)
);
CREATE INDEX outbox_by_feed ON outbox (feed, due);
