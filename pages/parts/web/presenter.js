// The bar of presenter mode, and keys for the whole app. Links open within the page: Streamlit takes them for a step in the
// browser's history, so that the URL alone decides what is shown, as for anyone who opens it.
const TEXT = "textarea, select, [contenteditable=''], [contenteditable='true'], [role=textbox], [role=searchbox], "
  + "[role=combobox], [role=spinbutton], [role=listbox], [role=option], [role=menu], [role=menuitem]";
const PRESSED = ["checkbox", "radio", "range", "button", "submit", "file", "color", "image", "reset"];
const MOVED = "[role=slider], [role=grid], [role=radiogroup], [role=tablist], input[type=range], input[type=radio], canvas";
const ASKS = { p: "present", q: "link", k: "code", "?": "keys" };

function typing(at) {
  if (!(at instanceof Element)) return false;
  const input = at.closest("input");
  return at.closest(TEXT) !== null || (input !== null && !PRESSED.includes(input.type));
}

// A dialog is open: Streamlit's own, or one within a component that the event comes through.
function within(path) {
  return document.querySelector("[role=dialog]") !== null || path.some((part) => part.tagName === "DIALOG" && part.open);
}

// A page that still runs writes its own URL and choices over those of a link just opened. So a link waits a moment for it, and
// for a while longer it is opened again where its URL was written over.
const WAITED_MS = 2_000;
const HELD_MS = 10_000;
const LOOK_MS = 100;
// A choice that the page sends in the same moment says the URL before, and that run takes the place of the link's: where the
// app has run and rests for so long, and the bar still shows another step, the link is opened once more. A network may need
// longer to answer than that, so an app that has not run since is given more time.
const LOST_MS = 600;
const SLOW_MS = 3_000;
let looking = 0;
let rests = 0;  // since when the app has rested short of the step that the URL names; 0 where it runs or is there
let ran = false;  // whether it has run since the link was opened
let again = false;  // whether the link was opened once more
let shown = null;  // the step in the bar, counted from 1
let waiting = "";  // the link that waits
let opened = 0;  // when, by performance.now(); 0 while a link waits
let wish = null;  // the key pressed before the bar knew of the step that the URL names already, and when

const runs = () => (document.querySelector(".stApp")?.dataset.testScriptState ?? "notRunning") !== "notRunning";

// The page and the step of a URL; all else changes while one works on a page.
function place(href) {
  const { pathname, searchParams } = new URL(href, location.href);
  return `${pathname} ${searchParams.get("demo")}`;
}

// The step that a link names: 0 where it names none.
const named = (href) => Number(new URL(href, location.href).searchParams.get("demo"));

function lost(href, now) {
  ran ||= runs();
  if (again || runs() || !named(href) || shown === named(href)) rests = 0;
  else rests ||= now;
  return rests > 0 && now - rests > (ran ? LOST_MS : SLOW_MS);
}

function release() {
  clearInterval(looking);
  waiting = "";
  wish = null;
}

function visit(href, how) {
  history[how](null, "", href);
  dispatchEvent(new PopStateEvent("popstate", { state: null }));
}

function go(href) {
  if (!href || href === waiting) return;
  release();
  waiting = href;
  opened = rests = 0;
  ran = again = false;
  const began = performance.now();
  const look = () => {
    const now = performance.now();
    if (!opened) {
      if (runs() && now - began < WAITED_MS) return;
      visit(href, "pushState");
      document.querySelector(".stMain")?.scrollTo(0, 0);
      opened = now;
      waiting = "";
    } else if (now - opened > HELD_MS) release();
    else if (place(location.href) !== place(href)) visit(href, "replaceState");
    else if (lost(href, now)) {
      again = true;
      visit(href, "replaceState");
    }
  };
  looking = setInterval(look, LOOK_MS);
  look();
}

// Where someone goes back or forward, or clicks or types once the link is open, nothing is put back any more.
addEventListener("popstate", (event) => { if (event.isTrusted) release(); });
addEventListener("keydown", (event) => {
  const [at] = event.composedPath();
  if (event.isTrusted && opened && (typing(at) || (at instanceof Element && at.closest(MOVED)))) release();
}, true);
addEventListener("click", (event) => { if (event.isTrusted && opened) release(); }, true);

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

function build(root) {
  const part = (name) => root.querySelector(name);
  const self = { data: null, ask: () => {}, began: 0 };
  const links = { next: part(".next"), back: part(".back"), first: part(".first") };

  // Asks for what takes the step or presenter mode out of the URL.
  const leave = (what) => {
    release();
    self.ask(what);
  };

  const behind = () => {
    const told = named(location.href);  // NaN where no number
    return told > 0 && self.data.demo !== null && told !== self.data.demo.step;
  };

  // To the next step or the one before; a bar that is behind the URL would lead back to where one is.
  const step = (key) => {
    const { next, back } = self.data;
    if (behind()) wish = { key, at: performance.now() };
    else if (key === "b") go(back);
    else if (next) go(next);
    else leave("end");
  };

  const pressed = (event) => {
    const path = event.composedPath();
    const { data } = self;
    if (!data?.keys || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(path[0]) || within(path)) return;
    const paging = event.key === "PageDown" || event.key === "PageUp";
    const key = { PageDown: "n", PageUp: "b" }[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (paging && (!data.demo || (path[0] instanceof Element && path[0].closest(MOVED)))) return;
    const act = {
      n: data.demo && (() => step("n")),
      b: data.back && (() => step("b")),
      d: () => go(data.first),
      f: fullScreen,
    }[key];
    const page = /^[1-9]$/.test(key) ? data.pages[Number(key) - 1] : "";
    if (!act && !page && !ASKS[key]) return;
    event.preventDefault();
    if (key === "p") leave(data.presenting ? "leave" : "present");  // said so, not turned about: it may be heard twice
    else if (ASKS[key]) self.ask(ASKS[key]);
    else if (page) go(page);
    else act();
  };

  root.onclick = (event) => {
    const button = event.target.closest("[data-ask]");
    if (button) return leave(button.dataset.ask);
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link === links.first) go(link.getAttribute("href"));
    else step(link === links.back ? "b" : "n");
  };

  const tick = () => {
    const seconds = Math.max(0, Math.round((Date.now() - self.began) / 1000));
    part("time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };

  self.update = (data) => {
    self.data = data;
    const { demo } = data;
    shown = demo?.step ?? null;
    root.hidden = !data.presenting;
    root.classList.toggle("running", demo !== null);
    root.classList.toggle("lacks", demo?.lacks ?? false);
    part(".head b").textContent = demo ? demo.number : "Latent O’Clock";
    part(".head span").textContent = demo ? demo.title : "Presenter mode";
    part(".line").textContent = demo ? demo.say : "";
    part(".line").hidden = !demo;
    for (const [name, link] of Object.entries(links)) {
      link.hidden = name === "first" ? demo !== null : !demo || !data[name];
      if (data[name]) link.setAttribute("href", data[name]);
    }
    part(".end").hidden = !demo;
    part("time").hidden = !demo;
    clearInterval(self.ticking);
    if (demo && data.presenting) {
      self.began = Date.now() - 1000 * demo.seconds;
      self.ticking = setInterval(tick, 1000);
      tick();
    }
    if (data.go) go(data.go);
    else if (wish && !behind()) {
      const { key, at } = wish;
      wish = null;
      if (performance.now() - at < HELD_MS) step(key);
    }
  };
  self.listen = () => document.addEventListener("keydown", pressed);
  self.leave = () => {
    document.removeEventListener("keydown", pressed);
    clearInterval(self.ticking);
  };
  self.listen();
  root.dataset.ready = "true";
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".bar");
  root.presenter ??= build(root);
  root.presenter.ask = (what) => setTriggerValue("asked", what);
  root.presenter.update(data);
  return () => {
    root.presenter.leave();
    delete root.dataset.ready;
    delete root.presenter;
  };
}
