"""Ctrl-C and a scheduler's SIGTERM as a flag that long work looks at where it can stop cleanly."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CAUGHT = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """An event that the first signal sets, so that none lands within a write or an optimizer's step.

    A second one raises KeyboardInterrupt at once. Outside the main thread no signal can be caught: the
    flag stays down.
    """
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {number: signal.getsignal(number) for number in CAUGHT}

    def catch(number: int, frame: object) -> None:
        for each in CAUGHT:
            signal.signal(each, signal.default_int_handler)
        flag.set()

    for number in CAUGHT:
        signal.signal(number, catch)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
