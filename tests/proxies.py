"""nginx and Caddy as the documentation sets them up, on ports of a test's own."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from servers import CannotRun, Server

DOCUMENTATION = Path(__file__).parents[1] / "docs" / "deploy.md"
NAME = "hunt.example.org"


def example(language: str) -> str:
    """The configuration that the documentation gives."""
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENTATION.read_text(), re.DOTALL | re.MULTILINE)
    return str(text)


def replaced(text: str, **values: str) -> str:
    """The text with values of this machine in it; each of the others has to be there exactly once."""
    for old, new in values.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Proxy(Server):
    """A proxy for https://hunt.example.org on `port` of this machine, before a server on `behind`."""

    binary = ""

    def __init__(self, port: int, behind: int) -> None:
        found = shutil.which(self.binary, path=f"{os.environ['PATH']}:/usr/sbin")
        if found is None:
            raise CannotRun(f"there is no {self.binary}: install {self.binary}")
        super().__init__()
        self.program = found
        self.port = port
        (self.folder / "configuration").write_text(self.configuration(port, behind))

    def configuration(self, port: int, behind: int) -> str:
        raise NotImplementedError

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")


class Nginx(Proxy):
    """nginx, with a certificate of its own."""

    name = binary = "nginx"

    def configuration(self, port: int, behind: int) -> str:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2"]
        subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        inside = replaced(
            example("nginx"),
            **{
                "listen 443": f"listen 127.0.0.1:{port}",
                "/etc/ssl/hunt.pem": str(certificate),
                "/etc/ssl/hunt.key": str(key),
                "/var/log/nginx/hunt.log": str(self.folder / "access.log"),
                "127.0.0.1:8000": f"127.0.0.1:{behind}",
            },
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.folder / kind};\n" for kind in kinds)
        user = "user root;\n" if os.geteuid() == 0 else ""
        pid = self.folder / "pid"
        return f"{user}daemon off;\npid {pid};\nerror_log stderr;\nevents {{}}\nhttp {{\n{folders}{inside}}}\n"

    def command(self) -> list[str]:
        return [self.program, "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "configuration")]


class Caddy(Proxy):
    """Caddy, with certificates that it makes itself and without what it does to a whole machine."""

    name = binary = "caddy"

    def configuration(self, port: int, behind: int) -> str:
        inside = replaced(
            example("caddy"), **{f"{NAME} {{": f"{NAME}:{port} {{", "127.0.0.1:8000": f"127.0.0.1:{behind}"}
        )
        alone = (
            f"admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\n"
            f"storage file_system {self.folder}\n"
        )
        return inside.replace("{\n", "{\n" + alone, 1)

    def command(self) -> list[str]:
        return [self.program, "run", "--adapter", "caddyfile", "--config", str(self.folder / "configuration")]
