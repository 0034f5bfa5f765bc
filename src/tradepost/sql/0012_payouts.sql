-- Money that goes out and comes in, what users are told of theirs, and trades that a buyer disputes.

CREATE TABLE alert (                                     -- what somebody is told of his money, until he has read it
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    kind        text        NOT NULL,
    text        text        NOT NULL,
    ref         text,                                    -- what it is about; the same is told once
    at          timestamptz NOT NULL,
    closed_at   timestamptz,                             -- he has read it
    CONSTRAINT "money came to an end, or somebody looks at it" CHECK (kind IN ('alert', 'review')),
    CONSTRAINT "the same is told once" UNIQUE (account_id, kind, ref)
);
CREATE INDEX alert_of_account ON alert (account_id, kind, id);
CREATE INDEX alert_open ON alert (account_id, kind, id) WHERE closed_at IS NULL;

CREATE TABLE payout (                                    -- earned money that its owner wants to have paid out
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    cents       bigint      NOT NULL,
    method      text        NOT NULL,
    address     text        NOT NULL,                    -- where it goes, as it was when it was asked for
    needed      integer     NOT NULL,                    -- so many operators have to approve it
    state       text        NOT NULL,
    reference   text,                                    -- the provider's, of what was paid
    reason      text        NOT NULL DEFAULT '',         -- of the last step, in an operator's words
    asked_at    timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CONSTRAINT "a payout is above nothing" CHECK (cents > 0),
    CONSTRAINT "payouts go by Skrill" CHECK (method IN ('skrill')),
    CONSTRAINT "one or two operators approve a payout" CHECK (needed IN (1, 2)),
    CONSTRAINT "the states of a payout" CHECK (state IN ('asked', 'approved', 'sending', 'unknown', 'paid', 'refused')),
    CONSTRAINT "what was paid has its provider's reference" CHECK ((state = 'paid') = (reference IS NOT NULL)),
    CONSTRAINT "a payout ends paid or refused" CHECK ((state IN ('paid', 'refused')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX "a provider's reference is of one payout" ON payout (method, reference);
CREATE INDEX payout_of_account ON payout (account_id, id);
CREATE INDEX payout_open ON payout (id) WHERE ended_at IS NULL;

CREATE TABLE payout_event (                              -- its time line: who did what
    payout_id   bigint      NOT NULL REFERENCES payout,
    no          integer     NOT NULL,
    step        text        NOT NULL,
    from_state  text,
    to_state    text        NOT NULL,
    actor       text        NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    PRIMARY KEY (payout_id, no)
);
CREATE UNIQUE INDEX "nobody approves a payout twice" ON payout_event (payout_id, actor) WHERE step = 'approve';
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE ON payout_event FOR EACH ROW EXECUTE FUNCTION the_past_stays();
CREATE TRIGGER the_past_is_kept BEFORE TRUNCATE ON payout_event FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();

CREATE TABLE checkout (                                  -- a deposit that somebody set out to pay at a provider of payments
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''), -- what the provider knows it by
    account_id  bigint      NOT NULL REFERENCES account,
    provider    text        NOT NULL,
    cents       bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'asked',
    session     text,                                    -- the provider's name for it
    payment     text,                                    -- and for the money that came by it
    url         text,                                    -- where it is paid
    reason      text        NOT NULL DEFAULT '',         -- why it is doubted or came to nothing
    made_at     timestamptz NOT NULL,                    -- real time, as the provider's is
    due_at      timestamptz,                             -- when the provider is asked what became of it
    ended_at    timestamptz,
    CONSTRAINT "a checkout's name is its own" UNIQUE (name),
    CONSTRAINT "a provider's session is of one checkout" UNIQUE (provider, session),
    CONSTRAINT "a checkout is above nothing" CHECK (cents > 0),
    CONSTRAINT "deposits are paid by Stripe" CHECK (provider IN ('stripe')),
    CONSTRAINT "the states of a checkout" CHECK (state IN ('asked', 'open', 'paid', 'failed', 'doubted')),
    CONSTRAINT "an open checkout can be paid" CHECK (state <> 'open' OR (session IS NOT NULL AND url IS NOT NULL)),
    CONSTRAINT "a checkout that was paid has its session" CHECK (state <> 'paid' OR session IS NOT NULL),
    CONSTRAINT "a checkout ends paid, failed or doubted" CHECK ((state IN ('asked', 'open')) = (ended_at IS NULL)),
    CONSTRAINT "who has ended is asked about no more" CHECK ((ended_at IS NULL) = (due_at IS NOT NULL))
);
CREATE INDEX checkout_of_account ON checkout (account_id, id);
CREATE INDEX checkout_due ON checkout (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX checkout_of_payment ON checkout (provider, payment) WHERE payment IS NOT NULL;

-- Operators are told of what waits for them.
ALTER TABLE operator_alert DROP CONSTRAINT "operators are told of cases, notices given up and checks";
ALTER TABLE operator_alert ADD CONSTRAINT "operators are told of cases, notices given up, checks and money"
    CHECK (kind IN ('case', 'notice', 'check', 'payout', 'checkout'));

CREATE FUNCTION payouts_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text) VALUES (
        'payout:' || NEW.payout_id || ':' || NEW.no, 'payout', NEW.at, 'Payout ' || NEW.payout_id || CASE NEW.to_state
            WHEN 'asked' THEN ' waits for an operator.' ELSE ': nobody can say whether it was sent; the provider''s books say.' END)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER payouts_are_told AFTER INSERT ON payout_event
    FOR EACH ROW WHEN (NEW.to_state IN ('asked', 'unknown')) EXECUTE FUNCTION payouts_are_told();

CREATE FUNCTION doubts_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text) VALUES (
        'checkout:' || NEW.id || ':' || md5(NEW.reason), 'checkout', coalesce(NEW.ended_at, NEW.made_at),
        'Deposit ' || NEW.id || ' by ' || NEW.provider || ' needs an operator: ' || NEW.reason)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER doubts_are_told AFTER UPDATE OF state, reason ON checkout
    FOR EACH ROW WHEN (NEW.reason <> OLD.reason AND NEW.state IN ('doubted', 'paid')) EXECUTE FUNCTION doubts_are_told();

-- A trade whose buyer says that something is wrong waits for an operator's ruling, and settles no more by itself.
ALTER TABLE trade ADD COLUMN disputed_at timestamptz;
ALTER TABLE trade ADD CONSTRAINT "only what was delivered and is not paid for is disputed"
    CHECK (disputed_at IS NULL OR state IN ('accepted', 'protected'));

CREATE TABLE dispute (                                   -- what the buyer says; once a trade
    trade_id    bigint      PRIMARY KEY REFERENCES trade,
    account_id  bigint      NOT NULL REFERENCES account,
    text        text        NOT NULL,
    at          timestamptz NOT NULL
);
