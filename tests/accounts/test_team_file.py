"""Files of teams as spreadsheets write them: what is understood, and what is wrong with a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.accounts.team_file import MAX_FILE_BYTES, NewTeam, TeamFile, read_team_file
from playing import quick

OWLS = NewTeam(line=2, username="owls", name="The Owls", password="owls-secret", email="hq@owls.example")


def read(text: str, encoding: str = "utf-8") -> TeamFile:
    return read_team_file(text.encode(encoding))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_encodings_and_line_ends_are_recognised(separator: str, encoding: str, end: str) -> None:
    lines = [["username", "name", "password", "email"], ["owls", "The Owls", "owls-secret", "hq@owls.example"], ["b"]]
    text = end.join(separator.join(line) for line in lines) + end
    assert read(text, encoding).teams == (OWLS, NewTeam(line=3, username="b", name="b"))


def test_a_file_of_an_old_windows_keeps_its_umlauts() -> None:
    assert read("username;name\nowls;Käuze \u2013 alle\n", "windows-1252").teams[0].name == "Käuze \u2013 alle"


@pytest.mark.parametrize(
    "header",
    [
        "username, name, password, email",
        "User Name,Team Name,Kennwort,E-Mail",
        "LOGIN,TEAM,PASS,mail",
        "user_name,Team-Name,passwort,Contact Email",
        "Nutzername,Teamname,pwd,E-Mail-Adresse",
    ],
)
def test_headers_are_read_however_they_are_written(header: str) -> None:
    assert read(f"{header}\nowls, The Owls, owls-secret, hq@owls.example\n").teams == (OWLS,)


def test_quoted_cells_hold_separators_and_line_ends_and_blank_lines_are_passed_over() -> None:
    text = 'username,name\n\nowls,"Hoot, Inc"\n , \nbats,"Two\nlines"\n'
    assert [(team.line, team.name) for team in read(text).teams] == [(3, "Hoot, Inc"), (5, "Two lines")]


@pytest.mark.parametrize("before", ["\n", "\r\n \r\n", "sep=;\n"])
def test_what_stands_before_the_header_is_passed_over(before: str) -> None:
    assert [(team.username, team.name) for team in read(f"{before}username;name\nowls;A, B\n").teams] == [
        ("owls", "A, B")
    ]


def test_columns_that_nothing_reads_are_named() -> None:
    assert read("username,size,name,shirt\nowls,4,The Owls,red\n").unknown_columns == ("size", "shirt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("name,password\nowls,x\n", "`username`"),
        ("username,name\nowls,Hoot, Inc and Friends\n", "Line 2 has 3 fields"),
        ('username,name\nowls,"open\nbats,b\n', "Line 2: a quotation mark"),
        ('username,name\nowls,"The" Owls\n', "Line 2: a text goes on behind its quotation marks"),
        ("username,name\ntwo words,b\n", "Line 2: A user name has no spaces"),
        ("username,name\n,The Owls\n", "Line 2: Choose a user name"),
        ("username,name\nhq,Us\n", "Line 2: This name would be taken for"),
        ("username,name\na,Same\nb,SAME\n", "Line 3: the name SAME, or one that looks like it, stands in line 2"),
        ("username,name\na,Owls\nb,OwIs\n", "Line 3: the name OwIs, or one that looks like it, stands in line 2"),
        ("username\na\nA\n", "Line 3: the user name a stands in line 2"),
        ("username,email\na,nowhere\n", "Line 2: `nowhere` is no e-mail address"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    [problem, *_] = read(text).problems
    assert said in problem


def test_all_problems_are_said_at_once() -> None:
    assert len(read("username,name\na b,x\nc,d,e\nf,\u3164\n").problems) == 3


def test_a_file_without_end_is_refused() -> None:
    assert "larger" in read_team_file(b"x" * (MAX_FILE_BYTES + 1)).problems[0]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: ("username\n" + text).encode())))
@quick(400)
def test_any_bytes_give_teams_or_sentences(data: bytes) -> None:
    found = read_team_file(data)
    assert found.teams or found.problems or data.strip()
    assert all(problem.endswith(".") for problem in found.problems)
