import gc
import sys

import machine
import state

try:
    try:
        import selector

        now = selector.choose()
        del selector, sys.modules["selector"]
        gc.collect()
        import start

        start.run(now)
        why = "it ended"
    except (Exception, KeyboardInterrupt) as error:
        why = repr(error)
    state.note(why, state.FAILED)
    sys.modules.clear()
    gc.collect()
    import selector

    selector.pause()
finally:
    machine.reset()
