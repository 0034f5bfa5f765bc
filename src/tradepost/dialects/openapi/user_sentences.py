"""What each parameter of the user API means, in a sentence: by its struct and its name."""

_CODE = "Where the second factor is on: six digits of the program for codes, or a recovery code."

# Of every struct that does not mean something of its own by the name.
OF_USERS: dict[str, str] = {
    "code": _CODE,
    "userid": "Another user's SteamID64: for admins; one's own is allowed.",
}

OF_USER_STRUCTS: dict[str, dict[str, str]] = {
    "KeyAsked": {"apiKey": "An API token of the account."},
    "Way": {"next": "The path of this site that the browser is led to afterwards."},
    "SessionAsked": {"id": "The session's id in the list of sessions."},
    "NewKey": {
        "label": "What you call it.",
        "scopes": "What it may do; without it all that the caller may.",
        "allow_addresses": "The only addresses or networks that it may be used from.",
        "allow_url": "0 where it may not be sent in a query string.",
        "days": "For how many days it is good; without it until it is revoked.",
    },
    "KeyNamed": {"prefix": "The key's first characters, as the list has them."},
    "TradeUrlAsked": {"tradeurl": "Your own trade URL."},
    "ShortUrlAsked": {"shorturl": "The short name; without it there is none any more."},
    "MessagesAsked": {
        "before": "Only messages older than the one of this id.",
        "count": "How many at most; 50 is the most.",
    },
    "ReadAsked": {"id": "The newest message that was read; without it all were."},
    "LeaveAsked": {"steamid": "The user's own SteamID64, once more."},
    "MailAsked": {
        "mail": "The address that a code is sent to; without it there is no contact mail any more."
    },
    "MailConfirmed": {"code": "The six digits that were mailed."},
    "MailNoticesAsked": {"status": "1 to be told by mail, 0 not to be."},
    "SkrillAsked": {"skrill": "The mail address of the Skrill account; without it there is none any more."},
    "DiscordAsked": {
        "discord": "Your number at Discord; without it none is known.",
        "discordtag": "Your name at Discord; without it none is known.",
    },
    "FirstCode": {"code": "The first six digits of the new secret."},
    "MoneyPage": {"page": "Which page, from 0.", "count": "How many a page has, up to 50."},
    "AlertNamed": {"id": "The alert's id in the list of payment alerts."},
    "CashoutAsked": {
        "amount": "How much, in cents, of what was earned.",
        "method": "How it goes: by Skrill.",
        "idempotency_key": "What the header Idempotency-Key would say.",
    },
    "DepositAsked": {"amount": "How much, in cents."},
    "DisputeAsked": {
        "trade": "The trade's id, as the purchase history has it.",
        "text": "What is wrong, in your words: up to 2,000 characters. An operator reads it.",
    },
    "OrderOf": {"item": "The item's id in the catalogue: `item_id` of the merchants' API."},
    "DepthOf": {"id": "The item's id in the catalogue: `item_id` of the merchants' API."},
    "OrderPlaced": {
        "itemid": "The item's id in the catalogue: `item_id` of the merchants' API.",
        "value": "The most that you pay for one, in cents.",
        "amount": "How many you want; without it one.",
    },
    "OrderChanged": {
        "itemid": "The item's id in the catalogue: `item_id` of the merchants' API.",
        "value": "The new price for one, in cents; without it the old one stays.",
        "amount": "How many are wanted from now on; without it as many as before.",
    },
    "OrderRemoved": {"itemid": "The item's id in the catalogue: `item_id` of the merchants' API."},
    "OrdersAtOnce": {"orders": "Up to 100 orders, each placed or refused by itself."},
    "HistoryPage": {"page": "Which page, from 0.", "count": "How many a page has, up to 50."},
    "AffiliateAsked": {"ref": "The code of the link that the visitor came by."},
    "ExportAsked": {
        "token": "What `generateCSVToken` answered.",
        "type": "What is exported: one of the three.",
    },
    "ChartAsked": {
        "period": "How far back the chart goes, in capital letters or small ones; without it a month.",
        "chart_only": "Where it is there at all, whatever it says, the chart comes without the sums.",
        "chart": "The same.",
    },
    "OrdersPage": {"page": "Which page, from 0.", "count": "How many a page has, up to 50."},
}
