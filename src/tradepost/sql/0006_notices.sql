-- Notices: what accounts are told by a call to an address of their own, and every attempt at it.
--
-- A row that is due is the job: it is claimed by pushing `due_at` on by its ladder, so that a worker which dies leaves
-- a retry behind and nothing else. A payment's IPN will be one more `kind` of receiver and notice, with the same ladder.

CREATE TABLE receiver (                                  -- where an account wants to be told, and under which secret
    account_id  bigint      NOT NULL REFERENCES account,
    kind        text        NOT NULL,
    url         text        NOT NULL,
    types       text[]      NOT NULL,                    -- what it wants to be told
    secret      bytea       NOT NULL,                    -- sealed, see market/seals.py
    old_secret  bytea,                                   -- sealed; signs too while it is being changed
    old_secret_until timestamptz,                        -- real time
    set_at      timestamptz NOT NULL,
    silent_at   timestamptz,                             -- its last attempt ended without any answer; real time
    PRIMARY KEY (account_id, kind),
    CONSTRAINT "a receiver is a webhook" CHECK (kind IN ('webhook')),
    CONSTRAINT "an old secret has its end" CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT "an address has at most 1024 characters" CHECK (length(url) BETWEEN 1 AND 1024)
) WITH (fillfactor = 70);

CREATE TABLE notice (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What a receiver tells repeats by. Random: after a restored backup ids are given out anew, for other facts, and a
    -- receiver that took such a notice for a repeat would never learn of them.
    name        text        NOT NULL DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    account_id  bigint      NOT NULL REFERENCES account,
    kind        text        NOT NULL,                    -- of its receiver
    type        text        NOT NULL,
    trade_id    bigint      REFERENCES trade,
    event_no    integer,                                 -- of the trade's time line
    payload     bytea,                                   -- the same bytes at every attempt; a purchase's are written at the first
    made_at     timestamptz NOT NULL,
    state       text        NOT NULL DEFAULT 'waiting',
    due_at      timestamptz,                             -- the next attempt
    attempts    integer     NOT NULL DEFAULT 0,
    ladder_from integer     NOT NULL DEFAULT 0,          -- attempts before it was sent again by hand
    attempts_most integer   NOT NULL,                    -- after so many it is set aside
    in_hand_until timestamptz,                           -- a worker is sending it, at most until then; real time
    ended_at    timestamptz,
    CONSTRAINT "a notice has a name of its own" UNIQUE (name),
    CONSTRAINT "a notice waits, was delivered or is set aside" CHECK (state IN ('waiting', 'delivered', 'set_aside')),
    CONSTRAINT "what waits is due at a time, what ended ended at one" CHECK ((state = 'waiting') = (due_at IS NOT NULL)
        AND (state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT "nobody sends what does not wait" CHECK (in_hand_until IS NULL OR state = 'waiting'),
    CONSTRAINT "attempts are bounded" CHECK (attempts BETWEEN ladder_from AND attempts_most),
    CONSTRAINT "what is told of a trade is an event of it" CHECK ((trade_id IS NULL) = (event_no IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX "a receiver is told of an event once" ON notice (account_id, kind, trade_id, event_no) WHERE trade_id IS NOT NULL;
CREATE INDEX notice_waiting ON notice (account_id, kind, due_at, id) WHERE state = 'waiting';
CREATE INDEX notice_due ON notice (due_at) WHERE state = 'waiting';
CREATE INDEX notice_in_hand ON notice (account_id, kind) WHERE in_hand_until IS NOT NULL;
CREATE INDEX notice_of_account ON notice (account_id, made_at, id);
CREATE INDEX notice_ended ON notice (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX notice_set_aside ON notice (id) WHERE state = 'set_aside';

CREATE TABLE notice_attempt (                            -- written when it begins; without an end its worker died, or is at it
    notice_id   bigint      NOT NULL REFERENCES notice ON DELETE CASCADE,
    no          integer     NOT NULL,
    at          timestamptz NOT NULL,
    real_at     timestamptz NOT NULL,                    -- real time: what the receiver's clock is held against
    request     text        NOT NULL,                    -- method and address
    status      integer,                                 -- none where no answer came
    answer      text,                                    -- its first printable characters
    fault       text,                                    -- why it did not count as received, a sentence
    milliseconds integer,                                -- how long it took, once it ended
    PRIMARY KEY (notice_id, no),
    CONSTRAINT "an answer's excerpt is short" CHECK (length(answer) <= 256),
    CONSTRAINT "an attempt without an answer failed" CHECK (milliseconds IS NULL OR status IS NOT NULL OR fault IS NOT NULL)
);
CREATE INDEX notice_attempt_lately ON notice_attempt (real_at);

-- Purchases are made by buy_batch, and told of in the same transaction by this trigger; all else that happens to a trade
-- is told of by market/notices.py. The payload waits for the first attempt: how a trade was when it was bought can be
-- said of it at any time.
CREATE FUNCTION purchases_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice (account_id, kind, type, trade_id, event_no, made_at, due_at, attempts_most)
    SELECT r.account_id, r.kind, 'trade.created', t.id, 1, t.created_at, t.created_at, 8
      FROM new_rows t JOIN receiver r ON r.account_id = ANY (ARRAY[t.buyer_id, t.payee_id])
     WHERE r.kind = 'webhook' AND 'trade.created' = ANY (r.types);
    RETURN NULL;
END $$;
CREATE TRIGGER purchases_are_told AFTER INSERT ON trade REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION purchases_are_told();
