// Prints each value that changes, as text: exact, and nothing to parse.
import mqtt from 'mqtt';

const { MQTT_URL = 'mqtt://localhost:1883', MQTT_USER: username, MQTT_PASSWORD: password } = process.env;
const client = mqtt.connect(MQTT_URL, { username, password });

client.on('connect', () => client.subscribe('dsmr/+/value/+', { qos: 1 }));
client.on('error', error => console.error(error.message));
client.on('message', (topic, payload) => {
  const [, gateway, , name] = topic.split('/');
  console.log(gateway, name, payload.toString());
});
