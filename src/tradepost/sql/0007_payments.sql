-- Pay by Steam skins: the gateways of merchants, the payments made through them, the skins put on sale for each, and
-- what a merchant was credited with before a trade was settled.

CREATE TABLE gateway (                                   -- what makes an account one that accepts skins
    account_id  bigint      PRIMARY KEY REFERENCES account,
    public_hash text        NOT NULL,                    -- in the address that links are asked for at
    secret      bytea       NOT NULL,                    -- sealed; the document's SECRET_HASH, for links and notices
    old_secret  bytea,                                   -- sealed; links signed with it are good while it is being changed
    old_secret_until timestamptz,                        -- real time
    secret_used_at timestamptz,                          -- when the site first used the newest one: until then notices have the old one's hash
    secret_v2   bytea       NOT NULL,                    -- sealed; of signature_v2
    old_secret_v2 bytea,
    old_secret_v2_until timestamptz,                     -- real time
    requires_v2 boolean     NOT NULL DEFAULT false,      -- links without signature_v2 are refused
    ipn_on      text        NOT NULL DEFAULT 'settled',  -- when a skin is credited and told of
    made_at     timestamptz NOT NULL,
    CONSTRAINT "a public hash is one merchant's" UNIQUE (public_hash),
    CONSTRAINT "a public hash is 32 hexadecimal digits" CHECK (public_hash ~ '^[0-9a-f]{32}$'),
    CONSTRAINT "a skin is told of when it is settled, or accepted" CHECK (ipn_on IN ('settled', 'accepted')),
    CONSTRAINT "an old secret has its end" CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)
        AND (old_secret_v2 IS NULL) = (old_secret_v2_until IS NULL))
);

CREATE TABLE payment (                                   -- one order of a merchant's site, which a user pays with his skins
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES gateway, -- the merchant
    payer_id    bigint      NOT NULL REFERENCES account,
    -- Both random: after a restored backup ids are given out anew, and a site that knows one would take it for a repeat.
    token       text        NOT NULL,                    -- what the link carries
    transaction_id text     NOT NULL DEFAULT gen_random_uuid()::text,
    order_id    text        NOT NULL,
    account     text        NOT NULL,                    -- the user's number on the merchant's site, as sent
    currency    text        NOT NULL,
    amount      text        NOT NULL,                    -- as sent; empty where none was
    trade_token text,                                    -- the payer's, as the site named it
    signed      text        NOT NULL,                    -- order_id, amount and currency, run together as the hash has them
    digest      bytea       NOT NULL,                    -- of all that was sent: the same order is the same payment
    state       text        NOT NULL DEFAULT 'open',
    quiet_from  timestamptz,                             -- nothing of it is on sale or in a trade since then
    created_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    CONSTRAINT "a link is one payment's" UNIQUE (token),
    CONSTRAINT "a transaction is one payment" UNIQUE (transaction_id),
    CONSTRAINT "an order is one payment" UNIQUE (account_id, order_id),
    CONSTRAINT "what was signed is one order" UNIQUE (account_id, signed), -- 1 + 23.00 and 12 + 3.00 have one hash
    CONSTRAINT "a token is 32 hexadecimal digits" CHECK (token ~ '^[0-9a-f]{32}$'),
    CONSTRAINT "a payment is open, active or closed" CHECK (state IN ('open', 'active', 'closed')),
    CONSTRAINT "an active payment is not quiet" CHECK ((state = 'active') = (quiet_from IS NULL)),
    CONSTRAINT "a closed payment was closed at a time" CHECK ((state = 'closed') = (closed_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX payment_of_account ON payment (account_id, created_at, id);
CREATE INDEX payment_of_payer ON payment (payer_id);
CREATE INDEX payment_quiet ON payment (quiet_from) WHERE state = 'open';
CREATE INDEX payment_active ON payment (id) WHERE state = 'active';

CREATE TABLE payment_item (                              -- a skin that was put on sale for a payment
    offer_id    bigint      PRIMARY KEY REFERENCES offer,
    payment_id  bigint      NOT NULL REFERENCES payment,
    ipn_trade_id text       NOT NULL,                    -- the document's trade_id: random, one a skin, never used again
    ip          text        NOT NULL,                    -- from where it was put on sale
    listed_at   timestamptz NOT NULL,
    trade_id    bigint      REFERENCES trade,            -- the one by which it was delivered
    told_at     timestamptz,                             -- when its notice was written, in the transaction that credited it
    told_cents  bigint,                                  -- the notice's amount: what the merchant's wallet got
    CONSTRAINT "a trade_id is one skin's" UNIQUE (ipn_trade_id),
    CONSTRAINT "a trade_id is 16 hexadecimal digits" CHECK (ipn_trade_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT "what is told has its amount" CHECK ((told_at IS NULL) = (told_cents IS NULL)),
    CONSTRAINT "what is told was delivered" CHECK (told_at IS NULL OR trade_id IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX payment_item_of_payment ON payment_item (payment_id);
CREATE UNIQUE INDEX "a delivery is one skin's" ON payment_item (trade_id) WHERE trade_id IS NOT NULL;

CREATE TABLE advance (                                   -- credited at the acceptance, against the merchant's reserve
    trade_id    bigint      PRIMARY KEY REFERENCES trade,
    account_id  bigint      NOT NULL REFERENCES account,
    cents       bigint      NOT NULL,
    at          timestamptz NOT NULL,
    ended_at    timestamptz,
    outcome     text,
    CONSTRAINT "an advance is above nothing" CHECK (cents > 0),
    CONSTRAINT "an advance ends settled or reversed" CHECK (outcome IN ('settled', 'reversed')),
    CONSTRAINT "an ended advance says how" CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX advance_outstanding ON advance (account_id) WHERE ended_at IS NULL;

ALTER TABLE entry DROP CONSTRAINT "an account has buckets, the market has books";
ALTER TABLE entry ADD CONSTRAINT "an account has buckets, the market has books" CHECK (
    (account_id IS NOT NULL AND book IN ('deposit', 'balance', 'held', 'payout', 'reserve') AND no IS NOT NULL AND after_cents IS NOT NULL)
    OR (account_id IS NULL AND book IN ('fees', 'world', 'fx_rounding', 'advances') AND no IS NULL AND after_cents IS NULL));

-- A payment's notices: the IPN is a receiver of its own kind; a webhook may hear of one event of a trade in two ways, as
-- a trade's and as a payment's.
ALTER TABLE receiver DROP CONSTRAINT "a receiver is a webhook";
ALTER TABLE receiver ADD CONSTRAINT "a receiver is a webhook or an IPN's" CHECK (kind IN ('webhook', 'ipn'));
ALTER TABLE notice ADD COLUMN payment_id bigint REFERENCES payment;
CREATE INDEX notice_of_payment ON notice (payment_id) WHERE payment_id IS NOT NULL;
DROP INDEX "a receiver is told of an event once";
CREATE UNIQUE INDEX "a receiver is told of an event once" ON notice (account_id, kind, type, trade_id, event_no) WHERE trade_id IS NOT NULL;
CREATE UNIQUE INDEX "a sold skin has one IPN" ON notice (trade_id) WHERE kind = 'ipn';
