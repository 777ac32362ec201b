"""What an attack looks for: a file, a variable, a descriptor and sockets that all hold one secret.

The same baits lie on the real host, where a program in a box must not reach them, and on a throw-away host, where it
must. There this file is a part of a script, so it needs nothing but Python 3.9.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import threading

SECRET = "open sesame"  # noqa: S105 - told to everybody who can ask
"""What every bait holds. No box may ever print it."""

TOKEN = "POLYRUN_SELFTEST_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that holds the secret."""

_LEAST_DESCRIPTOR = 70


class Baits:
    """Lays the baits in a new `folder` when it is made; `close` takes all but that folder away again.

    `port` is where 127.0.0.1 tells the secret, and `abstract` the name of the abstract socket that does. The variable
    belongs to the whole process, so there it stays until the last baits are closed.
    """

    _laid = 0

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder)
        path = os.path.join(folder, "secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        fd = os.open(path, os.O_RDONLY)
        self._descriptor = fcntl.fcntl(fd, fcntl.F_DUPFD, _LEAST_DESCRIPTOR)  # open across `execve`: it is the bait
        os.close(fd)
        os.environ[TOKEN] = SECRET
        Baits._laid += 1
        self.abstract = f"polyrun-bait-{os.getpid()}-{os.urandom(4).hex()}"
        self._told = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self.port = self.listen("127.0.0.1", 0)
        for address in ("\0" + self.abstract, os.path.join(folder, "socket")):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            self._add(listener)
        self._end, waiting = socket.socketpair()
        self._sockets.append(waiting)
        self._told.register(waiting, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._tell, name="polyrun-baits", daemon=True)
        self._thread.start()

    def listen(self, address: str, port: int) -> int:
        """Tell the secret at `address`, too; the port. Raises `OSError`."""
        listener = socket.create_server((address, port))
        self._add(listener)
        found: int = listener.getsockname()[1]
        return found

    def _add(self, listener: socket.socket) -> None:
        listener.listen()
        listener.settimeout(0)
        self._sockets.append(listener)
        self._told.register(listener, selectors.EVENT_READ, listener)

    def _tell(self) -> None:
        while True:
            for key, _ in self._told.select():
                if key.data is None:
                    return
                try:
                    connection, _address = key.data.accept()
                    with connection:
                        connection.sendall(SECRET.encode())
                except OSError:  # whoever called is gone
                    continue

    def close(self) -> None:
        """Tell nobody any more."""
        self._end.close()
        self._thread.join()
        self._told.close()
        for each in self._sockets:
            each.close()
        os.close(self._descriptor)
        Baits._laid -= 1
        if not Baits._laid:
            os.environ.pop(TOKEN, None)
