// Figures that are drawn anew every second: the old one stays in sight until the new one is drawn. Streamlit takes the old one
// away first and hides the new one while plotly draws it, for a frame or ten; here a picture of the old one fills that gap.
const SLOTS = '[class*="st-key-live-chart-"]';

function build() {
  let gone = false;
  const ghosts = new Map(); // name of a figure -> { picture, of }: its ghost, and the plot that it was taken of

  const nameOf = (slot) => [...slot.classList].find((one) => one.startsWith("st-key-live-chart-"));
  const seen = (plot) => plot.clientHeight > 0 && getComputedStyle(plot).visibility === "visible";
  // Once plotly has drawn it, and nothing else waits to be done.
  const take = (name, plot) => {
    const drawn = plot.querySelector(".svg-container");
    if (gone || !drawn || !plot.isConnected || ghosts.get(name)?.of === plot) return;
    ghosts.get(name)?.picture.remove();
    const picture = document.createElement("div");
    picture.className = "lo-afterimage";
    picture.ariaHidden = "true";
    picture.hidden = true;
    Object.assign(picture.style, { position: "fixed", pointerEvents: "none", zIndex: 1 });
    picture.append(drawn.cloneNode(true));
    for (const layer of picture.querySelectorAll(".main-svg")) Object.assign(layer.style, { position: "absolute", top: 0, left: 0 });
    document.body.append(picture);
    ghosts.set(name, { picture, of: plot });
  };
  const look = () => {
    const there = new Set();
    for (const slot of document.querySelectorAll(SLOTS)) {
      const [name, plot] = [nameOf(slot), slot.querySelector(".js-plotly-plot")];
      const place = slot.getBoundingClientRect();
      if (there.has(name) || !place.height) continue; // the one that was replaced may stand there for a moment, without height
      there.add(name);
      const ghost = ghosts.get(name);
      if (plot && seen(plot)) {
        if (ghost) ghost.picture.hidden = true;
        if (ghost?.of !== plot) setTimeout(take, 0, name, plot);
      } else if (ghost) {
        Object.assign(ghost.picture.style, { top: `${place.top}px`, left: `${place.left}px` });
        ghost.picture.hidden = false;
      }
    }
    for (const [name, { picture }] of ghosts) if (!there.has(name)) picture.hidden = true;
  };
  // It is told of changes before they are painted.
  const observer = new MutationObserver(look);
  observer.observe(document.querySelector(".stMain"), {
    attributes: true,
    attributeFilter: ["style", "class"],
    childList: true,
    subtree: true,
  });
  look();
  return () => {
    gone = true;
    observer.disconnect();
    for (const { picture } of ghosts.values()) picture.remove();
  };
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ parentElement }) {
  const root = parentElement.querySelector("i");
  root.leave ??= build();
  return () => {
    root.leave?.();
    delete root.leave;
  };
}
