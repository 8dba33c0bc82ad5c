// Comforts only: every page and form works without this file.
// Copy buttons, relative times, the theme button without a reload, and forms that cannot be sent twice.
(() => {
  "use strict";

  const units = [
    ["year", 31536000],
    ["month", 2592000],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

  function relative(then) {
    const seconds = Math.round((then - Date.now()) / 1000);
    if (Math.abs(seconds) < 5) return "just now";
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size);
    return words.format(Math.trunc(seconds / size), unit);
  }

  function showTimes(root) {
    for (const time of root.querySelectorAll("time[data-relative]")) {
      const text = relative(Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  async function copy(button) {
    const source = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent.trim() || "";
    try {
      await navigator.clipboard.writeText(source);
      button.dataset.copied = "";
      const live = document.getElementById("live");
      if (live) live.textContent = "Copied";
      setTimeout(() => delete button.dataset.copied, 1500);
    } catch {
      // Without clipboard permission the text stays selectable; nothing else to do.
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (button) copy(button);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    }
  });

  // A second press of the same button must not send the form twice; the server guards itself as well.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if ("sent" in form.dataset) event.preventDefault();
    form.dataset.sent = "";
    // A form that is answered with a file leaves the page as it is, and may be sent again.
    if ("file" in form.dataset) setTimeout(() => delete form.dataset.sent, 2000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // A live log keeps its end in view only for a reader who already is at the end.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const pane = event.target.querySelector?.("[data-follow]");
    if (pane) event.target.dataset.wasAtEnd = String(pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 24);
  });
  // Tells a screen reader of a new state once, and not of every refresh.
  let announced = document.querySelector("[data-announce]")?.dataset.announce;
  function announce() {
    const words = document.querySelector("[data-announce]")?.dataset.announce;
    if (words && words !== announced) document.getElementById("live").textContent = words;
    announced = words;
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    showTimes(document);
    announce();
    const pane = document.querySelector("[data-follow]");
    if (pane && event.target.dataset?.wasAtEnd !== "false") pane.scrollTop = pane.scrollHeight;
  });

  document.documentElement.classList.add("js");
  showTimes(document);
  setInterval(() => showTimes(document), 15000);
  const pane = document.querySelector("[data-follow]");
  if (pane) pane.scrollTop = pane.scrollHeight;
})();
