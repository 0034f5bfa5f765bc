-- What an account with a long past asks most often must not read all of it: its trades under way are found by an index of
-- their own, which holds nothing that has ended; of the others, those of a state are counted and found in the index alone.

CREATE INDEX trade_live_of_buyer ON trade (buyer_id, created_at, id) WHERE state NOT IN ('finished', 'cancelled', 'reversed');
CREATE INDEX trade_live_of_payee ON trade (payee_id, created_at, id) WHERE state NOT IN ('finished', 'cancelled', 'reversed');

DROP INDEX trade_of_buyer;
DROP INDEX trade_of_payee;
CREATE INDEX trade_of_buyer ON trade (buyer_id, created_at, id) INCLUDE (state);
CREATE INDEX trade_of_payee ON trade (payee_id, created_at, id) INCLUDE (state, buyer_id);

-- An attempt is written twice, as begun and as ended: with room beside it the second finds a place on the same page.
ALTER TABLE notice_attempt SET (fillfactor = 70);
