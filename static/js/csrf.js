// The token that Django expects with every request that changes something.

/** The token of this page: from the form at hand if given, else from the page's meta element. */
export function csrfToken(form) {
  const field = form?.querySelector?.("input[name=csrfmiddlewaretoken]");
  return field?.value || document.querySelector("meta[name=csrf-token]")?.content || "";
}

/** POST (or another verb) with the token, same origin; resolves to the Response, rejects when the network fails. */
export function send(url, { method = "POST", json, body, headers = {} } = {}) {
  return fetch(url, {
    method,
    body: json === undefined ? body : JSON.stringify(json),
    credentials: "same-origin",
    headers: {
      Accept: "application/json",
      "X-CSRFToken": csrfToken(),
      ...(json === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
  });
}
