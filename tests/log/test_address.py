"""Addresses of databases, as hosted ones are handed out: taken, or answered by a sentence without a secret."""

import ssl
from typing import Any

import pytest

from hunt.log.address import BadAddress, address_of
from hunt.log.database import DatabaseAway
from hunt.log.migrations import migrate
from servers import PostgresServer

OK = "postgresql://hunt:secret@db/hunt"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("postgresql://hunt:x@db/hunt", {}),
        ("postgres://hunt:x@db:5432/hunt", {"port": 5432}),
        ("postgresql+asyncpg://hunt:x@db/hunt", {}),
        ("postgresql+psycopg2://hunt:x@db/hunt", {}),
        ("postgresql://db/hunt?user=hunt&password=x", {}),
        ("postgresql://hunt:x@/hunt?host=db&port=6543", {"port": 6543}),
        ("postgresql://hunt:x@db?dbname=hunt", {}),
        ("postgresql://hunt:x@db/hunt?sslmode=require", {"ssl": "require"}),
        ("postgresql://hunt:x@db/hunt?ssl=true", {"ssl": "require"}),
        ("postgresql://hunt:x@db/hunt?sslmode=disable&channel_binding=prefer&gssencmode=disable", {"ssl": "disable"}),
        (
            "postgresql://hunt:x@db/hunt?sslmode=verify-ca&sslrootcert=/etc/ca.pem",
            {"ssl": "verify-ca", "dsn": "postgresql://?sslrootcert=%2Fetc%2Fca.pem"},
        ),
        ("postgresql://hunt:x@db/hunt?connect_timeout=3&keepalives_idle=30", {"timeout": 3}),
        (
            "postgresql://hunt:x@db/hunt?application_name=a%20hunt&options=project%3Dp",
            {"server_settings": {"application_name": "a hunt", "options": "project=p"}},
        ),
        (
            "postgresql://hunt:x@db/hunt?target_session_attrs=read-write&pgbouncer=true",
            {"dsn": "postgresql://?target_session_attrs=read-write"},
        ),
    ],
)
def test_what_hosted_databases_hand_out_is_taken(text: str, arguments: dict[str, Any]) -> None:
    expected = {"user": "hunt", "password": "x", "host": ["db"], "database": "hunt"} | arguments
    assert address_of(text).arguments == expected


@pytest.mark.parametrize(
    ("text", "hosts", "port"),
    [
        ("postgresql://a:1,b:2/hunt", ["a", "b"], [1, 2]),
        ("postgresql://a,b/hunt", ["a", "b"], None),
        ("postgresql://a,b:6000/hunt", ["a", "b"], [5432, 6000]),
        ("postgresql://[::1]:5433/hunt", ["::1"], 5433),
        ("postgresql://%2Frun%2Fpostgresql/hunt", ["/run/postgresql"], None),
        ("postgresql:///hunt?host=/run/postgresql", ["/run/postgresql"], None),
        ("postgresql:///hunt", None, None),
    ],
)
def test_a_host_may_be_several_a_number_or_a_socket(text: str, hosts: Any, port: Any) -> None:
    arguments = address_of(text).arguments
    assert (arguments.get("host"), arguments.get("port")) == (hosts, port)


@pytest.mark.parametrize("password", ["a#b", "a/b", "a?b", "a:b", "100%", "a%40b", "a&b=c", "%zz", "p%C3%A4"])
def test_a_password_may_hold_whatever_can_be_told_from_the_rest(password: str) -> None:
    arguments = address_of(f"postgresql://hunt:{password}@db/hunt").arguments
    assert arguments["password"] in {password, "a@b", "pä"}
    assert arguments["host"] == ["db"]


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full"])
@pytest.mark.parametrize("root", ["", "&sslrootcert=system"])
def test_without_a_certificate_of_its_own_a_server_is_proven_by_those_of_the_system(sslmode: str, root: str) -> None:
    context = address_of(f"{OK}?sslmode={sslmode}{root}").arguments["ssl"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname == (sslmode == "verify-full")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postgresql://hunt:abc@secret@db/hunt", "%40"),
        ("postgresql://hunt:abc@sec/ret@db/hunt", "%40"),
        ("postgresql://hunt:abc@sec?ret@db/hunt", "%40"),
        ("postgresql://hunt/secret@db/hunt", "%2F"),
        ("postgresql://hunt:secret", "port"),
        ("postgresql://hunt:secret@db", "name of a database"),
        ("postgresql://hunt:secret@[::1/hunt", "host"),
        ("postgresql://hunt:secret@db:99999/hunt", "65535"),
        ("postgresql://hunt:secret@db:0/hunt", "65535"),
        ("postgresql://hunt:secret@a,b/hunt?port=1,2,3", "one for each host"),
        ("postgresql://db/hunt?user=hunt&password=se&cret=1", "leave it out"),
        (f"{OK}?sslmode=full", "verify-full"),
        (f"{OK}?channel_binding=require", "sslmode=verify-full"),
        (f"{OK}?schema=public", "'schema'"),
        (f"{OK}?sslmode", "name=value"),
        (f"{OK}?connect_timeout=soon", "connect_timeout"),
        ("mysql://hunt:secret@db/hunt", "postgresql://"),
        ("sqlite:///:memory:", "path"),
        ("sqlite://hunt:secret@db/hunt", "path"),
    ],
)
def test_what_cannot_be_taken_is_answered_by_a_sentence_without_a_secret(text: str, says: str) -> None:
    with pytest.raises(BadAddress) as bad:
        address_of(text)
    said = str(bad.value)
    assert says in said
    assert said.endswith(".")
    assert not any(part in said for part in ("secret", "cret", "abc", "ret@"))


@pytest.mark.parametrize(
    "password", ["topsecret", "top%40secret", "top#secret", "top/secret", "top?secret", "top%secret"]
)
async def test_an_address_where_nothing_answers_is_named_without_its_password(password: str) -> None:
    with pytest.raises(DatabaseAway, match=r"hunt:[*]{3}@127.0.0.1:1/hunt cannot be opened") as away:
        await migrate(f"postgresql://hunt:{password}@127.0.0.1:1/hunt?sslmode=require")
    assert "secret" not in str(away.value)


async def test_a_server_without_encryption_is_refused_where_it_is_required(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(postgres_server.database())
    await migrate(f"{url}&sslmode=prefer&application_name=a+hunt")
    with pytest.raises(DatabaseAway, match="cannot be opened"):
        await migrate(f"{url}&sslmode=require&sslrootcert=/nowhere.pem")
