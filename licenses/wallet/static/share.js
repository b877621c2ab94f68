// Takes the token from behind "#" into the form and out of the address bar: it never stands in a request's address.
"use strict";

const token = window.location.hash.slice(1);
if (token) {
  const field = document.querySelector("#link");
  field.value = token;
  field.closest(".cx-field").hidden = true;
  window.history.replaceState(null, "", window.location.pathname);
}
