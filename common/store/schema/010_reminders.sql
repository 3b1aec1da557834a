-- The planner writes it with the row; the mailer looks at it before it sends.
ALTER TABLE delivery ADD COLUMN reminds BIGINT; -- ask.id this letter reminds of: it goes only while that is open; NULL: no reminder
-- planner: a deadline that was moved, instead of the definition's: {"deadline":{…},"collect":{…}?}
ALTER TABLE round ADD COLUMN postponed TEXT;
