"""What can be the matter with a gateway in the network, and what to do, in plain words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class GatewayFinding(StrEnum):
    """What the matter is; the more it stands in the way of the others, the earlier it stands here."""

    NEVER_SEEN = "never seen"
    OFFLINE = "offline"
    SILENT = "says nothing"
    NO_TELEGRAMS = "no telegrams"
    CRC_ERRORS = "CRC errors"
    RESTARTING = "restarting"
    ROLLED_BACK = "rolled back"
    UPDATE_FAILED = "update failed"
    WEAK_WIFI = "weak WiFi"
    DROPPED = "dropped telegrams"
    LITTLE_MEMORY = "little memory"
    ON_TRIAL = "on trial"


HARMLESS = frozenset({GatewayFinding.ON_TRIAL})

ADVICE: Mapping[GatewayFinding, tuple[str, ...]] = MappingProxyType(
    {
        GatewayFinding.NEVER_SEEN: (
            "Is the name right? The gateway's status page shows it, and so does its portal.",
            "LED on without a break: it is in its portal. Join its network ESP01-DSMR-… with a phone.",
            "Three slow flashes and no five fast ones: it does not get onto the WiFi, which must be one of 2.4 GHz.",
            "Does the broker let it in? `meterkast init --gateway NAME` makes its user.",
            "MQTT of `meterkast up` listens to this computer alone, unless you say --mqtt-address 0.0.0.0.",
        ),
        GatewayFinding.OFFLINE: (
            "Has it power, and is the plug in the P1 port until it clicks? The LED flashes at each start.",
            "Is the WiFi up where the gateway hangs, with the same name and password as before?",
            "After ten minutes without WiFi it opens its portal ESP01-DSMR-… again, and goes on trying the old one.",
            "Plugging it out and in is safe at any moment, also during an update.",
        ),
        GatewayFinding.SILENT: (
            "It may be other firmware, or it has no right to write its `device` topic.",
            "`meterkast init --gateway NAME` writes the lines that a gateway needs into Mosquitto's ACL.",
        ),
        GatewayFinding.NO_TELEGRAMS: (
            "Data request (pin 2) must be at 5 V: wire it to pin 1.",
            "Data (pin 5) goes through the inverter (BC547) to RX, whose resistor goes to 3.3 V, not to 5 V.",
            "The cable must have six wires (RJ12, 6P6C), pin 1 to pin 1.",
            "Some grid operators open the port only when asked, in their customer portal (Fluvius, Sibelga, ORES).",
        ),
        GatewayFinding.CRC_ERRORS: (
            "Use a shorter cable, away from mains wires, and connect both grounds (pins 3 and 6).",
            "Are the inverter's resistors as drawn in firmware/schematic.svg? Larger ones round the edges.",
            "A capacitor of 220 µF close to the ESP-01 keeps its supply steady while it sends.",
        ),
        GatewayFinding.RESTARTING: (
            "Mostly the supply gives way while the radio sends: 220 µF or more at 3.3 V, and a short cable.",
            "A meter of DSMR 2 or 3 gives no power at pin 1: feed the gateway from a USB supply.",
            "If it is a watchdog or an exception again and again, send version and counters to Meterkast's issues.",
        ),
        GatewayFinding.ROLLED_BACK: (
            "It runs its old firmware, so nothing is lost; the release may be announced again.",
            "If WiFi or the broker was away during the trial, that alone is the reason.",
            "If it comes back a second time, keep the old release and report the sentence above.",
        ),
        GatewayFinding.UPDATE_FAILED: (
            "Can the gateway reach the API, by plain HTTP at the address it was told? See firmware_url in [api].",
            "Signature: the release must be signed with the key that the device was flashed with.",
            "Sequence: build with a higher --sequence, or with --downgrade where going back is what you want.",
        ),
        GatewayFinding.WEAK_WIFI: (
            "Turn it, or hang it outside the metal cupboard; its antenna must not lie against metal or cable.",
            "A repeater nearby helps: -67 dBm or better is good, below -80 dBm telegrams get lost.",
        ),
        GatewayFinding.DROPPED: (
            "WiFi or broker was away for longer than its small memory reaches, or the link is too weak.",
            'Fewer telegrams need less: the order `set` with {"thin": 5} lets it send every fifth.',
        ),
        GatewayFinding.LITTLE_MEMORY: (
            "Restart it, and report its version and counters to Meterkast's issues: memory should stay the same.",
        ),
        GatewayFinding.ON_TRIAL: ("Within five minutes it keeps it or goes back.",),
    }
)
