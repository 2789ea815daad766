/** Loaded models: each once, within a limit of bytes, in turns of tenants. */
import { describe, expect, it } from 'vitest'
import type { Model } from '../../src/contract/model.js'
import { LoadedModels } from '../../src/threads/loaded-models.js'
import type { FromPredictor, ToPredictor } from '../../src/threads/messages.js'
import { eventually } from '../support/service.js'

/** The test ends the loads, and reads which models are loaded. */
class World {
  /** Ids in the order of their loads. */
  readonly loads: string[] = []
  readonly held = new Set<string>()
  readonly #ends = new Map<string, (error?: Error) => void>()
  readonly thread = {
    post: (message: ToPredictor) => {
      if (message.type === 'unload') this.held.delete(message.modelId)
    },
    call: async (order: (callId: number) => ToPredictor): Promise<FromPredictor> => {
      const message = order(0)
      if (message.type !== 'load') throw new Error(`unexpected ${message.type}`)
      this.held.add(message.modelId)
      return { type: 'weightBuffers', callId: 0, buffers: [] }
    },
    onEnd: () => {},
    endReason: () => new Error('the thread ended'),
  }
  readonly models: LoadedModels<World['thread']>

  constructor(most: number) {
    this.models = new LoadedModels({
      models: {
        openWeights: async (id) => {
          this.loads.push(id)
          return { tensors: [], length: 0, chunks: this.#chunks(id) }
        },
      },
      costs: { bytes: ({ weightBytes }) => weightBytes, batchSize: () => 1 },
      ...{ backend: 'reference', threads: [this.thread], most },
    })
  }

  async *#chunks(id: string): AsyncGenerator<Uint8Array> {
    await new Promise<void>((resolve, reject) => {
      this.#ends.set(id, (error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  /** Asks, and holds the model until the answer is awaited. */
  use(tenantId: string, id: string, bytes: number, answer: Promise<string> = Promise.resolve(id)) {
    // Only these fields of a model are read.
    const model = { id, weightBytes: bytes, network: {} } as Model
    return this.models.use(model, { tenantId, among: [this.thread] }, () => answer)
  }

  async end(id: string, error?: Error): Promise<void> {
    const end = await eventually(() => this.#ends.get(id))
    this.#ends.delete(id)
    end(error)
  }
}

describe('loaded models', () => {
  it('are loaded once for all concurrent callers', async () => {
    const world = new World(10)
    const answers = Array.from({ length: 6 }, () => world.use('a', 'large', 10))
    await world.end('large')
    expect(await Promise.all(answers)).toEqual(Array(6).fill('large'))
    expect(world.loads).toEqual(['large'])
  })

  it('wait for memory while others are used, with at least one model loaded', async () => {
    const world = new World(10)
    let answered: (text: string) => void = () => {}
    const first = world.use('a', 'first', 25, new Promise((resolve) => (answered = resolve)))
    await world.end('first')
    const others = ['second', 'third', 'fourth'].map((id) => world.use('a', id, 5))
    expect(world.loads).toEqual(['first'])
    answered('first')
    expect(await first).toBe('first')
    await world.end('second')
    await world.end('third')
    await world.end('fourth')
    await Promise.all(others)
    expect(world.loads).toEqual(['first', 'second', 'third', 'fourth'])
    // Two of five bytes fit.
    expect([...world.held]).toEqual(['third', 'fourth'])
  })

  it('wait in turns of tenants', async () => {
    const world = new World(10)
    const all = [
      ...['a1', 'a2', 'a3', 'a4'].map((id) => world.use('a', id, 10)),
      ...['b1', 'b2'].map((id) => world.use('b', id, 10)),
    ]
    const order = ['a1', 'b1', 'a2', 'b2', 'a3', 'a4']
    for (const id of order) await world.end(id)
    await Promise.all(all)
    expect(world.loads).toEqual(order)
  })

  it('that cannot be loaded free their memory, and are loaded again', async () => {
    const world = new World(10)
    const [broken, other] = [world.use('a', 'broken', 10), world.use('a', 'other', 10)]
    const refused = expect(broken).rejects.toThrow('damaged')
    await world.end('broken', new Error('damaged'))
    await refused
    await world.end('other')
    expect(await other).toBe('other')
    expect([...world.held]).toEqual(['other'])
    const again = world.use('a', 'broken', 10)
    await world.end('broken')
    expect(await again).toBe('broken')
  })
})
