-- What would otherwise be looked for in all rows of a large table (tests/contract/no_statement_reads_a_large_table_through.py).
CREATE INDEX mail_in_received ON mail_in (received_ms, id); -- retention
CREATE INDEX expand_campaign ON expand (campaign);          -- each notice has a row
