// Puts a picture on the page that Python has drawn, and leaves it alone while it stays the same, so that it goes on moving.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".living");
  if (root.shown !== data.drawn) {
    root.shown = data.drawn;
    root.innerHTML = data.drawn;
  }
  root.classList.toggle("held", data.held);
}
