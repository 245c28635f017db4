"""The portal: what phones ask, what a person enters, what is tried and saved."""

import json

import pytest

from tests.firmware.portal_device import Device


PROBES = {
    "Android": ("connectivitycheck.gstatic.com", "/generate_204"),
    "Android, older": ("clients3.google.com", "/gen_204"),
    "Apple": ("captive.apple.com", "/hotspot-detect.html"),
    "Apple, older": ("www.apple.com", "/library/test/success.html"),
    "Windows 10": ("www.msftconnecttest.com", "/connecttest.txt"),
    "Windows 7": ("www.msftncsi.com", "/ncsi.txt"),
    "Firefox": ("detectportal.firefox.com", "/canonical.html"),
    "Firefox, older": ("detectportal.firefox.com", "/success.txt?ipv4"),
    "somebody's own address": ("example.com", "/"),
}


def test_every_probe_leads_to_the_page(device: Device) -> None:
    """Whatever a phone asks to see whether it is on the internet, it is sent to the portal's page."""
    for host, path in PROBES.values():
        status, headers, _ = device.ask("GET", path, Host=host)
        assert (status, headers["Location"]) == (302, f"http://{device.own}/?l=en"), path


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("nl-NL,nl;q=0.9,en;q=0.8", "nl"), ("en-GB", "en"), ("de,nl-BE;q=0.7,en;q=0.3", "nl"), ("fr", "en"), ("", "en")],
)
def test_language(device: Device, accepted: str, language: str) -> None:
    """The page speaks the first of Dutch and English that the browser names, English if it names neither."""
    _, headers, _ = device.ask("GET", "/", Accept_Language=accepted)
    assert headers["Location"].endswith(f"/?l={language}")


def test_first_start(device: Device) -> None:
    """What was entered and works is saved as it will be read, after which the device restarts as a gateway."""
    assert device.json("/networks") == [["home", -60, 0]]
    print(device.live_bytes())
    print(device.enter(ssid="home", port="1"))
    print(device.outcome())
    print(device.live_bytes())
