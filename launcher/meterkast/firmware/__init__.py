"""The firmware of the ESP-01 gateways: built, signed, released, flashed and watched from this computer."""
