// [data-poll] asks for news only while somebody looks: a hidden page stays silent, and asks at once when it is seen again.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches?.("[data-poll]")) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("trichora:visible"));
});
