// What the pages can do beyond being read: search the calls, remember the language, copy, and try a call.
// The token that is typed in stays in its field: it is stored nowhere and sent to this origin alone.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

// Search ------------------------------------------------------------------------------------------

const search = one("#search-calls");
const entries = all(".side li[data-words]").map((item) => ({
  item,
  words: item.dataset.words.toLowerCase(),
  call: document.getElementById(one("a", item).hash.slice(1)),
}));

function filter() {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { item, words, call } of entries) {
    const fits = wanted.every((word) => words.includes(word));
    item.hidden = !fits;
    call.classList.toggle("away", !fits);
    found += fits;
  }
  for (const group of all(".side .group")) group.hidden = !one("li:not([hidden])", group);
  for (const tag of all("main > .tag")) tag.hidden = !one(".call:not(.away)", tag);
  one("#no-call").hidden = found > 0;
}

if (search) {
  one(".search").hidden = false;
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      filter();
      search.blur();
    } else if (event.key === "Enter") {
      const first = entries.find(({ item }) => !item.hidden);
      if (first) location.hash = first.call.id;
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      one(".calls").open = true;
      search.focus();
    }
  });
  if (matchMedia("(max-width: 860px)").matches) one(".calls").open = false;
}

// Where one is ------------------------------------------------------------------------------------

const links = new Map(all(".side li a").map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.id)?.setAttribute("aria-current", "true");
    }
  },
  { rootMargin: "-15% 0px -75% 0px" },
);
for (const call of all(".call")) seen.observe(call);

// One language for all examples -------------------------------------------------------------------

for (const choice of all(".tabs input")) {
  choice.addEventListener("change", () => {
    const before = choice.getBoundingClientRect().top;
    for (const other of all(`.tabs input[value="${choice.value}"]`)) other.checked = true;
    scrollBy({ top: choice.getBoundingClientRect().top - before, behavior: "instant" });
  });
}

// Copy --------------------------------------------------------------------------------------------

if (navigator.clipboard) {
  for (const tabs of all(".tabs")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const shown = all(".code", tabs).find((code) => code.offsetParent);
      await navigator.clipboard.writeText(shown.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    tabs.append(button);
  }
}

// Try ---------------------------------------------------------------------------------------------

const token = one("#api-token");

function request(form) {
  const { method } = form.dataset;
  const query = new URLSearchParams();
  const headers = new Headers();
  let { path } = form.dataset;
  let body;
  for (const field of form.elements) {
    if (!field.name || field.value.trim() === "") continue;
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value.trim()));
    else if (field.dataset.in === "query") query.append(field.name, field.value);
    else if (field.dataset.in === "header") headers.set(field.name, field.value);
    else body = field.value;
  }
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (token.value) {
    const [name, value] = token.dataset.header.split(": ");
    headers.set(name, value.replace("$TOKEN", token.value.trim()));
  }
  const url = query.size ? `${path}?${query}` : path;
  return [url, { method, headers, body, credentials: "omit", cache: "no-store", redirect: "error" }];
}

async function send(form) {
  const [caption, shown] = [one(".caption", form), one("pre", form)];
  const button = one("button", form);
  button.disabled = true;
  const start = performance.now();
  try {
    const answer = await fetch(...request(form));
    const text = await answer.text();
    const status = document.createElement("span");
    status.className = answer.ok ? "ok" : "bad";
    status.textContent = `${answer.status} ${answer.statusText}`.trim();
    const left = answer.headers.get("X-RateLimit-Remaining");
    const about = ` in ${Math.round(performance.now() - start)} ms${left === null ? "" : `, ${left} calls left`}`;
    caption.replaceChildren("Answer ", status, about);
    one("code", shown).textContent = pretty(text);
  } catch (error) {
    caption.replaceChildren("No answer came.");
    one("code", shown).textContent = String(error);
  } finally {
    button.disabled = false;
    caption.hidden = shown.hidden = false;
  }
}

// Shown as it came but for the white space: numbers keep the digits that were sent.
function pretty(text) {
  let depth = 0;
  const step = () => "\n" + "  ".repeat(depth);
  return text.replace(/"(?:[^"\\]|\\.)*"|\[\]|\{\}|[[{}\],:]/g, (part) => {
    if (part === "{" || part === "[") return ((depth += 1), part + step());
    if (part === "}" || part === "]") return ((depth -= 1), step() + part);
    if (part === ",") return "," + step();
    return part === ":" ? ": " : part;
  });
}

if (token) {
  one("#token-form").hidden = false;
  one("#token-form").addEventListener("submit", (event) => event.preventDefault());
  for (const details of all(".try")) {
    details.hidden = false;
    const form = one("form", details);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.reportValidity()) send(form);
    });
  }
}
