// Small things that this browser remembers. Storage may be forbidden or full: then nothing is remembered, and all works.

const PREFIX = "hunt:"; // theme.js says it too

/** @param {"localStorage" | "sessionStorage"} storage @param {string} key */
function read(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {"localStorage" | "sessionStorage"} storage @param {string} key @param {unknown} value */
function write(storage, key, value) {
  try {
    if (value === null) window[storage].removeItem(PREFIX + key);
    else window[storage].setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Nothing is lost but comfort.
  }
}

/**
 * Calls `changed(value)` when another window of this browser remembers something else by this key.
 * @param {string} key
 * @param {(value: any) => void} changed
 */
export function heard(key, changed) {
  addEventListener("storage", (event) => event.key === PREFIX + key && changed(remembered(key)));
}

/** @param {string} key */
export const remembered = (key) => read("localStorage", key);
/** @type {(key: string, value: unknown) => void} */
export const remember = (key, value) => write("localStorage", key, value);

/**
 * Forgets what `keepDraft` kept in this tab by names that begin so.
 * @param {string} begin
 */
export function forgetDrafted(begin) {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX + begin)) sessionStorage.removeItem(key);
  } catch {
    // There is no storage, so there is nothing to forget.
  }
}

/** @param {string} key */
export const drafted = (key) => read("sessionStorage", key);
/** @type {(key: string, value: unknown) => void} */
export const keepDraft = (key, value) => write("sessionStorage", key, value);
