// The focus over a drawing anew: it stays on the same control, or goes to the content when that is gone.

const CONTROLS = "a, button, input, select, summary";

/** Draw, and then put the focus where it was. `moved` sends it to the content in any case. */
export function keepingFocus(moved, draw) {
  const holder = document.activeElement?.closest("#period, #tools, #filters, #views");
  const place = holder ? [...holder.querySelectorAll(CONTROLS)].indexOf(document.activeElement) : -1;
  draw();
  const same = moved || place < 0 ? null : holder.querySelectorAll(CONTROLS)[place];
  if (moved || document.activeElement === document.body) {
    (same ?? document.getElementById("content")).focus({ preventScroll: true });
  }
  if (moved) scrollTo(0, 0);
}
