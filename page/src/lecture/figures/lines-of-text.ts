/** Breaks text into lines, because SVG does not. */

/** Mean width of a character of the figures' font, in pixels. */
const characterWidth = 6.9

export function linesOfText(text: string, width: number): string[] {
  const most = Math.max(12, Math.floor(width / characterWidth))
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last !== undefined && last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
