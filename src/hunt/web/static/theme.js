// Runs before the first paint, so that a chosen theme does not flash the other one.
(() => {
  try {
    const chosen = JSON.parse(localStorage.getItem("hunt:theme") ?? "null");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
  document.documentElement.classList.add("js");
})();
