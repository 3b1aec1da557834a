-- Pages of excluded addresses, newest first.
CREATE INDEX suppression_created ON suppression (created_ms, address);
