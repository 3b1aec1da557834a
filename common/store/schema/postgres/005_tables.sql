-- How PostgreSQL keeps the tables that change much. Nothing here changes what they mean.

-- A row is written, claimed and deleted within seconds: left to the default (a fifth of the table)
-- the due loop would walk over a campaign's worth of dead index entries.
ALTER TABLE schedule SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.1);
-- One row a letter, written once and changed once or twice, soon after.
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
-- Few rows, each changed in many transactions and no index on what changes: with room left on the
-- page a change touches no index, and the page cleans itself.
ALTER TABLE counter SET (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE lease SET (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE meta SET (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE relay_state SET (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE service_instance SET (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE expand SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE campaign SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
-- A failing endpoint's rows are claimed again and again.
ALTER TABLE webhook_message SET (autovacuum_vacuum_scale_factor = 0.05);
