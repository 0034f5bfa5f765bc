// The sandbox's code samples with the reader's own token in them. It stays in this page: no form has it, nothing sends it.

const field = document.querySelector("[data-token]");
const codes = [...document.querySelectorAll("[data-code]")].map((place) => [place, place.textContent]);

field?.addEventListener("input", () => {
  const typed = field.value.trim().replace(/[^A-Za-z0-9_-]/g, "");
  for (const [place, text] of codes) place.textContent = text.replaceAll(field.dataset.token, typed || field.dataset.token);
});
