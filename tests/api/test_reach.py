"""Links that NXLink's servers would follow to themselves, and those that look like it."""

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.reach import out_of_reach
from tests.api.conftest import SECRET, account_of


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://localhost/a.jpg", True),
        ("http://LOCALHOST./a.jpg", True),
        ("http://files.localhost/a.jpg", True),
        ("http://127.9.9.9:8443/a.jpg", True),
        ("http://[::1]/a.jpg", True),
        ("http://[::ffff:127.0.0.1]/a.jpg", True),
        ("http://[::ffff:10.0.0.5]/a.jpg", False),
        ("http://169.254.169.254/a.jpg", True),
        ("http://[fe80::1%25eth0]/a.jpg", True),
        ("http://0.0.0.0/a.jpg", True),
        ("http://10.0.0.5/a.jpg", False),
        ("http://[2001:db8::1]/a.jpg", False),
        ("http://localhost.example/a.jpg", False),
        ("http://127.0.0.1.example/a.jpg", False),
        ("http://[127.0.0.1/a.jpg", False),
        ("", False),
    ],
)
def test_loopback_and_link_local_are_out_of_reach(url, refused):
    assert out_of_reach(url) is refused


def test_a_link_out_of_reach_is_named_without_its_query_before_anything_is_sent():
    with pytest.raises(ValueError, match="media url") as caught:
        calls.upload_media(account_of("https://h"), f"http://127.0.0.1/a.jpg?Signature={SECRET}")
    assert str(caught.value) == (
        "media url: 'http://127.0.0.1/a.jpg' leads NXLink's servers, which fetch the file, to themselves; "
        "put it where they can reach it"
    )
