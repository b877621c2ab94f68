// Lets a file be dropped anywhere on its frame and shows its name. Without this script the file input alone does the work.
"use strict";

for (const frame of document.querySelectorAll("[data-drop]")) {
  const input = frame.querySelector("input[type=file]");
  const text = frame.querySelector("[data-drop-text]");
  const asked = text.textContent;

  const show = () => {
    text.textContent = input.files.length > 0 ? [...input.files].map((file) => file.name).join("、") : asked;
  };

  frame.classList.add("cx-drop-on"); // the label tells the name: the input need not be seen for that
  input.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  for (const name of ["dragenter", "dragover"]) {
    frame.addEventListener(name, (event) => {
      event.preventDefault();
      frame.classList.add("cx-drop-over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    frame.addEventListener(name, () => frame.classList.remove("cx-drop-over"));
  }
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
