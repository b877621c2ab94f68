// Keeps the progress of a job on the page up to date, and loads the page anew once it is over. Without this script the page reloads by itself.
"use strict";

for (const frame of document.querySelectorAll("[data-progress]")) {
  const bar = frame.querySelector("progress");
  const figures = frame.querySelectorAll(".cx-figure-value");
  const number = new Intl.NumberFormat(document.documentElement.lang);

  const look = async () => {
    try {
      const answer = await fetch(frame.dataset.progress, { credentials: "same-origin" });
      const told = await answer.json();
      if (told.finished) {
        window.location.reload();
        return;
      }
      bar.value = told.done;
      const shown = [`${number.format(told.done)} / ${number.format(told.rows)}`, ...[told.issued, told.already, told.refused].map((one) => number.format(one))];
      figures.forEach((figure, place) => { figure.textContent = shown[place]; });
    } catch {
      // The server is away for a moment: asked again.
    }
    window.setTimeout(look, 2000);
  };

  window.setTimeout(look, 1000);
}
