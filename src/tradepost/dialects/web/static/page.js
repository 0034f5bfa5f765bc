// What every page does better with a script: times where the reader is, countdowns, asking before what cannot be undone,
// charts. Without it all of it works by links and forms.

const root = document.documentElement;
root.classList.add("js");

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const moments = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });

// A moment is written in UTC by the server, and shown where the reader is; a day stays the day it is.
function localise(from) {
  for (const time of all('time[datetime*="T"]:not([data-local])', from)) {
    time.dataset.local = "";
    time.title ||= time.textContent;
    time.textContent = moments.format(new Date(time.dateTime));
  }
}

// `data-until` counts down to a moment of the market's clock, which `data-now` of the page's body tells.
let ahead = 0, told = "";

function listen() {
  const now = document.body.dataset.now ?? "";
  if (now === told) return;
  told = now;
  ahead = Date.parse(now) - Date.now();
}

function left(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60);
  if (seconds <= 0) return "any moment now";
  if (days >= 2) return `${days} days and ${hours % 24} h`;
  if (hours) return `${hours} h and ${minutes % 60} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function tick() {
  for (const place of all("[data-until]:not([data-live] *)")) {
    const milliseconds = Date.parse(place.dataset.until) - Date.now() - ahead;
    const text = milliseconds <= 0 && place.dataset.over ? place.dataset.over : left(milliseconds);
    if (place.textContent !== text) place.textContent = text;
  }
}

// A button or form with `data-ask` asks in its own words first.
addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
}, { capture: true });

// `data-all="name"` ticks every box of that name.
addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (!name) return;
  for (const box of all(`input[type=checkbox][name="${CSS.escape(name)}"]:not(:disabled)`)) {
    if (box.checked === event.target.checked) continue;
    box.checked = event.target.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// `data-copy="id"` puts what an element says on the clipboard.
addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
  await navigator.clipboard.writeText(text.trim());
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1500);
});

async function draw(from) {
  const figures = all("[data-chart]:not([data-drawn])", from);
  if (!figures.length) return;
  const address = document.querySelector('meta[name="chart-script"]')?.content;
  if (!address) return;
  const { chart } = await import(address);
  for (const figure of figures) {
    if (figure.dataset.drawn === undefined) chart(figure);
  }
}

function dress(from) {
  listen();
  localise(from);
  draw(from);
  tick();
}

// Where the ways do not fit side by side, the one on which the reader is is in sight.
for (const here of all(".sub [aria-current], .top nav [aria-current]")) {
  const ways = here.parentElement;
  ways.scrollLeft = here.offsetLeft - ways.offsetLeft - (ways.clientWidth - here.offsetWidth) / 2;
}

dress(document);
setInterval(tick, 1000);
document.addEventListener("htmx:after:settle", () => dress(document));
document.addEventListener("page:changed", () => dress(document));
