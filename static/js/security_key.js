// An act that is confirmed with a security key instead of a typed code (WebAuthn).
//   data-security-key="URL"   a button inside the form of the act: the URL gives a fresh challenge, the key's answer goes
//                             into the form's field "key", and the form is sent. It stays hidden where keys do not work.
//   data-waiting, data-silent, data-failed   what is said meanwhile, when no key answered, when the portal did not
//   data-security-key-status  where it is said, inside the same form
// The page loads allauth's webauthn-json.js, which speaks to the browser.

import { send } from "./csrf.js";

const SILENT = new Set(["NotAllowedError", "AbortError", "InvalidStateError"]); // nobody touched it, or not one of theirs

async function confirm(button, submitter) {
  const { form, dataset } = button;
  const status = form.querySelector("[data-security-key-status]");
  const say = (text) => {
    status.textContent = text;
  };
  button.disabled = true;
  say(dataset.waiting);
  try {
    const response = await send(dataset.securityKey);
    const challenge = await response.json();
    if (!response.ok) throw new Error(challenge.error?.message);
    form.elements.namedItem("key").value = JSON.stringify(await window.webauthnJSON.get(challenge));
    say("");
    form.requestSubmit(submitter);
  } catch (error) {
    say(SILENT.has(error.name) ? dataset.silent : dataset.failed);
    button.disabled = false;
    button.focus();
  }
}

for (const button of document.querySelectorAll("[data-security-key]")) {
  if (!window.PublicKeyCredential || !window.webauthnJSON) continue;
  button.closest("[data-security-key-part]").hidden = false;
  button.addEventListener("click", () => confirm(button, button.form.querySelector("button[type=submit]")));
}
