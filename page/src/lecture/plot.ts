/** What a run of a demonstration shows. */
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
  /** Whether the figures show what the catalogue asserts. */
  holds: boolean
}
