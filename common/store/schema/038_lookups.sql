-- What would otherwise be looked for in all rows of a large table (tests/contract/no_statement_reads_a_large_table_through.py).
CREATE INDEX mail_in_received ON mail_in (received_ms, id); -- retention
CREATE INDEX expand_campaign ON expand (campaign);          -- each notice has a row
-- Bytes that dropped and replaced drafts left behind before blob.h.
DELETE FROM blob WHERE NOT EXISTS (SELECT 1 FROM mail_in WHERE raw = blob.hash)
  AND NOT EXISTS (SELECT 1 FROM campaign_file f WHERE f.hash = blob.hash)
  AND NOT EXISTS (SELECT 1 FROM answer_file f WHERE f.hash = blob.hash)
  AND NOT EXISTS (SELECT 1 FROM composition_file f WHERE f.hash = blob.hash);
