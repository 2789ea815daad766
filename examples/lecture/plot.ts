/** What a demonstration plots. The terminal and the page draw the same plots. */
import type { Propagated } from './back-propagation.js'

export interface Axis {
  /** With its unit. */
  label: string
  logarithmic?: boolean
  /** Values that are labelled; by default, round ones. */
  ticks?: readonly number[]
  /** Limits of the axis; by default, those of the data. */
  from?: number
  to?: number
}

export type Position = readonly [x: number, y: number]

interface Series {
  label: string
  points: readonly Position[]
  /** The lowest and highest value of all seeds at each x. */
  band?: readonly (readonly [x: number, low: number, high: number])[]
  style?: 'dashed' | 'dots'
}

/** Curves with bands on two axes. */
export interface Chart {
  type: 'chart'
  title: string
  x: Axis
  y: Axis
  series: readonly Series[]
  /** A horizontal line for comparison. */
  reference?: { y: number; label: string }
}

/** Bars from zero, with the range of all seeds. */
export interface Bars {
  type: 'bars'
  title: string
  /** The quantity and its unit. */
  unit: string
  groups: readonly { label: string; bars: readonly Bar[] }[]
  reference?: { value: number; label: string }
}

interface Bar {
  label: string
  value: number
  low: number
  high: number
}

/** Values on a grid, the first axis fastest. */
interface Grid {
  from: Position
  to: Position
  size: number
  values: readonly number[]
}

/** A loss over two weights as contours, with the paths of trainings. */
export interface Surface {
  type: 'surface'
  title: string
  x: string
  y: string
  grid: Grid
  paths: readonly { label: string; points: readonly Position[] }[]
  minimum: Position
}

export interface ClassPoint {
  x: number
  y: number
  /** Index of its class. */
  label: number
}

export interface PlaneMap {
  title: string
  from: Position
  to: Position
  points: readonly ClassPoint[]
  /** The outputs from 0 to 1, with the boundary at ½; or one line w₁x + w₂y + b = 0, on whose positive side is class 1. */
  area:
    | { type: 'outputs'; size: number; values: readonly number[] }
    | { type: 'line'; weights: readonly number[] }
}

/** The plane of two inputs, divided by networks. */
export interface Planes {
  type: 'planes'
  title: string
  x: string
  y: string
  maps: readonly PlaneMap[]
}

interface Table {
  type: 'table'
  title: string
  heads: readonly string[]
  rows: readonly (readonly string[])[]
}

interface Words {
  type: 'words'
  lines: readonly string[]
}

export interface Signals {
  type: 'signals'
  title: string
  heads: readonly string[]
  rows: readonly (readonly (readonly number[])[])[]
}

export interface Pictures {
  type: 'pictures'
  title: string
  side: number
  pictures: readonly { pixels: readonly number[]; caption: string }[]
}

/** Back-propagation, number by number. */
interface NetworkSteps {
  type: 'network'
  title: string
  network: Propagated
}

export type Plot = Chart | Bars | Surface | Planes | Table | Words | Signals | Pictures | NetworkSteps
