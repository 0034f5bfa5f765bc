-- A buy is planned once a connection, not at each call.
--
-- Postgres takes the arrays' lengths into account, finds that a plan for one buy is cheaper than one for any number, and so
-- makes a new one each time: for a single buy that took three times as long as the buy itself. One plan does for all
-- of them, as each row is found by an index. And it is never a scan of a whole table, which looks cheap to a connection
-- that makes its plan in a young market, and costs more with each offer that comes to it afterwards.
ALTER FUNCTION buy_batch SET plan_cache_mode = force_generic_plan SET enable_seqscan = off;
