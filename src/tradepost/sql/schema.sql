-- The schema as all migrations together make it. Written by `make schema`: change it by a new migration.

CREATE FUNCTION public.buy_batch(p_now timestamp with time zone, p_online_after timestamp with time zone, p_scanned_after timestamp with time zone, p_send_until timestamp with time zone, p_fee_bps bigint, p_buyers bigint[], p_offers bigint[], p_steamids text[], p_tokens text[], p_ceilings bigint[], p_custom_ids text[], p_keys text[], p_digests bytea[], OUT no integer, OUT code text, OUT trade_id bigint) RETURNS SETOF record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    buy record;
    wallet_count int;
    deposits bigint[]; balances bigint[]; helds bigint[];       -- running, one place a buyer
    deposit_nos bigint[]; balance_nos bigint[]; held_nos bigint[];
    taken bigint[];                                             -- offers sold in this batch
    used_names text[] := '{}'; used_trades bigint[] := '{}'; used_digests bytea[] := '{}';
    found int;
    fee bigint; from_deposit bigint; from_balance bigint;
    d_trade bigint[] := '{}'; d_offer bigint[] := '{}'; d_buyer bigint[] := '{}'; d_place int[] := '{}';
    d_steamid text[] := '{}'; d_token text[] := '{}'; d_custom text[] := '{}'; d_key text[] := '{}'; d_digest bytea[] := '{}';
    d_price bigint[] := '{}'; d_fee bigint[] := '{}'; d_deposit bigint[] := '{}'; d_balance bigint[] := '{}';
    d_deposit_after bigint[] := '{}'; d_balance_after bigint[] := '{}'; d_held_after bigint[] := '{}';
    d_deposit_no bigint[] := '{}'; d_balance_no bigint[] := '{}'; d_held_no bigint[] := '{}';
BEGIN
    PERFORM 1 FROM offer WHERE id = ANY (p_offers) ORDER BY id FOR NO KEY UPDATE;
    PERFORM 1 FROM wallet WHERE account_id = ANY (p_buyers) ORDER BY account_id FOR NO KEY UPDATE;

    -- A buyer's place is his rank among the buyers of this batch, in every array below.
    SELECT count(*), array_agg(coalesce(w.deposit_cents, 0) ORDER BY b.id), array_agg(coalesce(w.balance_cents, 0) ORDER BY b.id),
           array_agg(coalesce(w.held_cents, 0) ORDER BY b.id), array_agg(coalesce(w.deposit_no, 0) ORDER BY b.id),
           array_agg(coalesce(w.balance_no, 0) ORDER BY b.id), array_agg(coalesce(w.held_no, 0) ORDER BY b.id)
      INTO wallet_count, deposits, balances, helds, deposit_nos, balance_nos, held_nos
      FROM (SELECT DISTINCT unnest AS id FROM unnest(p_buyers)) b LEFT JOIN wallet w ON w.account_id = b.id;
    taken := '{}';

    FOR buy IN
        SELECT a.ord::int AS no, a.buyer, a.offer, a.steamid, a.token, a.ceiling, a.custom_id, a.key, a.digest,
               dense_rank() OVER (ORDER BY a.buyer)::int AS place,
               o.id AS offer_id, o.state, o.price_cents, o.account_id AS payee, o.seller_id, o.seller_steamid, o.missing_at,
               (SELECT t.id FROM trade t WHERE t.buyer_id = a.buyer AND t.custom_id = a.custom_id LIMIT 1) AS custom_trade,
               (SELECT t.digest FROM trade t WHERE t.buyer_id = a.buyer AND t.custom_id = a.custom_id LIMIT 1) AS custom_digest,
               (SELECT t.id FROM trade t WHERE t.buyer_id = a.buyer AND t.idempotency_key = a.key LIMIT 1) AS key_trade,
               (SELECT t.digest FROM trade t WHERE t.buyer_id = a.buyer AND t.idempotency_key = a.key LIMIT 1) AS key_digest,
               r.id AS receiver_id, r.hold_until, b.may_trade_with_self, b.steamid AS buyer_steamid, b.frozen_at AS buyer_frozen_at,
               coalesce(s.frozen_at, e.frozen_at) AS seller_frozen_at,
               is_away(s, p_now) OR is_away(e, p_now) AS seller_away,
               s.trade_token AS seller_token, s.trade_token_refused_at AS seller_refused_at,
               p.heartbeat_at, p.session_ok, i.at AS scanned_at,
               (SELECT x.id FROM ban x WHERE x.steamid = a.steamid AND x.side = 'buyer' AND x.lifted_at IS NULL
                   AND x.from_at <= p_now AND x.until_at > p_now LIMIT 1) AS buyer_ban,
               (SELECT x.id FROM ban x WHERE x.steamid = o.seller_steamid AND x.side = 'seller' AND x.lifted_at IS NULL
                   AND x.from_at <= p_now AND x.until_at > p_now LIMIT 1) AS seller_ban
          FROM unnest(p_buyers, p_offers, p_steamids, p_tokens, p_ceilings, p_custom_ids, p_keys, p_digests)
               WITH ORDINALITY AS a (buyer, offer, steamid, token, ceiling, custom_id, key, digest, ord)
          LEFT JOIN offer o ON o.id = a.offer
          LEFT JOIN account b ON b.id = a.buyer
          LEFT JOIN account r ON r.steamid = a.steamid
          LEFT JOIN account s ON s.id = o.seller_id
          LEFT JOIN account e ON e.id = o.account_id
          LEFT JOIN presence p ON p.account_id = o.seller_id
          LEFT JOIN inventory_scan i ON i.account_id = o.seller_id AND i.project = o.project
         ORDER BY a.ord
    LOOP
        no := buy.no; code := NULL; trade_id := NULL;

        -- The keys: those of earlier batches, then those of this one.
        IF buy.custom_id IS NOT NULL AND buy.custom_trade IS NULL THEN
            found := array_position(used_names, buy.buyer || ' custom ' || buy.custom_id);
            IF found IS NOT NULL THEN
                buy.custom_trade := used_trades[found]; buy.custom_digest := used_digests[found];
            END IF;
        END IF;
        IF buy.key IS NOT NULL AND buy.key_trade IS NULL THEN
            found := array_position(used_names, buy.buyer || ' key ' || buy.key);
            IF found IS NOT NULL THEN
                buy.key_trade := used_trades[found]; buy.key_digest := used_digests[found];
            END IF;
        END IF;

        IF buy.custom_trade IS NOT NULL OR buy.key_trade IS NOT NULL THEN
            IF buy.custom_digest IS DISTINCT FROM buy.digest AND buy.custom_trade IS NOT NULL
               OR buy.key_digest IS DISTINCT FROM buy.digest AND buy.key_trade IS NOT NULL
               OR buy.custom_trade <> buy.key_trade THEN
                code := 'key_used';
            ELSE
                code := 'bought'; trade_id := coalesce(buy.custom_trade, buy.key_trade);
            END IF;
        ELSIF buy.offer_id IS NULL OR buy.state <> 'on_sale' OR buy.offer = ANY (taken) OR buy.seller_ban IS NOT NULL
              OR buy.seller_frozen_at IS NOT NULL THEN
            code := 'no_item';
        ELSIF buy.buyer_frozen_at IS NOT NULL THEN
            code := 'frozen';
        ELSIF buy.receiver_id IS NULL THEN
            code := 'unknown_user';
        ELSIF buy.buyer_ban IS NOT NULL THEN
            code := 'buyer_banned';
        ELSIF buy.steamid = buy.seller_steamid OR (buy.buyer IN (buy.payee, buy.seller_id) AND NOT buy.may_trade_with_self) THEN
            code := 'own_item';
        ELSIF buy.ceiling IS NOT NULL AND buy.price_cents > buy.ceiling THEN
            code := 'dearer';
        ELSIF buy.hold_until > p_now THEN
            code := 'buyer_on_hold';
        ELSIF buy.seller_away OR buy.heartbeat_at IS NULL OR buy.heartbeat_at <= p_online_after THEN
            code := 'seller_offline';
        ELSIF NOT buy.session_ok THEN
            code := 'seller_signed_out';
        ELSIF buy.seller_token IS NULL OR buy.seller_refused_at IS NOT NULL THEN
            code := 'seller_trade_url';
        ELSIF buy.missing_at IS NOT NULL OR buy.scanned_at IS NULL OR buy.scanned_at <= p_scanned_after THEN
            code := 'not_in_inventory';
        ELSIF deposits[buy.place] + balances[buy.place] < buy.price_cents THEN
            code := 'too_little_money';
        ELSE
            code := 'bought';
            trade_id := nextval(pg_get_serial_sequence('trade', 'id'));
            -- Whole cents: price x bps / 10000, rounded up.
            fee := (buy.price_cents * p_fee_bps + 9999) / 10000;
            from_deposit := least(deposits[buy.place], buy.price_cents);
            from_balance := buy.price_cents - from_deposit;

            taken := taken || buy.offer;
            IF buy.custom_id IS NOT NULL THEN
                used_names := used_names || (buy.buyer || ' custom ' || buy.custom_id);
                used_trades := used_trades || trade_id; used_digests := used_digests || buy.digest;
            END IF;
            IF buy.key IS NOT NULL THEN
                used_names := used_names || (buy.buyer || ' key ' || buy.key);
                used_trades := used_trades || trade_id; used_digests := used_digests || buy.digest;
            END IF;

            deposits[buy.place] := deposits[buy.place] - from_deposit;
            balances[buy.place] := balances[buy.place] - from_balance;
            helds[buy.place] := helds[buy.place] + buy.price_cents;
            IF from_deposit > 0 THEN deposit_nos[buy.place] := deposit_nos[buy.place] + 1; END IF;
            IF from_balance > 0 THEN balance_nos[buy.place] := balance_nos[buy.place] + 1; END IF;
            held_nos[buy.place] := held_nos[buy.place] + 1;

            d_trade := d_trade || trade_id; d_offer := d_offer || buy.offer; d_buyer := d_buyer || buy.buyer; d_place := d_place || buy.place;
            d_steamid := d_steamid || buy.steamid; d_token := d_token || buy.token; d_custom := d_custom || buy.custom_id;
            d_key := d_key || buy.key; d_digest := d_digest || buy.digest;
            d_price := d_price || buy.price_cents; d_fee := d_fee || fee; d_deposit := d_deposit || from_deposit; d_balance := d_balance || from_balance;
            d_deposit_after := d_deposit_after || deposits[buy.place]; d_balance_after := d_balance_after || balances[buy.place];
            d_held_after := d_held_after || helds[buy.place];
            d_deposit_no := d_deposit_no || deposit_nos[buy.place]; d_balance_no := d_balance_no || balance_nos[buy.place];
            d_held_no := d_held_no || held_nos[buy.place];
        END IF;
        RETURN NEXT;
    END LOOP;

    IF cardinality(d_trade) = 0 THEN RETURN; END IF;

    UPDATE offer SET state = 'reserved' WHERE id = ANY (d_offer);

    INSERT INTO trade (id, offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,
                       paid_deposit_cents, paid_balance_cents, seller_sold_count, custom_id, idempotency_key, digest,
                       state, due_at, explanation, created_at, changed_at)
    OVERRIDING SYSTEM VALUE
    SELECT d.trade, d.offer, d.buyer, o.account_id, o.seller_id, d.steamid, d.token, d.price, d.fee,
           d.deposit, d.balance, s.sold_count, d.custom, d.key, d.digest,
           'created', p_send_until, 'Waiting for the seller''s program to send the Steam offer.', p_now, p_now
      FROM unnest(d_trade, d_offer, d_buyer, d_steamid, d_token, d_price, d_fee, d_deposit, d_balance, d_custom, d_key, d_digest)
           AS d (trade, offer, buyer, steamid, token, price, fee, deposit, balance, custom, key, digest)
      JOIN offer o ON o.id = d.offer
      JOIN account s ON s.id = o.seller_id;

    INSERT INTO trade_event (trade_id, no, event, from_state, to_state, witness, at)
    SELECT unnest, 1, 'bought', NULL, 'created', 'buyer', p_now FROM unnest(d_trade);

    INSERT INTO change (kind, ref_id) SELECT 'trade', unnest FROM unnest(d_trade);

    UPDATE wallet w
       SET deposit_cents = deposits[b.place], balance_cents = balances[b.place], held_cents = helds[b.place],
           deposit_no = deposit_nos[b.place], balance_no = balance_nos[b.place], held_no = held_nos[b.place]
      FROM (SELECT DISTINCT buyer, place FROM unnest(d_buyer, d_place) AS u (buyer, place)) b
     WHERE w.account_id = b.buyer;

    WITH moved AS (
        INSERT INTO transfer (key, kind, trade_id, at)
        SELECT 'trade:' || unnest || ':held', 'held', unnest, p_now FROM unnest(d_trade)
        RETURNING transfer.id, transfer.trade_id AS trade
    )
    INSERT INTO entry (transfer_id, account_id, book, amount_cents, no, after_cents)
    SELECT m.id, d.buyer, e.book, e.amount, e.no, e.after
      FROM unnest(d_trade, d_buyer, d_price, d_deposit, d_balance, d_deposit_after, d_balance_after, d_held_after,
                  d_deposit_no, d_balance_no, d_held_no)
           AS d (trade, buyer, price, deposit, balance, deposit_after, balance_after, held_after, deposit_no, balance_no, held_no)
      JOIN moved m USING (trade)
     CROSS JOIN LATERAL (VALUES ('deposit', -d.deposit, d.deposit_no, d.deposit_after),
                                ('balance', -d.balance, d.balance_no, d.balance_after),
                                ('held', d.price, d.held_no, d.held_after)) AS e (book, amount, no, after)
     WHERE e.amount <> 0;
END $$;

CREATE FUNCTION public.cases_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text) VALUES ('case:' || NEW.id, 'case', NEW.opened_at,
        'Trade ' || coalesce(NEW.trade_id::text, '?') || ' waits for an operator: ' || NEW.reason)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.doubts_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text) VALUES (
        'checkout:' || NEW.id || ':' || md5(NEW.reason), 'checkout', coalesce(NEW.ended_at, NEW.made_at),
        'Deposit ' || NEW.id || ' by ' || NEW.provider || ' needs an operator: ' || NEW.reason)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.ends_of_fills_are_noted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id, trade_id)
    SELECT b.steam_item_id, f.trade_id FROM buy_order_fill f JOIN buy_order b ON b.id = f.order_id WHERE f.trade_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.entries_balance() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows GROUP BY transfer_id HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION 'the entries of a transfer do not add up to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.forgotten_changes_are_noted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Numbers still to come are of the server that a backup was made on: whoever has one of those has missed all of it.
    UPDATE change_forgotten f SET xid = least(d.xid, pg_current_xact_id()), id = d.id
      FROM (SELECT xid, id FROM old_rows ORDER BY xid DESC, id DESC LIMIT 1) d
     WHERE (d.xid, d.id) > (f.xid, f.id) OR f.xid >= pg_snapshot_xmax(pg_current_snapshot());
    RETURN NULL;
END $$;

CREATE TABLE public.account (
    id bigint NOT NULL,
    steamid text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    avatar text DEFAULT ''::text NOT NULL,
    trade_token text,
    trade_token_refused_at timestamp with time zone,
    hold_until timestamp with time zone,
    known_by text NOT NULL,
    sold_count bigint DEFAULT 0 NOT NULL,
    may_trade_with_self boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    frozen_at timestamp with time zone,
    left_at timestamp with time zone,
    away_since timestamp with time zone,
    away_until timestamp with time zone,
    profile_read_at timestamp with time zone,
    CONSTRAINT "a holiday begins before it ends" CHECK (((away_until IS NULL) OR ((away_since IS NOT NULL) AND (away_since < away_until)))),
    CONSTRAINT "a steamid is seventeen digits" CHECK ((steamid ~ '^7656119[0-9]{10}$'::text)),
    CONSTRAINT "a trade token has six to sixteen safe characters" CHECK ((trade_token ~ '^[A-Za-z0-9_-]{6,16}$'::text)),
    CONSTRAINT "known by signing in, a payment or an operator" CHECK ((known_by = ANY (ARRAY['sign_in'::text, 'payment'::text, 'operator'::text]))),
    CONSTRAINT "who left has a steamid that nobody has" CHECK (((left_at IS NULL) OR (steamid = ('76561190'::text || lpad((id)::text, 9, '0'::text)))))
);

CREATE FUNCTION public.is_away(a public.account, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT a.away_since IS NOT NULL AND coalesce(a.away_until > p_now, true)
$$;

CREATE FUNCTION public.lifted_bans_wake_orders() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id) SELECT b.steam_item_id FROM buy_order b JOIN account a ON a.id = b.account_id
     WHERE a.steamid = NEW.steamid AND b.state = 'live' AND b.asleep = 'banned';
    RETURN NULL;
END $$;

CREATE FUNCTION public.mails_given_up_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text)
    VALUES ('mail:' || (NEW.ended_at AT TIME ZONE 'UTC')::date, 'mail', NEW.ended_at,
        'Mail ' || NEW.id || ' was given up after ' || NEW.attempts || ' attempts: ' || coalesce(NEW.fault, '?'))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.money_wakes_orders() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id)
    SELECT steam_item_id FROM buy_order WHERE account_id = NEW.account_id AND state = 'live' AND asleep = 'money'
       AND reach_cents < NEW.deposit_cents + NEW.balance_cents;
    RETURN NULL;
END $$;

CREATE FUNCTION public.notices_given_up_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text)
    VALUES ('notice:' || NEW.id || ':' || NEW.attempts, 'notice', NEW.ended_at, 'Notice ' || NEW.id || ' (' || NEW.type || ') of account '
        || NEW.account_id || ' was given up after ' || NEW.attempts || ' attempts.')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.offer_gets_a_new_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.told_xid := pg_current_xact_id();
    IF OLD.told_xid > NEW.told_xid THEN
        -- Who wrote the row is done, so his number is a past one; another was dumped on another server.
        PERFORM 1 WHERE OLD.told_xid < pg_snapshot_xmax(pg_current_snapshot());
        IF FOUND THEN NEW.told_xid := OLD.told_xid; END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.offer_inserts_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO change (kind, ref_id, xid, what, price_cents)
    SELECT 'offer', id, told_xid, CASE WHEN state = 'on_sale' THEN 'made' END, price_cents FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION public.offer_updates_are_told() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    AS $$
BEGIN
    INSERT INTO change (kind, ref_id, xid, what, price_cents)
    SELECT 'offer', n.id, n.told_xid,
           CASE WHEN n.state = 'on_sale' AND o.state <> 'on_sale' THEN 'made'
                WHEN n.state <> 'on_sale' AND o.state = 'on_sale' THEN 'gone'
                WHEN n.state = 'on_sale' AND n.price_cents <> o.price_cents THEN 'repriced' END,
           n.price_cents
      FROM new_rows n JOIN old_rows o USING (id);
    RETURN NULL;
END $$;

CREATE FUNCTION public.offers_meet_orders() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM 1 FROM steam_item WHERE id = NEW.steam_item_id FOR KEY SHARE;
    IF EXISTS (SELECT 1 FROM buy_order b WHERE b.steam_item_id = NEW.steam_item_id AND b.state = 'live'
                  AND b.reach_cents >= NEW.price_cents AND b.account_id NOT IN (NEW.account_id, NEW.seller_id)) THEN
        INSERT INTO buy_order_match (steam_item_id) VALUES (NEW.steam_item_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.owners_wake_orders() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO buy_order_match (steam_item_id) SELECT steam_item_id FROM buy_order
     WHERE account_id = NEW.id AND state = 'live' AND asleep IN ('trade_url', 'on_hold', 'refused');
    RETURN NULL;
END $$;

CREATE FUNCTION public.payouts_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO operator_alert (ref, kind, at, text) VALUES (
        'payout:' || NEW.payout_id || ':' || NEW.no, 'payout', NEW.at, 'Payout ' || NEW.payout_id || CASE NEW.to_state
            WHEN 'asked' THEN ' waits for an operator.' ELSE ': nobody can say whether it was sent; the provider''s books say.' END)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.purchases_are_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notice (account_id, kind, type, trade_id, event_no, made_at, due_at, attempts_most)
    SELECT r.account_id, r.kind, 'trade.created', t.id, 1, t.created_at, t.created_at, 8
      FROM new_rows t JOIN receiver r ON r.account_id = ANY (ARRAY[t.buyer_id, t.payee_id])
     WHERE r.kind = 'webhook' AND 'trade.created' = ANY (r.types);
    RETURN NULL;
END $$;

CREATE FUNCTION public.sale_is_entered() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO sale (trade_id, steam_item_id, at, price_cents)
    SELECT NEW.id, o.steam_item_id, NEW.ended_at, NEW.price_cents FROM offer o WHERE o.id = NEW.offer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.the_clock_goes_forward() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.offset_seconds < OLD.offset_seconds THEN
        RAISE EXCEPTION 'the market clock only goes forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.the_past_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is written once: rows are neither changed nor removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION public.transfer_finds_its_accounts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO transfer_of_account (account_id, transfer_id)
    SELECT DISTINCT account_id, transfer_id FROM entry WHERE transfer_id = NEW.id AND account_id IS NOT NULL ORDER BY 1;
    RETURN NULL;
END $$;

ALTER TABLE public.account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.advance (
    trade_id bigint NOT NULL,
    account_id bigint NOT NULL,
    cents bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    CONSTRAINT "an advance ends settled or reversed" CHECK ((outcome = ANY (ARRAY['settled'::text, 'reversed'::text]))),
    CONSTRAINT "an advance is above nothing" CHECK ((cents > 0)),
    CONSTRAINT "an ended advance says how" CHECK (((ended_at IS NULL) = (outcome IS NULL)))
);

CREATE TABLE public.affiliate_click (
    id bigint NOT NULL,
    name text DEFAULT replace((gen_random_uuid())::text, '-'::text, ''::text) NOT NULL,
    ref text NOT NULL,
    affiliate_id bigint,
    account_id bigint,
    at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    theirs text,
    fault text,
    CONSTRAINT "a click that was taken there is due no more" CHECK (((theirs IS NULL) OR (due_at IS NULL))),
    CONSTRAINT "a code has safe characters" CHECK ((ref ~ '^[A-Za-z0-9_-]{1,64}$'::text))
);

ALTER TABLE public.affiliate_click ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.affiliate_click_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.agent (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    device_id text NOT NULL,
    hash bytea NOT NULL,
    platform text DEFAULT ''::text NOT NULL,
    version text DEFAULT ''::text NOT NULL,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    paired_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    heartbeat_at timestamp with time zone
);

ALTER TABLE public.agent ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.agent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alert (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    ref text,
    at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT "money came to an end, or somebody looks at it" CHECK ((kind = ANY (ARRAY['alert'::text, 'review'::text])))
);

ALTER TABLE public.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.api_token (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    hash bytea NOT NULL,
    prefix text NOT NULL,
    scopes text[] DEFAULT '{read,sell,buy}'::text[] NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    allow_addresses cidr[] DEFAULT '{}'::cidr[] NOT NULL,
    allow_url boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT "a token's hash is sha256" CHECK ((octet_length(hash) = 32)),
    CONSTRAINT "scopes are read, sell and buy" CHECK ((scopes <@ '{read,sell,buy}'::text[]))
);

ALTER TABLE public.api_token ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.api_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id bigint,
    subject_id bigint,
    deed text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    request_id text DEFAULT ''::text NOT NULL,
    CONSTRAINT "a deed has a name" CHECK ((deed <> ''::text))
);

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ban (
    id bigint NOT NULL,
    steamid text NOT NULL,
    side text NOT NULL,
    reason text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    lifted_at timestamp with time zone,
    CONSTRAINT "a ban ends after it began" CHECK ((until_at > from_at)),
    CONSTRAINT "a ban is on selling or on buying" CHECK ((side = ANY (ARRAY['seller'::text, 'buyer'::text])))
);

ALTER TABLE public.ban ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ban_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE public.buy_order_place
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.buy_order (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    steam_item_id bigint NOT NULL,
    price_cents bigint NOT NULL,
    amount integer NOT NULL,
    bought integer DEFAULT 0 NOT NULL,
    place bigint DEFAULT nextval('public.buy_order_place'::regclass) NOT NULL,
    state text DEFAULT 'live'::text NOT NULL,
    reach_cents bigint NOT NULL,
    asleep text,
    asleep_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    told text,
    CONSTRAINT "an ended order ended at a time" CHECK (((state = 'live'::text) = (ended_at IS NULL))),
    CONSTRAINT "an order buys whole items" CHECK ((bought >= 0)),
    CONSTRAINT "an order is filled when nothing more is wanted" CHECK (((amount >= 0) AND ((state = 'filled'::text) = (amount = 0)))),
    CONSTRAINT "an order is live, filled or removed" CHECK ((state = ANY (ARRAY['live'::text, 'filled'::text, 'removed'::text]))),
    CONSTRAINT "an order reaches its price while it is awake" CHECK (
CASE
    WHEN (asleep IS NULL) THEN (reach_cents = price_cents)
    ELSE ((reach_cents >= 0) AND (reach_cents < price_cents))
END),
    CONSTRAINT "an order sleeps for want of money, or while its owner cannot bu" CHECK ((asleep = ANY (ARRAY['money'::text, 'trade_url'::text, 'banned'::text, 'on_hold'::text, 'refused'::text]))),
    CONSTRAINT "an order's price is above nothing and below ten million" CHECK (((price_cents >= 1) AND (price_cents <= 999999999))),
    CONSTRAINT "an owner is told why his order sleeps" CHECK ((told = ANY (ARRAY['money'::text, 'trade_url'::text, 'banned'::text, 'on_hold'::text, 'refused'::text]))),
    CONSTRAINT "who waits for something else than money buys nothing, and is as" CHECK ((((COALESCE(asleep, 'money'::text) = 'money'::text) AND (asleep_until IS NULL)) OR ((reach_cents = 0) AND (asleep_until IS NOT NULL))))
)
WITH (fillfactor='70');

CREATE TABLE public.buy_order_fill (
    trade_id bigint NOT NULL,
    order_id bigint NOT NULL,
    no integer NOT NULL,
    offer_id bigint NOT NULL,
    limit_cents bigint NOT NULL,
    given_back_at timestamp with time zone
);

ALTER TABLE public.buy_order ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.buy_order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.buy_order_match (
    id bigint NOT NULL,
    steam_item_id bigint NOT NULL,
    trade_id bigint,
    due_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL
);

ALTER TABLE public.buy_order_match ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.buy_order_match_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.change (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    kind text NOT NULL,
    ref_id bigint NOT NULL,
    what text,
    price_cents bigint,
    CONSTRAINT "an offer is made, repriced or gone" CHECK ((what = ANY (ARRAY['made'::text, 'repriced'::text, 'gone'::text]))),
    CONSTRAINT "what is told has its price" CHECK (((what IS NULL) OR (price_cents IS NOT NULL)))
);

CREATE TABLE public.change_forgotten (
    only_row boolean DEFAULT true NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT "changes are forgotten from one end" CHECK (only_row)
);

ALTER TABLE public.change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.checkout (
    id bigint NOT NULL,
    name text DEFAULT replace((gen_random_uuid())::text, '-'::text, ''::text) NOT NULL,
    account_id bigint NOT NULL,
    provider text NOT NULL,
    cents bigint NOT NULL,
    state text DEFAULT 'asked'::text NOT NULL,
    session text,
    payment text,
    url text,
    reason text DEFAULT ''::text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    CONSTRAINT "a checkout ends paid, failed or doubted" CHECK (((state = ANY (ARRAY['asked'::text, 'open'::text])) = (ended_at IS NULL))),
    CONSTRAINT "a checkout is above nothing" CHECK ((cents > 0)),
    CONSTRAINT "a checkout that was paid has its session" CHECK (((state <> 'paid'::text) OR (session IS NOT NULL))),
    CONSTRAINT "an open checkout can be paid" CHECK (((state <> 'open'::text) OR ((session IS NOT NULL) AND (url IS NOT NULL)))),
    CONSTRAINT "deposits are paid by Stripe" CHECK ((provider = 'stripe'::text)),
    CONSTRAINT "the states of a checkout" CHECK ((state = ANY (ARRAY['asked'::text, 'open'::text, 'paid'::text, 'failed'::text, 'doubted'::text]))),
    CONSTRAINT "who has ended is asked about no more" CHECK (((ended_at IS NULL) = (due_at IS NOT NULL)))
);

ALTER TABLE public.checkout ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.checkout_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.commission (
    trade_id bigint NOT NULL,
    account_id bigint NOT NULL,
    affiliate_id bigint NOT NULL,
    cents bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT "a commission is above nothing" CHECK ((cents > 0)),
    CONSTRAINT "nobody earns by himself" CHECK ((account_id <> affiliate_id))
);

CREATE TABLE public.correction (
    id bigint NOT NULL,
    reference text NOT NULL,
    account_id bigint NOT NULL,
    bucket text NOT NULL,
    amount_cents bigint NOT NULL,
    reason text NOT NULL,
    state text DEFAULT 'asked'::text NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    decided_by bigint,
    decided_at timestamp with time zone,
    decided_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT "a correction has its reason" CHECK ((reason <> ''::text)),
    CONSTRAINT "a correction is asked, posted or refused" CHECK ((state = ANY (ARRAY['asked'::text, 'posted'::text, 'refused'::text]))),
    CONSTRAINT "a correction moves something" CHECK (((amount_cents <> 0) AND (abs(amount_cents) <= 999999999))),
    CONSTRAINT "nobody approves money for himself" CHECK (((state <> 'posted'::text) OR (decided_by <> account_id))),
    CONSTRAINT "nobody approves what he asked for" CHECK (((state <> 'posted'::text) OR (decided_by <> asked_by))),
    CONSTRAINT "what is decided was so by somebody at a time" CHECK ((((state = 'asked'::text) = (decided_by IS NULL)) AND ((state = 'asked'::text) = (decided_at IS NULL)))),
    CONSTRAINT "what is held, on its way out or locked is other verbs' business" CHECK ((bucket = ANY (ARRAY['deposit'::text, 'balance'::text])))
);

ALTER TABLE public.correction ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.correction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.day_total (
    account_id bigint NOT NULL,
    day date NOT NULL,
    bought_cents bigint DEFAULT 0 NOT NULL,
    bought_count bigint DEFAULT 0 NOT NULL,
    sold_cents bigint DEFAULT 0 NOT NULL,
    sold_count bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.directive (
    id text NOT NULL,
    account_id bigint NOT NULL,
    trade_id bigint,
    action text NOT NULL,
    device_id text NOT NULL,
    body jsonb DEFAULT '{}'::jsonb NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status text,
    answered_at timestamp with time zone,
    CONSTRAINT "an agent creates, cancels, confirms and reports" CHECK ((action = ANY (ARRAY['create_offer'::text, 'cancel_offer'::text, 'confirm_offer'::text, 'report_inventory'::text])))
);

CREATE TABLE public.dispute (
    trade_id bigint NOT NULL,
    account_id bigint NOT NULL,
    text text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.entry (
    transfer_id bigint NOT NULL,
    account_id bigint,
    book text NOT NULL,
    amount_cents bigint NOT NULL,
    no bigint,
    after_cents bigint,
    CONSTRAINT "an account has buckets, the market has books" CHECK ((((account_id IS NOT NULL) AND (book = ANY (ARRAY['deposit'::text, 'balance'::text, 'held'::text, 'payout'::text, 'reserve'::text])) AND (no IS NOT NULL) AND (after_cents IS NOT NULL)) OR ((account_id IS NULL) AND (book = ANY (ARRAY['fees'::text, 'world'::text, 'fx_rounding'::text, 'advances'::text])) AND (no IS NULL) AND (after_cents IS NULL)))),
    CONSTRAINT "an entry moves something" CHECK (((amount_cents <> 0) AND (abs(amount_cents) <= '1000000000000'::bigint))),
    CONSTRAINT "no bucket was ever below zero" CHECK ((after_cents >= 0))
);

CREATE TABLE public.export (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    made_by bigint NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    sent_rows bigint DEFAULT 0 NOT NULL,
    all_rows bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT "an export is of sales, purchases or the balance" CHECK ((kind = ANY (ARRAY['sales'::text, 'purchases'::text, 'balance'::text]))),
    CONSTRAINT "an export runs, is done or was broken off" CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'broken'::text]))),
    CONSTRAINT "an export that does not run has ended" CHECK (((state = 'running'::text) = (ended_at IS NULL)))
)
WITH (fillfactor='80');

ALTER TABLE public.export ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.export_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.export_token (
    account_id bigint NOT NULL,
    made_by bigint NOT NULL,
    hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT "an export token's hash is sha256" CHECK ((octet_length(hash) = 32))
);

CREATE TABLE public.freezing (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    reason text NOT NULL,
    frozen_at timestamp with time zone NOT NULL,
    from_nos bigint[] NOT NULL,
    thawed_at timestamp with time zone,
    to_nos bigint[],
    CONSTRAINT "there are five buckets" CHECK (((cardinality(from_nos) = 5) AND (COALESCE(cardinality(to_nos), 5) = 5))),
    CONSTRAINT "what is thawed was so at a time" CHECK (((thawed_at IS NULL) = (to_nos IS NULL)))
);

ALTER TABLE public.freezing ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.freezing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.gateway (
    account_id bigint NOT NULL,
    public_hash text NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    secret_used_at timestamp with time zone,
    secret_v2 bytea NOT NULL,
    old_secret_v2 bytea,
    old_secret_v2_until timestamp with time zone,
    requires_v2 boolean DEFAULT false NOT NULL,
    ipn_on text DEFAULT 'settled'::text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT "a public hash is 32 hexadecimal digits" CHECK ((public_hash ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT "a skin is told of when it is settled, or accepted" CHECK ((ipn_on = ANY (ARRAY['settled'::text, 'accepted'::text]))),
    CONSTRAINT "an old secret has its end" CHECK ((((old_secret IS NULL) = (old_secret_until IS NULL)) AND ((old_secret_v2 IS NULL) = (old_secret_v2_until IS NULL))))
);

CREATE TABLE public.inventory_scan (
    account_id bigint NOT NULL,
    project text NOT NULL,
    at timestamp with time zone NOT NULL,
    complete boolean NOT NULL
);

CREATE TABLE public.jwt (
    id text NOT NULL,
    token_id bigint NOT NULL,
    program text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT "a JWT ends after it began" CHECK ((expires_at > made_at))
);

CREATE TABLE public.ledger_check (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    milliseconds integer NOT NULL,
    faults text[] NOT NULL
);

ALTER TABLE public.ledger_check ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_check_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mail (
    id bigint NOT NULL,
    name text DEFAULT replace((gen_random_uuid())::text, '-'::text, ''::text) NOT NULL,
    account_id bigint,
    recipient text NOT NULL,
    subject text NOT NULL,
    text text,
    state text DEFAULT 'waiting'::text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    fault text,
    ended_at timestamp with time zone,
    CONSTRAINT "a mail that does not wait has ended" CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT "a mail that waits has its text" CHECK (((state <> 'waiting'::text) OR (text IS NOT NULL))),
    CONSTRAINT "a mail waits, was sent or was given up" CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'given_up'::text]))),
    CONSTRAINT "a mail's subject is one line" CHECK (((subject !~ '[[:cntrl:]]'::text) AND (recipient !~ '[[:cntrl:][:space:]]'::text))),
    CONSTRAINT "only a mail that waits is due" CHECK (((state = 'waiting'::text) = (due_at IS NOT NULL)))
);

CREATE TABLE public.mail_change (
    account_id bigint NOT NULL,
    mail text NOT NULL,
    hash bytea NOT NULL,
    wrong integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone[] NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT "a mailed code's hash is sha256" CHECK ((octet_length(hash) = 32))
);

ALTER TABLE public.mail ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.mail_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.market_clock (
    only_row boolean DEFAULT true NOT NULL,
    offset_seconds bigint NOT NULL,
    CONSTRAINT "the clock goes forward" CHECK ((offset_seconds >= 0)),
    CONSTRAINT "there is one clock" CHECK (only_row)
);

CREATE TABLE public.message (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    text text NOT NULL,
    sent_by bigint,
    at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    CONSTRAINT "a message says something" CHECK (((length(text) >= 1) AND (length(text) <= 4000)))
);

ALTER TABLE public.message ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.notice (
    id bigint NOT NULL,
    name text DEFAULT ('msg_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text)) NOT NULL,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    type text NOT NULL,
    trade_id bigint,
    event_no integer,
    payload bytea,
    made_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    due_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    ladder_from integer DEFAULT 0 NOT NULL,
    attempts_most integer NOT NULL,
    in_hand_until timestamp with time zone,
    ended_at timestamp with time zone,
    payment_id bigint,
    CONSTRAINT "a notice waits, was delivered or is set aside" CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'set_aside'::text]))),
    CONSTRAINT "attempts are bounded" CHECK (((attempts >= ladder_from) AND (attempts <= attempts_most))),
    CONSTRAINT "nobody sends what does not wait" CHECK (((in_hand_until IS NULL) OR (state = 'waiting'::text))),
    CONSTRAINT "what is told of a trade is an event of it" CHECK (((trade_id IS NULL) = (event_no IS NULL))),
    CONSTRAINT "what waits is due at a time, what ended ended at one" CHECK ((((state = 'waiting'::text) = (due_at IS NOT NULL)) AND ((state = 'waiting'::text) = (ended_at IS NULL))))
)
WITH (fillfactor='70');

CREATE TABLE public.notice_attempt (
    notice_id bigint NOT NULL,
    no integer NOT NULL,
    at timestamp with time zone NOT NULL,
    real_at timestamp with time zone NOT NULL,
    request text NOT NULL,
    status integer,
    answer text,
    fault text,
    milliseconds integer,
    CONSTRAINT "an answer's excerpt is short" CHECK ((length(answer) <= 256)),
    CONSTRAINT "an attempt without an answer failed" CHECK (((milliseconds IS NULL) OR (status IS NOT NULL) OR (fault IS NOT NULL)))
)
WITH (fillfactor='70');

ALTER TABLE public.notice ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.notice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.offer (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    seller_id bigint NOT NULL,
    seller_steamid text NOT NULL,
    project text NOT NULL,
    appid integer NOT NULL,
    contextid bigint NOT NULL,
    assetid text NOT NULL,
    classid text NOT NULL,
    instanceid text NOT NULL,
    steam_item_id bigint NOT NULL,
    price_cents bigint NOT NULL,
    state text NOT NULL,
    ended_reason text,
    float_text text,
    paintseed bigint,
    paintindex bigint,
    certificate text,
    link text,
    version bigint DEFAULT 1 NOT NULL,
    missing_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    told_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT "an ended offer says why" CHECK (((state = 'ended'::text) = (ended_reason IS NOT NULL))),
    CONSTRAINT "an offer is on sale, reserved, sold or ended" CHECK ((state = ANY (ARRAY['on_sale'::text, 'reserved'::text, 'sold'::text, 'ended'::text]))),
    CONSTRAINT "an offer's price is above nothing and below ten billion" CHECK (((price_cents >= 1) AND (price_cents <= 999999999)))
)
WITH (fillfactor='80');

ALTER TABLE public.offer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.offer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.openid_nonce (
    nonce text NOT NULL,
    forget_after timestamp with time zone NOT NULL
);

CREATE TABLE public.operator_alert (
    id bigint NOT NULL,
    ref text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    at timestamp with time zone NOT NULL,
    due_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    mailed_at timestamp with time zone,
    called_at timestamp with time zone,
    fault text,
    CONSTRAINT "operators are told of what is stuck or amiss, and of admins" CHECK ((kind = ANY (ARRAY['case'::text, 'notice'::text, 'check'::text, 'payout'::text, 'checkout'::text, 'mail'::text, 'role'::text])))
);

ALTER TABLE public.operator_alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.operator_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.operator_case (
    id bigint NOT NULL,
    trade_id bigint,
    reason text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    ruling text
);

ALTER TABLE public.operator_case ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.operator_case_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.pairing_code (
    hash bytea NOT NULL,
    account_id bigint NOT NULL,
    merchant_id bigint,
    floor_bps integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.payment (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    payer_id bigint NOT NULL,
    token text NOT NULL,
    transaction_id text DEFAULT (gen_random_uuid())::text NOT NULL,
    order_id text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount text NOT NULL,
    trade_token text,
    signed text NOT NULL,
    digest bytea NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    quiet_from timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT "a closed payment was closed at a time" CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT "a payment is open, active or closed" CHECK ((state = ANY (ARRAY['open'::text, 'active'::text, 'closed'::text]))),
    CONSTRAINT "a token is 32 hexadecimal digits" CHECK ((token ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT "an active payment is not quiet" CHECK (((state = 'active'::text) = (quiet_from IS NULL)))
)
WITH (fillfactor='80');

ALTER TABLE public.payment ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment_item (
    offer_id bigint NOT NULL,
    payment_id bigint NOT NULL,
    ipn_trade_id text NOT NULL,
    ip text NOT NULL,
    listed_at timestamp with time zone NOT NULL,
    trade_id bigint,
    told_at timestamp with time zone,
    told_cents bigint,
    CONSTRAINT "a trade_id is 16 hexadecimal digits" CHECK ((ipn_trade_id ~ '^[0-9a-f]{16}$'::text)),
    CONSTRAINT "what is told has its amount" CHECK (((told_at IS NULL) = (told_cents IS NULL))),
    CONSTRAINT "what is told was delivered" CHECK (((told_at IS NULL) OR (trade_id IS NOT NULL)))
)
WITH (fillfactor='80');

CREATE TABLE public.payout (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    cents bigint NOT NULL,
    method text NOT NULL,
    address text NOT NULL,
    needed integer NOT NULL,
    state text NOT NULL,
    reference text,
    reason text DEFAULT ''::text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT "a payout ends paid or refused" CHECK (((state = ANY (ARRAY['paid'::text, 'refused'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT "a payout is above nothing" CHECK ((cents > 0)),
    CONSTRAINT "one or two operators approve a payout" CHECK ((needed = ANY (ARRAY[1, 2]))),
    CONSTRAINT "payouts go by Skrill" CHECK ((method = 'skrill'::text)),
    CONSTRAINT "the states of a payout" CHECK ((state = ANY (ARRAY['asked'::text, 'approved'::text, 'sending'::text, 'unknown'::text, 'paid'::text, 'refused'::text]))),
    CONSTRAINT "what was paid has its provider's reference" CHECK (((state = 'paid'::text) = (reference IS NOT NULL)))
);

CREATE TABLE public.payout_event (
    payout_id bigint NOT NULL,
    no integer NOT NULL,
    step text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE public.payout ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payout_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.presence (
    account_id bigint NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    session_ok boolean NOT NULL,
    blocking text
)
WITH (fillfactor='50');

CREATE TABLE public.profile (
    account_id bigint NOT NULL,
    mail text DEFAULT ''::text NOT NULL,
    mail_notices boolean DEFAULT true NOT NULL,
    skrill text DEFAULT ''::text NOT NULL,
    skrill_set_at timestamp with time zone,
    factor_set_at timestamp with time zone,
    discord text DEFAULT ''::text NOT NULL,
    discordtag text DEFAULT ''::text NOT NULL,
    shorturl text,
    active_at timestamp with time zone,
    CONSTRAINT "a payout address was set at a time" CHECK (((skrill = ''::text) OR (skrill_set_at IS NOT NULL))),
    CONSTRAINT "a short URL has one to twelve small letters and digits" CHECK ((shorturl ~ '^[a-z0-9]{1,12}$'::text))
)
WITH (fillfactor='80');

CREATE TABLE public.rate (
    currency text NOT NULL,
    millionths bigint NOT NULL,
    source text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT "a currency is one we quote" CHECK ((currency = ANY (ARRAY['EUR'::text, 'RUB'::text, 'PLN'::text]))),
    CONSTRAINT "a rate is above nothing" CHECK ((millionths > 0))
);

CREATE TABLE public.rates_reading (
    only_row boolean DEFAULT true NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT "there is one source of rates" CHECK (only_row)
);

CREATE TABLE public.receiver (
    account_id bigint NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    set_at timestamp with time zone NOT NULL,
    silent_at timestamp with time zone,
    CONSTRAINT "a receiver is a webhook or an IPN's" CHECK ((kind = ANY (ARRAY['webhook'::text, 'ipn'::text]))),
    CONSTRAINT "an address has at most 1024 characters" CHECK (((length(url) >= 1) AND (length(url) <= 1024))),
    CONSTRAINT "an old secret has its end" CHECK (((old_secret IS NULL) = (old_secret_until IS NULL)))
)
WITH (fillfactor='70');

CREATE TABLE public.recovery_code (
    account_id bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT "a recovery code's hash is sha256" CHECK ((octet_length(hash) = 32))
);

CREATE TABLE public.referral (
    account_id bigint NOT NULL,
    affiliate_id bigint NOT NULL,
    ref text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT "nobody brings himself" CHECK ((account_id <> affiliate_id))
);

CREATE TABLE public.request_key (
    account_id bigint NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT "a request's digest is sha256" CHECK ((octet_length(digest) = 32))
);

CREATE TABLE public.role (
    account_id bigint NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by bigint,
    CONSTRAINT "there is one role" CHECK ((role = 'admin'::text))
);

CREATE TABLE public.sale (
    trade_id bigint NOT NULL,
    steam_item_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    price_cents bigint NOT NULL,
    CONSTRAINT "a sale has a price" CHECK ((price_cents > 0))
);

CREATE TABLE public.second_factor (
    account_id bigint NOT NULL,
    secret bytea NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    since timestamp with time zone,
    last_step bigint,
    wrong_at timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    CONSTRAINT "a factor is on once a code was taken" CHECK (((since IS NULL) OR (last_step IS NOT NULL)))
);

CREATE TABLE public.seller_grant (
    merchant_id bigint NOT NULL,
    seller_id bigint NOT NULL,
    floor_bps integer DEFAULT 0 NOT NULL,
    given_by text NOT NULL,
    given_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT "a floor lies between nothing and thirty Steam prices" CHECK (((floor_bps >= 0) AND (floor_bps <= 300000))),
    CONSTRAINT "a grant comes from pairing, a page, a payment or an operator" CHECK ((given_by = ANY (ARRAY['pairing'::text, 'page'::text, 'payment'::text, 'operator'::text]))),
    CONSTRAINT "nobody needs a grant for his own" CHECK ((merchant_id <> seller_id))
);

CREATE TABLE public.session (
    id bigint NOT NULL,
    hash bytea NOT NULL,
    account_id bigint NOT NULL,
    browser text NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    code_given_at timestamp with time zone,
    CONSTRAINT "a session ends after it began" CHECK ((expires_at > signed_in_at)),
    CONSTRAINT "a session's hash is sha256" CHECK ((octet_length(hash) = 32))
)
WITH (fillfactor='80');

ALTER TABLE public.session ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.session_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sign_in (
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    next text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT "a way's hashes are sha256" CHECK (((octet_length(state_hash) = 32) AND (octet_length(browser_hash) = 32)))
);

CREATE TABLE public.steam_item (
    id bigint NOT NULL,
    project text NOT NULL,
    market_hash_name text NOT NULL,
    type text,
    rarity text,
    exterior text,
    is_stattrak boolean DEFAULT false NOT NULL,
    icon text DEFAULT ''::text NOT NULL,
    price_cents bigint,
    priced_at timestamp with time zone,
    CONSTRAINT "a Steam price is above nothing" CHECK ((price_cents > 0))
);

ALTER TABLE public.steam_item ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.steam_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.strike (
    trade_id bigint NOT NULL,
    steamid text NOT NULL,
    side text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT "a strike is on the seller or the buyer" CHECK ((side = ANY (ARRAY['seller'::text, 'buyer'::text])))
);

CREATE TABLE public.switch (
    name text NOT NULL,
    is_off boolean NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT "buying and the whole API can be turned off" CHECK ((name = ANY (ARRAY['buying'::text, 'api'::text])))
);

CREATE TABLE public.trade (
    id bigint NOT NULL,
    offer_id bigint NOT NULL,
    buyer_id bigint NOT NULL,
    payee_id bigint NOT NULL,
    seller_id bigint NOT NULL,
    buyer_steamid text NOT NULL,
    trade_token text NOT NULL,
    price_cents bigint NOT NULL,
    fee_cents bigint NOT NULL,
    paid_deposit_cents bigint NOT NULL,
    paid_balance_cents bigint NOT NULL,
    seller_sold_count bigint NOT NULL,
    custom_id text,
    idempotency_key text,
    digest bytea NOT NULL,
    state text NOT NULL,
    causer text,
    offer_maybe_live boolean DEFAULT false NOT NULL,
    cancel_causer text,
    cancel_reason text,
    steam_offer_state integer,
    steam_tradeofferid text,
    steam_tradeid text,
    buyer_had text[],
    new_assetid text,
    claimed_at timestamp with time zone,
    accepted_at timestamp with time zone,
    protected_until timestamp with time zone,
    ended_at timestamp with time zone,
    due_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    case_at timestamp with time zone,
    explanation text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    disputed_at timestamp with time zone,
    CONSTRAINT "a causer is the seller or the buyer" CHECK ((causer = ANY (ARRAY['seller'::text, 'buyer'::text]))),
    CONSTRAINT "a created trade has no Steam offer" CHECK (((state <> 'created'::text) OR (NOT offer_maybe_live))),
    CONSTRAINT "a settled trade was settled after its protection" CHECK (((state <> 'finished'::text) OR (ended_at >= protected_until))),
    CONSTRAINT "a trade's state is a known one" CHECK ((state = ANY (ARRAY['created'::text, 'sending'::text, 'needs_confirmation'::text, 'sent'::text, 'accepted'::text, 'protected'::text, 'finished'::text, 'cancelled'::text, 'reversed'::text]))),
    CONSTRAINT "delivery has its time" CHECK (((accepted_at IS NOT NULL) OR (state <> ALL (ARRAY['accepted'::text, 'protected'::text, 'finished'::text])))),
    CONSTRAINT "ended means finished, cancelled or reversed" CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['finished'::text, 'cancelled'::text, 'reversed'::text])))),
    CONSTRAINT "only a cancelled or reversed trade has a causer" CHECK (((causer IS NULL) OR (state = ANY (ARRAY['cancelled'::text, 'reversed'::text])))),
    CONSTRAINT "only what was delivered and is not paid for is disputed" CHECK (((disputed_at IS NULL) OR (state = ANY (ARRAY['accepted'::text, 'protected'::text])))),
    CONSTRAINT "price is what was paid from both buckets" CHECK (((price_cents = (paid_deposit_cents + paid_balance_cents)) AND (paid_deposit_cents >= 0) AND (paid_balance_cents >= 0))),
    CONSTRAINT "protection has its end" CHECK (((protected_until IS NOT NULL) OR (state <> ALL (ARRAY['protected'::text, 'finished'::text])))),
    CONSTRAINT "the fee leaves the seller a cent" CHECK (((fee_cents >= 0) AND (fee_cents < price_cents)))
)
WITH (fillfactor='70');

CREATE TABLE public.trade_event (
    trade_id bigint NOT NULL,
    no integer NOT NULL,
    event text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    witness text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE public.trade ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.trade_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.transfer (
    id bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    trade_id bigint,
    note text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE public.transfer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.transfer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.transfer_of_account (
    account_id bigint NOT NULL,
    transfer_id bigint NOT NULL
);

CREATE TABLE public.wallet (
    account_id bigint NOT NULL,
    deposit_cents bigint DEFAULT 0 NOT NULL,
    balance_cents bigint DEFAULT 0 NOT NULL,
    held_cents bigint DEFAULT 0 NOT NULL,
    payout_cents bigint DEFAULT 0 NOT NULL,
    reserve_cents bigint DEFAULT 0 NOT NULL,
    deposit_no bigint DEFAULT 0 NOT NULL,
    balance_no bigint DEFAULT 0 NOT NULL,
    held_no bigint DEFAULT 0 NOT NULL,
    payout_no bigint DEFAULT 0 NOT NULL,
    reserve_no bigint DEFAULT 0 NOT NULL,
    CONSTRAINT "no bucket is below zero" CHECK (((deposit_cents >= 0) AND (balance_cents >= 0) AND (held_cents >= 0) AND (payout_cents >= 0) AND (reserve_cents >= 0)))
)
WITH (fillfactor='40');

CREATE TABLE public.worker (
    name text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    beat_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.checkout
    ADD CONSTRAINT "a checkout's name is its own" UNIQUE (name);

ALTER TABLE ONLY public.affiliate_click
    ADD CONSTRAINT "a click's name is its own" UNIQUE (name);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT "a cookie is one session's" UNIQUE (hash);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT "a correction's reference is its own" UNIQUE (reference);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT "a deed is done once" UNIQUE (key);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT "a link is one payment's" UNIQUE (token);

ALTER TABLE ONLY public.steam_item
    ADD CONSTRAINT "a name is one item of its game" UNIQUE (project, market_hash_name);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT "a notice has a name of its own" UNIQUE (name);

ALTER TABLE ONLY public.checkout
    ADD CONSTRAINT "a provider's session is of one checkout" UNIQUE (provider, session);

ALTER TABLE ONLY public.gateway
    ADD CONSTRAINT "a public hash is one merchant's" UNIQUE (public_hash);

ALTER TABLE ONLY public.profile
    ADD CONSTRAINT "a short URL is one account's" UNIQUE (shorturl);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT "a token is one token" UNIQUE (hash);

ALTER TABLE ONLY public.payment_item
    ADD CONSTRAINT "a trade_id is one skin's" UNIQUE (ipn_trade_id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT "a transaction is one payment" UNIQUE (transaction_id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.advance
    ADD CONSTRAINT advance_pkey PRIMARY KEY (trade_id);

ALTER TABLE ONLY public.affiliate_click
    ADD CONSTRAINT affiliate_click_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agent
    ADD CONSTRAINT "an agent's token is one token" UNIQUE (hash);

ALTER TABLE ONLY public.export_token
    ADD CONSTRAINT "an export token is one token" UNIQUE (hash);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT "an order counts its fills" UNIQUE (order_id, no);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT "an order is one payment" UNIQUE (account_id, order_id);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT "an order takes an offer once" UNIQUE (order_id, offer_id);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ban
    ADD CONSTRAINT ban_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT buy_order_fill_pkey PRIMARY KEY (trade_id);

ALTER TABLE ONLY public.buy_order_match
    ADD CONSTRAINT buy_order_match_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.buy_order
    ADD CONSTRAINT buy_order_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.change_forgotten
    ADD CONSTRAINT change_forgotten_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (xid, id);

ALTER TABLE ONLY public.checkout
    ADD CONSTRAINT checkout_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.commission
    ADD CONSTRAINT commission_pkey PRIMARY KEY (trade_id, account_id);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.day_total
    ADD CONSTRAINT day_total_pkey PRIMARY KEY (account_id, day);

ALTER TABLE ONLY public.directive
    ADD CONSTRAINT directive_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_pkey PRIMARY KEY (trade_id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.export_token
    ADD CONSTRAINT export_token_pkey PRIMARY KEY (account_id, made_by);

ALTER TABLE ONLY public.freezing
    ADD CONSTRAINT freezing_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.gateway
    ADD CONSTRAINT gateway_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.inventory_scan
    ADD CONSTRAINT inventory_scan_pkey PRIMARY KEY (account_id, project);

ALTER TABLE ONLY public.jwt
    ADD CONSTRAINT jwt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_check
    ADD CONSTRAINT ledger_check_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mail_change
    ADD CONSTRAINT mail_change_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.mail
    ADD CONSTRAINT mail_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.market_clock
    ADD CONSTRAINT market_clock_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notice_attempt
    ADD CONSTRAINT notice_attempt_pkey PRIMARY KEY (notice_id, no);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operator_alert
    ADD CONSTRAINT "of one thing operators are told once" UNIQUE (ref);

ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT "one account a steamid" UNIQUE (steamid);

ALTER TABLE ONLY public.openid_nonce
    ADD CONSTRAINT openid_nonce_pkey PRIMARY KEY (nonce);

ALTER TABLE ONLY public.operator_alert
    ADD CONSTRAINT operator_alert_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operator_case
    ADD CONSTRAINT operator_case_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pairing_code
    ADD CONSTRAINT pairing_code_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.payment_item
    ADD CONSTRAINT payment_item_pkey PRIMARY KEY (offer_id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payout_event
    ADD CONSTRAINT payout_event_pkey PRIMARY KEY (payout_id, no);

ALTER TABLE ONLY public.payout
    ADD CONSTRAINT payout_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.rate
    ADD CONSTRAINT rate_pkey PRIMARY KEY (currency);

ALTER TABLE ONLY public.rates_reading
    ADD CONSTRAINT rates_reading_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.receiver
    ADD CONSTRAINT receiver_pkey PRIMARY KEY (account_id, kind);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_pkey PRIMARY KEY (account_id, hash);

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.request_key
    ADD CONSTRAINT request_key_pkey PRIMARY KEY (account_id, key);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT role_pkey PRIMARY KEY (account_id, role);

ALTER TABLE ONLY public.sale
    ADD CONSTRAINT sale_pkey PRIMARY KEY (trade_id);

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT second_factor_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.seller_grant
    ADD CONSTRAINT seller_grant_pkey PRIMARY KEY (merchant_id, seller_id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_pkey PRIMARY KEY (state_hash);

ALTER TABLE ONLY public.steam_item
    ADD CONSTRAINT steam_item_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.strike
    ADD CONSTRAINT strike_pkey PRIMARY KEY (trade_id, side);

ALTER TABLE ONLY public.switch
    ADD CONSTRAINT switch_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT "the same is told once" UNIQUE (account_id, kind, ref);

ALTER TABLE ONLY public.trade_event
    ADD CONSTRAINT trade_event_pkey PRIMARY KEY (trade_id, no);

ALTER TABLE ONLY public.trade
    ADD CONSTRAINT trade_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.transfer_of_account
    ADD CONSTRAINT transfer_of_account_pkey PRIMARY KEY (account_id, transfer_id);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT transfer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wallet
    ADD CONSTRAINT wallet_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT "what was signed is one order" UNIQUE (account_id, signed);

ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (name);

CREATE UNIQUE INDEX "a Steam offer belongs to one trade" ON public.trade USING btree (steam_tradeofferid) WHERE (steam_tradeofferid IS NOT NULL);

CREATE UNIQUE INDEX "a bucket's entries are a chain" ON public.entry USING btree (account_id, book, no) WHERE (account_id IS NOT NULL);

CREATE UNIQUE INDEX "a custom id is used once by a buyer" ON public.trade USING btree (buyer_id, custom_id) WHERE (custom_id IS NOT NULL);

CREATE UNIQUE INDEX "a delivery is one skin's" ON public.payment_item USING btree (trade_id) WHERE (trade_id IS NOT NULL);

CREATE UNIQUE INDEX "a provider's reference is of one payout" ON public.payout USING btree (method, reference);

CREATE UNIQUE INDEX "a receiver is told of an event once" ON public.notice USING btree (account_id, kind, type, trade_id, event_no) WHERE (trade_id IS NOT NULL);

CREATE UNIQUE INDEX "a sold skin has one IPN" ON public.notice USING btree (trade_id) WHERE (kind = 'ipn'::text);

CREATE INDEX account_frozen ON public.account USING btree (id) WHERE (frozen_at IS NOT NULL);

CREATE INDEX account_left ON public.account USING btree (id) WHERE (left_at IS NOT NULL);

CREATE INDEX account_unread ON public.account USING btree (id) WHERE (profile_read_at IS NULL);

CREATE INDEX advance_outstanding ON public.advance USING btree (account_id) WHERE (ended_at IS NULL);

CREATE INDEX affiliate_click_at ON public.affiliate_click USING btree (at);

CREATE INDEX affiliate_click_due ON public.affiliate_click USING btree (due_at, id) WHERE (due_at IS NOT NULL);

CREATE INDEX alert_of_account ON public.alert USING btree (account_id, kind, id);

CREATE INDEX alert_open ON public.alert USING btree (account_id, kind, id) WHERE (closed_at IS NULL);

CREATE UNIQUE INDEX "an account is frozen once" ON public.freezing USING btree (account_id) WHERE (thawed_at IS NULL);

CREATE UNIQUE INDEX "an asset is one trade's delivery" ON public.trade USING btree (buyer_steamid, new_assetid) WHERE (new_assetid IS NOT NULL);

CREATE UNIQUE INDEX "an idempotency key is used once by a buyer" ON public.trade USING btree (buyer_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX api_token_of_account ON public.api_token USING btree (account_id);

CREATE INDEX audit_of_actor ON public.audit USING btree (actor_id, id);

CREATE INDEX audit_of_subject ON public.audit USING btree (subject_id, id) WHERE (subject_id IS NOT NULL);

CREATE INDEX ban_of_steamid ON public.ban USING btree (steamid, side, until_at) WHERE (lifted_at IS NULL);

CREATE INDEX buy_order_asleep ON public.buy_order USING btree (steam_item_id) WHERE ((asleep IS NOT NULL) AND (state = 'live'::text));

CREATE INDEX buy_order_book ON public.buy_order USING btree (steam_item_id, reach_cents) WHERE (state = 'live'::text);

CREATE INDEX buy_order_depth ON public.buy_order USING btree (steam_item_id, price_cents DESC, place) WHERE (state = 'live'::text);

CREATE INDEX buy_order_match_again ON public.buy_order_match USING btree (steam_item_id) WHERE (tries > 0);

CREATE INDEX buy_order_match_due ON public.buy_order_match USING btree (due_at, id);

CREATE INDEX buy_order_without_money ON public.buy_order USING btree (account_id, reach_cents) WHERE ((asleep = 'money'::text) AND (state = 'live'::text));

CREATE INDEX checkout_due ON public.checkout USING btree (due_at, id) WHERE (due_at IS NOT NULL);

CREATE INDEX checkout_of_account ON public.checkout USING btree (account_id, id);

CREATE INDEX checkout_of_payment ON public.checkout USING btree (provider, payment) WHERE (payment IS NOT NULL);

CREATE INDEX commission_of_affiliate ON public.commission USING btree (affiliate_id, at);

CREATE INDEX correction_of_account ON public.correction USING btree (account_id, id);

CREATE INDEX correction_open ON public.correction USING btree (id) WHERE (state = 'asked'::text);

CREATE INDEX directive_of_trade ON public.directive USING btree (trade_id);

CREATE INDEX directive_open ON public.directive USING btree (account_id) WHERE (status IS NULL);

CREATE INDEX directive_to_forget ON public.directive USING btree (answered_at) WHERE ((trade_id IS NULL) AND (status IS NOT NULL));

CREATE INDEX entry_of_transfer ON public.entry USING btree (transfer_id);

CREATE INDEX export_began ON public.export USING btree (began_at);

CREATE INDEX export_of_account ON public.export USING btree (account_id, id);

CREATE INDEX export_token_expires ON public.export_token USING btree (expires_at);

CREATE INDEX freezing_of_account ON public.freezing USING btree (account_id, id);

CREATE INDEX jwt_expires ON public.jwt USING btree (expires_at);

CREATE INDEX jwt_of_token ON public.jwt USING btree (token_id, made_at);

CREATE INDEX mail_due ON public.mail USING btree (due_at, id) WHERE (state = 'waiting'::text);

CREATE INDEX mail_ended ON public.mail USING btree (ended_at) WHERE (state <> 'waiting'::text);

CREATE INDEX mail_of_account ON public.mail USING btree (account_id) WHERE (account_id IS NOT NULL);

CREATE INDEX message_of_account ON public.message USING btree (account_id, id);

CREATE INDEX message_unread ON public.message USING btree (account_id) WHERE (read_at IS NULL);

CREATE UNIQUE INDEX "nobody approves a payout twice" ON public.payout_event USING btree (payout_id, actor) WHERE (step = 'approve'::text);

CREATE INDEX notice_attempt_lately ON public.notice_attempt USING btree (real_at);

CREATE INDEX notice_due ON public.notice USING btree (due_at) WHERE (state = 'waiting'::text);

CREATE INDEX notice_ended ON public.notice USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX notice_in_hand ON public.notice USING btree (account_id, kind) WHERE (in_hand_until IS NOT NULL);

CREATE INDEX notice_of_account ON public.notice USING btree (account_id, made_at, id);

CREATE INDEX notice_of_payment ON public.notice USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX notice_set_aside ON public.notice USING btree (id) WHERE (state = 'set_aside'::text);

CREATE INDEX notice_waiting ON public.notice USING btree (account_id, kind, due_at, id) WHERE (state = 'waiting'::text);

CREATE INDEX offer_ended_of_account ON public.offer USING btree (account_id, id) WHERE (state = 'ended'::text);

CREATE INDEX offer_live_of_seller ON public.offer USING btree (seller_id, project) WHERE (state = ANY (ARRAY['on_sale'::text, 'reserved'::text]));

CREATE INDEX offer_on_sale_by_price ON public.offer USING btree (steam_item_id, price_cents, id) WHERE (state = 'on_sale'::text);

CREATE INDEX offer_on_sale_of_account ON public.offer USING btree (account_id, id) WHERE (state = 'on_sale'::text);

CREATE UNIQUE INDEX "one export at a time" ON public.export USING btree (account_id, made_by) WHERE (state = 'running'::text);

CREATE UNIQUE INDEX "one live offer an asset" ON public.offer USING btree (appid, contextid, assetid) WHERE (state = ANY (ARRAY['on_sale'::text, 'reserved'::text]));

CREATE UNIQUE INDEX "one live order an account and item" ON public.buy_order USING btree (account_id, steam_item_id) WHERE (state = 'live'::text);

CREATE UNIQUE INDEX "one live trade an offer" ON public.trade USING btree (offer_id) WHERE (state <> ALL (ARRAY['cancelled'::text, 'reversed'::text]));

CREATE UNIQUE INDEX "one living agent a device" ON public.agent USING btree (account_id, device_id) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX "one open case a trade" ON public.operator_case USING btree (trade_id) WHERE (closed_at IS NULL);

CREATE UNIQUE INDEX "one open create a trade" ON public.directive USING btree (trade_id) WHERE ((action = 'create_offer'::text) AND (status IS NULL));

CREATE INDEX openid_nonce_forget ON public.openid_nonce USING btree (forget_after);

CREATE INDEX operator_alert_due ON public.operator_alert USING btree (due_at, id) WHERE (due_at IS NOT NULL);

CREATE INDEX payment_active ON public.payment USING btree (id) WHERE (state = 'active'::text);

CREATE INDEX payment_item_of_payment ON public.payment_item USING btree (payment_id);

CREATE INDEX payment_of_account ON public.payment USING btree (account_id, created_at, id);

CREATE INDEX payment_of_payer ON public.payment USING btree (payer_id);

CREATE INDEX payment_quiet ON public.payment USING btree (quiet_from) WHERE (state = 'open'::text);

CREATE INDEX payout_of_account ON public.payout USING btree (account_id, id);

CREATE INDEX payout_open ON public.payout USING btree (id) WHERE (ended_at IS NULL);

CREATE INDEX referral_of_affiliate ON public.referral USING btree (affiliate_id);

CREATE INDEX request_key_to_forget ON public.request_key USING btree (at);

CREATE INDEX sale_of_item ON public.sale USING btree (steam_item_id, at, trade_id) INCLUDE (price_cents);

CREATE INDEX seller_grant_of_seller ON public.seller_grant USING btree (seller_id);

CREATE INDEX session_of_account ON public.session USING btree (account_id, signed_in_at);

CREATE INDEX session_seen ON public.session USING btree (seen_at);

CREATE INDEX sign_in_expires ON public.sign_in USING btree (expires_at);

CREATE INDEX strike_of_steamid ON public.strike USING btree (steamid, side, at);

CREATE INDEX trade_due ON public.trade USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX trade_ended ON public.trade USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX trade_failed ON public.trade USING btree (state) WHERE (state = ANY (ARRAY['cancelled'::text, 'reversed'::text]));

CREATE INDEX trade_live_of_buyer ON public.trade USING btree (buyer_id, created_at, id) WHERE (state <> ALL (ARRAY['finished'::text, 'cancelled'::text, 'reversed'::text]));

CREATE INDEX trade_live_of_payee ON public.trade USING btree (payee_id, created_at, id) WHERE (state <> ALL (ARRAY['finished'::text, 'cancelled'::text, 'reversed'::text]));

CREATE INDEX trade_live_of_seller ON public.trade USING btree (seller_id, id) WHERE (state <> ALL (ARRAY['finished'::text, 'cancelled'::text, 'reversed'::text]));

CREATE INDEX trade_live_to_buyer ON public.trade USING btree (buyer_steamid, id) WHERE (state <> ALL (ARRAY['finished'::text, 'cancelled'::text, 'reversed'::text]));

CREATE INDEX trade_of_buyer ON public.trade USING btree (buyer_id, created_at, id) INCLUDE (state);

CREATE INDEX trade_of_payee ON public.trade USING btree (payee_id, created_at, id) INCLUDE (state, buyer_id);

CREATE INDEX trade_to_cancel_of_seller ON public.trade USING btree (seller_id) WHERE ((state = 'cancelled'::text) AND offer_maybe_live);

CREATE INDEX trade_without_baseline ON public.trade USING btree (created_at) WHERE ((state = ANY (ARRAY['created'::text, 'sending'::text])) AND (buyer_had IS NULL));

CREATE INDEX transfer_of_trade ON public.transfer USING btree (trade_id) WHERE (trade_id IS NOT NULL);

CREATE TRIGGER cases_are_told AFTER INSERT ON public.operator_case FOR EACH ROW EXECUTE FUNCTION public.cases_are_told();

CREATE TRIGGER changed_offers_meet_orders AFTER UPDATE OF state, price_cents ON public.offer FOR EACH ROW WHEN (((new.state = 'on_sale'::text) AND ((old.state <> 'on_sale'::text) OR (new.price_cents < old.price_cents)))) EXECUTE FUNCTION public.offers_meet_orders();

CREATE TRIGGER doubts_are_told AFTER UPDATE OF state, reason ON public.checkout FOR EACH ROW WHEN (((new.reason <> old.reason) AND (new.reason <> ''::text) AND (new.state = ANY (ARRAY['doubted'::text, 'paid'::text])))) EXECUTE FUNCTION public.doubts_are_told();

CREATE TRIGGER ends_of_fills_are_noted AFTER UPDATE OF state ON public.trade FOR EACH ROW WHEN (((new.state <> old.state) AND ((new.state = ANY (ARRAY['cancelled'::text, 'reversed'::text])) OR (old.state = 'cancelled'::text)))) EXECUTE FUNCTION public.ends_of_fills_are_noted();

CREATE TRIGGER entries_balance AFTER INSERT ON public.entry REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.entries_balance();

CREATE TRIGGER forgotten_changes_are_noted AFTER DELETE ON public.change REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.forgotten_changes_are_noted();

CREATE TRIGGER lifted_bans_wake_orders AFTER UPDATE OF lifted_at ON public.ban FOR EACH ROW WHEN (((old.lifted_at IS NULL) AND (new.lifted_at IS NOT NULL) AND (new.side = 'buyer'::text))) EXECUTE FUNCTION public.lifted_bans_wake_orders();

CREATE TRIGGER mails_given_up_are_told AFTER UPDATE OF state ON public.mail FOR EACH ROW WHEN (((new.state = 'given_up'::text) AND (old.state <> 'given_up'::text) AND (new.account_id IS NOT NULL) AND ((new.attempts = 0) OR (new.attempts >= 8)))) EXECUTE FUNCTION public.mails_given_up_are_told();

CREATE TRIGGER money_wakes_orders AFTER UPDATE OF deposit_cents, balance_cents ON public.wallet FOR EACH ROW WHEN (((new.deposit_cents + new.balance_cents) > (old.deposit_cents + old.balance_cents))) EXECUTE FUNCTION public.money_wakes_orders();

CREATE TRIGGER new_offers_meet_orders AFTER INSERT ON public.offer FOR EACH ROW WHEN ((new.state = 'on_sale'::text)) EXECUTE FUNCTION public.offers_meet_orders();

CREATE TRIGGER notices_given_up_are_told AFTER UPDATE OF state ON public.notice FOR EACH ROW WHEN (((new.state = 'set_aside'::text) AND (old.state <> 'set_aside'::text) AND (new.attempts >= new.attempts_most) AND (new.type <> 'ping'::text))) EXECUTE FUNCTION public.notices_given_up_are_told();

CREATE TRIGGER offer_gets_a_new_version BEFORE UPDATE ON public.offer FOR EACH ROW EXECUTE FUNCTION public.offer_gets_a_new_version();

CREATE TRIGGER offer_inserts_are_told AFTER INSERT ON public.offer REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.offer_inserts_are_told();

CREATE TRIGGER offer_updates_are_told AFTER UPDATE ON public.offer REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.offer_updates_are_told();

CREATE TRIGGER owners_wake_orders AFTER UPDATE OF trade_token, hold_until, frozen_at ON public.account FOR EACH ROW WHEN ((((old.trade_token IS NULL) AND (new.trade_token IS NOT NULL)) OR ((old.hold_until IS NOT NULL) AND (new.hold_until IS DISTINCT FROM old.hold_until)) OR ((old.frozen_at IS NOT NULL) AND (new.frozen_at IS NULL)))) EXECUTE FUNCTION public.owners_wake_orders();

CREATE TRIGGER payouts_are_told AFTER INSERT ON public.payout_event FOR EACH ROW WHEN ((new.to_state = ANY (ARRAY['asked'::text, 'unknown'::text]))) EXECUTE FUNCTION public.payouts_are_told();

CREATE TRIGGER purchases_are_told AFTER INSERT ON public.trade REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.purchases_are_told();

CREATE TRIGGER sale_is_entered AFTER UPDATE OF state ON public.trade FOR EACH ROW WHEN (((new.state = 'finished'::text) AND (old.state <> 'finished'::text))) EXECUTE FUNCTION public.sale_is_entered();

CREATE TRIGGER the_clock_goes_forward BEFORE DELETE OR UPDATE ON public.market_clock FOR EACH ROW EXECUTE FUNCTION public.the_clock_goes_forward();

CREATE TRIGGER the_past_is_kept BEFORE TRUNCATE ON public.payout_event FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.commission FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.entry FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE ON public.payout_event FOR EACH ROW EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE UPDATE ON public.trade_event FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transfer FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE TRIGGER the_past_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transfer_of_account FOR EACH STATEMENT EXECUTE FUNCTION public.the_past_stays();

CREATE CONSTRAINT TRIGGER transfer_finds_its_accounts AFTER INSERT ON public.transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.trade_id IS NULL)) EXECUTE FUNCTION public.transfer_finds_its_accounts();

ALTER TABLE ONLY public.advance
    ADD CONSTRAINT advance_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.advance
    ADD CONSTRAINT advance_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.affiliate_click
    ADD CONSTRAINT affiliate_click_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.affiliate_click
    ADD CONSTRAINT affiliate_click_affiliate_id_fkey FOREIGN KEY (affiliate_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT api_token_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.buy_order
    ADD CONSTRAINT buy_order_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT buy_order_fill_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES public.offer(id);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT buy_order_fill_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.buy_order(id);

ALTER TABLE ONLY public.buy_order_fill
    ADD CONSTRAINT buy_order_fill_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.buy_order
    ADD CONSTRAINT buy_order_steam_item_id_fkey FOREIGN KEY (steam_item_id) REFERENCES public.steam_item(id);

ALTER TABLE ONLY public.checkout
    ADD CONSTRAINT checkout_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.commission
    ADD CONSTRAINT commission_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.referral(account_id);

ALTER TABLE ONLY public.commission
    ADD CONSTRAINT commission_affiliate_id_fkey FOREIGN KEY (affiliate_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.commission
    ADD CONSTRAINT commission_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.correction
    ADD CONSTRAINT correction_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.day_total
    ADD CONSTRAINT day_total_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.directive
    ADD CONSTRAINT directive_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.directive
    ADD CONSTRAINT directive_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT entry_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT entry_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES public.transfer(id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.export_token
    ADD CONSTRAINT export_token_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.export_token
    ADD CONSTRAINT export_token_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.freezing
    ADD CONSTRAINT freezing_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.gateway
    ADD CONSTRAINT gateway_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.inventory_scan
    ADD CONSTRAINT inventory_scan_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.jwt
    ADD CONSTRAINT jwt_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_token(id);

ALTER TABLE ONLY public.mail
    ADD CONSTRAINT mail_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.mail_change
    ADD CONSTRAINT mail_change_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_sent_by_fkey FOREIGN KEY (sent_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.notice_attempt
    ADD CONSTRAINT notice_attempt_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES public.notice(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_steam_item_id_fkey FOREIGN KEY (steam_item_id) REFERENCES public.steam_item(id);

ALTER TABLE ONLY public.operator_case
    ADD CONSTRAINT operator_case_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.pairing_code
    ADD CONSTRAINT pairing_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.pairing_code
    ADD CONSTRAINT pairing_code_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.gateway(account_id);

ALTER TABLE ONLY public.payment_item
    ADD CONSTRAINT payment_item_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES public.offer(id);

ALTER TABLE ONLY public.payment_item
    ADD CONSTRAINT payment_item_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.payment_item
    ADD CONSTRAINT payment_item_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payout
    ADD CONSTRAINT payout_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.payout_event
    ADD CONSTRAINT payout_event_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES public.payout(id);

ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.receiver
    ADD CONSTRAINT receiver_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.second_factor(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_affiliate_id_fkey FOREIGN KEY (affiliate_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.request_key
    ADD CONSTRAINT request_key_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT role_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT role_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.sale
    ADD CONSTRAINT sale_steam_item_id_fkey FOREIGN KEY (steam_item_id) REFERENCES public.steam_item(id);

ALTER TABLE ONLY public.sale
    ADD CONSTRAINT sale_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT second_factor_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.seller_grant
    ADD CONSTRAINT seller_grant_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.seller_grant
    ADD CONSTRAINT seller_grant_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.trade
    ADD CONSTRAINT trade_buyer_id_fkey FOREIGN KEY (buyer_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.trade_event
    ADD CONSTRAINT trade_event_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.trade
    ADD CONSTRAINT trade_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES public.offer(id);

ALTER TABLE ONLY public.trade
    ADD CONSTRAINT trade_payee_id_fkey FOREIGN KEY (payee_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.trade
    ADD CONSTRAINT trade_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.transfer_of_account
    ADD CONSTRAINT transfer_of_account_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.transfer_of_account
    ADD CONSTRAINT transfer_of_account_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES public.transfer(id);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT transfer_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES public.trade(id);

ALTER TABLE ONLY public.wallet
    ADD CONSTRAINT wallet_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);
