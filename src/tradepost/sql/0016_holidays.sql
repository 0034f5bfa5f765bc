-- Holidays: an account on holiday stays signed in, pays and is paid, and its program sends what was bought before; but
-- nobody can buy what it has on sale. Times are the market's.

ALTER TABLE account
    ADD COLUMN away_since timestamptz,
    ADD COLUMN away_until timestamptz,                       -- null: until he ends it himself
    ADD CONSTRAINT "a holiday begins before it ends" CHECK (away_until IS NULL OR (away_since IS NOT NULL AND away_since < away_until));

CREATE FUNCTION is_away(a account, p_now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT a.away_since IS NOT NULL AND coalesce(a.away_until > p_now, true)
$$;

-- Buying as in 0011: who is on holiday, the one who is paid or the one whose item it is, counts as offline.
CREATE OR REPLACE FUNCTION buy_batch(
    p_now timestamptz,              -- the market's clock
    p_online_after timestamptz,     -- real time: a seller whose heartbeat is not younger is offline
    p_scanned_after timestamptz,    -- real time: an inventory seen before this is not trusted
    p_send_until timestamptz,       -- the deadline of the trades made here
    p_fee_bps bigint,
    p_buyers bigint[], p_offers bigint[], p_steamids text[], p_tokens text[], p_ceilings bigint[],
    p_custom_ids text[], p_keys text[], p_digests bytea[],
    OUT no int, OUT code text, OUT trade_id bigint
) RETURNS SETOF record LANGUAGE plpgsql AS $$
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
