// Passkeys: lets the forms that ask for one be answered by the browser. Without this script they stay hidden and the password does.
// Where a passkey was used before, the browser also offers it in the field of the username.
"use strict";

const KNOWN = "passkey";

const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const listed = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: octets(one.id) }));

const answer = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
};

const send = (form, credential) => {
  localStorage.setItem(KNOWN, "1");
  form.elements.credential.value = answer(credential);
  form.submit();
};

const prepare = (form, ask) => {
  let waiting = new AbortController();
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    waiting.abort();
    waiting = new AbortController();
    form.querySelector("[data-passkey-failed]").hidden = true;
    try {
      send(form, await ask(waiting.signal));
    } catch {
      form.querySelector("[data-passkey-failed]").hidden = false; // refused, timed out, or no such passkey: browsers don't say which
    }
  });
  return waiting;
};

const login = (form) => {
  const options = JSON.parse(form.dataset.passkeyGet);
  const publicKey = { ...options, challenge: octets(options.challenge) };
  const waiting = prepare(form, (signal) => navigator.credentials.get({ publicKey, signal }));
  const username = document.querySelector('input[autocomplete="username"]');
  if (!username || !localStorage.getItem(KNOWN) || !PublicKeyCredential.isConditionalMediationAvailable) return;
  PublicKeyCredential.isConditionalMediationAvailable().then((available) => {
    if (!available) return;
    username.autocomplete = "username webauthn";
    const offered = { publicKey, mediation: "conditional", signal: waiting.signal };
    navigator.credentials.get(offered).then((credential) => send(form, credential), () => {});
  });
};

const enrol = (form) => {
  const options = JSON.parse(form.dataset.passkeyCreate);
  const publicKey = {
    ...options,
    challenge: octets(options.challenge),
    user: { ...options.user, id: octets(options.user.id) },
    excludeCredentials: listed(options.excludeCredentials),
  };
  prepare(form, (signal) => navigator.credentials.create({ publicKey, signal }));
};

if (window.PublicKeyCredential) {
  document.querySelectorAll("form[data-passkey-get]").forEach(login);
  document.querySelectorAll("form[data-passkey-create]").forEach(enrol);
  for (const note of document.querySelectorAll("[data-passkey-none]")) note.hidden = true;
}
