// The upload form says at once that a file is too large, and that it is working. Without this script the server says it.
"use strict";

for (const form of document.querySelectorAll("form[data-verify]")) {
  const input = form.querySelector("input[type=file]");
  const tooLarge = form.querySelector("[data-too-large]");
  const working = form.querySelector("[data-working]");
  const button = form.querySelector("button[type=submit]");
  const limit = Number(form.dataset.limit);

  const fits = () => {
    const large = input.files.length > 0 && input.files[0].size > limit;
    tooLarge.hidden = !large;
    return !large;
  };

  input.addEventListener("change", fits);
  form.addEventListener("submit", (event) => {
    if (!fits()) {
      event.preventDefault();
      return;
    }
    if (event.submitter !== null && event.submitter !== button) {
      return; // what comes is a download; this page stays
    }
    working.hidden = false;
    button.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    working.hidden = true;
    button.disabled = false;
  });
}

// A file dropped beside the frame must not replace the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
