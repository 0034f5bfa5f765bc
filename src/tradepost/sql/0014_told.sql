-- What the owner of a buy order was told of its sleep, so that who is tried again every few minutes is told of it once.

ALTER TABLE buy_order ADD COLUMN told text               -- why it sleeps, as its owner was told; null: that it is awake
    CONSTRAINT "an owner is told why his order sleeps" CHECK (told IN ('money', 'trade_url', 'banned', 'on_hold', 'refused'));
UPDATE buy_order SET told = asleep WHERE state = 'live';
