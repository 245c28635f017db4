"""A client process that receives, tells so, and acknowledges only what its second argument says: to be killed."""

import asyncio
import sys

from meterkast_runtime.log import configure_logging
from meterkast_runtime.mqtt import MqttSession, MqttSettings, Will


async def hoard(port: int, acknowledged: int) -> None:
    """Print each payload; acknowledge the first few, which the broker has taken in before its answer to the message."""
    configure_logging()
    settings = MqttSettings(host="127.0.0.1", port=port)
    will = Will("gone", b"lost")
    async with MqttSession(settings, client_id="hoarder", subscriptions=["hoard/#"], will=will) as session:
        await session.wait_connected()
        print("connected", flush=True)  # noqa: T201
        count = 0
        async for message in session.messages():
            count += 1
            if count <= acknowledged:
                message.ack()
            if count == acknowledged:
                await session.publish("acknowledged", str(count))
            print(message.payload.decode(), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(hoard(int(sys.argv[1]), int(sys.argv[2])))
