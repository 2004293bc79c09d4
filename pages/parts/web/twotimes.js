// Two times on one dial of twelve hours: drag a hand, or move it with the arrow keys. Python hears when it is let go.
const SPACE = "http://www.w3.org/2000/svg";
const AROUND = 720;
const text = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const point = (minutes, radius) => {
  const angle = (minutes / AROUND) * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
};
// An arc clockwise from one time over so many minutes.
const arc = (from, over, radius) =>
  over < 0.5 ? "" : `M${point(from, radius)}A${radius} ${radius} 0 ${over > AROUND / 2 ? 1 : 0} 1 ${point(from + over, radius)}`;

function build(root) {
  const dial = root.querySelector("svg");
  const ticks = root.querySelector(".ticks");
  ticks.replaceChildren();
  for (let hour = 0; hour < 12; hour++) {
    const mark = document.createElementNS(SPACE, "line");
    const [x1, y1] = point(hour * 60, 117).split(" ");
    const [x2, y2] = point(hour * 60, 125).split(" ");
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) mark.setAttribute(name, value);
    const number = document.createElementNS(SPACE, "text");
    const [x, y] = point(hour * 60, 100).split(" ").map(Number);
    number.setAttribute("x", x);
    number.setAttribute("y", y + 6.5);
    number.textContent = hour || 12;
    ticks.append(mark, number);
  }
  const hands = [root.querySelector(".hand.true"), root.querySelector(".hand.read")];
  const grips = hands.map((hand) => hand.querySelector(".grip"));
  const told = [root.querySelector(".key .true b"), root.querySelector(".key .read b")];
  const self = { times: [0, 0], sent: "", tell: () => {}, held: -1, letGo: 0 };

  const draw = () => {
    const [shows, reads] = self.times;
    hands.forEach((hand, at) => hand.setAttribute("transform", `rotate(${self.times[at] / 2})`));
    grips.forEach((grip, at) => {
      grip.setAttribute("aria-valuenow", self.times[at]);
      grip.setAttribute("aria-valuetext", text(self.times[at]));
      told[at].textContent = text(self.times[at]);
    });
    const [low, high] = [Math.min(shows, reads), Math.max(shows, reads)];
    const wraps = high - low > AROUND / 2;
    const circular = wraps ? AROUND - high + low : high - low;
    root.querySelector(".long").setAttribute("d", arc(low, high - low, 66));
    root.querySelector(".short").setAttribute("d", arc(wraps ? high : low, circular, 78));
    root.querySelector(".arcs .circular b").textContent = `${circular} min`;
    root.querySelector(".arcs .absolute b").textContent = `${high - low} min`;
  };
  const release = (after) => {
    clearTimeout(self.letGo);
    self.letGo = setTimeout(() => {
      self.letGo = 0;
      if (self.times.join() !== self.sent) {
        self.sent = self.times.join();
        self.tell([...self.times]);
      }
    }, after);
  };
  const at = (event) => {
    const box = dial.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    return Math.round(((Math.atan2(x, -y) / (2 * Math.PI) + 1) % 1) * AROUND) % AROUND;
  };
  const apart = (one, other) => Math.min((one - other + AROUND) % AROUND, (other - one + AROUND) % AROUND);
  dial.onpointerdown = (event) => {
    if (event.button) return;
    const place = at(event);
    const grip = grips.indexOf(event.target);
    self.held = grip >= 0 ? grip : apart(place, self.times[0]) < apart(place, self.times[1]) ? 0 : 1;
    dial.setPointerCapture(event.pointerId);
    grips[self.held].focus({ preventScroll: true });
    if (grip < 0) self.times[self.held] = place;
    draw();
  };
  dial.onpointermove = (event) => {
    if (self.held < 0) return;
    self.times[self.held] = at(event);
    draw();
  };
  dial.onpointerup = dial.onpointercancel = () => {
    if (self.held < 0) return;
    self.held = -1;
    release(0);
  };
  grips.forEach((grip, index) => {
    grip.onkeydown = (event) => {
      const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 60, PageDown: -60 };
      if (event.key in steps) self.times[index] = (self.times[index] + steps[event.key] + AROUND) % AROUND;
      else if (event.key === "Home") self.times[index] = 0;
      else if (event.key === "End") self.times[index] = AROUND - 1;
      else return;
      event.preventDefault();
      draw();
      release(450);
    };
  });

  self.update = (data, tell) => {
    self.tell = tell;
    if (self.held < 0 && !self.letGo) {
      self.times = [...data.times];
      self.sent = data.times.join();
    }
    root.dataset.ready = "true";
    draw();
  };
  self.remove = () => {
    clearTimeout(self.letGo);
    delete root.twotimes;
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".twotimes");
  root.twotimes ??= build(root);
  root.twotimes.update(data, (times) => setTriggerValue("moved", times));
  return () => root.twotimes?.remove();
}
