"""The control API's faults and request log: how a bad day is ordered, and what was asked meanwhile."""

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, page_limit, route, whole_number
from tradepost.steam.simulator.control import read
from tradepost.steam.simulator.control_orders import Refused
from tradepost.steam.simulator.faults import FaultOrder


def list_faults(call: Call) -> Response:
    """GET /_sim/faults."""
    return answer({"faults": call.request.app.state.faults.listed()}, eresult=None)


def add_fault(call: Call) -> Response:
    """POST /_sim/faults."""
    order = read(call, FaultOrder)
    if flaw := order.flaw():
        raise Refused(flaw)
    return answer(call.request.app.state.faults.add(order).shown(), eresult=None)


def clear_faults(call: Call) -> Response:
    """DELETE /_sim/faults and /_sim/faults/{id}."""
    number = whole_number(call.path["fault"]) if "fault" in call.path else None
    return answer({"removed": call.request.app.state.faults.clear(number)}, eresult=None)


def show_requests(call: Call) -> Response:
    """GET /_sim/requests?last=: how often each path was asked, and the last requests, newest first."""
    log = call.request.app.state.log
    rows = list(log.last)[::-1][: page_limit(call, "last")]
    return answer({"counts": dict(log.counts), "last": rows}, eresult=None)


def clear_requests(call: Call) -> Response:
    """DELETE /_sim/requests: counts from nothing again."""
    call.request.app.state.log.clear()
    return answer({"counts": {}, "last": []}, eresult=None)


ROUTES: list[Route] = [
    route("/_sim/faults", list_faults),
    route("/_sim/faults", add_fault, "POST"),
    route("/_sim/faults", clear_faults, "DELETE"),
    route("/_sim/faults/{fault}", clear_faults, "DELETE"),
    route("/_sim/requests", show_requests),
    route("/_sim/requests", clear_requests, "DELETE"),
]
