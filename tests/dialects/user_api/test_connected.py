"""Being connected: by the cookie of a session with its token, by a JWT, and by nothing else."""

from dialects.user_api.club import OTHER, USER, Club


async def test_a_browser_and_a_program_see_the_same_account(club: Club) -> None:
    browser, program = await club.browser(), await club.program()
    one, two = (await browser.get("/user/infos")).content, (await program.get("/user/infos")).content
    assert one == two
    assert one["informations"]["steamId"] == USER
    assert (await program.get(f"/user/infos/{USER}")).content == one


async def test_who_is_not_connected_is_told_so(club: Club) -> None:
    reply = await club.nobody().get("/user/infos")
    assert reply.refusal == (401, "You need to be connected to access this resource")


async def test_nobody_but_an_admin_sees_anothers_data(club: Club) -> None:
    await club.browser(OTHER)
    reply = await (await club.browser()).get(f"/user/infos/{OTHER}")
    assert reply.refusal[0] == 403
