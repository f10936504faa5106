"""Settings from the environment: each wrong one is named in a sentence."""

import secrets
from pathlib import Path

import pytest

from hunt.settings import BadSetting, Settings

REQUIRED = {
    "HUNT_DATABASE_URL": "postgresql+asyncpg://user:password@db/hunt",
    "HUNT_CONTENT": "/srv/hunt",
    "HUNT_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


def test_three_settings_are_enough() -> None:
    settings = Settings.from_environment(REQUIRED)
    assert settings.content == Path("/srv/hunt")
    assert settings.redis_url == "fake://"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.service_token is None
    assert not settings.secure_cookies


def test_each_setting_has_its_name() -> None:
    more = {
        "HUNT_REDIS_URL": "unix:///run/redis.sock",
        "HUNT_HOST": "0.0.0.0",
        "HUNT_PORT": "80",
        "HUNT_WORKERS": "4",
        "HUNT_SERVICE_TOKEN": "a token of services",
        "HUNT_RECONCILE_SECONDS": "2.5",
        "HUNT_SCRUB_ENTRIES_PER_SECOND": "100",
        "HUNT_PUBLIC_URL": "https://hunt.example.org",
        "HUNT_STUBS": "1",
        "HUNT_SOMETHING_ELSE": "ignored",
    }
    settings = Settings.from_environment(REQUIRED | more)
    assert (settings.port, settings.workers, settings.reconcile_seconds, settings.stubs) == (80, 4, 2.5, True)
    assert settings.secure_cookies


def test_an_empty_setting_is_as_good_as_none() -> None:
    assert Settings.from_environment(REQUIRED | {"HUNT_PORT": " "}).port == 8000


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(BadSetting, match=f"{name} is not set: .*\\.$"):
        Settings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUNT_DATABASE_URL", "mysql://db/hunt"),
        ("HUNT_DATABASE_URL", "postgresql://db/hunt?schema=public"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://db"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://db/"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://db:port/hunt"),
        ("HUNT_DATABASE_URL", "sqlite+aiosqlite:///"),
        ("HUNT_DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
        ("HUNT_REDIS_URL", "localhost:6379"),
        ("HUNT_REDIS_URL", "redis://"),
        ("HUNT_REDIS_URL", "redis://h:abc/0"),
        ("HUNT_REDIS_URL", "redis://h:70000/0"),
        ("HUNT_REDIS_URL", "redis://[::1"),
        ("HUNT_REDIS_URL", "redis://localhost/notanumber"),
        ("HUNT_REDIS_URL", "redis://localhost/1/2"),
        ("HUNT_REDIS_URL", "redis://localhost/0?decode_responses=True"),
        ("HUNT_REDIS_URL", "redis://localhost?db=1"),
        ("HUNT_REDIS_URL", "unix://"),
        ("HUNT_REDIS_URL", "unix://run/redis.sock"),
        ("HUNT_REDIS_URL", "unix:///run/redis.sock?db=one"),
        ("HUNT_REDIS_URL", "unix:///run/redis.sock?db=1&protocol=3"),
        ("HUNT_SECRET_KEY", "short"),
        ("HUNT_SERVICE_TOKEN", "a short token"),
        ("HUNT_PORT", "http"),
        ("HUNT_PORT", "0"),
        ("HUNT_PORT", "65536"),
        ("HUNT_PORT", "-1"),
        ("HUNT_PORT", "80.5"),
        ("HUNT_WORKERS", "0"),
        ("HUNT_WORKERS", "2"),
        ("HUNT_TRUSTED_PROXIES", "1.2.3"),
        ("HUNT_TRUSTED_PROXIES", "127.0.0.1, proxy"),
        ("HUNT_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("HUNT_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("HUNT_TRUSTED_PROXIES", ","),
        ("HUNT_TRUSTED_PROXIES", "127.0.0.1,*"),
        ("HUNT_ROLE", "boss"),
        ("HUNT_STUBS", "yes"),
        ("HUNT_PUBLIC_URL", "hunt.example.org"),
        ("HUNT_PUBLIC_URL", "https://"),
        ("HUNT_PUBLIC_URL", "https://[::1"),
        ("HUNT_PUBLIC_URL", "https://hunt.example.org/below"),
        ("HUNT_PUBLIC_URL", "https://me@hunt.example.org"),
        ("HUNT_PUBLIC_URL", "https://hunt example.org"),
        ("HUNT_PUBLIC_URL", "https://hunt.\texample.org"),
        ("HUNT_PUBLIC_URL", "https://hunt..example.örg"),
        ("HUNT_PUBLIC_URL", "ftp://hunt.example.org"),
        ("HUNT_SERVICE_TOKEN", "schlüssel"),
        ("HUNT_RECONCILE_SECONDS", "soon"),
        ("HUNT_RECONCILE_SECONDS", "0"),
        ("HUNT_RECONCILE_SECONDS", "-1"),
        ("HUNT_RECONCILE_SECONDS", "nan"),
        ("HUNT_RECONCILE_SECONDS", "inf"),
        ("HUNT_SCRUB_ENTRIES_PER_SECOND", "-5"),
        ("HUNT_SCRUB_ENTRIES_PER_SECOND", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as caught:
        Settings.from_environment(REQUIRED | {name: value})
    assert str(caught.value).endswith(".")


def test_processes_have_a_limit() -> None:
    environment = REQUIRED | {"HUNT_REDIS_URL": "redis://redis/0"}
    assert Settings.from_environment(environment | {"HUNT_WORKERS": "64"}).workers == 64
    with pytest.raises(BadSetting, match="HUNT_WORKERS must be 1 to 64"):
        Settings.from_environment(environment | {"HUNT_WORKERS": "65"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUNT_DATABASE_URL", "sqlite+aiosqlite:///here.sqlite3"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://hunt@/hunt?host=/run/postgresql"),
        ("HUNT_REDIS_URL", "redis://redis"),
        ("HUNT_REDIS_URL", "redis://redis:6379/"),
        ("HUNT_REDIS_URL", "redis://me:pass%2Fword@[::1]:6379/12"),
        ("HUNT_REDIS_URL", "rediss://redis/0"),
        ("HUNT_REDIS_URL", "unix://:password@/run/redis.sock?db=3"),
        ("HUNT_REDIS_URL", "fake://another"),
        ("HUNT_TRUSTED_PROXIES", "*"),
        ("HUNT_TRUSTED_PROXIES", "127.0.0.1, ::1,10.0.0.0/8"),
    ],
)
def test_what_can_be_used_is_taken_as_it_is(name: str, value: str) -> None:
    settings = Settings.from_environment(REQUIRED | {name: value})
    assert getattr(settings, name.removeprefix("HUNT_").lower()) == value


LIVE = {
    "HUNT_ROLE": "live",
    "HUNT_REDIS_URL": "redis://redis/0",
    "HUNT_LOG_URL": "http://10.0.0.5:8000",
    "HUNT_SERVICE_TOKEN": "a token of services",
    "HUNT_CONTENT": "/srv/hunt",
    "HUNT_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


def test_a_live_process_needs_no_database() -> None:
    assert Settings.from_environment(LIVE).log_url == "http://10.0.0.5:8000"


@pytest.mark.parametrize("name", ["HUNT_REDIS_URL", "HUNT_LOG_URL", "HUNT_SERVICE_TOKEN"])
def test_a_live_process_needs_those_it_depends_on(name: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.from_environment({key: value for key, value in LIVE.items() if key != name})


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:8000",
        "redis://redis",
        "http://host/path",
        "http://host:80x",
        "http://host/?a=1",
        "http://a host",
        "http://me:hidden@host",
    ],
)
def test_a_log_url_is_the_address_of_a_server(url: str) -> None:
    with pytest.raises(BadSetting, match="HUNT_LOG_URL") as caught:
        Settings.from_environment(LIVE | {"HUNT_LOG_URL": url})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUNT_DATABASE_URL", "mysql://user:hidden@db/hunt"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://db:hidden/hunt"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://user:hidden@db"),
        ("HUNT_DATABASE_URL", "postgresql://user:hid@hidden@db/hunt"),
        ("HUNT_REDIS_URL", "redis://:hid#hidden@redis/0"),
        ("HUNT_REDIS_URL", "redis://:hid?hidden@redis/0"),
        ("HUNT_REDIS_URL", "redis://:1/hidden@redis/0"),
        ("HUNT_REDIS_URL", "redis://:hidden@redis:port/0"),
        ("HUNT_REDIS_URL", "redis://:hidden/@redis/0"),
        ("HUNT_REDIS_URL", "redis://:hidden@redis/zero"),
    ],
)
def test_a_secret_is_never_in_a_complaint(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as caught:
        Settings.from_environment(REQUIRED | {name: value})
    assert "hidden" not in str(caught.value)


WEAK = ["k" * 32, "0123456789abcdef", "abcabcabc" * 10]


@pytest.mark.parametrize("weak", WEAK)
@pytest.mark.parametrize("name", ["HUNT_SECRET_KEY", "HUNT_SERVICE_TOKEN"])
@pytest.mark.parametrize("address", ["https://hunt.team-owls.org", "http://192.168.1.5:8000", "http://hunt"])
def test_a_server_with_a_public_address_refuses_secrets_that_could_be_guessed(
    address: str, name: str, weak: str
) -> None:
    with pytest.raises(BadSetting, match=f"{name} could be guessed.*openssl rand -hex 32") as caught:
        Settings.from_environment(REQUIRED | {"HUNT_PUBLIC_URL": address, name: weak})
    assert weak not in str(caught.value)


@pytest.mark.parametrize("weak", WEAK)
@pytest.mark.parametrize(
    "address", ["", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]", "https://hunt.example.org"]
)
def test_one_for_trying_out_only_names_them(address: str, weak: str) -> None:
    settings = Settings.from_environment(REQUIRED | {"HUNT_PUBLIC_URL": address, "HUNT_SECRET_KEY": weak})
    assert not settings.is_public
    assert settings.weak_secrets == ["HUNT_SECRET_KEY"]


def test_a_random_secret_is_good_anywhere() -> None:
    random = {"HUNT_SECRET_KEY": secrets.token_hex(32), "HUNT_PUBLIC_URL": "https://hunt.team-owls.org"}
    settings = Settings.from_environment(REQUIRED | random)
    assert settings.is_public
    assert settings.weak_secrets == []


@pytest.mark.parametrize(
    "address", ["https://hunt.example.org", "HTTPS://Hunt.Example.org:8443/", "https://rätsel.example"]
)
def test_cookies_are_secure_where_the_public_url_is_https_however_it_is_spelt(address: str) -> None:
    settings = Settings.from_environment(
        REQUIRED | {"HUNT_PUBLIC_URL": address, "HUNT_SECRET_KEY": secrets.token_hex(32)}
    )
    assert settings.cookie_name("session") == "__Host-session"
