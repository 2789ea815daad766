/** The address of the playground with its settings: `data=moons;noise=0.1;layers=tanh8;opt=adam;rate=0.02;seed=1`. */
import { activations } from '../components/hidden-layer.js'
import type { Point } from '../draw/plane.js'
import { shapes } from './data.js'
import { features } from './features.js'
import { readPoints, writePoints } from './points.js'
import { optimizers, penalties, type Settings, twoLayers } from './settings.js'

/** What an address describes. */
export interface PlaygroundState {
  settings: Settings
  /** The points of the dataset `points`. */
  clicked: readonly Point[]
}

/** One value of an address. */
interface Part {
  /** Undefined for a damaged text. */
  read(text: string): Partial<PlaygroundState['settings']> | undefined
  /** Null if the settings do not use it. */
  write(settings: Settings): string | null
}

const parts: Readonly<Record<string, Part>> = {
  data: oneOf('shape', shapes),
  file: {
    read: (text) => (/^ds_\w+$/.test(text) ? { file: text } : undefined),
    write: ({ shape, file }) => (shape === 'file' ? file : null),
  },
  noise: number('noise', 0, 10),
  draw: whole('dataSeed', 0, 2 ** 31),
  features: {
    read(text) {
      const chosen = text.split('-').map((name) => features.find((each) => each === name))
      const known = chosen.filter((each) => each !== undefined)
      return known.length === chosen.length ? { features: known } : undefined
    },
    write: (settings) => (settings.features.length === 0 ? null : settings.features.join('-')),
  },
  layers: {
    read(text) {
      const hidden = text === 'none' ? [] : text.split('-').map(readLayer)
      const known = hidden.filter((layer) => layer !== undefined)
      return known.length === hidden.length && hidden.length <= 8 ? { hidden: known } : undefined
    },
    write: ({ hidden }) =>
      hidden.length === 0 ? 'none' : hidden.map(({ units, activation }) => `${activation}${units}`).join('-'),
  },
  rule: {
    read: (text) => (text === 'perceptron' ? { perceptron: true } : undefined),
    write: ({ perceptron }) => (perceptron ? 'perceptron' : null),
  },
  opt: oneOf('optimizer', optimizers),
  rate: positive('learningRate'),
  momentum: usedIf(({ optimizer }) => optimizer === 'sgd', fraction('momentum')),
  nesterov: {
    read: (text) => (text === 'yes' ? { nesterov: true } : undefined),
    write: ({ optimizer, nesterov }) => (optimizer === 'sgd' && nesterov ? 'yes' : null),
  },
  beta1: usedIf(({ optimizer }) => optimizer.startsWith('adam'), fraction('beta1')),
  beta2: usedIf(({ optimizer }) => optimizer.startsWith('adam'), fraction('beta2')),
  rho: usedIf(({ optimizer }) => optimizer === 'rmsprop', fraction('rho')),
  penalty: oneOf('penalty', penalties),
  strength: usedIf(({ penalty }) => penalty !== 'none', number('penaltyRate', 0, 1_000)),
  batch: {
    read(text) {
      if (text === 'full') return { batchSize: null }
      const batchSize = readNumber(text, 1, 100_000)
      return Number.isInteger(batchSize) ? { batchSize } : undefined
    },
    write: ({ batchSize }) => String(batchSize ?? 'full'),
  },
  validation: number('validationSplit', 0, 0.9),
  test: number('testSplit', 0, 0.9),
  epochs: whole('epochs', 1, 10_000_000),
  seed: whole('seed', 0, Number.MAX_SAFE_INTEGER),
}

type KeysOf<Type> = { [Key in keyof Settings]: Settings[Key] extends Type ? Key : never }[keyof Settings]

function oneOf<Key extends 'shape' | 'optimizer' | 'penalty'>(
  key: Key,
  values: readonly Settings[Key][],
): Part {
  return {
    read(text) {
      const value = values.find((each) => each === text)
      return value === undefined ? undefined : { [key]: value }
    },
    write: (settings) => settings[key],
  }
}

function readNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

function numeric(
  key: KeysOf<number>,
  isValid: (value: number) => boolean,
  [least, most]: readonly [number, number] = [0, Number.MAX_VALUE],
): Part {
  return {
    read(text) {
      const value = readNumber(text, least, most)
      return value !== undefined && isValid(value) ? { [key]: value } : undefined
    },
    write: (settings) => String(settings[key]),
  }
}

function number(key: KeysOf<number>, least: number, most: number): Part {
  return numeric(key, () => true, [least, most])
}

function whole(key: KeysOf<number>, least: number, most: number): Part {
  return numeric(key, Number.isInteger, [least, most])
}

function positive(key: KeysOf<number>): Part {
  return numeric(key, (value) => value > 0)
}

/** From 0 to below 1. */
function fraction(key: KeysOf<number>): Part {
  return numeric(key, (value) => value < 1)
}

function usedIf(isUsed: (settings: Settings) => boolean, part: Part): Part {
  return { read: part.read, write: (settings) => (isUsed(settings) ? part.write(settings) : null) }
}

function readLayer(text: string): Settings['hidden'][number] | undefined {
  const [, name, size = ''] = /^([a-zA-Z]+)(\d+)$/.exec(text) ?? []
  const activation = activations.find((each) => each === name)
  const units = readNumber(size, 1, 512)
  return activation === undefined || units === undefined ? undefined : { units, activation }
}

export function writeAddress({ settings, clicked }: PlaygroundState): string {
  const written = Object.entries(parts).flatMap(([name, part]) => {
    const text = part.write(settings)
    return text === null ? [] : [`${name}=${text}`]
  })
  const points = settings.shape === 'points' && clicked.length > 0 ? [`points=${writePoints(clicked)}`] : []
  return [...written, ...points].join(';')
}

/** Reads an address. A value that is missing has its default. `ignored` are those that cannot be read. */
export function readAddress(argument: string): PlaygroundState & { ignored: string[] } {
  let settings: Settings = { ...twoLayers, penalty: 'none' }
  let clicked: readonly Point[] = []
  const ignored: string[] = []
  for (const text of argument.split(';').filter((each) => each !== '')) {
    const [name = '', ...rest] = text.split('=')
    const value = rest.join('=')
    const points = name === 'points' ? readPoints(value) : undefined
    const read = Object.hasOwn(parts, name) ? parts[name]?.read(value) : undefined
    if (points !== undefined) clicked = points
    else if (read === undefined) ignored.push(text)
    else settings = { ...settings, ...read }
  }
  return { settings, clicked, ignored }
}
