"""Reading a file of teams as spreadsheets and registration forms write it, and finding all that is wrong with it."""

import csv
import io
from collections.abc import Iterator

from msgspec import Struct

from hunt.accounts.errors import BadAccount
from hunt.accounts.names import check_not_reserved, clean_name, clean_username, name_key, name_shape

MAX_FILE_BYTES = 8 * 1024 * 1024

MAX_EMAIL_LENGTH = 254
"""RFC 5321."""

SEPARATORS = ",;\t"

COLUMNS = {
    "username": "username user login loginname account accountname userid benutzername benutzer nutzername",
    "name": "name team teamname displayname title gruppe groupname",
    "password": "password pass passwort kennwort pw pwd",
    "email": "email mail emailaddress mailaddress emailadresse mailadresse contact contactemail kontakt",
}
"""What each column may be called: case, spaces, hyphens and underscores do not count."""

_SEPARATOR_LINE = ["sep=", ""]
"""What `sep=;` is, which some spreadsheets write before the header, when it is read with that separator."""

_CSV_ERRORS = {
    "unexpected end of data": "a quotation mark is opened and not closed",
    "expected after": "a text goes on behind its quotation marks: put all of it into them, and write each inside twice",
}

_FIELDS = {synonym: field for field, synonyms in COLUMNS.items() for synonym in synonyms.split()}


class NewTeam(Struct, frozen=True, kw_only=True):
    """A line of the file; without a password one is made up."""

    line: int
    username: str
    name: str
    password: str = ""
    email: str = ""


class TeamFile(Struct, frozen=True, kw_only=True):
    """What a file says. With problems, each a sentence, nothing of it may be written."""

    teams: tuple[NewTeam, ...] = ()
    problems: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()


class _Unreadable(Exception):
    """There are no lines to speak of; the message says why."""


def read_team_file(data: bytes) -> TeamFile:
    """The teams in a CSV file: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252; quoted or not."""
    if len(data) > MAX_FILE_BYTES:
        return TeamFile(problems=(f"The file is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB.",))
    try:
        rows = list(_lines(_text(data)))
        header = rows.pop(0)[1] if rows else []
        columns, unknown = _columns(header)
    except _Unreadable as error:
        return TeamFile(problems=(str(error),))
    problems: list[str] = []
    teams = [team for line, cells in rows if (team := _team(line, cells, columns, len(header), problems))]
    problems += _twice(teams)
    return TeamFile(teams=tuple(teams), problems=tuple(problems), unknown_columns=tuple(unknown))


def _text(data: bytes) -> str:
    """The text of a file, whatever program wrote it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(data, "utf-16")
    if b"\0" in data[:200]:  # UTF-16 without a mark: every second byte of plain letters is zero
        return _decoded(data, "utf-16-be" if data[:1] == b"\0" else "utf-16-le")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decoded(data, "windows-1252")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _Unreadable(f"The file is no text that can be read (its byte {error.start} fits no encoding).") from None


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that has any, trimmed, with the number of the line that they begin in."""
    first = text.lstrip().splitlines()[:1]
    separator = max(SEPARATORS, key="".join(first).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    begins = 1
    try:
        for cells in reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed) and trimmed != _SEPARATOR_LINE:
                yield begins, trimmed
            begins = reader.line_num + 1
    except csv.Error as error:
        why = next((said for part, said in _CSV_ERRORS.items() if part in str(error)), str(error))
        raise _Unreadable(f"Line {begins}: {why}.") from None


def _columns(header: list[str]) -> tuple[dict[int, str], list[str]]:
    """Which field each column is, and the columns that are none."""
    known: dict[int, str] = {}
    unknown: list[str] = []
    for at, title in enumerate(header):
        field = _FIELDS.get("".join(filter(str.isalnum, title.casefold())))
        if field is None or field in known.values():
            unknown += [title] if title else []
        else:
            known[at] = field
    if not header:
        raise _Unreadable("The file is empty.")
    if "username" not in known.values():
        raise _Unreadable(
            "The first line has to name the columns, one of them `username`; `name`, `password` and `email` may follow."
        )
    return known, unknown


def _team(line: int, cells: list[str], columns: dict[int, str], width: int, problems: list[str]) -> NewTeam | None:
    if len(cells) > width and any(cells[width:]):
        problems.append(
            f"Line {line} has {len(cells)} fields, but there are {width} columns: put a text that holds the separator "
            "into quotation marks."
        )
        return None
    values = {field: cells[at] for at, field in columns.items() if at < len(cells)}
    found = len(problems)
    username = name = ""
    try:
        username = clean_username(values.get("username", ""))
        check_not_reserved("username", username)
    except BadAccount as error:
        problems.append(f"Line {line}: {error}")
    try:
        name = clean_name(values.get("name") or values.get("username", ""))
        check_not_reserved("name", name)
    except BadAccount as error:
        problems.append(f"Line {line}: {error}")
    email = values.get("email", "")
    if email and ("@" not in email or len(email) > MAX_EMAIL_LENGTH or any(map(str.isspace, email))):
        problems.append(f"Line {line}: `{email[:MAX_EMAIL_LENGTH]}` is no e-mail address.")
    if len(problems) > found:
        return None
    return NewTeam(line=line, username=username, name=name, password=values.get("password", ""), email=email)


def _twice(teams: list[NewTeam]) -> Iterator[str]:
    """Names that stand in two lines, or that look alike."""
    usernames: dict[str, int] = {}
    names: dict[str, int] = {}
    for team in teams:
        if (first := usernames.setdefault(team.username, team.line)) != team.line:
            yield f"Line {team.line}: the user name {team.username} stands in line {first} already."
        looks = (name_key(team.name), name_shape(team.name))
        if (first := min(names.setdefault(look, team.line) for look in looks)) != team.line:
            yield f"Line {team.line}: the name {team.name}, or one that looks like it, stands in line {first} already."
