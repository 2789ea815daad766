/** Draws a picture with half blocks, two rows of pixels per line. */
export function pictureLines(pixels: readonly number[], side: number, black: number): string[] {
  const isInk = (x: number, y: number) => (pixels[y * side + x] ?? 0) > black / 2
  return Array.from({ length: Math.ceil(side / 2) }, (_, line) =>
    Array.from({ length: side }, (_, x) => {
      const [upper, lower] = [isInk(x, 2 * line), isInk(x, 2 * line + 1)]
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' '
    }).join(''),
  )
}
