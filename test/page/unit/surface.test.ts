/** The loss surface: its directions, its places, and losses that follow from the formula. */
import { describe, expect, it } from 'vitest'
import type { SmallNetwork } from '../../../page/src/playground/network.js'
import { dot, principalDirections } from '../../../page/src/playground/principal-directions.js'
import { computeSurface, normalizedDirection } from '../../../page/src/playground/surface.js'

/** y = w₁·x₁ + w₂·x₂, with the squared error. */
const linear = (w1: number, w2: number): SmallNetwork => ({
  derived: [],
  inputs: [
    { offset: 0, scale: 1 },
    { offset: 0, scale: 1 },
  ],
  layers: [{ inputs: 2, units: 1, weight: Float32Array.of(w1, w2), bias: null, activation: 'linear' }],
  loss: 'squaredError',
})

/** Along the axes, so the loss is ¼ ((w₁ − 1)² + (w₂ − 2)²). */
const rows = {
  inputs: [
    [1, 0],
    [0, 1],
  ],
  targets: [[1], [2]],
}

describe('principal directions', () => {
  it('are those of a scaled and rotated cross', () => {
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)]
    const vectors = [3, -3].map((length) => Float64Array.of(length * c, length * s, 0))
    const across = [1, -1].map((length) => Float64Array.of(-length * s, length * c, 0))
    const { directions, explained } = principalDirections([...vectors, ...across])
    expect(Math.abs(dot(directions[0], [c, s, 0]))).toBeCloseTo(1, 9)
    expect(Math.abs(dot(directions[1], [-s, c, 0]))).toBeCloseTo(1, 9)
    expect(explained).toBeCloseTo(1, 9)
  })

  it('explain the two largest of three squared lengths', () => {
    const vectors = [Float64Array.of(3, 0, 0), Float64Array.of(0, 2, 0), Float64Array.of(0, 0, 1)]
    expect(principalDirections(vectors).explained).toBeCloseTo(13 / 14, 9)
  })

  it('are zero for a path that stays', () => {
    const { directions, explained } = principalDirections([new Float64Array(2), new Float64Array(2)])
    expect([...directions[0], ...directions[1], explained]).toEqual([0, 0, 0, 0, 0])
  })
})

describe('a random direction', () => {
  it('has the norm of each unit, and no change of the biases', () => {
    const network: SmallNetwork = {
      ...linear(0, 0),
      layers: [
        {
          inputs: 2,
          units: 2,
          weight: Float32Array.of(3, 4, 0, 0.5),
          bias: Float32Array.of(7, 7),
          activation: 'tanh',
        },
      ],
    }
    const drawn = [1, 0, 1, 1]
    const direction = normalizedDirection(network, () => drawn.shift() ?? 0)
    for (const [index, value] of [5, 0, 0.5 / Math.SQRT2, 0.5 / Math.SQRT2, 0, 0].entries()) {
      expect(direction[index]).toBeCloseTo(value, 9)
    }
  })
})

describe('the surface', () => {
  const path = [linear(4, 0), linear(2, 1), linear(1, 2)]
  const surface = computeSurface({ network: linear(1, 2), rows, kind: 'path', seed: 1, path })

  it('of a path ends at its centre, and contains all of it', () => {
    expect(surface.path).toHaveLength(3)
    expect(Math.hypot(...(surface.path[2] ?? []))).toBeCloseTo(0, 9)
    // Distances stay, because two directions span all weights: √(3² + 2²) and √(1² + 1²).
    expect(Math.hypot(...(surface.path[0] ?? []))).toBeCloseTo(Math.sqrt(13), 5)
    expect(Math.hypot(...(surface.path[1] ?? []))).toBeCloseTo(Math.SQRT2, 5)
    expect(surface.explained).toBeCloseTo(1, 9)
    for (const [x, y] of surface.path) {
      expect(x).toBeGreaterThan(surface.x[0])
      expect(x).toBeLessThan(surface.x[1])
      expect(y).toBeGreaterThan(surface.y[0])
      expect(y).toBeLessThan(surface.y[1])
    }
  })

  it('is a quarter of the squared distance from the minimum', () => {
    const { size, x, y, losses } = surface
    for (const point of [0, size - 1, 700, size ** 2 - 1]) {
      const a = x[0] + ((x[1] - x[0]) * (point % size)) / (size - 1)
      const b = y[0] + ((y[1] - y[0]) * Math.floor(point / size)) / (size - 1)
      expect(losses[point]).toBeCloseTo((a ** 2 + b ** 2) / 4, 4)
    }
  })

  it('of random directions is the same for a seed, and another for another', () => {
    const draw = (seed: number) =>
      computeSurface({ network: linear(1, 2), rows, kind: 'random', seed, path: [] })
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1).losses).not.toEqual(draw(2).losses)
    expect(draw(1)).toMatchObject({ x: [-1, 1], y: [-1, 1], path: [], explained: null })
  })
})
