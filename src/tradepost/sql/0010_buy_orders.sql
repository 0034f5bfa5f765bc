-- Buy orders: what somebody will pay for one item of a name, and how many he wants. They reserve nothing.
--
-- An offer that meets an order is noted in the transaction that puts it on sale, by triggers, so that no way to the
-- shelf can forget it: a row of `buy_order_match` is due, and market/buy_orders/filling.py fills from it afterwards.
-- Nobody who lists, or whose money moves, locks an order or waits for one.

CREATE SEQUENCE buy_order_place;

CREATE TABLE buy_order (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account, -- who pays, and to whose trade URL the items go
    steam_item_id bigint    NOT NULL REFERENCES steam_item,
    price_cents bigint      NOT NULL,                    -- the most that it pays for one
    amount      integer     NOT NULL,                    -- so many are still wanted
    bought      integer     NOT NULL DEFAULT 0,          -- so many were bought: its fills that count
    place       bigint      NOT NULL DEFAULT nextval('buy_order_place'), -- among orders of its price the lowest is first
    state       text        NOT NULL DEFAULT 'live',
    reach_cents bigint      NOT NULL,                    -- up to what it buys now: its price while it is awake
    asleep      text,                                    -- why it buys less than that, or nothing
    asleep_until timestamptz,                            -- when that is looked at again; for want of money: when more came
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CONSTRAINT "an order is live, filled or removed" CHECK (state IN ('live', 'filled', 'removed')),
    CONSTRAINT "an ended order ended at a time" CHECK ((state = 'live') = (ended_at IS NULL)),
    CONSTRAINT "an order is filled when nothing more is wanted" CHECK (amount >= 0 AND (state = 'filled') = (amount = 0)),
    CONSTRAINT "an order buys whole items" CHECK (bought >= 0),
    CONSTRAINT "an order's price is above nothing and below ten million" CHECK (price_cents BETWEEN 1 AND 999999999),
    CONSTRAINT "an order reaches its price while it is awake" CHECK (CASE WHEN asleep IS NULL THEN reach_cents = price_cents
        ELSE reach_cents >= 0 AND reach_cents < price_cents END),
    CONSTRAINT "an order sleeps for want of money, or while its owner cannot buy"
        CHECK (asleep IN ('money', 'trade_url', 'banned', 'on_hold', 'refused')),
    CONSTRAINT "who waits for something else than money buys nothing, and is asked again"
        CHECK (coalesce(asleep, 'money') = 'money' AND asleep_until IS NULL OR reach_cents = 0 AND asleep_until IS NOT NULL)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX "one live order an account and item" ON buy_order (account_id, steam_item_id) WHERE state = 'live';
CREATE INDEX buy_order_book ON buy_order (steam_item_id, reach_cents) WHERE state = 'live';
CREATE INDEX buy_order_depth ON buy_order (steam_item_id, price_cents DESC, place) WHERE state = 'live';
CREATE INDEX buy_order_asleep ON buy_order (steam_item_id) WHERE asleep IS NOT NULL AND state = 'live';
CREATE INDEX buy_order_without_money ON buy_order (account_id, reach_cents) WHERE asleep = 'money' AND state = 'live';

CREATE TABLE buy_order_fill (                            -- a trade that an order made
    trade_id    bigint      PRIMARY KEY REFERENCES trade,
    order_id    bigint      NOT NULL REFERENCES buy_order,
    no          integer     NOT NULL,                    -- 1, 2, 3 ... of its order
    offer_id    bigint      NOT NULL REFERENCES offer,
    limit_cents bigint      NOT NULL,                    -- the order's price then: the trade's is not above it
    given_back_at timestamptz,                           -- the item never came by the seller's fault: it is wanted again
    CONSTRAINT "an order counts its fills" UNIQUE (order_id, no),
    CONSTRAINT "an order takes an offer once" UNIQUE (order_id, offer_id)
);

CREATE TABLE buy_order_match (                           -- a name that has to be looked at: the row is the job
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- No foreign key: it would wait for who places an order, and who places one would wait for it.
    steam_item_id bigint    NOT NULL,
    trade_id    bigint,                                  -- a fill that came to another end than it was counted with
    due_at      timestamptz NOT NULL DEFAULT 'epoch',    -- by the market's clock; those noted here are due at once
    tries       integer     NOT NULL DEFAULT 0           -- looks in a row that found a meeting offer, but none that can be bought
);
CREATE INDEX buy_order_match_due ON buy_order_match (due_at, id);
CREATE INDEX buy_order_match_again ON buy_order_match (steam_item_id) WHERE tries > 0;

-- The cheapest offers of a name, for the matching and for who asks what he could buy instead of waiting.
CREATE INDEX offer_on_sale_by_price ON offer (steam_item_id, price_cents, id) WHERE state = 'on_sale';
DROP INDEX offer_on_sale_of_item;

-- Who places an order holds the name's row alone, as he has to say truly that nothing cheaper is on sale. So of the two
-- one sees the other: either an offer waits here and then finds the order, or the order waits and finds the offer.
CREATE FUNCTION offers_meet_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM steam_item WHERE id = NEW.steam_item_id FOR KEY SHARE;
    IF EXISTS (SELECT 1 FROM buy_order b WHERE b.steam_item_id = NEW.steam_item_id AND b.state = 'live'
                  AND b.reach_cents >= NEW.price_cents AND b.account_id NOT IN (NEW.account_id, NEW.seller_id)) THEN
        INSERT INTO buy_order_match (steam_item_id) VALUES (NEW.steam_item_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER new_offers_meet_orders AFTER INSERT ON offer
    FOR EACH ROW WHEN (NEW.state = 'on_sale') EXECUTE FUNCTION offers_meet_orders();
CREATE TRIGGER changed_offers_meet_orders AFTER UPDATE OF state, price_cents ON offer
    FOR EACH ROW WHEN (NEW.state = 'on_sale' AND (OLD.state <> 'on_sale' OR NEW.price_cents < OLD.price_cents))
    EXECUTE FUNCTION offers_meet_orders();

-- An order is put to sleep by who holds its owner's wallet, so whoever adds to that wallet afterwards sees it asleep.
CREATE FUNCTION money_wakes_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id)
    SELECT steam_item_id FROM buy_order WHERE account_id = NEW.account_id AND state = 'live' AND asleep = 'money'
       AND reach_cents < NEW.deposit_cents + NEW.balance_cents;
    RETURN NULL;
END $$;
CREATE TRIGGER money_wakes_orders AFTER UPDATE OF deposit_cents, balance_cents ON wallet
    FOR EACH ROW WHEN (NEW.deposit_cents + NEW.balance_cents > OLD.deposit_cents + OLD.balance_cents)
    EXECUTE FUNCTION money_wakes_orders();

-- What became of a fill is counted by who holds the order, and not here, where money is locked already.
CREATE FUNCTION ends_of_fills_are_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id, trade_id)
    SELECT b.steam_item_id, f.trade_id FROM buy_order_fill f JOIN buy_order b ON b.id = f.order_id WHERE f.trade_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER ends_of_fills_are_noted AFTER UPDATE OF state ON trade
    FOR EACH ROW WHEN (NEW.state <> OLD.state AND (NEW.state IN ('cancelled', 'reversed') OR OLD.state = 'cancelled'))
    EXECUTE FUNCTION ends_of_fills_are_noted();
