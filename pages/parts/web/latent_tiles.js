// Pictures of one sheet in rows. Arrow keys move, Enter, Space or a click enlarges; enlarged, arrow keys go on to the next.
function build(root) {
  const place = root.querySelector(".cells");
  const dialog = root.querySelector("dialog");
  const words = dialog.querySelector("p");
  const self = { data: null, buttons: [], sheet: null, at: 0 };

  const draw = (canvas, index) => {
    const { columns, width, height } = self.data;
    [canvas.width, canvas.height] = [width, height];
    const [column, row] = [index % columns, Math.floor(index / columns)];
    canvas.getContext("2d").drawImage(self.sheet, column * width, row * height, width, height, 0, 0, width, height);
  };
  const enlarge = (index) => {
    if (!self.sheet) return;
    self.at = index;
    const canvas = dialog.querySelector("canvas");
    draw(canvas, index);
    words.textContent = self.data.labels[index];
    canvas.setAttribute("aria-label", self.data.labels[index]);
    if (!dialog.open) dialog.showModal();
  };
  const focus = (index) => {
    self.at = index;
    self.buttons.forEach((button, at) => (button.tabIndex = at === index ? 0 : -1));
  };
  // Where an arrow key leads from the cell ``at``; null for other keys.
  const next = (key) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: self.data.across, ArrowUp: -self.data.across }[key];
    const to = step ? self.at + step : { Home: 0, End: self.buttons.length - 1 }[key];
    return to === undefined ? null : Math.min(Math.max(to, 0), self.buttons.length - 1);
  };

  place.onclick = (event) => {
    const index = self.buttons.indexOf(event.target.closest("button"));
    if (index < 0) return;
    focus(index);
    enlarge(index);
  };
  place.onkeydown = (event) => {
    const to = next(event.key);
    if (to === null) return;
    event.preventDefault();
    focus(to);
    self.buttons[to].focus();
  };
  dialog.onkeydown = (event) => {
    const to = next(event.key);
    if (to === null) return;
    event.preventDefault();
    focus(to);
    enlarge(to);
  };
  dialog.onclick = (event) => {
    if (event.target === dialog || event.target.closest(".shut")) dialog.close();
  };
  dialog.onclose = () => self.buttons[self.at]?.focus();

  const lay = (data) => {
    self.buttons = Array.from({ length: data.count }, (_, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = index ? -1 : 0;
      button.append(document.createElement("canvas"));
      return button;
    });
    self.at = 0;
    const titles = data.rows.map((title) => {
      if (!title) return null;
      const line = document.createElement("p");
      line.className = "row";
      line.textContent = title;
      return line;
    });
    const parts = [];
    self.buttons.forEach((button, index) => {
      if (index % data.across === 0 && titles[index / data.across]) parts.push(titles[index / data.across]);
      parts.push(button);
    });
    place.replaceChildren(...parts);
  };

  self.update = (data) => {
    const shape = (one) => [one.count, one.across, ...one.rows].join("\n");
    const other = self.data?.sheet !== data.sheet || shape(self.data) !== shape(data);
    if (!self.data || shape(self.data) !== shape(data)) lay(data);
    self.data = data;
    root.classList.toggle("pixels", data.pixels);
    root.classList.toggle("tight", data.tight);
    root.style.setProperty("--across", data.across);
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", data.name);
    self.buttons.forEach((button, index) => {
      button.title = data.labels[index];
      button.setAttribute("aria-label", `Enlarge ${data.labels[index]}`);
    });
    if (!other) return;
    const image = new Image();
    image.src = data.sheet;
    image.decode().then(() => {
      if (self.data.sheet !== data.sheet) return;
      self.sheet = image;
      self.buttons.forEach((button, index) => draw(button.firstChild, index));
      if (dialog.open) enlarge(self.at);
      root.dataset.ready = "true";
    }, () => (place.textContent = "The pictures could not be shown."));
  };
  return self;
}

// Called on mounting and after every rerun; what must outlive a rerun hangs on the element.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tiles");
  root.tiles ??= build(root);
  root.tiles.update(data);
  return () => delete root.tiles;
}
