import gc
import sys

import machine
from mark import FAILED, note

before = []
try:
    try:
        import selector

        now = selector.choose()
        del selector
        for name in ("selector", "state"):
            sys.modules.pop(name).__dict__.clear()  # an address left on the stack would keep all of it
        gc.collect()
        before = list(sys.modules)
        import start

        start.run(now)
        why = "it ended"
    except (Exception, KeyboardInterrupt) as error:
        why = repr(error)
    note(why, FAILED)
    for name in list(sys.modules):
        if name not in before:
            del sys.modules[name]
    gc.collect()
    import selector

    selector.pause()
finally:
    machine.reset()
