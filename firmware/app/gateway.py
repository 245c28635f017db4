"""The gateway at work: port → telegrams → ring → broker, and what it says of itself."""

import gc
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

import machine
import mark
from led import Led
from micropython import const
from mqtt import Session
from port import Port
from rarely import load
from station import Wifi
from status import Status

_DEVICE_S = const(60)
_PROOF_S = const(60)
_TRIAL_S = const(300)
_ANSWERED_MS = const(5000)
_HANG_S = const(60)
_STARVED_MS = const(30000)
_TRIES = const(100)

_NOTHING = const(0)
_STATUS = const(1)
_DEVICE = const(2)
_TELEGRAM = const(3)


class Gateway:
    """Reads one port and publishes its telegrams; `step()` is one turn of the loop and never waits."""

    def __init__(self, config, state, buffers):
        self.config = config
        self.state = state
        self.led = Led(config["led"])
        self.led.play(3, 500)
        self.ring, self.framer, uart = buffers
        self.port = Port(uart, self.framer, self.led.attach)
        self.wifi = Wifi(config)
        self.session = Session(config, self.wifi.dns)
        self._top = (config["prefix"] + "/" + config["gateway"] + "/").encode()
        self._topic = self._top + b"telegram"
        self.telegrams = self.thinned = self.uptime_s = self.announce_in_s = 0
        self._known = self._said = None
        self._sending = _NOTHING
        self._number = 0
        self._online = False
        self.device_due = True
        self._device_s = self._up_s = self._came_s = 0
        self._hang_s = self._tries = 0
        self._second = ticks_ms()
        self._last = None
        self._trial = load("trial").running(state)
        self._good = self._proved = False

    def start(self):
        """Restart the chip from now on when the loop stands still for a minute; listen."""
        timer = machine.Timer(-1)
        timer.init(period=1000, mode=machine.Timer.PERIODIC, callback=self._guard, hard=True)
        for it in (self, self.led, self.ring, self.framer, self.port, self.wifi, self.session):
            type(it).__init__ = None  # a chip builds one gateway, once, and has better use for that room
        gc.collect()
        self._status = Status(self, load("wifi").name())
        Status.__init__ = Gateway.start = None
        gc.collect()
        self.port.start()

    def run(self):
        """Work for ever; what finds no memory is tried again, until it has found none for half a minute."""
        fed = ticks_ms()
        while True:
            try:
                if not self.step():
                    sleep_ms(5)
                fed = ticks_ms()
            except MemoryError:
                if ticks_diff(ticks_ms(), fed) > _STARVED_MS:
                    raise
                self._status.hang_up()
                gc.collect()

    def describe(self):
        """What it said of itself last, as JSON; it says it anew for who asks next."""
        self.device_due = True
        return self._said or self._describe()

    def _describe(self):
        gc.collect()
        return load("about").describe(self)

    def age_s(self):
        """Seconds since the last whole telegram, None before the first."""
        return self.uptime_s - self._came_s if self.telegrams else None

    def _guard(self, _timer):
        self._hang_s += 1
        if self._hang_s > _HANG_S:
            machine.reset()

    def step(self):
        """One turn; the length of a telegram if one came."""
        self._hang_s = 0
        length = self.port.read()
        session = self.session
        session.poll(self.wifi.poll())
        self._follow()
        if length:
            self._keep(length)
        if not self._status.visit:  # a visitor takes the memory that these need
            if session.order:
                self._obey()
            if self._good and not self._proved:
                self._prove()
        if session.ready:
            self._publish()
        if self._last:
            self._end()
        self.led.poll()
        self._status.poll(self.wifi.address())
        while ticks_diff(ticks_ms(), self._second) >= 1000:
            self._second = ticks_add(self._second, 1000)
            self.uptime_s += 1
            self._watch()
        return length

    def _obey(self):
        order = self.session.order
        self._said = None
        gc.collect()
        try:
            name, became = load("orders").carry_out(self, order)
            if became is None:
                gc.collect()
                became = load("checks").refusal(order[1])
            if became is None:
                gc.collect()
                became = load("changes").carry_out(self, order[1])
        except MemoryError:
            self._tries += 1
            if self._tries < _TRIES:
                return
            name, became = order[0].decode(), "refused: no memory for it"
        self.session.order = None
        self._tries = 0
        self.state["answer"] = "%s: %s" % (name, became)
        self.device_due = True

    def _keep(self, length):
        ring = self.ring
        self.telegrams += 1
        self._came_s = self.uptime_s
        if (self.telegrams - 1) % self.config["thin"]:
            self.thinned += 1
        else:
            ring.held = self._sending == _TELEGRAM
            known = ring.dropped
            ring.put(memoryview(self.framer.buffer)[:length])
            if ring.dropped != known and not ring.held:
                self._number = 0
        self.framer.drop()
        if self.port.valid():
            self.device_due = True

    def _follow(self):
        """Take note of what has become of the session and of the message on its way."""
        session = self.session
        known = (self.wifi.address(), session.sessions)
        if known != self._known:
            if known[0] and not (self._known and self._known[0]):
                self.led.play(5, 100)
            self._known = known
            self._online = False
            self._sending = _NOTHING
            self.device_due = True
            self._up_s = self.uptime_s
            mark.note(session.trouble or "connected")
        sent = self._sending
        if not session.up:
            self._sending = _NOTHING
        elif sent and not session.in_flight:
            self._sending = _NOTHING
            if sent == _STATUS:
                self._online = True
            elif sent == _TELEGRAM:
                self.ring.pop()
                self._number = 0
                self.led.play(1, 60)
                self._good = True

    def _publish(self):
        session = self.session
        if not self._online:
            session.publish(self._top + b"status", b"online", True)
            self._sending = _STATUS
        elif not self._status.visit and (self.device_due or self.uptime_s - self._device_s >= _DEVICE_S):
            self._said = None
            self._said = self._describe()
            session.publish(self._top + b"device", self._said, True)
            self._sending = _DEVICE
            self.device_due = False
            self._device_s = self.uptime_s
        elif self.ring.waiting:
            self._number = session.publish(self._topic, self.ring.first(), False, self._number)
            self._sending = _TELEGRAM
        else:
            return
        session.poll(True)

    def _prove(self):
        if self._online and self.session.orders:
            load("trial").passed()
            self.state["update"] = load("state").load().get("update")
            self.device_due = self._proved = True
            self._trial = False

    def _watch(self):
        """Once a second see whether a trial has passed or failed, and whether the network is gone for long."""
        if self.announce_in_s:
            self.announce_in_s -= 1
            if not self.announce_in_s:
                self._online = False
                self.device_due = True
        if self.session.up and self.uptime_s - self._up_s > _PROOF_S:
            self._good = True
        if self._trial:
            if self.uptime_s > _TRIAL_S:
                why = self.session.trouble or "no minute without a lost connection"
                self._finish(lambda: load("trial").failed(why))
        elif self.wifi.away_s() > (self.config.get("portal_after", 10) * 60 or self.uptime_s):
            self._finish(lambda: load("state").request("portal"))

    def finally_do(self, action, answer):
        """Do what ends in a restart once its order is answered; `answer` is what is said after the restart."""
        self._last = (action, answer, ticks_ms())

    def _end(self):
        action, answer, asked = self._last
        answered = not self.device_due and self._sending == _NOTHING
        if answered or ticks_diff(ticks_ms(), asked) > _ANSWERED_MS:
            self.session.drop()
            sleep_ms(200)
            self._finish(action, answer)

    def _finish(self, action, answer=None):
        """Do what ends in a restart, in the room of ring, framer and port; the answer is told after it."""
        self._last = self.ring = self.framer = self.port = None
        gc.collect()
        try:
            if answer:
                load("trial").leave(answer)
            action()
        except MemoryError:
            machine.reset()  # there is no way back
