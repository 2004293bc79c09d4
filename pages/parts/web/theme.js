// Called on mounting, after every rerun and when the theme changes; speaks up only when the page was drawn for another.
export default function ({ data, parentElement, setStateValue }) {
  const scheme = getComputedStyle(parentElement.querySelector("i")).colorScheme;
  const dark = scheme.includes("dark") && !scheme.includes("light");
  if (dark !== data.dark && (dark || scheme.includes("light"))) setStateValue("dark", dark);
}
