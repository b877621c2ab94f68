// Lets a new password be looked at while it is typed (SP 800-63B-4 3.1.1.2). Without this script it stays dots.
"use strict";

for (const box of document.querySelectorAll("[data-show-password]")) {
  box.hidden = false;
  const input = box.closest("form").querySelector("input[autocomplete=new-password]");
  box.querySelector("input").addEventListener("change", (event) => {
    input.type = event.target.checked ? "text" : "password";
  });
}
