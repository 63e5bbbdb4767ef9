"""The command line as a process of its own: `python -m resnext_flops`, and the script `resnext-flops`."""

import _thread
import os
import signal
import sys
import time

from resnext_flops.errors import STOPPED


def main() -> None:
    """Run the command line. Ctrl-C ends it with status 130 and one sentence, also while it is being loaded."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    sys.unraisablehook = _unraisable
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    try:
        from resnext_flops.cli import main as run

        run(prog_name="resnext-flops")
    except SystemExit as end:
        if end.code != STOPPED:
            raise
    except BaseException:  # a library may have made another error of Ctrl-C
        if not stopped:
            raise
        if sys.stderr is not None:
            sys.stderr.write("\nresnext-flops: stopped; nothing was written\n")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is done is done
    # A library that was stopped while it was loaded may crash when Python ends in its usual way.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(STOPPED)


def _unraisable(lost: "sys.UnraisableHookArgs") -> None:
    """Let Ctrl-C that came while an object was deleted come again; Python would print it and go on."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _thread.start_new_thread(_again, ())
    else:
        sys.__unraisablehook__(lost)


def _again() -> None:
    time.sleep(0.1)  # until the object is gone
    _thread.interrupt_main()


if __name__ == "__main__":
    main()
