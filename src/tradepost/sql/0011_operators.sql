-- Operators: who may act for the market, and what each of them read and did. What they decide about people and money is
-- below, each with its reason: accounts that are frozen, corrections with a second approver, words to a user, and what
-- operators are told of by mail or by a call to an address of theirs.
--
-- Times of the audit, of roles and of messages are real; those of frozen accounts and corrections are the market's, as
-- they stand beside trades and transfers.

CREATE TABLE role (
    account_id  bigint      NOT NULL REFERENCES account,
    role        text        NOT NULL,
    granted_at  timestamptz NOT NULL,
    granted_by  bigint      REFERENCES account,          -- an admin; nobody: the command line
    PRIMARY KEY (account_id, role),
    CONSTRAINT "there is one role" CHECK (role IN ('admin'))
);

CREATE TABLE audit (                                     -- what admins looked at and did, for ever
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_id    bigint      REFERENCES account,          -- nobody: the command line
    subject_id  bigint      REFERENCES account,          -- whom it is about; nobody: the market
    deed        text        NOT NULL,
    detail      jsonb       NOT NULL DEFAULT '{}',
    reason      text        NOT NULL DEFAULT '',
    request_id  text        NOT NULL DEFAULT '',         -- of the request, as the log has it
    CONSTRAINT "a deed has a name" CHECK (deed <> '')
);
CREATE INDEX audit_of_subject ON audit (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_of_actor ON audit (actor_id, id);
CREATE TRIGGER the_past_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION the_past_stays();
