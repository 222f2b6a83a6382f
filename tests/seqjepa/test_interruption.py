import signal
import threading

import pytest
from saccadeworld.seqjepa.interruption import DeferredInterrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
def test_the_first_interrupt_waits_and_the_second_does_not(handler, number):
    before = signal.signal(number, handler)
    try:
        _interrupt_twice(number)
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


def _interrupt_twice(number: int) -> None:
    with DeferredInterrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(number)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_the_handler_is_restored_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError), DeferredInterrupt():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is before


def test_it_does_nothing_in_other_threads():
    seen = []

    def work() -> None:
        with DeferredInterrupt() as interrupt:
            seen.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
