// Frames of sheets on canvases, all under one slider: drag, touch, arrow keys, play. Draws at most once a screen refresh, and
// only changes.
const PLAY = "M8 5v14l11-7z";
const PAUSE = "M7 5h4v14H7zM13 5h4v14h-4z";

function build(root) {
  const stage = root.querySelector(".strips");
  const slider = root.querySelector(".slider");
  const fill = root.querySelector(".fill");
  const thumb = root.querySelector(".thumb");
  const button = root.querySelector(".play");
  const [value, label] = [root.querySelector(".told b"), root.querySelector(".told span")];
  const self = { data: null, index: 0, screens: [], tell: () => {}, held: false, playing: false, drawn: 0 };
  let waiting = 0;
  let letGo = 0;
  let told = -1;

  const draw = () => {
    waiting = 0;
    const { data, index, screens } = self;
    if (!data) return;
    const share = data.frames > 1 ? index / (data.frames - 1) : 0;
    fill.style.transform = `scaleX(${share})`;
    thumb.style.left = `${share * 100}%`;
    value.textContent = `${data.name} ${data.values[index]}`;
    label.textContent = data.labels[index];
    slider.setAttribute("aria-valuenow", index);
    slider.setAttribute("aria-valuetext", `${data.values[index]}: ${data.labels[index]}`);
    for (const { canvas, strip, sheet } of screens) {
      const words = `Picture at ${data.name.toLowerCase()} ${data.values[index]}`;
      canvas.setAttribute("aria-label", strip.title ? `${strip.title}: ${words}` : words);
      if (!sheet) continue;
      const wide = Math.round(canvas.clientWidth * devicePixelRatio) || strip.width;
      const high = Math.round((wide * strip.height) / strip.width);
      if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
      const [column, row] = [index % strip.columns, Math.floor(index / strip.columns)];
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = !data.pixels;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(sheet, column * strip.width, row * strip.height, strip.width, strip.height, 0, 0, wide, high);
    }
    if (screens.every((screen) => screen.sheet)) root.dataset.drawn = ++self.drawn;
  };
  const soon = () => (waiting ||= requestAnimationFrame(draw));
  const go = (index) => {
    const next = Math.min(Math.max(Math.round(index), 0), self.data.frames - 1);
    if (next !== self.index) {
      self.index = next;
      soon();
    }
  };
  const release = (after = 0) => {
    clearTimeout(letGo);
    letGo = setTimeout(() => {
      letGo = 0;
      if (self.index !== told) self.tell((told = self.index));
    }, after);
  };

  const stop = () => {
    if (!self.playing) return;
    self.playing = false;
    button.setAttribute("aria-label", "Play");
    button.querySelector("path").setAttribute("d", PLAY);
    release();
  };
  const play = () => {
    self.playing = true;
    button.setAttribute("aria-label", "Pause");
    button.querySelector("path").setAttribute("d", PAUSE);
    const end = () => self.index >= self.data.frames - 1;
    let step = 1;
    if (end()) self.data.swing ? (step = -1) : go(0);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pace = 1000 / (calm ? 2 : self.data.pace);
    let last = performance.now();
    const tick = (now) => {
      if (!self.playing) return;
      if (now - last >= pace) {
        last = now - ((now - last) % pace);
        go(self.index + step);
        if (self.data.swing && (end() || self.index === 0)) step = end() ? -1 : 1;
      }
      if (end() && !self.data.swing) stop();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  };
  button.onclick = () => (self.playing ? stop() : play());

  // On the slider a press goes to its place; on a picture a drag moves by as much as the pointer does.
  const drag = (surface, start, move) => {
    let from = null;
    surface.onpointerdown = (event) => {
      if (event.button) return;
      stop();
      surface.setPointerCapture(event.pointerId);
      self.held = true;
      from = { x: event.clientX, index: self.index, width: surface.clientWidth };
      start(event, from);
    };
    surface.onpointermove = (event) => {
      if (from) move(event, from);
    };
    surface.onpointerup = surface.onpointercancel = () => {
      if (!from) return;
      from = null;
      self.held = false;
      release();
    };
  };
  const place = (event) => {
    const box = slider.getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * (self.data.frames - 1));
  };
  drag(slider, place, place);
  const pulled = (event, from) => go(from.index + ((event.clientX - from.x) / from.width) * (self.data.frames - 1));

  slider.onkeydown = (event) => {
    const last = self.data.frames - 1;
    const page = Math.max(1, Math.round(last / 10));
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page, Home: -last, End: last };
    if (event.key === " ") self.playing ? stop() : play();
    else if (event.key in steps) {
      stop();
      go(self.index + steps[event.key]);
      release(450);
    } else return;
    event.preventDefault();
  };

  const watcher = new ResizeObserver(soon);

  // A canvas for each strip, with its name beneath where it has one.
  const stretch = (strips) => {
    watcher.disconnect();
    delete root.dataset.ready;
    self.screens = strips.map((strip) => {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      drag(canvas, () => {}, pulled);
      watcher.observe(canvas);
      return { canvas, strip: {}, sheet: null };
    });
    root.style.setProperty("--strips", strips.length);
    stage.replaceChildren(
      ...self.screens.map(({ canvas }, at) => {
        const figure = document.createElement("figure");
        const caption = document.createElement("figcaption");
        figure.append(canvas, ...(strips[at].title ? [caption] : []));
        return figure;
      })
    );
  };
  const load = (screen, strip) => {
    const other = screen.strip.sheet !== strip.sheet;
    screen.strip = strip;
    screen.canvas.style.aspectRatio = `${strip.width} / ${strip.height}`;
    const caption = screen.canvas.nextElementSibling;
    if (caption) caption.textContent = strip.title;
    if (!other) return false;
    const image = new Image();
    image.src = strip.sheet;
    image.decode().then(() => {
      if (screen.strip.sheet !== strip.sheet) return;
      screen.sheet = image;
      if (self.screens.every((one) => one.sheet)) root.dataset.ready = "true";
      soon();
    }, () => (label.textContent = "The pictures could not be shown."));
    return true;
  };

  self.update = (data, tell) => {
    const named = (strips) => strips.map((strip) => Boolean(strip.title)).join();
    if (!self.data || named(self.data.strips) !== named(data.strips)) stretch(data.strips);
    const other = self.screens.map((screen, at) => load(screen, data.strips[at])).some(Boolean);
    const moved = other || self.data?.start !== data.start;
    self.data = data;
    self.tell = tell;
    slider.setAttribute("aria-label", data.name);
    slider.setAttribute("aria-valuemin", 0);
    slider.setAttribute("aria-valuemax", data.frames - 1);
    if (moved && !self.held && !self.playing && !letGo) self.index = told = data.start;
    self.index = Math.min(self.index, data.frames - 1);
    soon();
  };
  self.remove = () => {
    self.playing = false;
    clearTimeout(letGo);
    cancelAnimationFrame(waiting);
    watcher.disconnect();
    delete root.scrubber;
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".scrubber");
  root.scrubber ??= build(root);
  root.scrubber.update(data, (index) => setTriggerValue("released", index));
  return () => root.scrubber?.remove();
}
