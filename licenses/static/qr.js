// What follows "#" never leaves the browser by itself: this script puts it into the form, whose button sends it.
"use strict";

const field = document.querySelector("[data-code-form] textarea[name=code]");
if (field && /^#2[A-Z2-7]{32,900}$/.test(window.location.hash)) {
  field.value = window.location.href;
}
