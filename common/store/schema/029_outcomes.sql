-- What operators see of the past: outcomes by minute (charts) and since the installation began
-- (/metrics). Sums over `part` are what people see; a part of its own for each writer, so that none
-- waits for another. store/outcome.h.

-- ledger (its partition): outcomes of letters by the minute they happened in; trimmed by age
CREATE TABLE outcome_minute (
  minute BIGINT NOT NULL,            -- since 1970 UTC
  relay TEXT NOT NULL,               -- '' = none: bounces, letters that were not sent
  state BIGINT NOT NULL,             -- enum delivery_state
  part BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (minute, relay, state, part)
) @CLUSTERED;
-- ledger (its partition)
CREATE TABLE outcome_total (
  relay TEXT NOT NULL, state BIGINT NOT NULL, part BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (relay, state, part)
) @CLUSTERED;
-- notifier (a part drawn by chance at its start): requests by their answer
CREATE TABLE webhook_total (
  result TEXT NOT NULL,              -- 1xx … 5xx; none: no answer
  part BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (result, part)
) @CLUSTERED;
