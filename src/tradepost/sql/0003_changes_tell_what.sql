-- Changes tell what happened, so that they can be shown to others as they come, and once more to who was away.
--
-- A row of `change` is one event for ever: what became of the offer, and its price at that moment. Who wants to know
-- only *that* something changed, as the shelves do, reads on as before.

ALTER TABLE change
    ADD COLUMN what text,                                -- of an offer; null where nobody is shown anything of it
    ADD COLUMN price_cents bigint,                       -- the offer's, at that moment
    ADD CONSTRAINT "an offer is made, repriced or gone" CHECK (what IN ('made', 'repriced', 'gone')),
    ADD CONSTRAINT "what is told has its price" CHECK (what IS NULL OR price_cents IS NOT NULL);

-- Changes are read by (xid, id), and the number of a transaction says when it began to write, not when it came to
-- this offer: it may have waited here for one that began after it. So an offer remembers the number that its last
-- change was told under, and the next is never told under a lower one. Nothing is passed over by that: whoever reads
-- a number reads it when every transaction up to it is over.
ALTER TABLE offer ADD COLUMN told_xid xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE OR REPLACE FUNCTION offer_gets_a_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.told_xid := pg_current_xact_id();
    IF OLD.told_xid > NEW.told_xid THEN
        -- Who wrote the row is done, so his number is a past one; another was dumped on another server.
        PERFORM 1 WHERE OLD.told_xid < pg_snapshot_xmax(pg_current_snapshot());
        IF FOUND THEN NEW.told_xid := OLD.told_xid; END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION offer_inserts_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change (kind, ref_id, xid, what, price_cents)
    SELECT 'offer', id, told_xid, CASE WHEN state = 'on_sale' THEN 'made' END, price_cents FROM new_rows;
    RETURN NULL;
END $$;

-- A connection plans this statement once, by the first update that it sees, which may be of one row. Joined by a
-- nested loop, an update of ten thousand rows would then take its square.
CREATE FUNCTION offer_updates_are_told() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO change (kind, ref_id, xid, what, price_cents)
    SELECT 'offer', n.id, n.told_xid,
           CASE WHEN n.state = 'on_sale' AND o.state <> 'on_sale' THEN 'made'
                WHEN n.state <> 'on_sale' AND o.state = 'on_sale' THEN 'gone'
                WHEN n.state = 'on_sale' AND n.price_cents <> o.price_cents THEN 'repriced' END,
           n.price_cents
      FROM new_rows n JOIN old_rows o USING (id);
    RETURN NULL;
END $$;

DROP TRIGGER offer_inserts_are_told ON offer;
DROP TRIGGER offer_updates_are_told ON offer;
DROP FUNCTION offer_changes_are_told();
CREATE TRIGGER offer_inserts_are_told AFTER INSERT ON offer REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION offer_inserts_are_told();
CREATE TRIGGER offer_updates_are_told AFTER UPDATE ON offer REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION offer_updates_are_told();

CREATE TABLE change_forgotten (                          -- up to where changes were removed: who has not read so far missed some
    only_row    boolean     PRIMARY KEY DEFAULT true,
    xid         xid8        NOT NULL,
    id          bigint      NOT NULL,
    CONSTRAINT "changes are forgotten from one end" CHECK (only_row)
);
INSERT INTO change_forgotten (xid, id) VALUES ('0', 0);

CREATE FUNCTION forgotten_changes_are_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Numbers still to come are of the server that a backup was made on: whoever has one of those has missed all of it.
    UPDATE change_forgotten f SET xid = least(d.xid, pg_current_xact_id()), id = d.id
      FROM (SELECT xid, id FROM old_rows ORDER BY xid DESC, id DESC LIMIT 1) d
     WHERE (d.xid, d.id) > (f.xid, f.id) OR f.xid >= pg_snapshot_xmax(pg_current_snapshot());
    RETURN NULL;
END $$;
CREATE TRIGGER forgotten_changes_are_noted AFTER DELETE ON change REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forgotten_changes_are_noted();
