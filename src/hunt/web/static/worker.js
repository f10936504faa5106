// The SharedWorker: one socket for all tabs of a team in this browser.

import { addressOf, openLine } from "./tabs.js";

const scope = /** @type {SharedWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {(port: MessagePort | null, message: ToTab) => void} */
const post = (port, message) => port?.postMessage(message);
const receive = openLine(addressOf(scope.location), post);

scope.onconnect = ({ ports: [port] }) => {
  port.onmessage = (event) => receive(port, event.data);
  post(port, { type: "here" });
};
scope.addEventListener("online", () => receive(null, { type: "wake" }));
