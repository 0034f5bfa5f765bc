// A page whose parts follow what they show: the server sends each part that changed, and it takes the place of the old one.
// Without this the page is what it was when it came, and a link or the browser's own button shows it anew.

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const one = (selector, from = document) => from.querySelector(selector);

const TOLD_MILLISECONDS = 5000;

let source = null;
let open = "";

function say(how) {
  const status = one(".following");
  if (!status) return;
  status.classList.toggle("on", how === "on");
  one("span", status).textContent = status.dataset[how] ?? "";
}

// What somebody writes or has opened in a part is his: the part stays as it is until he has left it.
function isBusy(part) {
  return part.contains(document.activeElement) && document.activeElement.matches("textarea, input, select")
    || Boolean(one("details[open]", part));
}

const served = new Map();

function put(name, html) {
  if (served.get(name) === html) return false;
  const part = one(`[data-part="${name}"]`);
  if (!part || isBusy(part)) return false;
  const isFirst = !served.has(name), before = part.textContent;
  served.set(name, html);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const link = focused?.getAttribute("href") ?? focused?.getAttribute("action");
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const text = fresh.content.textContent;
  part.replaceChildren(fresh.content);
  if (link) all("a[href]", part).find((each) => each.getAttribute("href") === link)?.focus();
  return !isFirst && squeezed(before) !== squeezed(text);
}

const squeezed = (text) => text.replace(/\s+/g, " ").trim();

// Said once to who does not see the page; afterwards it stands in its part alone.
function tell(text) {
  const place = one("[data-tell]");
  place.textContent = text;
  setTimeout(() => { if (place.textContent === text) place.textContent = ""; }, TOLD_MILLISECONDS);
}

function state(event) {
  const { now, ahead_seconds, ...parts } = JSON.parse(event.data);
  document.body.dataset.now = now;
  for (const [name, html] of Object.entries(parts)) {
    if (!put(name, html)) continue;
    const part = one(`[data-part="${name}"]`);
    one(".card", part)?.classList.add("seen");
    if ("say" in part.dataset) tell(squeezed(one(".said", part)?.textContent ?? ""));
  }
  document.dispatchEvent(new Event("page:changed"));
}

function follow() {
  const address = one("[data-follow]")?.dataset.follow ?? "";
  if (address === open) return;
  source?.close();
  served.clear();
  open = address;
  if (!address) return;
  source = new EventSource(address);
  source.addEventListener("open", () => say("on"));
  source.addEventListener("error", () => say("off"));
  source.addEventListener("state", state);
  source.addEventListener("end", () => {
    source.close();
    say("gone");
  });
}

follow();
document.addEventListener("htmx:after:settle", follow);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
