// Where a page opens: at the section that its link names, or at the item that the hash of its URL names. Links to other pages
// are followed without loading the app anew, in one step of the browser's history, which leads back to the item they stand in.
const LOOK = 100; // milliseconds between two looks
const PATIENCE = 30_000; // for a page that is still being made
const STILL = 4_000; // after the place was found: what stands above it may still grow
const OWN_WAY = ["wheel", "touchstart", "pointerdown", "keydown"]; // whoever moves goes where they like

function build() {
  const self = { at: "", report: undefined, looking: 0, travelled: false };

  const stop = () => {
    clearInterval(self.looking);
    for (const name of OWN_WAY) removeEventListener(name, stop, true);
  };
  const land = (id) => {
    stop();
    let [end, found] = [Date.now() + PATIENCE, false];
    for (const name of OWN_WAY) addEventListener(name, stop, true);
    self.looking = setInterval(() => {
      const place = document.getElementById(id);
      if (place) {
        if (!found) {
          [end, found] = [Date.now() + STILL, true];
          place.tabIndex = -1;
          place.focus({ preventScroll: true });
        }
        place.scrollIntoView({ block: "start" });
      }
      if (Date.now() > end) stop();
    }, LOOK);
  };
  const named = () => decodeURIComponent(location.hash.slice(1));

  const pressed = (event) => {
    const link = event.target instanceof Element && event.target.closest("a.lo-go");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const item = link.closest("article")?.querySelector("[id]");
    if (item) history.replaceState(history.state, "", `${location.pathname}${location.search}#${item.id}`);
    history.pushState(null, "", link.href);
    dispatchEvent(new PopStateEvent("popstate", { state: null }));
    document.querySelector(".stMain")?.scrollTo(0, 0);
  };
  const travelled = () => (self.travelled = true);
  document.addEventListener("click", pressed);
  addEventListener("popstate", travelled);

  self.update = ({ at, report }) => {
    if (at && at !== self.at) land(`at-${at}`);
    self.at = at;
    if (report === undefined) return;
    if (self.report === undefined || self.travelled) {
      if (location.hash && self.report !== report) land(named());
    } else if (self.report !== report && location.hash) {
      // Another report has other items: what the hash named is gone.
      history.replaceState(history.state, "", location.pathname + location.search);
    }
    [self.report, self.travelled] = [report, false];
  };
  self.leave = () => {
    stop();
    document.removeEventListener("click", pressed);
    removeEventListener("popstate", travelled);
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("i");
  root.landing ??= build();
  root.landing.update(data);
  return () => {
    root.landing?.leave();
    delete root.landing;
  };
}
