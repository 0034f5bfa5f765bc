-- Whose profile on Steam was read: who had a name already, by an operator's word, had no picture ever.

ALTER TABLE account ADD COLUMN profile_read_at timestamptz;
UPDATE account SET profile_read_at = created_at WHERE avatar <> '' OR left_at IS NOT NULL;
CREATE INDEX account_unread ON account (id) WHERE profile_read_at IS NULL;
