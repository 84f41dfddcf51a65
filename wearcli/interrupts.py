"""Ctrl-C and a scheduler's SIGTERM as a flag, which long work checks where it can stop cleanly."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CAUGHT = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """Give an event that the first signal sets, so that no signal interrupts a write or an optimizer's step.

    A second signal raises KeyboardInterrupt at once. Outside the main thread no signal can be caught: the
    event is never set.
    """
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {number: signal.getsignal(number) for number in CAUGHT}

    def catch(number: int, frame: object) -> None:
        for caught in CAUGHT:
            signal.signal(caught, signal.default_int_handler)
        flag.set()

    for number in CAUGHT:
        signal.signal(number, catch)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
