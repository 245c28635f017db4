import os

os.dupterm(None, 1)  # the UART belongs to the meter

import micropython

micropython.kbd_intr(-1)  # a 3 in the meter's noise is no Ctrl-C
