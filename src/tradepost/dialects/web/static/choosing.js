// Choosing what to sell, quicker: what is chosen is summed up as one chooses, and what is wrong with a price is said while
// it is typed. Without this all of it works by forms.

const root = document.documentElement;
const lang = root.lang;
root.classList.add("js");

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const one = (selector, from = document) => from.querySelector(selector);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Money, in whole cents, by the market's own rounding ------------------------------------------------------------

function usd(cents) {
  const digits = String(Math.abs(cents)).padStart(3, "0");
  const dollars = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${cents < 0 ? "−" : ""}$${dollars}.${digits.slice(-2)}`;
}

// The cents that a typed text means, also with a comma before them; null for no price.
function read(text) {
  const typed = text.trim().replace(/^\$/, "").trim().replace(/^(\d+),(\d{1,2})$/, "$1.$2");
  const bare = /^[1-9]\d{0,2}(,\d{3})+\.\d{2}$/.test(typed) ? typed.replaceAll(",", "") : typed;
  const parts = /^(0|[1-9]\d{0,6})(?:\.(\d{1,2}))?$/.exec(bare);
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0")) : null;
}

// A number beyond all prices.
const isHuge = (text) => /^\$? *[1-9]\d{7,}([.,]\d{1,2})?$/.test(text.trim());

// The fee is a share in 1/10000, rounded up to a cent.
function net(cents, feeBps) {
  const share = cents * feeBps;
  const rest = share % 10000;
  return cents - (share - rest) / 10000 - (rest ? 1 : 0);
}

const plural = new Intl.PluralRules(lang);
const counted = (forms, n) => fill(forms[plural.select(n)] ?? forms.other, { n });

// What was chosen is kept while the page is looked at, so that it outlives a look at another game -----------------

function keeping(key) {
  return {
    load() {
      try {
        const kept = JSON.parse(sessionStorage.getItem(key));
        return Array.isArray(kept) ? kept : null;
      } catch {
        return null;
      }
    },
    save(value) {
      try {
        sessionStorage.setItem(key, JSON.stringify(value));
      } catch {
        // A browser that keeps nothing: the page works all the same.
      }
    },
    clear() {
      try {
        sessionStorage.removeItem(key);
      } catch {
        // Nothing was kept.
      }
    },
  };
}

// The selection --------------------------------------------------------------------------------------------------

const FACTS = ["game", "id", "name", "exterior", "icon", "suggested", "undercut", "least", "max"];
const factsOf = (element) => Object.fromEntries(FACTS.map((name) => [name, element.dataset[name] ?? ""]));
const plain = (cents) => usd(Number(cents)).slice(1);

function selection(panel, kept) {
  const texts = panel.dataset;
  const feeBps = Number(texts.fee), amount = Number(texts.amount), before = Number(texts.before);
  const most = Number(texts.most);
  const sellForms = JSON.parse(texts.sell), mendForms = JSON.parse(texts.mend), countForms = JSON.parse(texts.count);
  const list = one(".picks", panel), filled = one(".filled", panel), nothing = one(".nothing", panel);
  const sell = one("[data-do=sell]", panel), bottom = one(".bottom"), shelf = one("#shelf");
  const rows = () => all(".pick", list);
  const input = (row) => one("[data-field=price]", row);
  const boxOf = (row) => all(".piece", shelf ?? panel).find((piece) => piece.dataset.game === row.dataset.game && piece.dataset.id === row.dataset.id);

  function add(facts, typed) {
    const row = one("#pattern").content.firstElementChild.cloneNode(true);
    Object.assign(row.dataset, facts);
    const shot = one(".shot", row);
    if (facts.icon) shot.src = facts.icon;
    else shot.removeAttribute("src");
    one("strong", row).textContent = facts.name;
    one("[data-exterior-text]", row).textContent = facts.exterior;
    one(".remove", row).setAttribute("aria-label", fill(texts.remove, facts));
    for (const use of ["suggested", "undercut"]) {
      const button = one(`[data-use=${use}]`, row);
      button.textContent = fill(texts[use], { price: usd(Number(facts[use])) });
      // Nobody else sells it here; or not below the suggested price, so that a cent below them would be no other.
      button.hidden = !facts[use] || (use === "undercut" && facts.undercut === facts.suggested);
    }
    input(row).setAttribute("aria-label", fill(texts.priceOf, facts));
    input(row).value = typed ?? plain(facts.suggested);
    list.append(row);
  }

  function remove(row) {
    const box = boxOf(row);
    if (box) one("input", box).checked = false;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next ? one(".remove", next) : box ? one("input", box) : panel).focus?.();
    update();
  }

  function fault(row) {
    const cents = read(input(row).value);
    const least = { price: usd(Number(row.dataset.least)) }, max = { price: usd(Number(row.dataset.max)) };
    if (isHuge(input(row).value)) return fill(texts.over, max);
    if (cents === null) return texts.wrong;
    if (cents < Number(row.dataset.least)) return fill(net(cents, feeBps) < 1 ? texts.nothing : texts.under, least);
    return cents > Number(row.dataset.max) ? fill(texts.over, max) : "";
  }

  function update() {
    let price = 0, left = 0, faults = 0; // sums are of what can be put on sale as it stands
    const games = new Set();
    rows().forEach((row, number) => {
      const field = input(row), cents = read(field.value), wrong = fault(row), says = one(".fault", row);
      for (const part of all("[data-field]", row)) part.name = `skins[${number}][${part.dataset.field}]`;
      one("[data-field=id]", row).value = row.dataset.id;
      one("[data-field=game]", row).value = row.dataset.game;
      says.id = `fault-${number}`;
      says.textContent = wrong;
      says.hidden = !wrong;
      row.classList.toggle("wrong", Boolean(wrong));
      field.toggleAttribute("aria-invalid", Boolean(wrong));
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", says.id);
      } else {
        field.removeAttribute("aria-describedby");
      }
      one(".net", row).textContent = wrong ? "" : fill(texts.brings, { amount: usd(net(cents, feeBps)) });
      faults += wrong ? 1 : 0;
      for (const use of all("[data-use]", row)) {
        use.setAttribute("aria-pressed", String(cents === Number(row.dataset[use.dataset.use])));
      }
      price += wrong ? 0 : cents;
      left += wrong ? 0 : net(cents, feeBps);
      games.add(row.dataset.game);
    });
    const count = rows().length, tooMany = one("[data-many-fault]", panel);
    filled.hidden = !count;
    nothing.hidden = Boolean(count);
    const totals = { price: usd(price), fee: usd(left - price), net: usd(left) };
    totals.amount = fill(texts.sum, { sum: usd(before + left), amount: usd(amount) });
    for (const place of all("[data-total]", panel)) {
      const text = totals[place.dataset.total];
      if (place.textContent !== text) place.textContent = text;
    }
    const progress = one("progress", panel);
    if (progress) progress.value = Math.min(before + left, amount);
    for (const line of all("[data-when]", panel)) line.hidden = !games.has(line.dataset.when);
    tooMany.hidden = count <= most;
    tooMany.textContent = texts.many;
    sell.textContent = faults ? counted(mendForms, faults) : counted(sellForms, count);
    sell.classList.toggle("second", faults > 0);
    sell.disabled = count > most;
    if (bottom) {
      bottom.hidden = !count;
      one("[data-bottom=net]", bottom).textContent = totals.net;
      one("[data-bottom=count]", bottom).textContent = counted(countForms, count - faults);
    }
    kept.save(rows().map((row) => ({ ...factsOf(row), typed: input(row).value })));
  }

  function setAll(use) {
    const percent = Number(/^\s*([1-9][0-9]{0,3})\s*%?\s*$/.exec(one("#percent", panel)?.value ?? "")?.[1] ?? 100);
    for (const row of rows()) {
      const { suggested, least, max } = row.dataset;
      const part = Math.min(Math.max(Math.floor((Number(suggested) * percent + 50) / 100), Number(least)), Number(max));
      input(row).value = plain(use === "percent" ? part : row.dataset[use] || suggested);
    }
    update();
  }

  list.addEventListener("input", update);
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button"), row = event.target.closest(".pick");
    if (!button || !row) return;
    if (button.classList.contains("remove")) return remove(row);
    input(row).value = plain(row.dataset[button.dataset.use]);
    update();
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.dataset.field !== "price") return;
    event.preventDefault(); // a price is not the moment at which something is put on sale
    const fields = rows().map(input);
    (fields[fields.indexOf(event.target) + 1] ?? sell).focus();
  });
  for (const button of all("[data-all]", panel)) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      setAll(button.dataset.all);
    });
  }
  one("#percent", panel)?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    setAll("percent");
  });
  panel.addEventListener("submit", (event) => {
    const wrong = rows().find((row) => fault(row));
    if (wrong) {
      event.preventDefault();
      input(wrong).scrollIntoView({ block: "center" });
      input(wrong).focus({ preventScroll: true });
      input(wrong).select();
    } else {
      sell.disabled = true; // pressed twice, it is still meant once
      const deed = document.createElement("input");
      Object.assign(deed, { type: "hidden", name: "do", value: "sell" });
      panel.append(deed);
    }
  });

  if (shelf) {
    shelf.addEventListener("change", (event) => {
      const piece = event.target.closest(".piece");
      if (!piece) return;
      const row = rows().find((each) => boxOf(each) === piece);
      if (event.target.checked && !row) add(factsOf(piece));
      else if (!event.target.checked && row) row.remove();
      update();
    });
    shelf.addEventListener("submit", (event) => event.preventDefault());
    // All that the search shows; pressed again, none of it.
    one("[data-choose]", shelf)?.addEventListener("click", () => {
      const shown = all(".piece", shelf).filter((piece) => !piece.hidden);
      const fresh = shown.filter((piece) => !one("input", piece).checked);
      for (const piece of fresh) {
        one("input", piece).checked = true;
        add(factsOf(piece));
      }
      if (!fresh.length) {
        for (const piece of shown) {
          one("input", piece).checked = false;
          rows().find((row) => boxOf(row) === piece)?.remove();
        }
      }
      update();
    });
    const before = kept.load();
    if (before) {
      // What was kept goes before what the market proposes; what is not there any more goes without a word.
      const here = one("[name=game]", shelf).value;
      const pieces = new Map(all(".piece", shelf).map((piece) => [piece.dataset.id, piece]));
      for (const piece of pieces.values()) one("input", piece).checked = false;
      one("[data-preselected]")?.remove();
      for (const facts of before) {
        if (typeof facts?.id !== "string" || typeof facts.typed !== "string") continue;
        const piece = pieces.get(facts.id);
        if (facts.game === here && !piece) continue;
        if (piece) one("input", piece).checked = true;
        add(piece ? factsOf(piece) : facts, facts.typed);
      }
    } else {
      for (const box of all(".piece input:checked", shelf)) add(factsOf(box.closest(".piece")));
    }
    search(shelf);
  }
  if (bottom && "IntersectionObserver" in window) {
    new IntersectionObserver(([seen]) => bottom.classList.toggle("away", seen.isIntersecting)).observe(panel);
  }
  update();
}

// Searching in the inventory -------------------------------------------------------------------------------------

function search(shelf) {
  const field = one("#filter", shelf);
  if (!field) return;
  const pieces = all(".piece", shelf).map((piece) => [piece, `${piece.dataset.name} ${piece.dataset.exterior}`.toLocaleLowerCase()]);
  const look = () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let seen = 0;
    for (const [piece, name] of pieces) {
      piece.hidden = !words.every((word) => name.includes(word));
      seen += piece.hidden ? 0 : 1;
    }
    one("[data-none]", shelf).hidden = seen > 0;
  };
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  look();
}

// On this page ---------------------------------------------------------------------------------------------------

const panel = one("#panel"), token = one("[data-token]")?.dataset.token;
const kept = keeping(token ? `pay:${token}` : "sell");
if (one("[data-sold]")) kept.clear();
if (panel) selection(panel, kept);
// What is wrong is said beside its field, where one goes on; else on top of the page.
const mend = one(".pick [aria-invalid=true]");
if (one("[data-problem]")) {
  mend?.scrollIntoView({ block: "center" });
  (mend ?? one("[data-problem]")).focus({ preventScroll: Boolean(mend) });
}
