-- Progress of asks, for pages that are looked at often: counted and paged by index, whatever their number.
CREATE INDEX ask_progress ON ask (round, level, state, organisation);
-- Staff decide between answers; the term is repeated in queries, or the index is not used.
CREATE INDEX ask_differs ON ask (id) WHERE (trouble & 1) = 1;
CREATE INDEX round_due ON round (deadline_ms, id) WHERE state = 'open';
