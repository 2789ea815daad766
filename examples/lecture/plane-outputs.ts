/** The outputs of a network over a grid of its two inputs. */
import type { Network } from './laboratory.js'
import type { Position } from './plot.js'

/** Points along each side of the grid. */
export const gridPoints = 41

/** Of the first output, the first input fastest. */
export async function planeOutputs(
  network: Network,
  { from, to }: { from: Position; to: Position },
): Promise<number[]> {
  const at = (index: number, axis: 0 | 1) => from[axis] + ((to[axis] - from[axis]) * index) / (gridPoints - 1)
  const points = Array.from({ length: gridPoints ** 2 }, (_, index) => [
    at(index % gridPoints, 0),
    at(Math.floor(index / gridPoints), 1),
  ])
  return (await network.predict(points)).map(([output]) => output)
}
