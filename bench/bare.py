"""`python -m bench.bare PORT FILE`: paho receives telegrams and publishes given messages for each; nothing else."""

import pickle
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    """Run until killed; the file holds, per telegram, a list of topic, payload and retain."""
    answers = cycle(pickle.loads(Path(sys.argv[2]).read_bytes()))
    client = Client(CallbackAPIVersion.VERSION2, "bare", clean_session=False, manual_ack=True)
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)

    def on_message(client: Client, _data: Any, message: MQTTMessage) -> None:
        for topic, payload, retain in next(answers):
            client.publish(topic, payload, 1, retain)
        client.ack(message.mid, message.qos)

    client.on_message = on_message
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.subscribe("dsmr/+/telegram", 1)
    client.loop_forever()


if __name__ == "__main__":
    main()
