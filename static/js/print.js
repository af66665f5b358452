// Printing a page: a button that opens the dialog, and folded answers that unfold on paper.

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main details:not([open])")) {
    details.open = true;
    details.dataset.unfolded = "";
  }
});

window.addEventListener("afterprint", () => {
  for (const details of document.querySelectorAll("main details[data-unfolded]")) {
    details.open = false;
    delete details.dataset.unfolded;
  }
});
