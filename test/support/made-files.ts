/** Files as people have them, made here: a churn table, house prices, and pictures of three classes. */
import { encodePng } from '../../src/datasets/png.js'
import { zip } from '../hostile/files.js'

/** Lehmer's generator (Park and Miller, 1988): the same numbers from the same seed, between 0 and 1. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** 1,000 customers of whom 50 left, most of them after many calls: 5 % positive, partly separable. */
export function churnCsv(): string {
  const random = randomFrom(11)
  const rows = Array.from({ length: 1_000 }, (_, row) => {
    const left = row % 20 === 7
    const calls = Math.min(9, Math.floor(random() * (left ? 10 : 7)) + (left ? 2 : 0))
    const age = 18 + Math.floor(random() * 60)
    const plan = random() < 0.5 ? 'basic' : 'plus'
    return [age, calls, plan, (20 + 80 * random()).toFixed(2), left ? 'yes' : 'no'].join(',')
  })
  return `age,calls,plan,bill,churned\n${rows.join('\n')}\n`
}

/** 400 prices in euros: 4,000 a square metre, half as much again in Basel, and noise of at most 15,000 either way. */
export function housePricesCsv(): string {
  const random = randomFrom(5)
  const rows = Array.from({ length: 400 }, () => {
    const metres = 40 + Math.floor(140 * random())
    const city = random() < 0.5 ? 'Basel' : 'Bern'
    const price = 4_000 * metres * (city === 'Basel' ? 1.5 : 1) + 30_000 * (random() - 0.5)
    return [metres, city, Math.round(price)].join(',')
  })
  return `metres,city,price\n${rows.join('\n')}\n`
}

const pictureSide = 12
export const pictureClasses = ['bar', 'cross', 'ring'] as const
type PictureClass = (typeof pictureClasses)[number]

/** A grey shape on black, moved by up to a pixel, with noise. */
export async function picture(kind: PictureClass, random: () => number): Promise<Buffer> {
  const [moveX, moveY] = [Math.floor(3 * random()) - 1, Math.floor(3 * random()) - 1]
  const middle = (pictureSide - 1) / 2
  const pixels = new Uint8Array(pictureSide ** 2)
  for (const index of pixels.keys()) {
    const x = (index % pictureSide) - middle - moveX
    const y = Math.floor(index / pictureSide) - middle - moveY
    const isInked = {
      bar: Math.abs(x) < 1.1 && Math.abs(y) < 4.5,
      cross: Math.abs(Math.abs(x) - Math.abs(y)) < 0.8 && Math.abs(x) < 4.5,
      ring: Math.abs(Math.hypot(x, y) - 3.5) < 0.8,
    }[kind]
    pixels[index] = Math.round((isInked ? 190 : 10) + 50 * random())
  }
  return Buffer.from(await encodePng(pixels, { width: pictureSide, height: pictureSide, channels: 1 }))
}

/** 80 pictures of each class, in one folder a class. */
export async function pictureZip(): Promise<Buffer> {
  const random = randomFrom(3)
  const files = []
  for (const kind of pictureClasses) {
    for (let index = 0; index < 80; index++) {
      files.push({ name: `${kind}/${index}.png`, content: await picture(kind, random) })
    }
  }
  return zip(files)
}
