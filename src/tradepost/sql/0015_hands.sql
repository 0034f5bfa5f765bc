-- Operators are told of who becomes or ceases to be an admin; and of a deposit's doubts only where there are some.

ALTER TABLE operator_alert DROP CONSTRAINT "operators are told of what is stuck, given up or amiss";
ALTER TABLE operator_alert ADD CONSTRAINT "operators are told of what is stuck or amiss, and of admins"
    CHECK (kind IN ('case', 'notice', 'check', 'payout', 'checkout', 'mail', 'role'));

DROP TRIGGER doubts_are_told ON checkout;
CREATE TRIGGER doubts_are_told AFTER UPDATE OF state, reason ON checkout
    FOR EACH ROW WHEN (NEW.reason <> OLD.reason AND NEW.reason <> '' AND NEW.state IN ('doubted', 'paid'))
    EXECUTE FUNCTION doubts_are_told();
