-- Looking for organisations, sheets between their preview and their import, letters told by their number.

-- What is searched: name, key, municipality and region, as table_title_key makes titles, a blank before each word; '': written before
-- this column was there (its name alone is found, with its case).
ALTER TABLE organisation ADD COLUMN search TEXT NOT NULL DEFAULT '';
CREATE INDEX organisation_place ON organisation (region, municipality, id);

-- The console: a sheet that somebody has uploaded and looks through. Goes after a day, or with its import.
CREATE TABLE directory_upload (
  id TEXT PRIMARY KEY,               -- random
  account BIGINT NOT NULL,           -- whose: nobody else sees it
  name TEXT NOT NULL, size BIGINT NOT NULL, hash TEXT NOT NULL, -- of the file
  created_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL,          -- of the directory it was compared with
  wanted TEXT NOT NULL,              -- JSON: encoding, delimiter, sheet that somebody chose
  facts TEXT NOT NULL,               -- JSON: what was found out, counts, columns, problems
  fates @BLOB NOT NULL,              -- a line for each row of the sheet
  data @BLOB NOT NULL                -- the file
);
CREATE INDEX directory_upload_age ON directory_upload (created_ms);

-- Whoever writes campaign.definition: number and date of the document made comparable, for /check of the portal;
-- NULL: it has none.
ALTER TABLE campaign ADD COLUMN document_key TEXT;
CREATE INDEX campaign_document ON campaign (document_key, id) WHERE document_key IS NOT NULL;
