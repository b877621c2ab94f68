// Keeps what is under way up to date without a reload: the element with data-live is asked for anew every so many seconds, rendered by the
// server (templates/fragment.html), and filled with what comes, until it comes back without data-live. Without JavaScript the page reloads itself.
"use strict";

const LONGEST_SECONDS = 1800; // somebody who left must not be kept logged in by their page

async function follow(shown) {
  for (let waited = 0; shown.dataset.live && waited < LONGEST_SECONDS; waited += Number(shown.dataset.live)) {
    await new Promise((resolve) => setTimeout(resolve, Number(shown.dataset.live) * 1000));
    if (document.hidden) {
      continue;
    }
    const answer = await fetch(location.href, { headers: { "X-Fragment": shown.id }, redirect: "error" }).catch(() => null);
    if (answer === null || !answer.ok) {
      continue;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(shown.id);
    if (fresh === null) {
      return;
    }
    shown.replaceChildren(...fresh.childNodes); // the element stays: what is read aloud of it is what has changed
    shown.dataset.live = fresh.dataset.live ?? "";
  }
}

for (const element of document.querySelectorAll("[data-live]")) {
  follow(element);
}
