// Resumable uploads (tus 1.0) over a plain multipart form: <form data-upload>, see docs/design-system.md.
// Each file has a row with its progress, its state and, when the server has looked at it, its reason. A dropped
// connection is waited out and the upload goes on where it stopped, also after the page was closed.

import { Upload } from "tus-js-client";

import { csrfToken } from "./csrf.js";

const CHUNK_BYTES = 2 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000];
const RECONNECT_MS = 30000;
const AT_ONCE = 3;
const EXTENSIONS = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", heic: "image/heic", heif: "image/heif" };

/** The type of a file; browsers leave it empty for HEIC, so the ending stands in (the server sniffs the bytes anyway). */
function typeOf(file) {
  return file.type || EXTENSIONS[file.name.split(".").pop().toLowerCase()] || "";
}

class Row {
  constructor(panel, file) {
    this.panel = panel;
    this.element = panel.template.content.firstElementChild.cloneNode(true);
    this.progress = this.element.querySelector("progress");
    this.text = this.element.querySelector("[data-upload-state]");
    this.retry = this.element.querySelector("[data-upload-retry]");
    this.cancel = this.element.querySelector("[data-upload-cancel]");
    this.element.querySelector("[data-upload-name]").textContent = file.name;
    this.progress.setAttribute("aria-label", file.name);
    this.showThumbnail(file);
    panel.list.append(this.element);
  }

  showThumbnail(file) {
    if (!["image/jpeg", "image/png", "image/webp"].includes(typeOf(file))) return;
    const image = this.element.querySelector("img");
    image.src = URL.createObjectURL(file);
    image.hidden = false;
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  }

  show(state, message) {
    this.element.dataset.state = state;
    this.text.textContent = message;
    const over = ["accepted", "limited", "rejected", "failed"].includes(state);
    this.progress.hidden = over;
    this.cancel.hidden = over;
    this.retry.hidden = state !== "failed";
    this.panel.summarise();
  }
}

class Panel {
  constructor(form) {
    this.form = form;
    this.list = form.querySelector("[data-upload-list]");
    this.summary = form.querySelector("[data-upload-summary]");
    this.template = form.querySelector("template[data-upload-row]");
    this.input = form.querySelector("input[type=file]");
    this.waiting = [];
    this.running = 0;
    this.rows = [];
    form.querySelector("[data-upload-submit]").hidden = true;
    form.addEventListener("submit", (event) => event.preventDefault());
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
    form.addEventListener("trichora:add-files", (event) => this.add(event.detail.files));
    this.acceptDrops(form.querySelector("[data-upload-drop]"));
  }

  say(key, values = {}) {
    const text = this.form.dataset[`text${key}`] ?? "";
    return Object.entries(values).reduce((result, [name, value]) => result.replace(`{${name}}`, value), text);
  }

  acceptDrops(zone) {
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.add("is-over");
      });
    }
    zone.addEventListener("dragleave", (event) => {
      if (!zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
    });
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      this.add(event.dataTransfer.files);
    });
  }

  /** Why this file cannot be sent at all, or an empty string. */
  objection(file) {
    const limit = Number(this.form.dataset.maxBytes);
    if (file.size === 0) return this.say("Empty");
    if (limit && file.size > limit) return this.say("TooLarge", { limit: Math.floor(limit / 1048576) });
    if (!this.form.dataset.accept.split(",").includes(typeOf(file))) return this.say("WrongType");
    return "";
  }

  add(files) {
    for (const file of files) {
      const row = new Row(this, file);
      this.rows.push(row);
      const objection = this.objection(file);
      if (objection) row.show("rejected", objection);
      else this.queue(file, row);
    }
  }

  queue(file, row) {
    row.show("waiting", this.say("Waiting"));
    row.cancel.onclick = () => {
      this.waiting = this.waiting.filter((entry) => entry.row !== row);
      this.drop(row);
    };
    this.waiting.push({ file, row });
    this.next();
  }

  /** No answer at all for over a minute: the connection is gone, so wait for it instead of asking the person to. */
  queueWhenBack(file, row) {
    row.show("waiting", this.say("Resuming"));
    const again = () => {
      clearTimeout(timer);
      window.removeEventListener("online", again);
      if (row.element.isConnected) this.queue(file, row);
    };
    const timer = setTimeout(again, RECONNECT_MS);
    window.addEventListener("online", again);
  }

  drop(row) {
    this.rows = this.rows.filter((other) => other !== row);
    row.element.remove();
    this.summarise();
    this.input.focus();
  }

  next() {
    while (this.running < AT_ONCE && this.waiting.length) {
      const { file, row } = this.waiting.shift();
      this.running += 1;
      this.start(file, row).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  start(file, row) {
    const { endpoint, session, view } = this.form.dataset;
    return new Promise((resolve) => {
      const upload = new Upload(file, {
        endpoint,
        chunkSize: CHUNK_BYTES,
        retryDelays: RETRY_DELAYS_MS,
        removeFingerprintOnSuccess: true,
        metadata: { session, view, filename: file.name, filetype: typeOf(file) },
        fingerprint: async () => ["trichora", endpoint, session, view, file.name, file.size, file.lastModified].join("|"),
        onBeforeRequest: (request) => {
          request.getUnderlyingObject().withCredentials = true;
          request.setHeader("X-CSRFToken", csrfToken(this.form));
        },
        onProgress: (sent, all) => {
          row.progress.value = (100 * sent) / all;
          row.show("uploading", `${this.say("Uploading")} ${Math.floor((100 * sent) / all)} %`);
        },
        onShouldRetry: (error) => {
          const status = error.originalResponse?.getStatus() ?? 0;
          const again = status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
          if (again) row.show("waiting", this.say("Resuming"));
          return again;
        },
        onError: async (error) => {
          if (error.originalResponse) {
            this.fail(file, row, reasonIn(error.originalResponse) || this.say("Failed"));
          } else {
            this.queueWhenBack(file, row);
          }
          resolve();
        },
        onSuccess: async () => {
          await this.settle(upload.url, file, row);
          resolve();
        },
      });
      row.cancel.onclick = () => {
        upload.abort(true).catch(() => {});
        this.drop(row);
        resolve();
      };
      upload.findPreviousUploads().then((previous) => {
        if (previous.length) upload.resumeFromPreviousUpload(previous[0]);
        upload.start();
      });
    });
  }

  /** Asks what the server made of the photograph and shows its answer. */
  async settle(url, file, row) {
    row.progress.removeAttribute("value");
    row.show("checking", this.say("Checking"));
    try {
      const response = await fetch(`${url.replace(/\/?$/, "/")}result/`, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      if (!response.ok) throw new Error(`result answered ${response.status}`);
      const result = await response.json();
      const state = { accepted: "accepted", not_good_enough: "limited" }[result.state] ?? "rejected";
      row.element.toggleAttribute("data-hinted", Boolean(result.hinted));
      row.show(state, result.message || this.say(state === "rejected" ? "Rejected" : "Accepted"));
      if (result.html) this.place(result.html);
      this.form.dispatchEvent(new CustomEvent("trichora:uploaded", { bubbles: true, detail: result }));
    } catch {
      this.fail(file, row, this.say("Failed"));
    }
  }

  fail(file, row, message) {
    row.show("failed", message);
    row.retry.onclick = () => this.queue(file, row);
    this.form.dispatchEvent(new CustomEvent("trichora:upload-failed", { bubbles: true, detail: { message } }));
  }

  /** Puts the server's fragment where it belongs: out-of-band elements by id, the rest into the named target. */
  place(html) {
    const target = document.querySelector(this.form.dataset.target || "[data-upload-kept]");
    window.htmx?.swap(target ?? this.list, html, { swapStyle: target ? "beforeend" : "none" });
  }

  summarise() {
    const done = this.rows.filter((row) => ["accepted", "limited"].includes(row.element.dataset.state)).length;
    const text = this.rows.length ? this.say("Summary", { done, all: this.rows.length }) : "";
    if (this.summary.textContent !== text) this.summary.textContent = text;
  }
}

/** A sentence from an error response: {"message": "…"} as JSON, or short plain text. */
function reasonIn(response) {
  const body = response.getBody() ?? "";
  try {
    return JSON.parse(body).message ?? "";
  } catch {
    return body.length < 200 && !body.includes("<") ? body.trim() : "";
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) new Panel(form);

// Leaving while something is still on its way asks first; what was sent is kept and goes on next time.
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector('.upload[data-state="uploading"]')) event.preventDefault();
});
