"""Standard Webhooks: the specification's own example, and nothing believed that is not genuine and fresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats.webhook import AGE_S_MAX, SIGNATURE, check, secret_key, signed
from tocsin.model import BadInput, ConfigError

KEY = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
NAME, NOW, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.0, b'{"test": 2432232314}'


def test_the_published_example_is_signed_alike():
    assert signed(KEY, NAME, BODY, NOW)[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=50), st.floats(0, 4e9))
def test_what_is_signed_is_believed(body, now):
    assert check(KEY, signed(KEY, NAME, body, now), body, now) == NAME


@pytest.mark.parametrize(
    ("headers", "body", "now", "said"),
    [
        ({}, BODY, NOW, "missing"),
        (signed(KEY, NAME, BODY, NOW), BODY + b" ", NOW, "No signature"),
        (signed(bytes(24), NAME, BODY, NOW), BODY, NOW, "No signature"),
        (signed(KEY, NAME, BODY, NOW), BODY, NOW + AGE_S_MAX + 1, "old"),
        ({**signed(KEY, NAME, BODY, NOW), "webhook-timestamp": "soon"}, BODY, NOW, "no number"),
        ({**signed(KEY, NAME, BODY, NOW), "webhook-id": "other"}, BODY, NOW, "No signature"),
    ],
)
def test_what_is_not_genuine_is_not_believed(headers, body, now, said):
    with pytest.raises(BadInput, match=said):
        check(KEY, headers, body, now)


def test_one_of_several_signatures_is_enough_while_secrets_change():
    headers = signed(KEY, NAME, BODY, NOW)
    headers[SIGNATURE] = f"v1,AAAA {headers[SIGNATURE]}"
    assert check(KEY, headers, BODY, NOW) == NAME


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_not base 64", "password-of-some-length-here"])
def test_a_weak_secret_is_refused(secret):
    with pytest.raises(ConfigError, match="whsec_"):
        secret_key(secret)
