// The SharedWorker: one socket for all tabs of a team in this browser.

import { addressOf, openLine } from "./tabs.js";

const receive = openLine(addressOf(self.location), (port, message) => port.postMessage(message));

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = (event) => receive(port, event.data);
  port.postMessage({ type: "here" });
};
self.addEventListener("online", () => receive(null, { type: "wake" }));
