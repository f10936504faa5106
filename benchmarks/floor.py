"""The least that an answer can cost: an application that does nothing, served as ours is.

Usage: python -m benchmarks.floor PORT
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketDisconnect

from hunt.app import server_config
from hunt.settings import Settings


@get("/")
async def read() -> dict[str, bool]:
    return {"ok": True}


@post("/", status_code=200)
async def write() -> dict[str, bool]:
    return {"ok": True}


@websocket("/ws")
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    """Answer a number with a text of that many characters, which begins with it."""
    await socket.accept()
    try:
        while True:
            asked = await socket.receive_data(mode="text")
            await socket.send_data(f"{asked} ".ljust(int(asked), "x"), mode="text")
    except WebSocketDisconnect:
        return


def run(port: int) -> None:
    app = Litestar([read, write, live], openapi_config=None, logging_config=None)
    settings = Settings(database_url="", content=Path(), secret_key="", port=port)
    uvicorn.Server(server_config(app, settings)).run()


if __name__ == "__main__":
    run(int(sys.argv[1]))
