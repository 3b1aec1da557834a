-- Deliveries in a state that somebody may want to see or to change: all but waiting, accepted and
-- delivered. A table and not a partial index of delivery: PostgreSQL rewrites every index entry
-- of a row when a column named in any index changes, and `state` changes with every letter.
-- planner (with the row it inserts), then the ledger
DROP INDEX IF EXISTS delivery_trouble;
CREATE TABLE trouble (
  key BIGINT PRIMARY KEY,            -- delivery.key
  campaign BIGINT NOT NULL, state BIGINT NOT NULL
) @CLUSTERED;
CREATE INDEX trouble_campaign ON trouble (campaign, state, key);
INSERT INTO trouble (key, campaign, state)
  SELECT key, campaign, state FROM delivery WHERE state <> 0 AND state <> 5 AND state <> 6;
