import machine

try:
    import selector

    selector.run()
finally:
    machine.reset()
