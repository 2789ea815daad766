/** What a card of the lecture is: a claim, what it trains, and the plots that it shows. */
import type { Boundary } from '../api/types.js'
import type { Sample } from '../draw/line.js'
import type { Point } from '../draw/plane.js'

export interface Line {
  label: string
  x: number[]
  y: (number | null)[]
}

export type Plot =
  | { type: 'curves'; lines: Line[]; x: string; y: string; logarithmicX?: boolean; linearY?: boolean }
  | { type: 'maps'; maps: { title: string; frame: Boundary; points: Point[]; samples: Sample[] }[] }
  | { type: 'bars'; unit: string; bars: { label: string; value: number; note: string }[] }
  | { type: 'signals'; heads: string[]; rows: number[][][] }
  | { type: 'table'; heads: string[]; rows: string[][] }
  | { type: 'pictures'; side: number; pictures: { pixels: number[]; says: string }[] }

export interface Shown {
  plots: Plot[]
  says: string
}

export interface Demonstration {
  id: string
  title: string
  claim: string
  /** Whether the reader chooses the rows of a truth table of three inputs that are true, and which are at first. */
  trueRows?: readonly number[]
  run(trueRows: readonly number[]): Promise<Shown>
}

/** Every combination of three bits, counting up, the first the most significant. */
export const truthTableRows = Array.from({ length: 8 }, (_, row) => [row >> 2, (row >> 1) & 1, row & 1])
