import json
from datetime import UTC, datetime

import httpx
import pytest
from gridclear import Client, EndUser, GridclearError, LeaseRequest, Money
from gridclear.errors import AgentError

from tests.client.api import KEY, OFFER, RECEIPT, REFUND, Api
from tests.client.marketplace import problem

URL = "https://gridclear.example"


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def client(api, pauses):
    with Client(URL, KEY, transport=api.transport, pause=pauses.append) as client:
        yield client


def request(**changed):
    facts = {"gpu_count": 2, "seconds": 3600, "image": "gridclear/demo:1", "end_use": "Training a model of proteins"}
    return LeaseRequest(OFFER["id"], **{**facts, **changed})


def test_an_offer_is_read_with_its_types_and_what_is_new_is_kept(client):
    offer = client.offer(OFFER["id"])
    assert offer.price == Money(210, "USD")
    assert (offer.gpu_model, offer.gpu_count, offer.free_gpus) == ("NVIDIA H100 SXM", 2, 1)
    assert (offer.country, offer.region, offer.provider) == ("AU", "Queensland", "Brisbane Compute")
    assert offer.simulated is True
    assert offer.memory_gib == 80
    assert offer.raw["something_new"] == [1, 2, 3]


def test_pages_are_turned_only_as_far_as_they_are_read(client, api):
    api.offers = [{**OFFER, "id": str(i)} for i in range(5)]
    found = client.offers(gpu_model="nvidia-h100-sxm", simulated=False, country=None)
    assert api.requests == []
    assert next(found).id == "0"
    assert len(api.requests) == 1
    assert dict(api.requests[0].url.params) == {"gpu_model": "nvidia-h100-sxm", "simulated": "false"}
    assert [offer.id for offer in found] == ["1", "2", "3", "4"]
    assert len(api.requests) == 3


def test_a_next_page_on_another_server_never_gets_the_key(client, api):
    page = {"results": [OFFER], "next": "https://thief.example/api/v1/offers?cursor=2"}
    api.fail_next = [httpx.Response(200, json=page)]
    with pytest.raises(GridclearError, match="another server"):
        list(client.offers())
    assert [r.url.host for r in api.requests] == ["gridclear.example"]


def test_what_kind_of_work_it_is_goes_with_the_request(client, api):
    client.open_lease(request(end_use_kind="training"))
    assert json.loads(api.requests[0].content)["end_use_kind"] == "training"


def test_a_lease_is_opened_shown_and_stopped(client, api):
    lease = client.open_lease(request(end_user=EndUser("other", "ETH", "CH"), command=("python", "train.py")))
    sent = json.loads(api.requests[0].content)
    assert sent["end_user"] == {"kind": "other", "name": "ETH", "country": "CH"}
    assert sent["command"] == ["python", "train.py"]
    assert not {"wallet", "end_use_kind"} & set(sent)  # what is not told is left out, as older clients do
    assert (lease.state, lease.limit, lease.over) == ("pending_funds", Money(420, "USD"), False)
    assert lease.created_at == datetime(2026, 11, 24, 4, tzinfo=UTC)
    assert client.stop_lease(lease.id).state == "stopping"
    assert client.lease(lease.id).state == "stopping"
    assert [found.id for found in client.leases()] == [lease.id]
    resumed = client.resume_lease(lease.id)
    assert (resumed.id != lease.id, resumed.raw["resumes_id"]) == (True, lease.id)


def test_a_receipt_and_what_went_back_of_it_are_read_with_their_types(client, api):
    lease = client.open_lease(request())
    with pytest.raises(GridclearError) as missing:
        client.receipt(lease.id)
    assert (missing.value.status, client.refunds(lease.id)) == (404, [])
    api.receipt, api.refunds = RECEIPT, [REFUND, REFUND | {"state": "failed", "amount_minor": 5}]
    receipt = client.receipt(lease.id)
    assert (receipt.number, receipt.total, receipt.refunded) == (7, Money(498, "USD"), Money(100, "USD"))
    assert (receipt.fee, receipt.earned, receipt.owed.minor) == (None, None, 0)
    api.receipt = RECEIPT | {"fee_minor": 24, "payee_minor": 474}
    assert (client.receipt(lease.id).fee, client.receipt(lease.id).earned) == (Money(24, "USD"), Money(474, "USD"))
    done, failed = client.refunds(lease.id)
    assert (done.amount, done.done, failed.done, done.reason) == (Money(100, "USD"), True, False, "broke_off")
    assert done.at == datetime(2026, 11, 25, 5, tzinfo=UTC)


def test_unused_money_is_told_and_asked_back_once_for_a_key(client, api):
    assert (client.unused_money().returnable, client.unused_money().refunds) == (Money(5_000, "USD"), ())
    (made,) = client.return_unused_money(2_000, idempotency_key="once")
    assert client.return_unused_money(2_000, idempotency_key="once") == [made]
    assert (made.amount, made.lease_id, made.reason) == (Money(2_000, "USD"), "", "unused")
    assert client.unused_money().refunds == (made,)


def test_who_is_told_to_come_back_in_an_hour_is_not_kept_waiting(client, api):
    later = {"code": "too_often", "title": "Too often", "status": 429}
    api.fail_next = [httpx.Response(429, json=later, headers={"Retry-After": "3600"})]
    asked = len(api.requests)
    with pytest.raises(GridclearError) as told:
        client.return_unused_money(2_000)
    assert (told.value.code, told.value.retry_after_seconds, len(api.requests) - asked) == ("too_often", 3600, 1)


def test_every_post_has_its_own_idempotency_key(client, api):
    client.open_lease(request())
    client.open_lease(request())
    keys = {r.headers["Idempotency-Key"] for r in api.requests}
    assert len(keys) == 2
    assert len(api.leases) == 2


def test_a_lost_answer_opens_no_second_lease(client, api, pauses):
    answered = []

    def lose_the_first(request):
        response = api.handle(request)
        answered.append(response)
        if len(answered) == 1:
            raise httpx.ReadTimeout("lost", request=request)
        return response

    with Client(URL, KEY, transport=httpx.MockTransport(lose_the_first), pause=pauses.append) as losing:
        lease = losing.open_lease(request())
    assert list(api.leases) == [lease.id]
    assert pauses == [0.5]


def test_what_may_pass_is_tried_again_and_the_rest_is_not(client, api, pauses):
    api.fail_next = [problem(503, "busy", "Busy"), httpx.ConnectError("down")]
    assert client.me().organization == "Lion City Labs"
    assert pauses == [0.5, 1.0]
    for status in (400, 402, 403, 409, 422, 500):
        api.requests.clear()
        api.fail_next = [problem(status, "refused", "Refused")]
        with pytest.raises(GridclearError):
            client.me()
        assert len(api.requests) == 1


def test_a_request_that_is_still_being_worked_on_is_asked_again(client, api, pauses):
    api.fail_next = [problem(409, "request_in_progress", "Request in progress")]
    assert client.open_lease(request()).state == "pending_funds"
    assert len({r.headers["Idempotency-Key"] for r in api.requests}) == 1


def test_the_server_says_how_long_to_wait(client, api, pauses):
    api.fail_next = [httpx.Response(429, json={"code": "throttled", "title": "Slow"}, headers={"Retry-After": "7"})]
    client.me()
    assert pauses == [7]


def test_after_three_tries_it_is_given_up(client, api, pauses):
    api.fail_next = [httpx.ConnectError("down")] * 3
    with pytest.raises(GridclearError) as silent:
        client.me()
    assert (silent.value.code, silent.value.status) == ("unreachable", 0)
    assert len(pauses) == 2


def test_a_problem_becomes_an_error_with_its_fields(client):
    with pytest.raises(GridclearError) as refused:
        client.open_lease(request(gpu_count=3))
    assert (refused.value.code, refused.value.status) == ("invalid", 422)
    assert refused.value.title == "Some fields are not valid"
    assert refused.value.detail == "gpu_count: This offer lets between 1 and 2 GPUs."


def test_an_error_page_of_a_proxy_is_an_error_too(client, api):
    api.fail_next = [httpx.Response(418, text="<html>teapot")]
    with pytest.raises(GridclearError) as refused:
        client.me()
    assert (refused.value.code, refused.value.status) == ("http_error", 418)


@pytest.mark.parametrize("body", ["<html>", "3", '"x"', "null"])
def test_an_answer_that_is_no_object_is_an_error(client, api, body):
    api.fail_next = [httpx.Response(200, text=body)]
    with pytest.raises(GridclearError) as refused:
        client.me()
    assert refused.value.code == "bad_answer"


@pytest.mark.parametrize("identifier", ["", "../me", "a/b", "x?y", "a b"])
def test_what_is_no_id_is_not_asked_for(client, api, identifier):
    with pytest.raises(GridclearError) as refused:
        client.lease(identifier)
    assert refused.value.status == 404
    assert api.requests == []


def test_the_key_is_not_sent_over_plain_http(api):
    with pytest.raises(AgentError) as refused:
        Client("http://gridclear.example", KEY, transport=api.transport)
    assert refused.value.code == "insecure_url"


def test_logs_are_followed_to_the_last_line(client, api, pauses):
    lease = client.open_lease(request())
    api.lines = [{"sequence": i, "stream": "stdout", "at": None, "line": f"line {i}"} for i in range(1, 4)]
    seen = []
    for line in client.follow_logs(lease.id):
        seen.append(line.line)
        if line.sequence == 3:
            api.lines.append({"sequence": 4, "stream": "stderr", "at": None, "line": "last"})
            api.leases[lease.id]["state"] = "settled"
    assert seen == ["line 1", "line 2", "line 3", "last"]


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(210, "USD"), "2.10 USD"),
        (Money(0, "USD"), "0.00 USD"),
        (Money(123456789, "USD"), "1,234,567.89 USD"),
        (Money(21_000_000, "USDC"), "21.00 USDC"),
        (Money(1, "USDC"), "0.000001 USDC"),
        (Money(-5, "USD"), "-0.05 USD"),
    ],
)
def test_money_is_shown_to_its_last_unit(money, shown):
    assert str(money) == shown
