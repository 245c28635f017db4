// Prints the power as it changes, from the live stream: HTTP, no broker. In a browser the first line is not needed.
import { EventSource } from 'eventsource';

const { METERKAST = 'http://localhost:8080', TOKEN } = process.env;
const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
const stream = new EventSource(`${METERKAST}/api/v1/stream?gateway=home`, {
  fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
});

stream.addEventListener('reading', event => {
  const { measured_at, power_import_w, power_export_w = 0 } = JSON.parse(event.data);
  console.log(measured_at, power_import_w - power_export_w, 'W');
});
stream.addEventListener('status', event => console.log(JSON.parse(event.data).status));
stream.onerror = error => console.error(error.message ?? 'the stream broke, and is opened again');
