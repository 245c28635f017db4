"""Print what each house takes from the grid and what its dials show, exact to the watt-hour."""

import json
import os
import sys
from decimal import Decimal

import paho.mqtt.client as mqtt


def on_connect(client, userdata, flags, reason, properties):
    if reason.is_failure:
        sys.exit(f"the broker does not let us in: {reason}")
    client.subscribe("dsmr/+/reading", qos=1)  # here, so that it is done again after every reconnect


def on_message(client, userdata, message):
    reading = json.loads(message.payload, parse_float=Decimal)  # exact: 0.1 + 0.2 is 0.3
    if "power_import_w" not in reading:  # a heat meter, say: what a telegram lacks is absent, never 0
        return
    power = reading["power_import_w"] - reading.get("power_export_w", 0)
    dials = [value for name, value in reading.items() if name.startswith("energy_import_t")]
    energy = reading.get("energy_import_kwh", sum(dials))  # one dial, or one for each tariff
    print(reading["gateway"], reading["measured_at"], power, "W", energy, "kWh", flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.username_pw_set(os.environ.get("MQTT_USER"), os.environ.get("MQTT_PASSWORD"))
client.on_connect = on_connect
client.on_message = on_message
client.connect(os.environ.get("MQTT_HOST", "localhost"), int(os.environ.get("MQTT_PORT", "1883")))
client.loop_forever()
