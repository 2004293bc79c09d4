// Pictures where they lie in a plane. A click or the arrow keys set a cross; Python hears of it when it is let go.
const THUMBNAIL = 34; // pixels of the page
const EDGE = THUMBNAIL / 2 + 1;
const DOT = 2.6;

function build(root) {
  const canvas = root.querySelector("canvas");
  const told = root.querySelector(".told");
  const pen = canvas.getContext("2d");
  const self = { data: null, sheet: null, cross: [0, 0], sent: "", tell: () => {}, held: false, letGo: 0 };
  let waiting = 0;

  const words = ([x, y]) => `${x.toFixed(1)} across, ${y.toFixed(1)} up`.replaceAll("-", "\u2212");
  const size = () => canvas.clientWidth;
  const onto = ([x, y]) => {
    const { extent } = self.data;
    return [((x + extent) / (2 * extent)) * size(), ((extent - y) / (2 * extent)) * size()];
  };
  const from = (event) => {
    const { extent } = self.data;
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 2 * extent - extent, extent - ((event.clientY - box.top) / box.height) * 2 * extent];
  };

  const draw = () => {
    waiting = 0;
    if (!self.data) return;
    const { data } = self;
    const side = size();
    const style = getComputedStyle(root);
    const [ink, accent, paper] = ["--ink", "--accent", "--paper"].map((name) => style.getPropertyValue(name));
    const wide = Math.round(side * devicePixelRatio) || 300;
    if (canvas.width !== wide || canvas.height !== wide) [canvas.width, canvas.height] = [wide, wide];
    pen.setTransform(wide / side, 0, 0, wide / side, 0, 0);
    pen.clearRect(0, 0, side, side);
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.25;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const end of [[onto([-data.extent, 0]), onto([data.extent, 0])], [onto([0, -data.extent]), onto([0, data.extent])]]) {
      pen.moveTo(...end[0]);
      pen.lineTo(...end[1]);
    }
    pen.stroke();
    pen.globalAlpha = 1;

    // A picture where there is room for one, a dot elsewhere: filled for the first group, a ring for the second.
    const kept = [];
    data.points.forEach(([x, y, group], index) => {
      const inside = (at) => (self.sheet ? Math.min(Math.max(at, EDGE), side - EDGE) : at); // no picture is cut by the edge
      const [left, top] = onto([x, y]).map(inside);
      const free = self.sheet && kept.every(([a, b]) => Math.abs(a - left) >= THUMBNAIL || Math.abs(b - top) >= THUMBNAIL);
      if (free) kept.push([left, top, index, group]);
      else {
        pen.beginPath();
        pen.arc(left, top, DOT, 0, 2 * Math.PI);
        pen.globalAlpha = 0.75;
        pen.strokeStyle = pen.fillStyle = group ? accent : ink;
        group ? pen.stroke() : pen.fill();
        pen.globalAlpha = 1;
      }
    });
    pen.imageSmoothingQuality = "high";
    for (const [left, top, index, group] of kept) {
      const [column, row] = [index % data.columns, Math.floor(index / data.columns)];
      const [x, y] = [left - THUMBNAIL / 2, top - THUMBNAIL / 2];
      pen.drawImage(self.sheet, column * data.size, row * data.size, data.size, data.size, x, y, THUMBNAIL, THUMBNAIL);
      if (data.groups.length > 1) {
        pen.strokeStyle = group ? accent : ink;
        pen.setLineDash(group ? [3, 2] : []);
        pen.lineWidth = 1.5;
        pen.strokeRect(x, y, THUMBNAIL, THUMBNAIL);
        pen.setLineDash([]);
      }
    }
    const [x, y] = onto(self.cross);
    for (const [colour, width] of [[paper, 6], [accent, 2.5]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(x, y, 9, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 9 * dx, y + 9 * dy);
        pen.lineTo(x + 17 * dx, y + 17 * dy);
      }
      pen.stroke();
    }
    canvas.setAttribute("aria-label", `${data.name}; the cross stands at ${words(self.cross)}`);
    told.textContent = words(self.cross);
  };
  const soon = () => (waiting ||= requestAnimationFrame(draw));
  const move = (to) => {
    const { extent } = self.data;
    self.cross = to.map((value) => Math.min(Math.max(value, -extent), extent));
    soon();
  };
  const release = (after) => {
    clearTimeout(self.letGo);
    self.letGo = setTimeout(() => {
      self.letGo = 0;
      const spot = self.cross.map((value) => Math.round(value * 100) / 100);
      if (spot.join() !== self.sent) {
        self.sent = spot.join();
        self.tell(spot);
      }
    }, after);
  };

  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    self.held = true;
    move(from(event));
  };
  canvas.onpointermove = (event) => {
    if (self.held) move(from(event));
  };
  canvas.onpointerup = () => {
    if (!self.held) return;
    self.held = false;
    release(0);
  };
  canvas.onpointercancel = () => {
    self.held = false;
    release(0);
  };
  canvas.onkeydown = (event) => {
    const step = self.data.extent / (event.shiftKey ? 8 : 40);
    const steps = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (steps) move([self.cross[0] + steps[0], self.cross[1] + steps[1]]);
    else if (event.key === "Home") move([0, 0]);
    else return;
    event.preventDefault();
    release(450);
  };
  const watcher = new ResizeObserver(soon);
  watcher.observe(canvas);

  self.update = (data, tell) => {
    const other = self.data?.sheet !== data.sheet;
    self.data = data;
    self.tell = tell;
    if (!self.held && !self.letGo) {
      self.cross = [...data.spot];
      self.sent = data.spot.join();
    }
    if (other) {
      const image = new Image();
      image.src = data.sheet;
      image.decode().then(() => {
        if (self.data.sheet !== data.sheet) return;
        self.sheet = image;
        root.dataset.ready = "true";
        soon();
      }, () => (told.textContent = "The pictures could not be shown."));
    }
    soon();
  };
  self.remove = () => {
    clearTimeout(self.letGo);
    cancelAnimationFrame(waiting);
    watcher.disconnect();
    delete root.map;
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".map");
  root.map ??= build(root);
  root.map.update(data, (spot) => setTriggerValue("spot", spot));
  return () => root.map?.remove();
}
