// A square on a picture: drag it or its corners, or draw another; arrows move it, + and - resize it. Python hears when it is let go.
const SUGGESTED = 0.8; // of the shorter side: the square that is shown before one is chosen
const MOVED = 4; // screen pixels that a press may slip without drawing a new square

function build(root) {
  const frame = root.querySelector(".frame");
  const picture = root.querySelector("img");
  const box = root.querySelector(".box");
  const told = root.querySelector(".told span");
  const button = root.querySelector("button");
  const self = { data: null, square: [0, 0, 1], cut: false, sent: "", tell: () => {}, held: null, letGo: 0 };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

  const draw = () => {
    const { width, height } = self.data;
    const [left, top, size] = self.square;
    const share = (value, of) => `${(100 * value) / of}%`;
    [box.style.left, box.style.top] = [share(left, width), share(top, height)];
    [box.style.width, box.style.height] = [share(size, width), share(size, height)];
    root.classList.toggle("cut", self.cut);
    const near = 0.03 * Math.max(width, height);
    const edges = { "at-left": left < near, "at-top": top < near, "at-right": width - left - size < near, "at-bottom": height - top - size < near };
    for (const grip of box.children) for (const [name, is] of Object.entries(edges)) grip.classList.toggle(name, is);
    button.hidden = !self.cut;
    const pixels = Math.round(size);
    told.textContent = self.cut ? `${pixels} × ${pixels} pixels` : "Drag the square onto the dial, or draw one.";
    const place = `${pixels} pixels wide, ${Math.round(left)} from the left, ${Math.round(top)} from the top`;
    box.setAttribute("aria-label", `${self.cut ? "Cut out" : "Suggested"}: ${place}. Arrows move it, plus and minus resize it.`);
  };
  // What lies in the picture, in whole pixels.
  const put = (left, top, size) => {
    const { width, height, least } = self.data;
    const side = clamp(size, least, Math.min(width, height));
    self.square = [clamp(left, 0, width - side), clamp(top, 0, height - side), side];
    self.cut = true;
    draw();
  };
  const settled = () => {
    const { width, height } = self.data;
    const size = Math.round(self.square[2]);
    return [Math.min(Math.round(self.square[0]), width - size), Math.min(Math.round(self.square[1]), height - size), size];
  };
  const release = (after = 0) => {
    clearTimeout(self.letGo);
    self.letGo = setTimeout(() => {
      self.letGo = 0;
      const square = self.cut ? settled() : [];
      if (square.join() === self.sent) return;
      self.sent = square.join();
      self.tell(square);
    }, after);
  };
  const suggest = () => {
    const { width, height } = self.data;
    const size = SUGGESTED * Math.min(width, height);
    self.square = [(width - size) / 2, (height - size) / 2, size];
    self.cut = false;
    draw();
  };

  const at = (event) => {
    const bounds = frame.getBoundingClientRect();
    const { width, height } = self.data;
    return [clamp(((event.clientX - bounds.left) / bounds.width) * width, 0, width), clamp(((event.clientY - bounds.top) / bounds.height) * height, 0, height)];
  };
  // A square from a fixed corner towards the pointer, as large as the farther way.
  const stretch = ([fromX, fromY], [x, y]) => {
    const { width, height, least } = self.data;
    const room = Math.min(x < fromX ? fromX : width - fromX, y < fromY ? fromY : height - fromY);
    if (room < least) return;
    const size = clamp(Math.max(Math.abs(x - fromX), Math.abs(y - fromY)), least, room);
    put(x < fromX ? fromX - size : fromX, y < fromY ? fromY - size : fromY, size);
  };
  frame.onpointerdown = (event) => {
    if (event.button || !self.data) return;
    const [left, top, size] = self.square;
    const start = at(event);
    const grip = event.target.classList.contains("grip") ? event.target.classList : null;
    if (grip) {
      const corner = [grip.contains("left") ? left + size : left, grip.contains("top") ? top + size : top];
      const slip = [start[0] - (grip.contains("left") ? left : left + size), start[1] - (grip.contains("top") ? top : top + size)];
      self.held = (point) => stretch(corner, [point[0] - slip[0], point[1] - slip[1]]);
    } else if (box.contains(event.target)) {
      self.held = (point) => put(left + point[0] - start[0], top + point[1] - start[1], size);
    } else if (event.pointerType !== "touch") {
      self.held = (point, slipped) => slipped && stretch(start, point); // a finger here scrolls the page
    } else return;
    self.from = [event.clientX, event.clientY];
    frame.setPointerCapture(event.pointerId);
    box.focus({ preventScroll: true });
    event.preventDefault();
  };
  frame.onpointermove = (event) => {
    if (!self.held) return;
    self.slipped ||= Math.hypot(event.clientX - self.from[0], event.clientY - self.from[1]) > MOVED;
    if (self.slipped) self.held(at(event), true);
  };
  frame.onpointerup = frame.onpointercancel = () => {
    if (!self.held) return;
    self.held = null;
    if (self.slipped) release();
    self.slipped = false;
  };
  box.onkeydown = (event) => {
    const [left, top, size] = self.square;
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(0.02 * Math.min(self.data.width, self.data.height)));
    const ways = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0] };
    const sizes = { "+": [-1, -1, 2], "=": [-1, -1, 2], "-": [1, 1, -2], "_": [1, 1, -2] };
    const way = ways[event.key] ?? sizes[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    put(left + way[0] * step, top + way[1] * step, size + way[2] * step);
    release(450);
  };
  button.onclick = () => {
    suggest();
    box.focus({ preventScroll: true });
    release();
  };

  self.update = (data, tell) => {
    const other = self.data?.picture !== data.picture;
    self.data = data;
    self.tell = tell;
    if (other) {
      picture.src = data.picture;
      frame.style.aspectRatio = `${data.width} / ${data.height}`;
      frame.style.width = `min(100%, ${(26 * data.width) / data.height}rem)`;
    }
    if (other || (!self.held && !self.letGo)) {
      clearTimeout(self.letGo);
      self.letGo = 0;
      self.held = null;
      self.sent = (data.square ?? []).join();
      if (data.square) put(...data.square);
      else suggest();
    }
    root.dataset.ready = "true";
  };
  self.remove = () => {
    clearTimeout(self.letGo);
    delete root.cropper;
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cropper");
  root.cropper ??= build(root);
  root.cropper.update(data, (square) => setTriggerValue("cut", square));
  return () => root.cropper?.remove();
}
