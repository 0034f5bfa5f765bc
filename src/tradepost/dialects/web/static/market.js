// The market as it is now: an offer that is gone says so where it stands, one that costs something else too, and new
// ones wait behind a button, so that nothing moves under the mouse. Without this the page is what it was when it came.

const one = (selector, from = document) => from.querySelector(selector);
const wide = matchMedia("(min-width: 56.01rem)");
const SETTLE = 800; // what is typed changes the list several times a second

let source = null;
let open = "";
let waiting = 0;

function mark(tile, text) {
  if (one(".over", tile)) return;
  tile.classList.add("gone");
  const over = document.createElement("p");
  over.className = "over";
  over.textContent = text;
  tile.append(over);
}

function reprice(tile, price) {
  const place = one("[data-price]", tile);
  if (!place || place.textContent === price) return;
  let before = one(".moved", tile);
  if (!before) {
    before = document.createElement("s");
    before.className = "moved number";
    place.after(" ", before);
  }
  before.textContent = place.textContent;
  place.textContent = price;
}

function show(told) {
  const list = one("#list");
  for (const id of told.gone ?? []) {
    const tile = one(`[data-offer="${id}"]`, list);
    if (tile) mark(tile, "Gone");
  }
  for (const [id, price] of Object.entries(told.prices ?? {})) {
    const tile = one(`[data-offer="${id}"]`, list);
    if (tile) reprice(tile, price);
  }
  const news = one(".news", list);
  if (told.new !== undefined && news) {
    const many = told.new >= 99 ? "Many new offers" : `${told.new} new ${told.new === 1 ? "offer" : "offers"}`;
    one("a", news).textContent = `${many}: show`;
    news.hidden = !told.new;
  }
}

function follow() {
  const address = one("#list")?.dataset.live ?? "";
  if (address === open) return;
  source?.close();
  source = null;
  open = address;
  clearTimeout(waiting);
  if (!address) return;
  waiting = setTimeout(() => {
    source = new EventSource(address);
    source.addEventListener("market", (event) => show(JSON.parse(event.data)));
    source.addEventListener("end", () => source.close());
  }, SETTLE);
}

// Filters stand beside the offers where there is room, and behind a button where there is none.
const filters = one(".filters");
function fold() {
  if (filters) filters.open = wide.matches;
}
fold();
wide.addEventListener("change", fold);

follow();
document.addEventListener("htmx:after:settle", follow);
// Back to a view whose filters were other ones: the whole page, with its form as it was.
document.addEventListener("htmx:before:history:restore", (event) => {
  event.preventDefault();
  location.reload();
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
addEventListener("pagehide", () => source?.close());
