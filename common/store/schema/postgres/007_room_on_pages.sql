-- Each row is changed once or twice soon after it was written. With room for that on its page a change
-- touches no index (no index names a column that changes); without, it would take the same room elsewhere.
ALTER TABLE delivery SET (fillfactor = 55);
