/** Colours of the style sheet as numbers, for canvases that mix them. */
import { token } from '../theme.js'

export const classColours = 6
export type Colour = [number, number, number]

export const classColour = (classIndex: number): Colour =>
  colourFromToken(`--class-${(classIndex % classColours) + 1}`)

/** @param name a token of the form #rrggbb */
export function colourFromToken(name: string): Colour {
  const hex = token(name)
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Colour
}
