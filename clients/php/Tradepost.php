<?php
/**
 * A small client of the Tradepost merchant API, v2: one file, no extension beyond PHP's own, PHP 8.1 or newer.
 *
 * Copy it beside your code. It does what is easy to get wrong: every write carries an Idempotency-Key and is repeated
 * with the same key when the connection breaks, so nothing is bought or listed twice; prices are texts and never
 * floats; a stream goes on where it broke off; a notice is believed only with its signature.
 */

declare(strict_types=1);

/** The market said no: getErrorCode() is for the program, getMessage() for a person. */
final class TradepostRefused extends RuntimeException
{
    public function __construct(public readonly int $status, public readonly array $answer)
    {
        parent::__construct($this->errorCode() . ': ' . ($answer['error_details'] ?? ''));
    }

    public function errorCode(): string
    {
        return (string) ($this->answer['error_message'] ?? 'internal_error');
    }
}

/** The market did not answer; a write may have been done, and can be sent again with the same key. */
final class TradepostUnreachable extends RuntimeException
{
}

/** The API of one market, called with one token. */
final class Tradepost
{
    private const ATTEMPTS = 5;
    private const TOLERANCE_SECONDS = 300;
    private const PAGE = 15000;
    private const LATER = [429, 500, 502, 503, 504];
    private const KNOWN_MAX = 64;

    private string $base;
    /** @var array<string, array{string, array}> URL to its ETag and what was answered */
    private array $known = [];

    public function __construct(string $baseUrl, private string $token, private float $timeoutSeconds = 30.0)
    {
        $this->base = rtrim($baseUrl, '/') . '/api/v2';
    }

    // Looking ----------------------------------------------------------------------------------------------------

    /** What was earned (`balance`) and what there is for buying (`deposit_balance`), as texts in USD. */
    public function balance(): array
    {
        return $this->call('GET', '/account/balance')['data'];
    }

    /** What a user has on Steam and what the market would take for it; needs the user's grant. */
    public function inventory(string $steamid, string $project = 'csgo'): array
    {
        return $this->call('GET', '/account/inventory', ['steamid' => $steamid, 'project' => $project])['data'];
    }

    /** Every item on sale that the filters let through (`project`, `search`, `price_to`, ...), page by page. */
    public function items(array $filters = []): Generator
    {
        yield from $this->pages('/items', $filters);
    }

    /** One item on sale, with `is_seller_online`. */
    public function item(string|int $id): array
    {
        $data = $this->call('GET', '/items/' . rawurlencode((string) $id))['data'];
        return $data['item'] + ['is_seller_online' => $data['is_seller_online']];
    }

    /** The cheapest price, the number of offers and the Steam price of each name; cheap to ask often. */
    public function prices(string $project = 'csgo'): array
    {
        return $this->call('GET', '/prices', ['project' => $project])['data'];
    }

    /** What you have on sale, for one of your users or all. */
    public function offers(?string $steamid = null): Generator
    {
        yield from $this->pages('/offers', ['steamid' => $steamid]);
    }

    /** Your trades, newest first (`custom_ids`, `states`, `date_from`, ...). */
    public function operations(array $filters = []): Generator
    {
        yield from $this->pages('/operations', $filters + ['limit' => 4000]);
    }

    /** The trade that was bought under a custom id, as it is now. */
    public function trade(string $customId): ?array
    {
        foreach ($this->operations(['custom_ids' => [$customId]]) as $trade) {
            return $trade;
        }
        return null;
    }

    // Doing ------------------------------------------------------------------------------------------------------

    /** Buy an item for a user, at `$price` or less; the same custom id again is the same purchase. */
    public function buy(string|int $id, string $steamid, string $tradeToken, string $customId, ?string $price = null): array
    {
        return $this->call('POST', '/buy', [
            'id' => (string) $id,
            'steamid' => $steamid,
            'trade_token' => $tradeToken,
            'custom_id' => $customId,
            'price' => $price,
        ])['trade_data'];
    }

    /** Put items of a user on sale (`id` of the asset, `price`, `project`): all of them, or none. */
    public function sell(string $steamid, array $offers): array
    {
        return $this->call('POST', '/offers', ['steamid' => $steamid, 'offers' => $offers])['created_bid_ids'];
    }

    /** Give offers (`id`, `price`, `currency`) new prices; each row says for itself whether it worked. */
    public function reprice(string $steamid, array $offers): array
    {
        return $this->call('PATCH', '/offers', ['steamid' => $steamid, 'offers' => $offers])['bids'];
    }

    /** Take offers off sale: `cancelled_items`, and `not_cancelled_items` with the reason. */
    public function cancel(string $steamid, array $ids): array
    {
        return $this->call('DELETE', '/offers', ['steamid' => $steamid, 'item_ids' => array_map('strval', $ids)]);
    }

    // Following --------------------------------------------------------------------------------------------------

    /** What happens from now on, as [id, event, data], without end; give the last id to go on from there. */
    public function stream(?string $lastEventId = null, array $filters = []): Generator
    {
        for ($quiet = 0; ; $quiet++) {
            $headers = $lastEventId === null ? [] : ['Last-Event-ID' => $lastEventId];
            [$status, $answered, $lines] = $this->open('GET', $this->url('/stream', $filters), null, $headers);
            if ($status !== 200) {
                $text = $lines === null ? '' : (string) stream_get_contents($lines);
                if ($status !== 0 && !in_array($status, self::LATER, true)) {
                    throw new TradepostRefused($status, (array) json_decode($text, true));
                }
            } else {
                foreach (self::events($lines) as [$id, $event, $data]) {
                    $quiet = 0;
                    $lastEventId = $id === '' ? $lastEventId : $id;
                    yield [$lastEventId ?? '', $event, $data];
                }
            }
            self::pause($quiet, $answered['retry-after'] ?? null);
        }
    }

    // The way there ----------------------------------------------------------------------------------------------

    /** One call; throws TradepostRefused, or TradepostUnreachable when five attempts got no answer. */
    public function call(string $method, string $path, array $parameters = []): array
    {
        $sent = array_filter($parameters, static fn ($value) => $value !== null);
        $headers = [];
        $body = null;
        $url = $this->url($path, $method === 'GET' ? $sent : []);
        if ($method === 'GET') {
            $headers = isset($this->known[$url]) ? ['If-None-Match' => $this->known[$url][0]] : [];
        } else {
            $headers = ['Content-Type' => 'application/json', 'Idempotency-Key' => bin2hex(random_bytes(16))];
            $body = json_encode((object) $sent, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
        }
        for ($attempt = 1; ; $attempt++) {
            [$status, $answered, $stream] = $this->open($method, $url, $body, $headers);
            $text = $stream === null ? '' : (string) stream_get_contents($stream);
            if ($status === 304) {
                return $this->known[$url][1];
            }
            $content = json_decode($text, true);
            if ($status === 200 && is_array($content)) {
                if ($method === 'GET' && isset($answered['etag'])) {
                    $this->known = count($this->known) < self::KNOWN_MAX ? $this->known : [];
                    $this->known[$url] = [$answered['etag'], $content];
                }
                return $content;
            }
            $worthIt = $status === 0 || $status === 200 || in_array($status, self::LATER, true);
            if (!$worthIt || $attempt === self::ATTEMPTS) {
                throw is_array($content) && $status !== 200
                    ? new TradepostRefused($status, $content)
                    : new TradepostUnreachable('The market did not answer.');
            }
            self::pause($attempt - 1, $answered['retry-after'] ?? null);
        }
    }

    /** The content of a notice (Standard Webhooks); throws unless the market signed just that, just now. */
    public static function verified(string $secret, array $headers, string $body, ?int $now = null): array
    {
        $sent = array_change_key_case($headers);
        $id = $sent['webhook-id'] ?? '';
        $timestamp = $sent['webhook-timestamp'] ?? '';
        $key = base64_decode(str_starts_with($secret, 'whsec_') ? substr($secret, 6) : $secret);
        $right = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        $signed = false;
        foreach (explode(' ', $sent['webhook-signature'] ?? '') as $given) {
            $signed = hash_equals($right, $given) || $signed;
        }
        if (!$signed) {
            throw new UnexpectedValueException('The signature is not the market\'s.');
        }
        if (abs(($now ?? time()) - (int) $timestamp) > self::TOLERANCE_SECONDS) {
            throw new UnexpectedValueException('The notice is too old, or this clock is wrong.');
        }
        return json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    }

    private function pages(string $path, array $filters): Generator
    {
        $asked = $filters + ['limit' => self::PAGE];
        $offset = (int) ($asked['offset'] ?? 0);
        do {
            $page = $this->call('GET', $path, ['offset' => $offset] + $asked);
            foreach ($page['data'] as $row) {
                yield $row;
            }
            $offset += count($page['data']);
        } while ($page['data'] !== [] && $offset < $page['metadata']['total']);
    }

    private function url(string $path, array $parameters): string
    {
        $query = http_build_query(array_filter($parameters, static fn ($value) => $value !== null));
        return $this->base . $path . ($query === '' ? '' : "?$query");
    }

    /** The status (0 for none), the headers in lower case, and the body as a stream. */
    private function open(string $method, string $url, ?string $body, array $headers): array
    {
        $headers += ['Token' => $this->token, 'User-Agent' => 'tradepost-php/1', 'Connection' => 'close'];
        $lines = array_map(static fn ($name, $value) => "$name: $value", array_keys($headers), $headers);
        $context = stream_context_create(['http' => [
            'method' => $method,
            'header' => $lines,
            'content' => $body ?? '',
            'timeout' => $this->timeoutSeconds,
            'ignore_errors' => true,
            'follow_location' => 0,
            'protocol_version' => 1.1,
        ]]);
        $stream = @fopen($url, 'r', false, $context);
        if ($stream === false) {
            return [0, [], null];
        }
        $status = 0;
        $answered = [];
        foreach (stream_get_meta_data($stream)['wrapper_data'] ?? [] as $line) {
            if (preg_match('~^HTTP/\S+ (\d{3})~', $line, $found)) {
                $status = (int) $found[1];
            } elseif (str_contains($line, ':')) {
                [$name, $value] = explode(':', $line, 2);
                $answered[strtolower(trim($name))] = trim($value);
            }
        }
        return [$status, $answered, $stream];
    }

    private static function pause(int $attempt, ?string $retryAfter): void
    {
        $seconds = $retryAfter !== null && ctype_digit($retryAfter)
            ? min((float) $retryAfter, 60.0)
            : min(0.25 * 2 ** $attempt, 8.0);
        usleep((int) ($seconds * 1_000_000));
    }

    /** Server-sent events, as [id, event, data]. */
    private static function events($lines): Generator
    {
        [$id, $event, $data] = ['', 'message', []];
        $line = '';
        while (($byte = fgetc($lines)) !== false) { // byte by byte: fgets would wait until a whole buffer has come
            if ($byte !== "\n") {
                $line .= $byte;
                continue;
            }
            [$line, $whole] = ['', rtrim($line, "\r")];
            if ($whole === '') {
                if ($data !== []) {
                    yield [$id, $event, json_decode(implode("\n", $data), true)];
                }
                [$event, $data] = ['message', []];
                continue;
            }
            [$name, $value] = explode(':', $whole, 2) + [1 => ''];
            $value = str_starts_with($value, ' ') ? substr($value, 1) : $value;
            if ($name === 'id') {
                $id = $value;
            } elseif ($name === 'event') {
                $event = $value;
            } elseif ($name === 'data') {
                $data[] = $value;
            }
        }
    }
}
