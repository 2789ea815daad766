/** A demonstration of the lecture: a claim, the training that shows it, and the plots of the result. */
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
  | { type: 'pictures'; side: number; pictures: { pixels: number[]; caption: string }[] }

export interface Result {
  plots: Plot[]
  summary: string
}

export interface Demonstration {
  id: string
  title: string
  claim: string
  /** The initial true rows of a truth table of three inputs. Set only if the reader can choose them. */
  trueRows?: readonly number[]
  run(trueRows: readonly number[]): Promise<Result>
}

/** All combinations of three bits in ascending order, most significant bit first. */
export const truthTableRows = Array.from({ length: 8 }, (_, row) => [row >> 2, (row >> 1) & 1, row & 1])
