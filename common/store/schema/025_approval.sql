-- How many recipients a launch that waits for a second person's word has: shown to whoever decides.
ALTER TABLE approval ADD COLUMN recipients BIGINT NOT NULL DEFAULT 0;
CREATE INDEX approval_asked ON approval (requested_ms) WHERE state = 'asked';
