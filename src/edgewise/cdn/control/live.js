// Fetches the list anew when requests have come. Rows are made by the server alone; nothing is built from text here.
"use strict";
const notice = document.getElementById("live");
const pause = document.createElement("button");
let paused = false;
pause.textContent = "Pause";
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) refresh();
});
notice.before(pause, " ");

async function refresh() {
  const table = (page) => page.getElementById("rows").closest(".wide") ?? page.getElementById("rows");
  // Rows are not taken away from under somebody who moves through them with the keyboard.
  if (paused || document.hidden || table(document).contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [old, renewed] = [table(document), document.adoptNode(table(fresh))];
  const { scrollLeft } = old;
  old.replaceWith(renewed);
  renewed.scrollLeft = scrollLeft;
  document.getElementById("bounds").textContent = fresh.getElementById("bounds").textContent;
}

const events = new EventSource("/live");
events.onopen = () => { notice.textContent = "Live."; };
events.onerror = () => { notice.textContent = "Not connected: is `edgewise up` running?"; };
events.onmessage = refresh;
document.addEventListener("visibilitychange", refresh);
