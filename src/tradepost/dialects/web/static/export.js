// An export is taken by the browser as a file, which leaves the page as it is: the page then asks how far it is.
// htmx hears of it by an event of its own, as it would keep a form from being sent whose `submit` it waits for.

const AFTER = 700; // milliseconds: until it has begun, and most are done

addEventListener("submit", (event) => {
  if (!event.target.matches(".export")) return;
  setTimeout(() => document.getElementById("exports")?.dispatchEvent(new Event("begun")), AFTER);
});
