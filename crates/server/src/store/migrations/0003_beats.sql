-- The newest beat of each device: `k` is its counter.
CREATE TABLE beats (
    org TEXT NOT NULL,
    device TEXT NOT NULL,
    k BIGINT NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (org, device)
);
