-- What users say of themselves, how they prove who they are beyond their sign-in, and what programs act for them with.
-- All times here are real: the sandbox moves the market's clock, never a code's age.

CREATE TABLE profile (                                   -- what an account says of itself; without a row, nothing yet
    account_id  bigint      PRIMARY KEY REFERENCES account,
    mail        text        NOT NULL DEFAULT '',         -- one that its owner has shown to read
    mail_notices boolean    NOT NULL DEFAULT true,       -- whether he wants to be told by mail
    skrill      text        NOT NULL DEFAULT '',         -- where payouts go
    skrill_set_at timestamptz,                           -- last changed; so is the next
    factor_set_at timestamptz,                           -- the second factor was turned on or off
    discord     text        NOT NULL DEFAULT '',         -- the user's number there
    discordtag  text        NOT NULL DEFAULT '',
    shorturl    text,
    active_at   timestamptz,                             -- when he last did anything, to some minutes
    CONSTRAINT "a short URL is one account's" UNIQUE (shorturl),
    CONSTRAINT "a short URL has one to twelve small letters and digits" CHECK (shorturl ~ '^[a-z0-9]{1,12}$'),
    CONSTRAINT "a payout address was set at a time" CHECK (skrill = '' OR skrill_set_at IS NOT NULL)
) WITH (fillfactor = 80);

CREATE TABLE mail_change (                               -- a contact mail whose owner has yet to show that he reads it
    account_id  bigint      PRIMARY KEY REFERENCES account,
    mail        text        NOT NULL,
    hash        bytea       NOT NULL,                    -- of the code that was mailed
    wrong       integer     NOT NULL DEFAULT 0,          -- how many wrong codes were tried
    sent_at     timestamptz[] NOT NULL,                  -- the mails of the last hour: strangers are not flooded
    expires_at  timestamptz NOT NULL,
    CONSTRAINT "a mailed code's hash is sha256" CHECK (octet_length(hash) = 32)
);

CREATE TABLE second_factor (                             -- one that is on, or is being set up
    account_id  bigint      PRIMARY KEY REFERENCES account,
    secret      bytea       NOT NULL,                    -- sealed; shared with the user's program for codes
    asked_at    timestamptz NOT NULL,
    since       timestamptz,                             -- on since then; without, its first code is awaited
    last_step   bigint,                                  -- of the last code that was taken: none is good twice
    wrong_at    timestamptz[] NOT NULL DEFAULT '{}',     -- the last wrong tries
    CONSTRAINT "a factor is on once a code was taken" CHECK (since IS NULL OR last_step IS NOT NULL)
);

CREATE TABLE recovery_code (                             -- what stands in for a code, once
    account_id  bigint      NOT NULL REFERENCES second_factor ON DELETE CASCADE,
    hash        bytea       NOT NULL,
    PRIMARY KEY (account_id, hash),
    CONSTRAINT "a recovery code's hash is sha256" CHECK (octet_length(hash) = 32)
);

-- A session in which a code was given; of an account with a second factor no other one is signed in.
ALTER TABLE session ADD COLUMN code_given_at timestamptz;

CREATE TABLE jwt (                                       -- a JWT that was made for an API token, and dies with it
    id          text        PRIMARY KEY,
    token_id    bigint      NOT NULL REFERENCES api_token,
    program     text        NOT NULL,                    -- how the program named itself that asked for it
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT "a JWT ends after it began" CHECK (expires_at > made_at)
);
CREATE INDEX jwt_of_token ON jwt (token_id, made_at);
CREATE INDEX jwt_expires ON jwt (expires_at);
