// The payment page, as it changes: what becomes of the skins that were put on sale, and how the program stands. Choosing
// them is in choosing.js. Without this the page shows it when it is loaded again.

const root = document.documentElement;
const lang = root.lang;

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const one = (selector, from = document) => from.querySelector(selector);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Times, where the reader is -------------------------------------------------------------------------------------

const moments = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
let ahead = 0; // the market's clock, before this one's

function localise(from) {
  for (const time of all("time[datetime]", from)) {
    time.title ||= time.textContent;
    time.textContent = moments.format(new Date(time.dateTime));
  }
}

function tick(texts) {
  for (const place of all("[data-until]")) {
    const minutes = Math.floor((Date.parse(place.dataset.until) - Date.now() - ahead) / 60000);
    const d = Math.floor(minutes / 1440), hours = Math.floor(minutes / 60);
    const text =
      minutes < 1 ? texts.none
      : d ? fill(texts.days, { d, h: hours % 24 })
      : hours ? fill(texts.hours, { h: hours, m: minutes % 60 })
      : fill(texts.minutes, { m: minutes });
    if (place.textContent !== text) place.textContent = text;
  }
}

// The live view --------------------------------------------------------------------------------------------------

const served = new WeakMap(); // what the server sent for a row, to tell what has changed

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function putProgram(html) {
  const place = one("[data-part=program]");
  const fresh = one("[data-part=program]", parse(html));
  if (!place || !fresh || served.get(place) === html) return;
  const had = place.contains(document.activeElement);
  if (had && place.dataset.online === fresh.dataset.online) return;
  served.set(fresh, html);
  place.replaceWith(fresh);
}

function putFates(html) {
  const place = one("[data-part=live]"), fresh = one("[data-part=live]", parse(html));
  if (!place || !fresh) return;
  localise(fresh);
  const list = one(".list", place), news = [];
  const old = new Map(all(".fate", list).map((row) => [row.dataset.key, row]));
  let next = list.firstElementChild; // the row that is to come after what is in its place already
  for (const row of all(".fate", fresh)) {
    const text = row.outerHTML, was = old.get(row.dataset.key);
    old.delete(row.dataset.key);
    const isSame = was && served.get(was) === text, focused = was?.contains(document.activeElement);
    if (!isSame) {
      served.set(row, text);
      if (was?.dataset.said !== row.dataset.said) {
        news.push(row.dataset.said);
        row.classList.add("new");
      }
      if (was && was === next) next = next.nextElementSibling;
      was?.remove();
    }
    const put = isSame ? was : row;
    if (put === next) next = next.nextElementSibling;
    else list.insertBefore(put, next);
    if (focused && !put.contains(document.activeElement)) {
      put.tabIndex = -1;
      (one("button", put) ?? put).focus();
    }
  }
  for (const row of old.values()) row.remove();
  one(".sums", place).replaceWith(one(".sums", fresh));
  const end = one(".end", place), freshEnd = one(".end", fresh);
  if (!freshEnd) end?.remove();
  else if (!end) place.append(freshEnd);
  const says = one("[data-tell]");
  if (news.length && says) says.textContent = news.join(". ");
}

function follow(place) {
  const status = one(".following");
  const texts = place.dataset.left ? JSON.parse(place.dataset.left) : null;
  const say = (how) => {
    if (!status) return;
    status.classList.toggle("on", how === "on");
    one("span", status).textContent = status.dataset[how];
  };
  if (place.dataset.now) ahead = Date.parse(place.dataset.now) - Date.now();
  if (texts) {
    tick(texts);
    setInterval(() => tick(texts), 5000);
  }
  const source = new EventSource(place.dataset.live);
  source.addEventListener("open", () => say("on"));
  source.addEventListener("error", () => say("off"));
  source.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    ahead = Date.parse(state.now) - Date.now();
    putFates(state.live);
    putProgram(state.program);
    if (texts) tick(texts);
  });
  source.addEventListener("end", () => {
    source.close();
    say("gone");
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

localise(document);
const place = one("[data-live]");
if (place) follow(place);
