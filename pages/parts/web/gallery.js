// A group of thumbnails, one of which is chosen. Arrow keys move, Enter, Space or a click picks.
export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".gallery");
  group.setAttribute("aria-label", data.label);

  const names = data.items.map((item) => item.name).join("\n");
  if (group.dataset.names !== names) {
    group.dataset.names = names;
    group.replaceChildren(
      ...data.items.map((item) => {
        const button = document.createElement("button");
        const picture = document.createElement("img");
        button.type = "button";
        button.setAttribute("role", "radio");
        button.dataset.name = item.name;
        button.title = item.words;
        picture.src = item.source;
        picture.alt = item.words;
        button.append(picture);
        return button;
      })
    );
  }

  const buttons = [...group.querySelectorAll("button")];
  const mark = (name) => {
    const index = Math.max(0, buttons.findIndex((button) => button.dataset.name === name));
    buttons.forEach((button, at) => {
      button.setAttribute("aria-checked", String(button.dataset.name === name));
      button.tabIndex = at === index ? 0 : -1;
    });
  };
  const pick = (button) => {
    mark(button.dataset.name);
    group.dataset.shown = button.dataset.name;  // it is in sight
    setTriggerValue("picked", button.dataset.name);
  };
  mark(data.chosen);
  const shown = buttons.find((button) => button.dataset.name === data.chosen);
  if (shown && group.scrollHeight > group.clientHeight && group.dataset.shown !== data.chosen) {
    group.dataset.shown = data.chosen;  // once a choice: a rerun must not take the gallery from under a finger
    group.scrollTop = shown.offsetTop - group.offsetTop - (group.clientHeight - shown.offsetHeight) / 2;
  }

  group.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) pick(button);
  };
  group.onkeydown = (event) => {
    const at = buttons.indexOf(event.target.closest("button"));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    let next = at;
    if (step) next = (at + step + buttons.length) % buttons.length;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = buttons.length - 1;
    else return;
    event.preventDefault();
    buttons.forEach((button, index) => (button.tabIndex = index === next ? 0 : -1));
    buttons[next].focus();
  };
}
