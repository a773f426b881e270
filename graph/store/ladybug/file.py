"""The file of an embedded store: one owner process, one engine in it, a connection for each thread.

The engine neither refuses a second opening of one file in a process nor says who holds it in another, and both lose
data. So a lock file beside the store names the owner, and a registry hands out one engine per path.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import ladybug

from graph.store.contract import StoreBusy, StoreError

BUFFER_POOL_MB = 2048
"""What the engine may hold in memory at most, unless said otherwise."""

ROWS_PER_MB = 1_500
"""So many rows a megabyte are copied at once: a COPY holds its rows in the buffer pool until it is done."""

_REGISTRY: dict[Path, LadybugFile] = {}
_REGISTRY_LOCK = threading.Lock()


class LadybugFile:
    """One open file, shared by every store handle of this process. Get it with ``acquire``."""

    def __init__(self, path: Path, buffer_pool_mb: int, threads: int) -> None:
        self.path = path
        self.rows_at_once = max(10_000, buffer_pool_mb * ROWS_PER_MB)
        self.writing = threading.RLock()
        self._settings = {"buffer_pool_size": buffer_pool_mb * 2**20, "max_num_threads": threads}
        self._gate = _Gate()
        self._owners = 1
        self._pid = os.getpid()
        self._lock = _lock_file(path)
        try:
            self._open()
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> None:
        try:
            self._database = ladybug.Database(str(self.path), **self._settings)
        except RuntimeError as e:
            raise StoreError("cannot_open", f"the store at {self.path.name} cannot be opened ({reason(e)})") from None
        self._local = threading.local()
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()

    @contextmanager
    def connection(self, wait_s: float | None = None) -> Iterator[Any]:
        """This thread's connection, while the file is sure to stay open. Raises StoreError when that takes too long."""
        if os.getpid() != self._pid:
            raise StoreError("forked", "a store is not used in a forked process: open it there")
        if not self._gate.enter(wait_s):
            raise StoreError("busy_inside", "the store's content is being replaced")
        try:
            yield self._mine()
        finally:
            self._gate.leave()

    def _mine(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = ladybug.Connection(self._database)
            self._connections.add(connection)
        return connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While nobody else reads or writes."""
        with self.writing, self._gate.alone():
            yield

    def replace_by_empty(self) -> None:
        """Throw the content away. Only inside ``alone``."""
        self._shut()
        for part in self.path.parent.glob(f"{self.path.name}*"):
            if part.name == self.path.name or part.name in _parts(self.path):
                part.unlink()
        self._open()

    def release(self) -> None:
        """Give one handle back; the last one closes the file and frees it for other processes."""
        with _REGISTRY_LOCK:
            self._owners -= 1
            if self._owners:
                return
            del _REGISTRY[self.path]
            with self.alone():
                self._shut()
            self._lock.close()

    def _shut(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self._database.close()


def acquire(path: Path, buffer_pool_mb: int, threads: int) -> LadybugFile:
    """The engine for a path. Raises StoreBusy, naming its number, when another process owns the file."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    with _REGISTRY_LOCK:
        known = _REGISTRY.get(path)
        if known is not None and known._pid == os.getpid():
            known._owners += 1
            return known
        opened = _REGISTRY[path] = LadybugFile(path, buffer_pool_mb, threads)
        return opened


def reason(error: Exception) -> str:
    """What kind of error the engine reports, without the values its message may hold."""
    return str(error).partition(":")[0][:60] or type(error).__name__


def forget_plans(connection: Any, keep: int) -> None:
    """Drop a connection's prepared statements when they are more than ``keep``.

    ladybug 0.22 keeps one for each text and each Arrow table it has been given, about a megabyte of the buffer pool
    each, for as long as the connection lives; there is no public way to let go of them.
    """
    plans = connection._pybind_implicit_prepared_cache
    if len(plans) > keep:
        with connection._prepared_cache_lock:
            plans.clear()


def _parts(path: Path) -> set[str]:
    return {f"{path.name}.{tail}" for tail in ("wal", "wal.checkpoint", "shadow", "tmp")}


def _lock_file(path: Path) -> IO[str]:
    lock = path.with_name(path.name + ".lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        pid = int(owner) if owner.isdigit() else None
        who = f"process {pid}" if pid else "another process"
        raise StoreBusy(f"{who} has the store at {path.name} open; close it there or ask it", pid) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


class _Gate:
    """Many may be inside, or one alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self._alone: int | None = None

    def enter(self, wait_s: float | None) -> bool:
        me = threading.get_ident()
        with self._changed:
            if self._alone != me and me not in self._inside:
                free = self._changed.wait_for(lambda: self._alone is None, wait_s)
                if not free:
                    return False
            self._inside[me] = self._inside.get(me, 0) + 1
            return True

    def leave(self) -> None:
        me = threading.get_ident()
        with self._changed:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
            self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        me = threading.get_ident()
        with self._changed:
            if self._alone == me:  # already alone, further in
                nested = True
            else:
                nested = False
                self._changed.wait_for(lambda: self._alone is None)
                self._alone = me
                self._changed.wait_for(lambda: set(self._inside) <= {me})
        try:
            yield
        finally:
            if not nested:
                with self._changed:
                    self._alone = None
                    self._changed.notify_all()
