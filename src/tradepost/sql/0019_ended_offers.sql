-- What somebody had on sale and how it ended, on the page of his offers: without this each look walked over all offers.

CREATE INDEX offer_ended_of_account ON offer (account_id, id) WHERE state = 'ended';
