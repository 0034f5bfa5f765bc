"""Second factors of users in tests: turned on, and codes that are good now."""

from tradepost.app import App
from tradepost.market import second_factor, users
from tradepost.market.seals import seals
from tradepost.rules import totp


async def secret_of(app: App, account_id: int) -> bytes:
    sealed = await app.db.value("SELECT secret FROM second_factor WHERE account_id = $1", account_id)
    return seals(app.settings).open(second_factor.place(account_id), sealed)


async def code_of(app: App, account_id: int) -> str:
    """A code that is good now; the last one's step is set back, as nobody here waits half a minute for the next."""
    await app.db.execute(
        "UPDATE second_factor SET last_step = last_step - 10 WHERE account_id = $1", account_id
    )
    now = int(app.real_now().timestamp())
    return totp.code_of(await secret_of(app, account_id), totp.step_at(now))


async def turn_on(app: App, account_id: int) -> list[str]:
    """Turn an account's second factor on; its recovery codes."""
    await second_factor.begin(app, account_id, "somebody")
    return await second_factor.confirm(app, account_id, await code_of(app, account_id))


async def turn_on_of(app: App, steamid: str) -> list[str]:
    """The same for a steamid, known from now on."""
    async with app.db.transaction() as tx:
        account = await users.know(tx, steamid, "sign_in", app.now())
    return await turn_on(app, account.id)
