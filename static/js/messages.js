// Messages can be put away, and a message that a partial page sends as an event joins the others:
//   HX-Trigger: {"trichora:message": {"text": "…", "tone": "success"}}

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest("[data-message]")?.remove();
});

document.addEventListener("trichora:message", (event) => {
  const { text, tone = "info" } = event.detail;
  const region = document.getElementById("messages");
  const template = document.getElementById("message-template");
  if (!text || !region || !template) return;
  const message = template.content.firstElementChild.cloneNode(true);
  message.classList.add(`tone-${tone}`);
  message.querySelector("[data-message-text]").textContent = text;
  for (const said of region.querySelectorAll("[data-message]")) {
    if (said.querySelector("[data-message-text]").textContent === text) said.remove(); // said again, not twice
  }
  region.append(message);
});
