-- The market's first schema: who there is, what is on sale, trades, and one ledger under all of it.
--
-- Money is bigint cents. Times are given by the caller (the market's own clock), never by the server: no default,
-- no trigger and no function here reads a clock. Constraints are the second witness of what the rules decide, so
-- their names read as sentences: they are what a person sees when something broke a law.

-- People ------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    steamid         text        NOT NULL,
    name            text        NOT NULL DEFAULT '',
    avatar          text        NOT NULL DEFAULT '',
    trade_token     text,                                -- of the user's own trade URL
    trade_token_refused_at timestamptz,                  -- Steam refused it at this time
    hold_until      timestamptz,                         -- Steam was seen to hold this user's trades until then
    known_by        text        NOT NULL,                -- how we came to know this steamid
    sold_count      bigint      NOT NULL DEFAULT 0,      -- finished sales of this user's items
    may_trade_with_self boolean NOT NULL DEFAULT false,  -- two steamids of one merchant may trade (rules.md 10)
    created_at      timestamptz NOT NULL,
    CONSTRAINT "one account a steamid" UNIQUE (steamid),
    CONSTRAINT "a steamid is seventeen digits" CHECK (steamid ~ '^7656119[0-9]{10}$'),
    CONSTRAINT "a trade token has six to sixteen safe characters" CHECK (trade_token ~ '^[A-Za-z0-9_-]{6,16}$'),
    CONSTRAINT "known by signing in, a payment or an operator" CHECK (known_by IN ('sign_in', 'payment', 'operator'))
);

CREATE TABLE api_token (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    hash        bytea       NOT NULL,                    -- sha256 of the token; the token itself is not kept
    prefix      text        NOT NULL,                    -- its first characters, to tell tokens apart
    scopes      text[]      NOT NULL DEFAULT '{read,sell,buy}',
    label       text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CONSTRAINT "a token is one token" UNIQUE (hash),
    CONSTRAINT "a token's hash is sha256" CHECK (octet_length(hash) = 32),
    CONSTRAINT "scopes are read, sell and buy" CHECK (scopes <@ '{read,sell,buy}'::text[])
);
CREATE INDEX api_token_of_account ON api_token (account_id);

CREATE TABLE seller_grant (                              -- a user lets a merchant act for his items (rules.md 1)
    merchant_id bigint      NOT NULL REFERENCES account,
    seller_id   bigint      NOT NULL REFERENCES account,
    floor_bps   integer     NOT NULL DEFAULT 0,          -- least price as a share of the Steam price, in 1/10000
    given_by    text        NOT NULL,
    given_at    timestamptz NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (merchant_id, seller_id),
    CONSTRAINT "nobody needs a grant for his own" CHECK (merchant_id <> seller_id),
    CONSTRAINT "a floor lies between nothing and thirty Steam prices" CHECK (floor_bps BETWEEN 0 AND 300000),
    CONSTRAINT "a grant comes from pairing, a page, a payment or an operator"
        CHECK (given_by IN ('pairing', 'page', 'payment', 'operator'))
);
CREATE INDEX seller_grant_of_seller ON seller_grant (seller_id);

CREATE TABLE strike (                                    -- a trade that failed by somebody's fault (rules.md 6)
    trade_id    bigint      NOT NULL,
    steamid     text        NOT NULL,
    side        text        NOT NULL,
    reason      text        NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (trade_id, side),
    CONSTRAINT "a strike is on the seller or the buyer" CHECK (side IN ('seller', 'buyer'))
);
CREATE INDEX strike_of_steamid ON strike (steamid, side, at);

CREATE TABLE ban (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    steamid     text        NOT NULL,
    side        text        NOT NULL,
    reason      text        NOT NULL,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL,
    lifted_at   timestamptz,
    CONSTRAINT "a ban is on selling or on buying" CHECK (side IN ('seller', 'buyer')),
    CONSTRAINT "a ban ends after it began" CHECK (until_at > from_at)
);
CREATE INDEX ban_of_steamid ON ban (steamid, side, until_at) WHERE lifted_at IS NULL;

-- The seller's program ----------------------------------------------------------------------------------------

CREATE TABLE pairing_code (
    hash        bytea       PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    merchant_id bigint      REFERENCES account,          -- the merchant through whom it was asked for, who gets the grant
    floor_bps   integer     NOT NULL DEFAULT 0,
    expires_at  timestamptz NOT NULL,                    -- real time, as all that concerns signing in
    used_at     timestamptz
);

CREATE TABLE agent (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    device_id   text        NOT NULL,
    hash        bytea       NOT NULL,
    platform    text        NOT NULL DEFAULT '',
    version     text        NOT NULL DEFAULT '',
    capabilities text[]     NOT NULL DEFAULT '{}',
    paired_at   timestamptz NOT NULL,
    revoked_at  timestamptz,
    heartbeat_at timestamptz,                            -- real time
    CONSTRAINT "an agent's token is one token" UNIQUE (hash)
);
CREATE UNIQUE INDEX "one living agent a device" ON agent (account_id, device_id) WHERE revoked_at IS NULL;

CREATE TABLE presence (                                  -- what a seller's agents last said of themselves; real time
    account_id  bigint      PRIMARY KEY REFERENCES account,
    heartbeat_at timestamptz NOT NULL,
    session_ok  boolean     NOT NULL,
    blocking    text                                     -- why the session is not ok, in the agent's word
) WITH (fillfactor = 50);

CREATE TABLE inventory_scan (                            -- when an inventory was last seen, by the agent or by us; real time
    account_id  bigint      NOT NULL REFERENCES account,
    project     text        NOT NULL,
    at          timestamptz NOT NULL,
    complete    boolean     NOT NULL,
    PRIMARY KEY (account_id, project)
);

-- What is on sale ---------------------------------------------------------------------------------------------

CREATE TABLE steam_item (                                -- the catalogue: one row a market hash name
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project     text        NOT NULL,
    market_hash_name text   NOT NULL,
    type        text,
    rarity      text,
    exterior    text,
    is_stattrak boolean     NOT NULL DEFAULT false,
    icon        text        NOT NULL DEFAULT '',
    price_cents bigint,                                  -- the Steam price; unknown while null
    priced_at   timestamptz,
    CONSTRAINT "a name is one item of its game" UNIQUE (project, market_hash_name),
    CONSTRAINT "a Steam price is above nothing" CHECK (price_cents > 0)
);

CREATE TABLE offer (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account, -- who is paid
    seller_id   bigint      NOT NULL REFERENCES account, -- whose item it is
    seller_steamid text     NOT NULL,
    project     text        NOT NULL,
    appid       integer     NOT NULL,
    contextid   bigint      NOT NULL,
    assetid     text        NOT NULL,
    classid     text        NOT NULL,
    instanceid  text        NOT NULL,
    steam_item_id bigint    NOT NULL REFERENCES steam_item,
    price_cents bigint      NOT NULL,
    state       text        NOT NULL,
    ended_reason text,
    float_text  text,
    paintseed   bigint,                                  -- Steam writes both as 32 bits without a sign
    paintindex  bigint,
    certificate text,
    link        text,
    version     bigint      NOT NULL DEFAULT 1,
    missing_at  timestamptz,                             -- an agent was asked for this asset and did not see it; real time
    created_at  timestamptz NOT NULL,
    CONSTRAINT "an offer is on sale, reserved, sold or ended" CHECK (state IN ('on_sale', 'reserved', 'sold', 'ended')),
    CONSTRAINT "an ended offer says why" CHECK ((state = 'ended') = (ended_reason IS NOT NULL)),
    CONSTRAINT "an offer's price is above nothing and below ten billion" CHECK (price_cents BETWEEN 1 AND 999999999)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX "one live offer an asset" ON offer (appid, contextid, assetid) WHERE state IN ('on_sale', 'reserved');
CREATE INDEX offer_on_sale_of_account ON offer (account_id, id) WHERE state = 'on_sale';
CREATE INDEX offer_live_of_seller ON offer (seller_id, project) WHERE state IN ('on_sale', 'reserved');
CREATE INDEX offer_on_sale_of_item ON offer (steam_item_id) WHERE state = 'on_sale';

-- The shelf's table of changes (rules.md 18): readers take rows whose xid lies below the oldest running transaction,
-- in the order of (xid, id), so that nothing committed late is ever passed over.
CREATE TABLE change (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind        text        NOT NULL,                    -- offer, trade
    ref_id      bigint      NOT NULL,
    PRIMARY KEY (xid, id)
);

CREATE FUNCTION offer_gets_a_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER offer_gets_a_new_version BEFORE UPDATE ON offer FOR EACH ROW EXECUTE FUNCTION offer_gets_a_new_version();

CREATE FUNCTION offer_changes_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change (kind, ref_id) SELECT 'offer', id FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER offer_inserts_are_told AFTER INSERT ON offer REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION offer_changes_are_told();
CREATE TRIGGER offer_updates_are_told AFTER UPDATE ON offer REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION offer_changes_are_told();

-- Trades ------------------------------------------------------------------------------------------------------

CREATE TABLE trade (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    offer_id    bigint      NOT NULL REFERENCES offer,
    buyer_id    bigint      NOT NULL REFERENCES account, -- who pays
    payee_id    bigint      NOT NULL REFERENCES account, -- who is paid
    seller_id   bigint      NOT NULL REFERENCES account, -- whose item it is
    buyer_steamid text      NOT NULL,                    -- who gets the item
    trade_token text        NOT NULL,
    price_cents bigint      NOT NULL,
    fee_cents   bigint      NOT NULL,
    paid_deposit_cents bigint NOT NULL,                  -- how the price was paid: a refund restores exactly that
    paid_balance_cents bigint NOT NULL,
    seller_sold_count bigint NOT NULL,                   -- the seller's finished sales when this was bought
    custom_id   text,
    idempotency_key text,
    digest      bytea       NOT NULL,                    -- of the request that bought: twice is once, other content an error
    state       text        NOT NULL,
    causer      text,
    offer_maybe_live boolean NOT NULL DEFAULT false,     -- a Steam offer may exist that could still be accepted (rules.md 3)
    cancel_causer text,                                  -- a cancel was asked of the agent, for this side's fault
    cancel_reason text,
    steam_offer_state integer,                           -- the last raw code
    steam_tradeofferid text,
    steam_tradeid text,
    buyer_had   text[],                                  -- assets of that name the buyer had before, where no certificate tells items apart
    new_assetid text,                                    -- what the item is called in the buyer's inventory
    claimed_at  timestamptz,                             -- the payee's side says it was accepted; no witness yet
    accepted_at timestamptz,
    protected_until timestamptz,                         -- Steam's settlement: no reversal after that
    ended_at    timestamptz,
    due_at      timestamptz,                             -- when the worker must look at it; null when nothing is awaited by time
    tries       integer     NOT NULL DEFAULT 0,          -- looks at Steam in a row that told nothing
    case_at     timestamptz,                             -- an operator was asked to decide
    explanation text        NOT NULL,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT "a trade's state is a known one" CHECK (state IN ('created', 'sending', 'needs_confirmation', 'sent',
        'accepted', 'protected', 'finished', 'cancelled', 'reversed')),
    CONSTRAINT "a causer is the seller or the buyer" CHECK (causer IN ('seller', 'buyer')),
    CONSTRAINT "only a cancelled or reversed trade has a causer" CHECK (causer IS NULL OR state IN ('cancelled', 'reversed')),
    CONSTRAINT "price is what was paid from both buckets" CHECK (price_cents = paid_deposit_cents + paid_balance_cents
        AND paid_deposit_cents >= 0 AND paid_balance_cents >= 0),
    CONSTRAINT "the fee leaves the seller a cent" CHECK (fee_cents >= 0 AND fee_cents < price_cents),
    CONSTRAINT "a created trade has no Steam offer" CHECK (state <> 'created' OR NOT offer_maybe_live),
    CONSTRAINT "delivery has its time" CHECK (accepted_at IS NOT NULL OR state NOT IN ('accepted', 'protected', 'finished')),
    CONSTRAINT "protection has its end" CHECK (protected_until IS NOT NULL OR state NOT IN ('protected', 'finished')),
    CONSTRAINT "a settled trade was settled after its protection" CHECK (state <> 'finished' OR ended_at >= protected_until),
    CONSTRAINT "ended means finished, cancelled or reversed" CHECK ((ended_at IS NOT NULL) = (state IN ('finished', 'cancelled', 'reversed')))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX "one live trade an offer" ON trade (offer_id) WHERE state NOT IN ('cancelled', 'reversed');
CREATE UNIQUE INDEX "a custom id is used once by a buyer" ON trade (buyer_id, custom_id) WHERE custom_id IS NOT NULL;
CREATE UNIQUE INDEX "an idempotency key is used once by a buyer" ON trade (buyer_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX "a Steam offer belongs to one trade" ON trade (steam_tradeofferid) WHERE steam_tradeofferid IS NOT NULL;
CREATE INDEX trade_due ON trade (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX trade_of_buyer ON trade (buyer_id, created_at, id);
CREATE INDEX trade_of_payee ON trade (payee_id, created_at, id);
CREATE INDEX trade_live_of_seller ON trade (seller_id, id) WHERE state NOT IN ('finished', 'cancelled', 'reversed');
CREATE INDEX trade_live_to_buyer ON trade (buyer_steamid, id) WHERE state NOT IN ('finished', 'cancelled', 'reversed');
CREATE UNIQUE INDEX "an asset is one trade's delivery" ON trade (buyer_steamid, new_assetid) WHERE new_assetid IS NOT NULL;
-- The refunded whose offer must still be cancelled, and those that wait for a note of what the buyer had: always few.
CREATE INDEX trade_to_cancel_of_seller ON trade (seller_id) WHERE state = 'cancelled' AND offer_maybe_live;
CREATE INDEX trade_without_baseline ON trade (created_at) WHERE state IN ('created', 'sending') AND buyer_had IS NULL;

CREATE TABLE trade_event (                               -- a trade's past, one row each; read by people
    trade_id    bigint      NOT NULL REFERENCES trade,
    no          integer     NOT NULL,
    event       text        NOT NULL,
    from_state  text,
    to_state    text        NOT NULL,
    witness     text        NOT NULL,                    -- whose word it is (rules.md 2)
    detail      jsonb       NOT NULL DEFAULT '{}',
    at          timestamptz NOT NULL,
    PRIMARY KEY (trade_id, no)
);

CREATE TABLE directive (                                 -- what an agent was asked to do, and what came of it
    id          text        PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    trade_id    bigint      REFERENCES trade,
    action      text        NOT NULL,
    device_id   text        NOT NULL,
    body        jsonb       NOT NULL DEFAULT '{}',
    leased_until timestamptz NOT NULL,                   -- real time
    created_at  timestamptz NOT NULL,
    status      text,                                    -- null while unanswered
    answered_at timestamptz,
    CONSTRAINT "an agent creates, cancels, confirms and reports"
        CHECK (action IN ('create_offer', 'cancel_offer', 'confirm_offer', 'report_inventory'))
);
CREATE UNIQUE INDEX "one open create a trade" ON directive (trade_id) WHERE action = 'create_offer' AND status IS NULL;
CREATE INDEX directive_of_trade ON directive (trade_id);
CREATE INDEX directive_open ON directive (account_id) WHERE status IS NULL;
CREATE INDEX directive_to_forget ON directive (answered_at) WHERE trade_id IS NULL AND status IS NOT NULL;

CREATE TABLE operator_case (                             -- what a person has to look at
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trade_id    bigint      REFERENCES trade,
    reason      text        NOT NULL,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    ruling      text
);
CREATE UNIQUE INDEX "one open case a trade" ON operator_case (trade_id) WHERE closed_at IS NULL;

-- The ledger --------------------------------------------------------------------------------------------------

CREATE TABLE wallet (                                    -- one row an account; the buckets' present
    account_id  bigint      PRIMARY KEY REFERENCES account,
    deposit_cents bigint    NOT NULL DEFAULT 0,          -- topped up, for buying
    balance_cents bigint    NOT NULL DEFAULT 0,          -- earned, can be paid out
    held_cents  bigint      NOT NULL DEFAULT 0,          -- the price of trades under way: escrow is the buyer's own
    payout_cents bigint     NOT NULL DEFAULT 0,          -- on its way out
    reserve_cents bigint    NOT NULL DEFAULT 0,          -- locked against reversals
    deposit_no  bigint      NOT NULL DEFAULT 0,          -- how many entries each bucket's chain has
    balance_no  bigint      NOT NULL DEFAULT 0,
    held_no     bigint      NOT NULL DEFAULT 0,
    payout_no   bigint      NOT NULL DEFAULT 0,
    reserve_no  bigint      NOT NULL DEFAULT 0,
    CONSTRAINT "no bucket is below zero" CHECK (deposit_cents >= 0 AND balance_cents >= 0 AND held_cents >= 0
        AND payout_cents >= 0 AND reserve_cents >= 0)
) WITH (fillfactor = 40);

CREATE TABLE transfer (                                  -- money that moved for one reason; its key makes twice once
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    key         text        NOT NULL,
    kind        text        NOT NULL,
    trade_id    bigint      REFERENCES trade,
    note        text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    CONSTRAINT "a deed is done once" UNIQUE (key)
);
CREATE INDEX transfer_of_trade ON transfer (trade_id) WHERE trade_id IS NOT NULL;

CREATE TABLE entry (
    transfer_id bigint      NOT NULL REFERENCES transfer,
    account_id  bigint      REFERENCES account,          -- null for the market's own books
    book        text        NOT NULL,
    amount_cents bigint     NOT NULL,
    no          bigint,                                  -- 1, 2, 3 ... in this account's bucket
    after_cents bigint,                                  -- the bucket after it
    CONSTRAINT "an entry moves something" CHECK (amount_cents <> 0 AND abs(amount_cents) <= 1000000000000),
    CONSTRAINT "an account has buckets, the market has books" CHECK (
        (account_id IS NOT NULL AND book IN ('deposit', 'balance', 'held', 'payout', 'reserve') AND no IS NOT NULL AND after_cents IS NOT NULL)
        OR (account_id IS NULL AND book IN ('fees', 'world', 'fx_rounding') AND no IS NULL AND after_cents IS NULL)),
    CONSTRAINT "no bucket was ever below zero" CHECK (after_cents >= 0)
);
CREATE INDEX entry_of_transfer ON entry (transfer_id);
CREATE UNIQUE INDEX "a bucket's entries are a chain" ON entry (account_id, book, no) WHERE account_id IS NOT NULL;

CREATE FUNCTION entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows GROUP BY transfer_id HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION 'the entries of a transfer do not add up to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_balance AFTER INSERT ON entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION entries_balance();

CREATE FUNCTION the_past_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once: rows are neither changed nor removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();
CREATE TRIGGER the_past_stays BEFORE UPDATE ON trade_event FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();

CREATE TABLE day_total (                                 -- per account and UTC day, written with each settlement (rules.md 17)
    account_id  bigint      NOT NULL REFERENCES account,
    day         date        NOT NULL,
    bought_cents bigint     NOT NULL DEFAULT 0,
    bought_count bigint     NOT NULL DEFAULT 0,
    sold_cents  bigint      NOT NULL DEFAULT 0,
    sold_count  bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, day)
);

-- The market's own settings of the hour ------------------------------------------------------------------------

CREATE TABLE market_clock (                              -- how far the market's clock was moved forward (rules.md 19)
    only_row    boolean     PRIMARY KEY DEFAULT true,
    offset_seconds bigint   NOT NULL,
    CONSTRAINT "there is one clock" CHECK (only_row),
    CONSTRAINT "the clock goes forward" CHECK (offset_seconds >= 0)
);
INSERT INTO market_clock (offset_seconds) VALUES (0);

CREATE FUNCTION the_clock_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.offset_seconds < OLD.offset_seconds THEN
        RAISE EXCEPTION 'the market clock only goes forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER the_clock_goes_forward BEFORE UPDATE OR DELETE ON market_clock FOR EACH ROW EXECUTE FUNCTION the_clock_goes_forward();

CREATE TABLE switch (                                    -- what an operator turned off
    name        text        PRIMARY KEY,
    is_off      boolean     NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    CONSTRAINT "buying and the whole API can be turned off" CHECK (name IN ('buying', 'api'))
);
INSERT INTO switch (name, is_off) VALUES ('buying', false), ('api', false);

CREATE TABLE rate (                                      -- units of a currency for one USD, in millionths (rules.md 13)
    currency    text        PRIMARY KEY,
    millionths  bigint      NOT NULL,
    source      text        NOT NULL,
    at          timestamptz NOT NULL,
    CONSTRAINT "a rate is above nothing" CHECK (millionths > 0),
    CONSTRAINT "a currency is one we quote" CHECK (currency IN ('EUR', 'RUB', 'PLN'))
);
