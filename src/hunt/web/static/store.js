// Small things that this browser remembers. Storage may be forbidden or full: then nothing is remembered, and all works.

function read(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(`hunt:${key}`));
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    if (value === null) window[storage].removeItem(`hunt:${key}`);
    else window[storage].setItem(`hunt:${key}`, JSON.stringify(value));
  } catch {
    // Nothing is lost but comfort.
  }
}

/** Calls `changed(value)` when another window of this browser remembers something else by this key. */
export function heard(key, changed) {
  addEventListener("storage", (event) => event.key === `hunt:${key}` && changed(remembered(key)));
}

export const remembered = (key) => read("localStorage", key);
export const remember = (key, value) => write("localStorage", key, value);
/** Forgets every text that was typed in this tab and not sent. */
export function forgetDrafts() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("hunt:draft:")) sessionStorage.removeItem(key);
  } catch {
    // There is no storage, so there is nothing to forget.
  }
}

export const drafted = (key) => read("sessionStorage", key);
export const keepDraft = (key, value) => write("sessionStorage", key, value);
