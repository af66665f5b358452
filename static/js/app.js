// Loaded on every page.

import htmx from "htmx.org";

import "./confirm.js";
import "./drafts.js";
import "./early.js";
import "./flush.js";
import "./keyboard.js";
import "./menu.js";
import "./messages.js";
import "./morph.js";
import "./rows.js";
import "./security_key.js";
import "./submit.js";
import { csrfToken } from "./csrf.js";

window.htmx = htmx;

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});
