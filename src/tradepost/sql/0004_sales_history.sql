-- What was sold, for how much and when: the history of prices. And when the exchange rates are read next.
--
-- A sale is a trade that finished: what was cancelled or reversed is no price that anybody paid. It is entered by the
-- very statement that finishes the trade, so the history holds exactly what the ledger paid for, without a cursor that
-- could lag or skip. Who bought and who sold is not in it, and no join of the list needs to know.

CREATE TABLE sale (
    trade_id    bigint      PRIMARY KEY REFERENCES trade,
    steam_item_id bigint    NOT NULL REFERENCES steam_item,
    at          timestamptz NOT NULL,                    -- when it settled, by the market's clock
    price_cents bigint      NOT NULL,
    CONSTRAINT "a sale has a price" CHECK (price_cents > 0)
);
-- One name's sales of a time, newest first, are a run of this index; the price is in it, so the table is not read.
CREATE INDEX sale_of_item ON sale (steam_item_id, at, trade_id) INCLUDE (price_cents);

INSERT INTO sale (trade_id, steam_item_id, at, price_cents)
SELECT t.id, o.steam_item_id, t.ended_at, t.price_cents
  FROM trade t JOIN offer o ON o.id = t.offer_id WHERE t.state = 'finished';

CREATE FUNCTION sale_is_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sale (trade_id, steam_item_id, at, price_cents)
    SELECT NEW.id, o.steam_item_id, NEW.ended_at, NEW.price_cents FROM offer o WHERE o.id = NEW.offer_id;
    RETURN NULL;
END $$;
CREATE TRIGGER sale_is_entered AFTER UPDATE OF state ON trade
    FOR EACH ROW WHEN (NEW.state = 'finished' AND OLD.state <> 'finished') EXECUTE FUNCTION sale_is_entered();

CREATE TABLE rates_reading (                             -- one row, claimed by putting it off (real time)
    only_row    boolean     PRIMARY KEY DEFAULT true,
    due_at      timestamptz NOT NULL,
    CONSTRAINT "there is one source of rates" CHECK (only_row)
);
INSERT INTO rates_reading (due_at) VALUES ('epoch');
