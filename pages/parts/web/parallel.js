// Parallel coordinates: a line a run, an axis a factor or measure. Drag along an axis to brush it, or move a brush's ends with
// the arrow keys; press a line to pick its run. Where there is no room for upright axes they lie below each other. Python hears
// of brushes when they are let go. Drawn as SVG with its own colours, so that it can be saved as it stands.
const SPACE = "http://www.w3.org/2000/svg";
const [UPRIGHT_ROOM, LYING_ROOM, HEIGHT, LINE] = [92, 78, 380, 13]; // pixels: an axis, upright axes' figure, a line of text
const [TOP, BOTTOM, SIDE, REACH, END] = [40, 16, 14, 16, 10]; // margins; how near to an axis, to a brush's end counts
const AIR = 0.04; // how far past an axis's ends a brush may reach
const LEAST = 0.015; // a shorter brush was a press
const FEW = 40; // more places than this on an axis, and keys go by even steps
const DASHES = ["", "9 6"];
const DOTS = "1.5 4"; // of a run that diverged

const put = (part, attributes) => Object.entries(attributes).forEach(([key, value]) => part.setAttribute(key, value));
const add = (parent, name, attributes = {}, text = "") => {
  const made = parent.appendChild(document.createElementNS(SPACE, name));
  put(made, attributes);
  made.textContent = text;
  return made;
};
const clamp = (value) => Math.min(Math.max(value, -AIR), 1 + AIR);

function build(root) {
  const svg = root.querySelector("svg");
  const [told, clear] = [root.querySelector(".told"), root.querySelector(".clear")];
  const self = { data: null, next: null, brushes: {}, tell: () => {}, pick: () => {}, held: false };
  let [wide, lying, letGo, sent] = [0, false, 0, "{}"];
  let [under, lines, lands] = [null, [], []]; // lines: of the runs; lands: the axes, each with what shows its brush

  const inside = (row) =>
    self.data.axes.every(({ name, places }) => {
      const brush = self.brushes[name];
      return !brush || (places[row] !== null && places[row] >= brush[0] && places[row] <= brush[1]);
    });
  const say = (row) => {
    const { rows } = self.data;
    const all = `${rows.filter((_, at) => inside(at)).length} of ${rows.length} runs`;
    told.textContent = rows[row]?.words ?? all;
    clear.hidden = !Object.keys(self.brushes).length;
  };
  const point = (at, share) => {
    if (lying) return [SIDE + share * (wide - 2 * SIDE), TOP + at * LYING_ROOM];
    const gap = (wide - 2 * SIDE - UPRIGHT_ROOM) / Math.max(self.data.axes.length - 1, 1);
    return [SIDE + at * gap, TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)];
  };

  const shade = () => {
    const { colours, marked } = self.data;
    const ink = Math.min(0.7, 3 / Math.sqrt(lines.filter((_, row) => inside(row)).length + 1)); // many lines, each fainter
    lines.forEach(({ line, id, broken }, row) => {
      const place = marked.indexOf(id);
      const held = inside(row);
      const [stroke, opacity, width] = held ? [colours.held, ink, 1.5] : [colours.line, 0.45, 1];
      put(line, { stroke, "stroke-opacity": opacity, "stroke-width": width, "stroke-dasharray": DASHES[place] ?? (broken ? DOTS : "") });
      if (place >= 0) put(line, { stroke: colours.marked[place], "stroke-opacity": 1, "stroke-width": 3.5 });
    });
    const rank = ({ id }, row) => (marked.includes(id) ? 2 : inside(row) ? 1 : 0);
    const order = lines.map((one, row) => [rank(one, row), one.line]).sort((a, b) => a[0] - b[0]);
    under.append(...order.map(([, line]) => line));
  };
  const brush = () => {
    lands.forEach(({ name, band, grips }, at) => {
      const [low, high] = self.brushes[name] ?? [-AIR, 1 + AIR];
      const [from, to] = [point(at, low), point(at, high)];
      const long = Math.abs(to[0] - from[0] + to[1] - from[1]);
      const [width, height] = lying ? [long, 16] : [16, long];
      const [x, y] = lying ? [from[0], from[1] - 8] : [to[0] - 8, to[1]];
      put(band, { x, y, width, height, visibility: self.brushes[name] ? "visible" : "hidden" });
      grips.forEach((grip, end) => {
        const [x, y] = end ? to : from;
        const share = end ? high : low;
        const now = Math.round(100 * Math.min(Math.max(share, 0), 1));
        put(grip, lying ? { x: x - 3, y: y - 10, width: 6, height: 20 } : { x: x - 10, y: y - 3, width: 20, height: 6 });
        put(grip, { opacity: self.brushes[name] ? 1 : 0.35, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": now });
        put(grip, { "aria-valuetext": self.brushes[name] ? nearest(at, share) : "open" });
      });
    });
    shade();
    say();
  };
  const nearest = (at, share) =>
    [...self.data.axes[at].ticks].sort((a, b) => Math.abs(a.at - share) - Math.abs(b.at - share))[0]?.text ?? "";
  const release = (after = 0) => {
    clearTimeout(letGo);
    letGo = setTimeout(() => {
      letGo = 0;
      const now = JSON.stringify(self.brushes);
      if (now !== sent) self.tell(JSON.parse((sent = now)));
      else self.update(self.next, self.tell, self.pick);
    }, after);
  };
  const set = (name, low, high) => {
    const [a, b] = [clamp(Math.min(low, high)), clamp(Math.max(low, high))];
    if (b - a < LEAST || (a <= -AIR && b >= 1 + AIR)) delete self.brushes[name];
    else self.brushes[name] = [a, b];
    brush();
  };

  // A press near an end of a brush moves that end, one within it all of it, one elsewhere begins another.
  const drag = (area, at, name) => {
    let from = null;
    const share = (event) => {
      const [box, zero, one] = [svg.getBoundingClientRect(), point(at, 0), point(at, 1)];
      if (lying) return (event.clientX - box.left - zero[0]) / (one[0] - zero[0]);
      return (event.clientY - box.top - zero[1]) / (one[1] - zero[1]);
    };
    area.onpointerdown = (event) => {
      if (event.button) return;
      area.setPointerCapture(event.pointerId);
      self.held = true;
      const [there, now] = [share(event), self.brushes[name]];
      const near = END / Math.abs(lying ? wide - 2 * SIDE : HEIGHT - TOP - BOTTOM);
      const end = now ? now.findIndex((one) => Math.abs(there - one) < near) : -1;
      if (end >= 0) from = { fixed: now[1 - end] };
      else from = now && there > now[0] && there < now[1] ? { start: there, brush: [...now] } : { fixed: there };
      event.preventDefault();
    };
    area.onpointermove = (event) => {
      if (!from) return;
      const there = share(event);
      if (from.brush) {
        const [low, high] = from.brush;
        const by = Math.min(Math.max(there - from.start, -AIR - low), 1 + AIR - high);
        set(name, low + by, high + by);
      } else set(name, from.fixed, there);
    };
    area.onpointerup = area.onpointercancel = (event) => {
      if (from?.brush && Math.abs(share(event) - from.start) < LEAST) set(name, 0, 0); // a press within it clears
      [from, self.held] = [null, false];
      release();
    };
  };
  const keys = (grip, at, name, end) => {
    grip.onkeydown = (event) => {
      const places = [...new Set(self.data.axes[at].places.filter((place) => place !== null))].sort((a, b) => a - b);
      const inner = places.length > FEW
        ? Array.from({ length: 19 }, (_, step) => (step + 1) / 20)
        : places.slice(1).map((place, step) => (place + places[step]) / 2);
      const stops = [-AIR, ...inner, 1 + AIR];
      const now = self.brushes[name] ?? [-AIR, 1 + AIR];
      const up = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      let to = now[end];
      if (up) to = (up > 0 ? stops.find((stop) => stop > to + 1e-6) : stops.findLast((stop) => stop < to - 1e-6)) ?? to;
      else if (event.key === "Home") to = -AIR;
      else if (event.key === "End") to = 1 + AIR;
      else if (event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Escape") set(name, 0, 0);
      else if (end ? to > now[0] : to < now[1]) set(name, end ? now[0] : to, end ? to : now[1]);
      release(450);
    };
  };

  const draw = () => {
    const { axes, rows, colours } = self.data;
    wide = root.clientWidth;
    lying = wide < UPRIGHT_ROOM * (axes.length + 0.4);
    root.classList.toggle("lying", lying);
    const high = lying ? TOP + axes.length * LYING_ROOM - 22 : HEIGHT;
    svg.replaceChildren();
    put(svg, { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, "aria-label": self.data.label });
    put(svg, { "font-family": '"Source Sans", system-ui, sans-serif' });
    under = add(svg, "g", { fill: "none" });
    const over = add(svg, "g", { fill: "none" });
    lines = rows.map(({ id, words, broken }, row) => {
      const points = axes.map(({ places }, at) => (places[row] === null ? null : point(at, places[row]))).filter(Boolean);
      const d = "M" + points.map((pair) => pair.map((value) => value.toFixed(1)).join(" ")).join("L");
      const hit = add(over, "path", { d, class: "hit", stroke: "transparent", "stroke-width": 9, "pointer-events": "stroke" });
      hit.onclick = () => self.pick(id);
      hit.onpointerenter = () => say(row);
      hit.onpointerleave = () => say();
      return { id, words, broken, line: add(under, "path", { d, "stroke-linejoin": "round" }) };
    });
    lands = axes.map(({ name, title, ticks }, at) => {
      const group = add(svg, "g");
      const [zero, one] = [point(at, 0), point(at, 1)];
      const halo = { "paint-order": "stroke", stroke: colours.paper, "stroke-width": 4, "stroke-linejoin": "round" };
      add(group, "line", { x1: zero[0], y1: zero[1], x2: one[0], y2: one[1], stroke: colours.muted, "stroke-width": 1.5 });
      const head = lying ? { x: SIDE, y: zero[1] - 14 } : { x: zero[0] - 8, y: 18 };
      add(group, "text", { ...head, ...halo, fill: colours.ink, "font-size": 14, "font-weight": 600 }, title);
      ticks.forEach((tick, index) => {
        const [x, y] = point(at, tick.at);
        const end = tick.at > 0.9 ? "end" : tick.at < 0.1 ? "start" : "middle";
        const rows = tick.text.split("\n");
        const low = ticks.length > 4 && index % 2 ? LINE * rows.length : 0; // every second one lower, lest they meet
        const [left, top] = lying ? [x, y + 20 + low] : [x + 11, y + 4 - ((rows.length - 1) * LINE) / 2];
        const style = { ...halo, fill: colours.muted, "font-size": 12.5, "text-anchor": lying ? end : "start" };
        rows.forEach((text, row) => add(group, "text", { ...style, x: left, y: top + row * LINE }, text));
      });
      const room = lying
        ? { x: 0, y: zero[1] - REACH, width: wide, height: 2 * REACH }
        : { x: zero[0] - REACH, y: TOP - 12, width: 2 * REACH, height: HEIGHT - TOP - BOTTOM + 24 };
      const area = add(group, "rect", { ...room, fill: "transparent", class: "axis" });
      const light = { fill: colours.held, "fill-opacity": 0.22, stroke: colours.held };
      const band = add(group, "rect", { ...light, "pointer-events": "none" });
      const grips = ["from", "to"].map((end) => {
        const told = { role: "slider", tabindex: 0, "aria-label": `${title}, ${end}` };
        return add(group, "rect", { class: "grip", rx: 2, fill: colours.ink, "pointer-events": "none", ...told });
      });
      drag(area, at, name);
      grips.forEach((grip, end) => keys(grip, at, name, end));
      return { name, band, grips };
    });
    brush();
    root.dataset.drawn = rows.length;
  };

  const save = (blob, kind) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${self.data.file}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const drawing = () => {
    const copy = svg.cloneNode(true);
    copy.querySelectorAll(".hit, .axis, .grip").forEach((part) => part.remove());
    return new XMLSerializer().serializeToString(copy);
  };
  root.querySelector("button.svg").onclick = () => save(new Blob([drawing()], { type: "image/svg+xml" }), "svg");
  root.querySelector("button.png").onclick = async () => {
    const [picture, canvas] = [new Image(), document.createElement("canvas")];
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing())}`;
    await picture.decode();
    [canvas.width, canvas.height] = [2 * picture.width, 2 * picture.height];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, "png"), "image/png");
  };
  clear.onclick = () => [(self.brushes = {}), brush(), release()];

  const watcher = new ResizeObserver(() => {
    if (self.data && root.clientWidth && root.clientWidth !== wide && !self.held) draw();
  });
  watcher.observe(root);
  self.update = (data, tell, pick) => {
    [self.tell, self.pick, self.next] = [tell, pick, data];
    if (self.held || letGo) return; // what is under a hand stays as it is; letting go asks for the next
    [self.data, self.brushes] = [data, { ...data.brushes }];
    sent = JSON.stringify(self.brushes);
    const focused = svg.getRootNode().activeElement?.getAttribute?.("aria-label");
    draw();
    if (focused) [...svg.querySelectorAll(".grip")].find((grip) => grip.getAttribute("aria-label") === focused)?.focus();
  };
  self.remove = () => {
    clearTimeout(letGo);
    watcher.disconnect();
    delete root.parallel;
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".parallel");
  root.parallel ??= build(root);
  root.parallel.update(data, (brushes) => setTriggerValue("brushed", brushes), (id) => setTriggerValue("picked", id));
  return () => root.parallel?.remove();
}
