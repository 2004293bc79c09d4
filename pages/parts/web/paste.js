// Hands a picture from the clipboard to Python, once, as a data URL.
export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  const status = parentElement.querySelector("[role=status]");
  const hint = /Mac|iPhone|iPad/.test(navigator.platform) ? "or press ⌘V" : "or press Ctrl+V";
  if (!status.textContent) status.textContent = hint;

  const send = (file) => {
    if (file.size > data.most) {
      status.textContent = `The picture has ${(file.size / 1e6).toFixed(1)} MB; at most ${data.most / 1e6} MB are read.`;
      return;
    }
    const reader = new FileReader();
    reader.onload = () => {
      status.textContent = hint;
      setTriggerValue("picture", reader.result);
    };
    reader.onerror = () => (status.textContent = "The picture on the clipboard cannot be read.");
    reader.readAsDataURL(file);
  };

  const pasted = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    send(file);
  };

  button.onclick = async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const kind = item.types.find((type) => type.startsWith("image/"));
        if (kind) return send(await item.getType(kind));
      }
      status.textContent = "There is no picture on the clipboard.";
    } catch {
      status.textContent = `The browser keeps its clipboard to itself; ${hint.slice(3)} instead.`;
    }
  };

  // Called after every rerun: the listener before this one goes.
  button.unlisten?.();
  document.addEventListener("paste", pasted);
  button.unlisten = () => document.removeEventListener("paste", pasted);
  return () => button.unlisten();
}
