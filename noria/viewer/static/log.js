// The log's own script: ids are copied, prompts are folded all at once. No page needs it to be read.

"use strict";

(() => {
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (button) {
      const done = await copy(button.dataset.copy);
      button.classList.toggle("done", done);
      button.setAttribute("aria-label", done ? `Copied ${button.dataset.copy}` : "This browser did not let it be copied");
      setTimeout(() => {
        button.classList.remove("done");
        button.setAttribute("aria-label", `Copy the id ${button.dataset.copy}`);
      }, 1500);
      return;
    }
    const fold = event.target.closest?.("button[data-fold]");
    if (fold) {
      const all = [...document.querySelectorAll(fold.dataset.fold)];
      const open = !all.some((one) => one.open);
      all.forEach((one) => { one.open = open; });
      fold.textContent = open ? "Fold the prompts" : "Unfold the prompts";
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("button[data-fold]").forEach((one) => { one.hidden = false; });
  });
})();
