-- What a token may be used for and from where, and what makes every write happen once.

ALTER TABLE api_token
    ADD COLUMN allow_addresses cidr[] NOT NULL DEFAULT '{}', -- from where it may be used; none: from anywhere
    ADD COLUMN allow_url    boolean NOT NULL DEFAULT true,   -- whether it may be sent in a query string
    ADD COLUMN expires_at   timestamptz,                     -- real time, as all that concerns signing in
    ADD COLUMN last_used_at timestamptz;                     -- real time, to some minutes

-- The first answer to a request that carried an Idempotency-Key, written in the transaction that did what was asked.
-- Buys keep theirs in `trade`: an account's key is in one of the two.
CREATE TABLE request_key (
    account_id  bigint      NOT NULL REFERENCES account,
    key         text        NOT NULL,
    digest      bytea       NOT NULL,                    -- of method, path and parameters: what the key stands for
    status      integer     NOT NULL,                    -- the answer, as it was sent
    body        bytea       NOT NULL,
    at          timestamptz NOT NULL,                    -- real time
    PRIMARY KEY (account_id, key),
    CONSTRAINT "a request's digest is sha256" CHECK (octet_length(digest) = 32)
);
CREATE INDEX request_key_to_forget ON request_key (at);
