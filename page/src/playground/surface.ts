/**
 * The loss of a network over a plane of its weights (Li, Xu, Taylor, Studer and Goldstein, Visualizing the loss landscape of
 * neural nets, 2018): θ + x·d₁ + y·d₂, for two directions d₁ and d₂.
 */
import { generator, normal } from '../random.js'
import type { LabelledRows } from './losses.js'
import { meanLoss, type SmallNetwork } from './network.js'
import { dot, principalDirections } from './principal-directions.js'

export type DirectionKind = 'random' | 'path'

export interface SurfaceRequest {
  /** The centre of the surface. */
  network: SmallNetwork
  rows: LabelledRows
  kind: DirectionKind
  /** Of random directions. */
  seed: number
  /** The networks after some epochs, in order; the directions of `path` are those in which they differ most. */
  path: readonly SmallNetwork[]
}

export interface Surface {
  size: number
  x: readonly [number, number]
  y: readonly [number, number]
  /** The first axis varies fastest. A loss that is not finite is null. */
  losses: (number | null)[]
  /** The places of the networks of the path; empty for random directions. */
  path: [number, number][]
  /** The share of the squared distances of the path that both directions explain; null for random directions. */
  explained: number | null
}

const size = 37
/** Li et al. plot normalized directions from −1 to 1. */
const randomRange = [-1, 1] as const
/** Around the path, relative to its extent. */
const margin = 0.25

export function computeSurface(request: SurfaceRequest): Surface {
  const { network, rows, kind, path: networks } = request
  const centre = parametersOf(network)
  const { directions, explained, path } =
    kind === 'random' ? randomDirections(request) : directionsOfPath(centre, networks)
  const [first, second] = directions
  const [x, y] =
    kind === 'random' ? [randomRange, randomRange] : ([rangeOf(path, 0), rangeOf(path, 1)] as const)
  const losses = Array.from({ length: size ** 2 }, (_, point) => {
    const [a, b] = [at(x, point % size), at(y, Math.floor(point / size))]
    const moved = centre.map((value, index) => value + a * (first[index] ?? 0) + b * (second[index] ?? 0))
    const loss = meanLoss(withParameters(network, moved), rows.inputs, rows.targets)
    return Number.isFinite(loss) ? loss : null
  })
  return { size, x, y, losses, path, explained }
}

const at = ([from, to]: readonly [number, number], index: number) => from + ((to - from) * index) / (size - 1)

/** All weights and biases, layer by layer. */
const parametersOf = ({ layers }: SmallNetwork): Float64Array<ArrayBuffer> =>
  Float64Array.from(layers.flatMap(({ weight, bias }) => [...weight, ...(bias ?? [])]))

function withParameters(network: SmallNetwork, parameters: Float64Array): SmallNetwork {
  let offset = 0
  const take = (length: number) => {
    const part = Float32Array.from(parameters.subarray(offset, offset + length))
    offset += length
    return part
  }
  const layers = network.layers.map((layer) => ({
    ...layer,
    weight: take(layer.weight.length),
    bias: layer.bias === null ? null : take(layer.bias.length),
  }))
  return { ...network, layers }
}

interface Directions {
  directions: [Float64Array, Float64Array]
  explained: number | null
  path: [number, number][]
}

function randomDirections({ network, seed }: SurfaceRequest): Directions {
  const random = generator(seed)
  const draw = () => normalizedDirection(network, () => normal(random))
  return { directions: [draw(), draw()], explained: null, path: [] }
}

/**
 * A normal direction in which the weights of each unit have the norm that they have in the network (Li et al. 2018,
 * section 4). Biases stay, as in the code of the authors.
 */
export function normalizedDirection({ layers }: SmallNetwork, draw: () => number): Float64Array {
  const parts = layers.flatMap(({ inputs, units, weight, bias }) => [
    ...Array.from({ length: units }, (_, unit) => {
      const own = weight.subarray(unit * inputs, (unit + 1) * inputs)
      const drawn = Array.from(own, draw)
      const scale = norm(own) / (norm(drawn) || 1)
      return drawn.map((value) => value * scale)
    }),
    Array.from(bias ?? [], () => 0),
  ])
  return Float64Array.from(parts.flat())
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values))

/** The principal directions of the path relative to its end (Li et al. 2018, section 7.2). */
function directionsOfPath(centre: Float64Array, networks: readonly SmallNetwork[]): Directions {
  const steps = networks.map((network) =>
    parametersOf(network).map((value, index) => value - (centre[index] ?? 0)),
  )
  const { directions, explained } = principalDirections(steps)
  const place = (step: Float64Array): [number, number] => [dot(step, directions[0]), dot(step, directions[1])]
  return { directions, explained, path: steps.map(place) }
}

function rangeOf(path: readonly [number, number][], axis: 0 | 1): [number, number] {
  const values = path.map((place) => place[axis])
  const [least, greatest] = [Math.min(0, ...values), Math.max(0, ...values)]
  const space = margin * (greatest - least) || 1
  return [least - space, greatest + space]
}
