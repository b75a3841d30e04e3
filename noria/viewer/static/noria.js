// The viewer's own script: theme, keys, and the pages following the session. No page needs it to be read.
//
//   ledger changes ─► /events says `changed` ─► this fires `changed` on the body ─► parts with
//   hx-trigger="changed from:body" ask for themselves anew

"use strict";

(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const kept = {
    read() { try { return localStorage.getItem("noria-theme") || "system"; } catch { return "system"; } },
    write(name) { try { localStorage.setItem("noria-theme", name); } catch { /* it is kept for this page alone */ } },
  };

  // Before anything is painted: the theme that was chosen.
  let theme = themes.includes(kept.read()) ? kept.read() : "system";
  const dress = () => { if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme; };
  dress();

  const nameTheme = () => {
    const said = theme === "system" ? "as the system" : theme;
    const button = document.getElementById("theme");
    button.setAttribute("aria-label", `Theme: ${said}`);
    button.title = `Theme: ${said}`;
    button.firstElementChild.textContent = { system: "◐", light: "○", dark: "●" }[theme];
  };
  const turnTheme = () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    kept.write(theme);
    dress();
    nameTheme();
  };

  // What j and k move through: the first link of each row, or each link of a list.
  const rows = () => [...document.querySelectorAll("main .table tbody tr, main [data-list] > *")]
    .map((row) => (row.matches("a") ? row : row.querySelector("a[href]")))
    .filter((link) => link && link.offsetParent !== null);
  const move = (by) => {
    const links = rows();
    if (!links.length) return;
    const row = document.activeElement?.closest("tr, [data-list] > *");
    const at = links.findIndex((link) => link === document.activeElement || (row && row.contains(link)));
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const follow = (rel) => document.querySelector(`main a[rel~="${rel}"]`)?.click();
  const places = { s: 0, a: 1, r: 2, p: 3, l: 4, c: 5 };
  let going = 0;

  const pressed = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    if (document.getElementById("keys").open) return;
    if (Date.now() - going < 1500 && event.key in places) {
      going = 0;
      document.querySelectorAll("nav.places a")[places[event.key]]?.click();
      return;
    }
    const deeds = {
      "/": () => document.querySelector("main input[type=search], main [data-search]")?.focus(),
      j: () => move(1),
      k: () => move(-1),
      "]": () => follow("next"),
      "[": () => follow("prev"),
      t: turnTheme,
      g: () => { going = Date.now(); },
      "?": () => document.getElementById("keys").showModal(),
    };
    if (event.key in deeds) {
      event.preventDefault();
      deeds[event.key]();
    }
  };

  // A part that is about to be replaced forgets what it is told: it is told again once the new one stands.
  let asking = 0, again = false;
  const STANDS = 100; // milliseconds; htmx wakes a new part 20 after it was put in
  const tell = () => {
    if (asking) again = true; else document.body.dispatchEvent(new CustomEvent("changed"));
  };
  const answered = () => {
    asking -= 1;
    if (asking || !again) return;
    again = false;
    setTimeout(tell, STANDS);
  };
  const asked = (event) => {
    if (!event.detail.elt.matches('[hx-trigger*="changed from:body"]')) return;
    asking += 1;
    event.detail.xhr.addEventListener("loadend", answered);
  };

  // One stream a page; a page nobody looks at asks for nothing, and catches up when it is looked at.
  const listen = () => {
    const address = document.body.dataset.events;
    if (!address) return;
    const state = document.getElementById("live");
    const say = (word, kind, why) => { state.hidden = false; state.textContent = word; state.className = `pill ${kind}`; state.title = why; };
    let missed = false;
    const changed = () => {
      if (document.hidden) { missed = true; return; }
      missed = false;
      tell();
    };
    const source = new EventSource(address);
    source.addEventListener("open", () => say("live", "ok", "This page follows the session."));
    source.addEventListener("error", () => say("not connected", "warn", "The viewer does not answer; this page stands as it was."));
    source.addEventListener("changed", changed);
    source.addEventListener("gone", () => { source.close(); say("gone", "bad", "The session was deleted; this page stands as it was."); });
    document.addEventListener("visibilitychange", () => { if (missed) changed(); });
    window.addEventListener("pagehide", () => source.close());
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  };

  // What a person opened stays open, and what is being filled in stays as it is, when its part is drawn anew.
  const keepAsItWas = () => {
    const morph = window.Idiomorph?.defaults?.callbacks;
    if (!morph) return;
    morph.beforeAttributeUpdated = (name, node) => !(name === "open" && node.tagName === "DETAILS");
    morph.beforeNodeMorphed = (old, fresh) => !(old.dataset?.keep && old.dataset.keep === fresh.dataset?.keep);
  };

  // What scrolls sideways is reached by the keyboard too.
  const reach = () => {
    for (const one of document.querySelectorAll(".table, figure.drawing")) {
      if (one.scrollWidth > one.clientWidth) one.tabIndex = 0; else one.removeAttribute("tabindex");
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    nameTheme();
    keepAsItWas();
    reach();
    window.addEventListener("resize", reach);
    document.body.addEventListener("htmx:beforeSend", asked);
    document.body.addEventListener("htmx:afterSettle", reach);
    document.body.addEventListener("htmx:oobAfterSwap", reach);
    document.body.addEventListener("done", (event) => {
      if (event.target.matches("form[data-reset]")) event.target.reset();
      tell();
    });
    document.getElementById("theme").addEventListener("click", turnTheme);
    document.getElementById("help").addEventListener("click", () => document.getElementById("keys").showModal());
    document.addEventListener("keydown", pressed);
    listen();
  });
})();
