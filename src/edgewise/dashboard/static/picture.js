// The pictures of a chart that a reader takes away: SVG, and PNG made of it.

import { colour } from "./colours.js";
import { download } from "./dom.js";
import { picture } from "./svg.js";
import { spoken } from "./time.js";

const SHARP = 2;

/** Hand out the SVG of a drawing. */
export function asSvg(name, drawing) {
  download(`${name}.svg`, blob(drawing));
}

/** Hand out the PNG of a drawing, at twice the size for sharp screens. */
export async function asPng(name, drawing) {
  const address = URL.createObjectURL(blob(drawing));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width * SHARP;
    canvas.height = image.height * SHARP;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    download(`${name}.png`, await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function blob(drawing) {
  return new Blob([picture(drawing, colour, spoken(drawing.period))], { type: "image/svg+xml" });
}
