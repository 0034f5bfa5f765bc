-- An order is looked at again as soon as what it sleeps for may be over, and not only when it is time to try.

CREATE FUNCTION owners_wake_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id) SELECT steam_item_id FROM buy_order
     WHERE account_id = NEW.id AND state = 'live' AND asleep IN ('trade_url', 'on_hold', 'refused');
    RETURN NULL;
END $$;
CREATE TRIGGER owners_wake_orders AFTER UPDATE OF trade_token, hold_until, frozen_at ON account
    FOR EACH ROW WHEN ((OLD.trade_token IS NULL AND NEW.trade_token IS NOT NULL)
                       OR (OLD.hold_until IS NOT NULL AND NEW.hold_until IS DISTINCT FROM OLD.hold_until)
                       OR (OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL))
    EXECUTE FUNCTION owners_wake_orders();

CREATE FUNCTION lifted_bans_wake_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id) SELECT b.steam_item_id FROM buy_order b JOIN account a ON a.id = b.account_id
     WHERE a.steamid = NEW.steamid AND b.state = 'live' AND b.asleep = 'banned';
    RETURN NULL;
END $$;
CREATE TRIGGER lifted_bans_wake_orders AFTER UPDATE OF lifted_at ON ban
    FOR EACH ROW WHEN (OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL AND NEW.side = 'buyer')
    EXECUTE FUNCTION lifted_bans_wake_orders();
