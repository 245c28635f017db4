"""`meterkast doctor`: what is wrong with a P1 port, and what to do."""
