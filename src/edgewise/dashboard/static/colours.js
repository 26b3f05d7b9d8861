// The colours of the style sheet as values, for what is drawn and not styled.

const probe = document.createElement("span");
probe.hidden = true;

/** The value of a colour such as `--chart-1` in the theme of now. */
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** Call back when the theme changes, by the system or by the reader. Gives what stops it. */
export function onTheme(callback) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(callback);
  media.addEventListener("change", callback);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    media.removeEventListener("change", callback);
    observer.disconnect();
  };
}
