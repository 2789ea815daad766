/** The colours of a plotted truth table. */
import type { Page } from 'playwright-core'

/** The colours of the plot at the four corners of XOR: 'blue' is the first class, 'orange' the second. */
export async function cornerColours(page: Page): Promise<string[]> {
  // Samples next to the corners, which the points cover. The axes range from −0.25 to 1.25.
  return page.evaluate(`
    const canvas = document.querySelector('.boundary canvas')
    const at = (value) => (value === 0 ? 0.1 : 0.9)
    const colours = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([x, y]) => {
      const [red, , blue] = canvas.getContext('2d')
        .getImageData(canvas.width * at(x), canvas.height * (1 - at(y)), 1, 1).data
      return blue > red ? 'blue' : 'orange'
    })
    colours
  `)
}
