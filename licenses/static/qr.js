// Shows which licence the QR code names. What follows "#" never leaves the browser, so only this script can show it.
"use strict";

const said = /^#1\.([0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]{9,32}\.[0-9A-Z]{3}\.[0-9A-Z])\.[A-Z2-7]{16}$/.exec(window.location.hash);
if (said) {
  document.querySelector("[data-identifier]").textContent = `1.2.156.3005.2.${said[1]}`;
  document.querySelector("[data-identifier-line]").hidden = false;
  document.querySelector("[data-no-identifier]").hidden = true;
}
