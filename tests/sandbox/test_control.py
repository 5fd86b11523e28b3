"""The control API, over HTTP."""

import pytest


@pytest.fixture
def control(client):
    """Send a control call and return its JSON."""

    def send(method, path, **values):
        answer = client.http.request(method, f"/_sandbox/{path}", **values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


def test_it_describes_itself(client):
    for path in ("/_sandbox", "/_sandbox/"):
        text = client.http.get(path).text
        assert "POST   /_sandbox/faults" in text
        assert "details: A | B" in text


def test_health(control):
    assert control("GET", "health") == {"status": "ok"}


def test_a_status_can_be_set_with_reason_category_and_quality(client, control):
    client.create()
    values = {"name": "promo", "language": "en_US", "status": 0, "reason": "SPAM"}
    control("POST", "status", json={**values, "category": "UTILITY", "quality": "RED"})

    [row] = client.rows()
    expected = {"status": 0, "waRejectedReason": "SPAM", "category": "UTILITY", "quality": "RED"}
    assert row | expected == row


def test_a_set_status_stays_whatever_the_review_had_in_mind(client, sandbox):
    sandbox.switch(approve_after=10)
    client.create()
    sandbox.set_status("promo", "en_US", 99)
    sandbox.clock.advance(11)
    assert client.rows()[0]["status"] == 99


def test_a_template_set_to_deleted_frees_its_name(client, sandbox):
    client.create()
    sandbox.set_status("promo", "en_US", 14)
    assert client.create()["code"] == 0


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("POST", "status", {"name": "absent", "language": "en", "status": 2}),
        ("POST", "status", {"name": "promo"}),
        ("PATCH", "switches", {"create": "xml"}),
        ("POST", "faults", {"kind": "explode"}),
        ("POST", "faults", {"kind": "drop", "colour": "red"}),
        ("POST", "templates", [{"name": "twice", "language": "en"}] * 2),
        ("POST", "clock", {"colour": 1}),
        # What was taken once, and then kept every call from being answered.
        ("POST", "clock", {"shift": 1e300}),
        ("POST", "faults", {"kind": "status", "times": "often"}),
        ("POST", "faults", {"kind": "status", "status": 99}),
        ("POST", "faults", {"kind": "status", "headers": {"X": "1\r\nY: 2"}}),
        ("PATCH", "switches", {"auth_http_status": 5}),
        ("PATCH", "switches", {"review": "*=approve:nan"}),
        ("POST", "templates", [{"name": "promo", "language": "en", "mediaType": "AUDIO"}]),
        ("POST", "templates", [{"name": "promo", "language": "en", "buttonComponents": [{"type": "URL"}]}]),
        ("POST", "references", {"flows": [7]}),
    ],
)
def test_wrong_orders_are_a_400_that_says_why(client, method, path, values):
    answer = client.http.request(method, f"/_sandbox/{path}", json=values)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"advance": 1' + b"0" * 5000 + b"}", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_is_a_400_that_says_so(client, body):
    answer = client.http.post("/_sandbox/clock", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_text_that_no_answer_can_hold_comes_back_as_question_marks(client, control):
    content = b'[{"name": "promo", "language": "en", "content": "half \\ud83d"}]'
    headers = {"Content-Type": "application/json"}
    assert client.http.post("/_sandbox/templates", content=content, headers=headers).status_code == 200
    assert [template["content"] for template in control("GET", "templates")] == ["half ?"]


def test_what_was_received_can_be_listed_and_chosen(client, control):
    client.create()
    client.flows()

    calls = control("GET", "received")
    [create] = control("GET", "received", params={"endpoint": "create"})

    assert [call["endpoint"] for call in calls] == ["create", "flows"]
    assert create == calls[0]
    assert (create["verified"], create["code"], create["method"]) == (True, 0, "POST")
    assert calls[1]["query"] == {"tenant_id": "123"}
    assert control("GET", "received", params={"method": "GET"}) == calls[1:]
    assert control("GET", "received", params={"path": "/x"}) == []
    assert control("GET", "counts") == {"create": 1, "flows": 1}


def test_switches_can_be_read_and_changed(client, control):
    control("PATCH", "switches", json={"create": "int", "approve_after": 3})
    switches = control("GET", "switches")
    assert (switches["approve_after"], switches["shape"]["create"]) == (3, "int")
    assert client.create()["data"] == 1001


def test_faults_can_be_ordered_listed_and_withdrawn(client, control):
    number = control("POST", "faults", json={"kind": "code", "code": -1, "times": 0})["id"]
    assert [fault["id"] for fault in control("GET", "faults")] == [number]
    assert client.flows()["code"] == -1

    control("DELETE", f"faults/{number}")
    assert client.flows()["code"] == 0

    control("POST", "faults", json={"kind": "drop"})
    control("DELETE", "faults")
    assert client.flows()["code"] == 0


def test_the_clock_can_be_moved(client, control):
    control("POST", "clock", json={"shift": 100})
    assert client.flows()["code"] == 1004
    control("POST", "clock", json={"shift": 0, "advance": 50})
    clock = control("GET", "clock")
    assert (clock["skew"], clock["passed"]) == (0, 50)
    assert client.flows()["code"] == 0


def test_templates_can_be_seeded_and_listed(client, control):
    rows = [{"name": "one", "language": "en", "status": 3, "id": 7000, "quality": "GREEN"}]
    assert control("POST", "templates", json=rows) == {"ids": [7000]}
    [template] = control("GET", "templates")
    assert (template["id"], template["status"], template["quality"]) == (7000, 3, "GREEN")
    assert [row["id"] for row in client.rows()] == [7000]
    assert client.create()["data"] == {"id": 7001}


def test_references_can_be_added(client, control):
    control("POST", "references", json={"tags": ["new"], "flows": [{"id": 5}], "templates": {"9": "nine"}})
    assert client.create(tag_name="new")["code"] == 0
    assert len(client.flows()["data"]["flow_list"]) == 2


def test_reset_returns_to_how_it_started(client, control, sandbox):
    client.create()
    control("PATCH", "switches", json={"code": "string", "approve_after": 9})
    control("POST", "clock", json={"shift": 100, "advance": 100})
    control("POST", "faults", json={"kind": "drop", "times": 0})
    control("POST", "references", json={"tags": ["new"]})

    control("POST", "reset")

    assert sandbox.count() == 0
    assert client.rows() == []
    assert control("GET", "switches")["approve_after"] == 0
    assert client.create(tag_name="new")["code"] == 22072
    assert client.create()["data"] == {"id": 1001}


def test_control_calls_are_not_among_the_received(control, sandbox):
    control("GET", "health")
    assert sandbox.received() == []
