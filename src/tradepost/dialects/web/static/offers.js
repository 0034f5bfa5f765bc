// The list of one's own offers: what a typed price brings is said while it is typed, and how many are ticked.

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const one = (selector, from = document) => from.querySelector(selector);
const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const usd = (cents) => money.format(cents / 100);

function read(text) {
  const found = /^\s*\$?\s*(0|[1-9][0-9]{0,6})(?:[.,]([0-9]{1,2}))?\s*$/.exec(text);
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}

// The fee is rounded up to a cent, in whole numbers.
function net(cents, feeBps) {
  return cents - Math.ceil((cents * feeBps) / 10000);
}

function judge(field) {
  const cents = read(field.value), least = Number(field.dataset.least ?? 0), max = Number(field.dataset.max ?? Infinity);
  if (cents === null) return "Enter a price such as 3.14.";
  if (cents < least) return `The price has to be at least ${usd(least)}.`;
  return cents > max ? `The price can be at most ${usd(max)}.` : "";
}

function look(field) {
  const row = field.closest("tr"), fault = one(".fault", row), wrong = judge(field);
  fault.textContent = wrong;
  fault.hidden = !wrong;
  row.classList.toggle("wrong", Boolean(wrong));
  if (wrong) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", fault.id);
  } else {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  one("output", row).textContent = wrong ? "–" : usd(net(read(field.value), Number(field.form.dataset.fee)));
}

function count() {
  const place = one("[data-count]"), many = all("input[name=ids]:checked").length;
  if (place) place.textContent = many ? `· ${many} chosen` : "";
}

document.addEventListener("input", (event) => {
  if (event.target.name?.endsWith("[price]")) look(event.target);
});
document.addEventListener("change", (event) => {
  if (event.target.name === "ids") count();
});
// Nothing is ticked: said at once, and nothing is asked or sent.
document.addEventListener("submit", (event) => {
  const deed = event.submitter?.value;
  if (event.target.id !== "offers" || !["undercut", "percent", "cancel"].includes(deed)) return;
  if (all("input[name=ids]:checked").length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  one("#said").innerHTML = '<p class="note wait">Choose at least one offer first.</p>';
}, { capture: true });
