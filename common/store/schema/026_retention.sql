-- What was done before data of a campaign expired: retention/retention.h, the only writer.
CREATE TABLE retention_campaign (
  campaign BIGINT PRIMARY KEY,       -- campaign.id
  archived_ms BIGINT,                -- its case file was made; NULL: not yet
  path TEXT, sums TEXT,              -- where it lies; SHA-256 of its list of sums
  trouble TEXT,                      -- why it could not be made: nothing expires
  letters_ms BIGINT, files_ms BIGINT -- its letters, its answers' files are gone
) @CLUSTERED;
