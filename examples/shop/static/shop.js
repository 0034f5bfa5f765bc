// The page follows what happens: it asks for its panel again and again, and changes what has changed.
const panel = document.getElementById('panel');
let shown = '';

async function follow() {
  try {
    const answer = await fetch('/panel?player=' + panel.dataset.account, {cache: 'no-store'});
    const html = answer.ok ? await answer.text() : shown;
    if (html !== shown) show(html);
    shown = html;
  } catch { /* the shop is being started again: the next look finds it */ }
  setTimeout(follow, document.hidden ? 5000 : 1000);
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html');
  const money = panel.querySelector('.money'), now = fresh.querySelector('.money');
  if (money.textContent !== now.textContent) {
    money.innerHTML = now.innerHTML; // its element stays, so that a screen reader tells of it
    money.classList.remove('up');
    void money.offsetWidth; // begins the movement anew
    money.classList.add('up');
  }
  const orders = panel.querySelector('.orders'), focused = document.activeElement.getAttribute('href');
  if (orders.innerHTML === fresh.querySelector('.orders').innerHTML) return;
  orders.innerHTML = fresh.querySelector('.orders').innerHTML;
  for (const link of orders.querySelectorAll('a')) if (focused && link.getAttribute('href') === focused) link.focus();
}

if (panel) setTimeout(follow, 1000);
