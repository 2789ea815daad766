/** The datasets of the playground, generated in the page so that they are visible before training. */
import type { Sample } from '../draw/line.js'
import type { Point } from '../draw/plane.js'
import { generator, normal } from '../random.js'

export const shapes = [
  'xor',
  'and',
  'or',
  'moons',
  'circles',
  'spirals',
  'blobs',
  'points',
  'sine',
  'file',
] as const
export type Shape = (typeof shapes)[number]

export const shapeNames: Record<Shape, string> = {
  xor: 'XOR',
  and: 'AND',
  or: 'OR',
  moons: 'Moons',
  circles: 'Circles',
  spirals: 'Spirals',
  blobs: 'Blobs',
  points: 'Custom points',
  sine: 'Sine',
  file: 'Own file',
}

const truthTables: Partial<Record<Shape, readonly number[]>> = {
  xor: [0, 1, 1, 0],
  and: [0, 0, 0, 1],
  or: [0, 1, 1, 1],
}

/** `at` returns the point at fraction `along` of the curve of a class. */
const curves: Partial<
  Record<Shape, { classes: number; at: (along: number, classIndex: number) => [number, number] }>
> = {
  moons: {
    classes: 2,
    at: (along, classIndex) => {
      const [x, y] = circle(1, along / 2)
      return classIndex === 0 ? [x, y] : [1 - x, 0.5 - y]
    },
  },
  circles: { classes: 2, at: (along, classIndex) => circle(classIndex === 0 ? 1 : 0.5, along) },
  spirals: { classes: 2, at: (along, classIndex) => circle(0.2 + 1.8 * along, 1.5 * along + classIndex / 2) },
  blobs: { classes: 3, at: (_, classIndex) => circle(2, classIndex / 3) },
}

function circle(radius: number, turns: number): [number, number] {
  return [radius * Math.cos(2 * Math.PI * turns), radius * Math.sin(2 * Math.PI * turns)]
}

export interface PlaygroundRows {
  /** Of two inputs and classes. */
  points: readonly Point[]
  /** Of one input and a number. */
  samples: readonly Sample[]
  classes: number
  /** Names of the inputs: one or two. */
  inputs: readonly string[]
  /** The dataset of the service that has these rows; null if the request has them. */
  dataset: string | null
}

interface Source {
  shape: Shape
  noise: number
  /** Seed of the noise. */
  dataSeed: number
}

/** Maximum rows of a file: the service returns as many at once. */
export const maximumRows = 1_000

/** @param clicked the points of the dataset `points` */
export function rowsOf(source: Source, clicked: readonly Point[]): PlaygroundRows {
  const { shape } = source
  const points = shape === 'points' ? clicked : generatePoints(source)
  return {
    points,
    samples: shape === 'sine' ? sineSamples(source) : [],
    classes: new Set(points.map(({ classIndex }) => classIndex)).size,
    // As the service names the columns of rows in a request.
    inputs: shape === 'sine' ? ['x1'] : ['x1', 'x2'],
    dataset: isTruthTable(shape) ? shape : null,
  }
}

function generatePoints({ shape, noise, dataSeed }: Source): readonly Point[] {
  const labels = truthTables[shape]
  if (labels !== undefined) {
    return labels.map((classIndex, row) => ({ x: row >> 1, y: row & 1, classIndex }))
  }
  const curve = curves[shape]
  if (curve === undefined) return []
  const random = generator(dataSeed)
  const perClass = Math.floor(200 / curve.classes)
  return Array.from({ length: perClass * curve.classes }, (_, row) => {
    const classIndex = row % curve.classes
    const [x, y] = curve.at(Math.floor(row / curve.classes) / (perClass - 1), classIndex)
    const spread = shape === 'blobs' ? 3 * noise : noise
    return { x: x + spread * normal(random), y: y + spread * normal(random), classIndex }
  })
}

function sineSamples({ noise, dataSeed }: Source): Sample[] {
  const random = generator(dataSeed)
  return Array.from({ length: 80 }, (_, row) => {
    const x = Math.PI * ((2 * row) / 79 - 1)
    return { x, y: Math.sin(x) + noise * normal(random) }
  })
}

/** Whether the points are drawn with noise. */
export const isGenerated = (shape: Shape) => shape in curves || shape === 'sine'

export const isTruthTable = (shape: Shape): shape is 'xor' | 'and' | 'or' => truthTables[shape] !== undefined
