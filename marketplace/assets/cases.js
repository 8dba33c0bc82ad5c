// Keys for the officers' queue and a case. Every deed works without this file, and the keys can be switched off (WCAG 2.1.4).
(() => {
  "use strict";

  const panel = document.querySelector("[data-keys]");
  if (!panel) return;
  const toggle = panel.querySelector("[data-keys-toggle]");
  const STORED = "gridclear-keys";
  let on = localStorage.getItem(STORED) !== "off";

  function show() {
    toggle.textContent = on ? "Switch the keys off" : "Switch the keys on";
    toggle.setAttribute("aria-pressed", String(on));
    toggle.hidden = false;
  }
  toggle.addEventListener("click", () => {
    on = !on;
    localStorage.setItem(STORED, on ? "on" : "off");
    show();
  });
  show();

  const rows = () => [...document.querySelectorAll("[data-row-link]")];

  // The row after or before the one in focus; the first or the last where none is.
  function step(by) {
    const links = rows();
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
    links[next]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    } else if (event.key === "?") {
      panel.open = true;
      panel.scrollIntoView({ block: "nearest" });
      panel.querySelector("summary").focus();
    } else {
      const up = event.key === "u" && document.querySelector("nav[aria-label=Breadcrumb] a");
      const wanted = up || [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
      if (!wanted) return;
      const fields = "a, button, input:not([type=hidden]), select, textarea";
      const field = wanted.matches(fields) ? wanted : wanted.querySelector(fields);
      if (!field) return;
      if (field.tagName === "A") field.click();
      else field.focus();
    }
    event.preventDefault();
  });
})();
