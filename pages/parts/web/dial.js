// Sets the hands to the visitor's own time, and keeps them there.
export default function ({ parentElement }) {
  const dial = parentElement.querySelector("svg");
  const set = () => {
    const now = new Date();
    const minutes = now.getMinutes() + now.getSeconds() / 60;
    dial.querySelector(".hour").setAttribute("transform", `rotate(${(now.getHours() % 12) * 30 + minutes / 2})`);
    dial.querySelector(".minute").setAttribute("transform", `rotate(${minutes * 6})`);
    dial.setAttribute("aria-label", `A clock showing ${now.toTimeString().slice(0, 5)}`);
  };
  clearInterval(dial.ticking);
  dial.ticking = setInterval(set, 5000);
  set();
  return () => clearInterval(dial.ticking);
}
