-- Signing in through Steam: sessions of browsers, ways to Steam and back that are under way, nonces that were used.
-- All times here are real: the sandbox moves the market's clock, never a session's age.

CREATE TABLE session (                                   -- a browser that is signed in
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash        bytea       NOT NULL,                    -- of what its cookie says
    account_id  bigint      NOT NULL REFERENCES account,
    browser     text        NOT NULL,                    -- how it named itself, for its owner to know it again
    signed_in_at timestamptz NOT NULL,                   -- a new sign-in is a new session
    seen_at     timestamptz NOT NULL,                    -- to some minutes
    expires_at  timestamptz NOT NULL,                    -- however much it is used
    CONSTRAINT "a cookie is one session's" UNIQUE (hash),
    CONSTRAINT "a session's hash is sha256" CHECK (octet_length(hash) = 32),
    CONSTRAINT "a session ends after it began" CHECK (expires_at > signed_in_at)
) WITH (fillfactor = 80);
CREATE INDEX session_of_account ON session (account_id, signed_in_at);
CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE sign_in (                                   -- a way to Steam, until somebody comes back by it: once
    state_hash  bytea       PRIMARY KEY,
    browser_hash bytea      NOT NULL,                    -- of the cookie of the browser that set out
    next        text        NOT NULL,                    -- the path on our own site where it leads
    expires_at  timestamptz NOT NULL,
    CONSTRAINT "a way's hashes are sha256" CHECK (octet_length(state_hash) = 32 AND octet_length(browser_hash) = 32)
);
CREATE INDEX sign_in_expires ON sign_in (expires_at);

CREATE TABLE openid_nonce (                              -- what Steam signed once and nobody may use again
    nonce       text        PRIMARY KEY,
    forget_after timestamptz NOT NULL
);
CREATE INDEX openid_nonce_forget ON openid_nonce (forget_after);
