// What a kiosk's pages do by themselves, for nobody closes them. One that shows a code goes on when the phone has decided. Any other asks
// whether somebody is still there, is left when nobody answers, and at once when the session is over elsewhere. The server ends that in any
// case (idp/device/hall.py); it is told of touches, and asked how things stand, which is none. Without JavaScript pages are left in the end.
"use strict";

const IDLE_SECONDS = 100;
const ASKED_SECONDS = 30; // WCAG 2.2.1 wants 20
const TOLD_SECONDS = 30; // often enough for the server, which counts minutes
const HEARD_SECONDS = 3;

const kiosk = document.getElementById("kiosk");
const waits = "waits" in kiosk.dataset;
const entered = "entered" in kiosk.dataset;
let touched = Date.now();
let told = touched;
let ends = Infinity; // by the server's count
let longest = Infinity; // however often it is touched
let gone = false;

async function ask(options) {
  const answer = await fetch(`${kiosk.dataset.page}/session`, options).catch(() => null);
  return answer !== null && answer.ok ? answer.json() : null; // no answer: the page counts on by itself
}

function go(address) {
  if (!gone) {
    gone = true; // a code is good once: nobody goes on by it twice
    location.replace(address);
  }
}

function hear(standing) {
  if (standing === null) {
    return;
  }
  if (waits ? !standing.waits : standing.seconds === 0) {
    go(waits ? location.href : kiosk.dataset.page);
  }
  ends = Date.now() + standing.seconds * 1000;
  longest = Date.now() + standing.longest * 1000;
}

async function stay() {
  touched = told = Date.now();
  if (entered) {
    hear(await ask({ method: "POST", body: new URLSearchParams(new FormData(kiosk.querySelector("form"))) }));
  }
}

function touch() {
  if (kiosk.open) {
    return; // asked, one answers
  }
  touched = Date.now();
  if (touched - told > TOLD_SECONDS * 1000) {
    stay();
  }
}

function count() {
  const now = Date.now();
  const left = Math.ceil((Math.min(touched + IDLE_SECONDS * 1000, ends) - now) / 1000);
  if (left <= 0) {
    go(kiosk.dataset.page);
  } else if (left <= ASKED_SECONDS) {
    say(left, longest - now <= ASKED_SECONDS * 1000);
  }
}

function say(left, last) {
  const [words, aloud] = kiosk.querySelectorAll("p");
  for (const one of kiosk.querySelectorAll("[data-last]")) {
    one.hidden = (one.dataset.last === "true") !== last;
  }
  for (const one of words.querySelectorAll("[data-left]")) {
    one.textContent = left;
  }
  if (!kiosk.open) {
    kiosk.showModal();
  } else if (left % 10 === 0) {
    aloud.textContent = words.innerText; // not every second
  }
}

if (waits || entered) {
  setInterval(() => ask().then(hear), HEARD_SECONDS * 1000);
}
if (!waits) {
  for (const kind of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(kind, touch, { capture: true, passive: true });
  }
  kiosk.addEventListener("close", stay);
  setInterval(count, 1000);
}
addEventListener("pageshow", (event) => event.persisted && location.reload()); // never as it was kept
