-- Words that leave the house by mail, exports of a user's own rows, and who came to us by whose link.
--
-- All times here are real, except where a commission is counted: that stands beside the trade that it is for.

CREATE TABLE mail (                                      -- a mail that is due, and what became of it
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''), -- in its Message-ID, however often it is sent
    account_id  bigint      REFERENCES account,          -- whom it is for, where that is a user
    recipient   text        NOT NULL,
    subject     text        NOT NULL,
    text        text,                                    -- may hold a code: nothing is kept of it once it was sent
    state       text        NOT NULL DEFAULT 'waiting',
    made_at     timestamptz NOT NULL,
    due_at      timestamptz,                             -- claimed by pushing it on: a worker that dies leaves a retry
    attempts    integer     NOT NULL DEFAULT 0,
    fault       text,                                    -- why the last attempt failed
    ended_at    timestamptz,
    CONSTRAINT "a mail waits, was sent or was given up" CHECK (state IN ('waiting', 'sent', 'given_up')),
    CONSTRAINT "only a mail that waits is due" CHECK ((state = 'waiting') = (due_at IS NOT NULL)),
    CONSTRAINT "a mail that does not wait has ended" CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT "a mail that waits has its text" CHECK (state <> 'waiting' OR text IS NOT NULL),
    CONSTRAINT "a mail's subject is one line" CHECK (subject !~ '[[:cntrl:]]' AND recipient !~ '[[:cntrl:][:space:]]')
);
CREATE INDEX mail_due ON mail (due_at, id) WHERE state = 'waiting';
CREATE INDEX mail_ended ON mail (ended_at) WHERE state <> 'waiting';
CREATE INDEX mail_of_account ON mail (account_id) WHERE account_id IS NOT NULL;

-- Whose money a transfer moved that was made for no trade: among a million trades an account has a few of these, and they
-- are what its owner looks for. Written as the transaction commits, when the transfer has its entries; one that is made
-- for a trade never gets here, so that buying pays nothing for it.
CREATE TABLE transfer_of_account (
    account_id  bigint      NOT NULL REFERENCES account,
    transfer_id bigint      NOT NULL REFERENCES transfer,
    PRIMARY KEY (account_id, transfer_id)
);
INSERT INTO transfer_of_account (account_id, transfer_id)
SELECT DISTINCT e.account_id, e.transfer_id FROM transfer t JOIN entry e ON e.transfer_id = t.id
 WHERE t.trade_id IS NULL AND e.account_id IS NOT NULL;

CREATE FUNCTION transfer_finds_its_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transfer_of_account (account_id, transfer_id)
    SELECT DISTINCT account_id, transfer_id FROM entry WHERE transfer_id = NEW.id AND account_id IS NOT NULL ORDER BY 1;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_finds_its_accounts AFTER INSERT ON transfer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.trade_id IS NULL) EXECUTE FUNCTION transfer_finds_its_accounts();
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer_of_account
    FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();

CREATE TABLE export_token (                              -- what exports of an account's rows are fetched with
    account_id  bigint      NOT NULL REFERENCES account, -- whose rows
    made_by     bigint      NOT NULL REFERENCES account, -- he himself, or an admin
    hash        bytea       NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, made_by),                   -- a new one takes the place of the one before
    CONSTRAINT "an export token is one token" UNIQUE (hash),
    CONSTRAINT "an export token's hash is sha256" CHECK (octet_length(hash) = 32)
);
CREATE INDEX export_token_expires ON export_token (expires_at);

CREATE TABLE export (                                    -- a download under way, and how far it is
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES account,
    made_by     bigint      NOT NULL REFERENCES account,
    kind        text        NOT NULL,
    state       text        NOT NULL DEFAULT 'running',
    sent_rows   bigint      NOT NULL DEFAULT 0,
    all_rows    bigint      NOT NULL,
    began_at    timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,                    -- when rows were last taken; one that is not seen for long is broken off
    ended_at    timestamptz,
    CONSTRAINT "an export is of sales, purchases or the balance" CHECK (kind IN ('sales', 'purchases', 'balance')),
    CONSTRAINT "an export runs, is done or was broken off" CHECK (state IN ('running', 'done', 'broken')),
    CONSTRAINT "an export that does not run has ended" CHECK ((state = 'running') = (ended_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX export_of_account ON export (account_id, id);
CREATE UNIQUE INDEX "one export at a time" ON export (account_id, made_by) WHERE state = 'running';
CREATE INDEX export_began ON export (began_at);

-- Operators are told, once a day, that mails are given up which nobody refused for good: then it is the mail server that
-- needs somebody, or what we know of it. Not of mails to themselves, which would be told of by another one.
ALTER TABLE operator_alert DROP CONSTRAINT "operators are told of cases, notices given up, checks and money";
ALTER TABLE operator_alert ADD CONSTRAINT "operators are told of what is stuck, given up or amiss"
    CHECK (kind IN ('case', 'notice', 'check', 'payout', 'checkout', 'mail'));
CREATE FUNCTION mails_given_up_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text)
    VALUES ('mail:' || (NEW.ended_at AT TIME ZONE 'UTC')::date, 'mail', NEW.ended_at,
        'Mail ' || NEW.id || ' was given up after ' || NEW.attempts || ' attempts: ' || coalesce(NEW.fault, '?'))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER mails_given_up_are_told AFTER UPDATE OF state ON mail
    FOR EACH ROW WHEN (NEW.state = 'given_up' AND OLD.state <> 'given_up' AND NEW.account_id IS NOT NULL
                       AND (NEW.attempts = 0 OR NEW.attempts >= 8))
    EXECUTE FUNCTION mails_given_up_are_told();

CREATE TABLE affiliate_click (                           -- somebody came by an affiliate's link
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''), -- what his browser keeps
    ref         text        NOT NULL,                    -- the link's code
    affiliate_id bigint     REFERENCES account,          -- whose code it is, if a user's; others are Tapfiliate's alone
    account_id  bigint      REFERENCES account,          -- who was connected
    at          timestamptz NOT NULL,
    due_at      timestamptz,                             -- when it goes to Tapfiliate; null when it does not, or not any more
    attempts    integer     NOT NULL DEFAULT 0,
    theirs      text,                                    -- the click's id there
    fault       text,                                    -- why the last attempt failed
    CONSTRAINT "a click's name is its own" UNIQUE (name),
    CONSTRAINT "a code has safe characters" CHECK (ref ~ '^[A-Za-z0-9_-]{1,64}$'),
    CONSTRAINT "a click that was taken there is due no more" CHECK (theirs IS NULL OR due_at IS NULL)
);
CREATE INDEX affiliate_click_due ON affiliate_click (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX affiliate_click_at ON affiliate_click (at);

CREATE TABLE referral (                                  -- whose link brought a user who had not traded before
    account_id  bigint      PRIMARY KEY REFERENCES account,
    affiliate_id bigint     NOT NULL REFERENCES account,
    ref         text        NOT NULL,
    at          timestamptz NOT NULL,
    CONSTRAINT "nobody brings himself" CHECK (account_id <> affiliate_id)
);
CREATE INDEX referral_of_affiliate ON referral (affiliate_id);

CREATE TABLE commission (                                -- what an affiliate earned by a finished trade of a user he brought
    trade_id    bigint      NOT NULL REFERENCES trade,
    account_id  bigint      NOT NULL REFERENCES referral,
    affiliate_id bigint     NOT NULL REFERENCES account,
    cents       bigint      NOT NULL,                    -- a share of the market's fee
    at          timestamptz NOT NULL,                    -- when it settled, by the market's clock
    PRIMARY KEY (trade_id, account_id),
    CONSTRAINT "a commission is above nothing" CHECK (cents > 0),
    CONSTRAINT "nobody earns by himself" CHECK (account_id <> affiliate_id)
);
CREATE INDEX commission_of_affiliate ON commission (affiliate_id, at);
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON commission
    FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();
