/** Every way in which a key or a stream ticket ends, and the moments just before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTicket } from '../../src/training/key-text.js'
import { byTest } from '../support/actor.js'
import { keyFor } from '../support/keys.js'
import { newJob, openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores
let tenants = 0

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

interface Held {
  tenantId: string
  keyId: string
  jobId: string
  /** Of another tenant. */
  otherJobId: string
}

async function held(): Promise<Held> {
  const tenantId = `tenant_${++tenants}`
  const { id: keyId } = await keyFor(stores, tenantId, ['jobs:read'])
  const [{ id: jobId }, { id: otherJobId }] = await Promise.all([
    stores.jobs.of(tenantId).create(newJob()),
    stores.jobs.of(`${tenantId}_other`).create(newJob()),
  ])
  return { tenantId, keyId, jobId, otherJobId }
}

/** Sets a time of the row to so many seconds from now, by the clock of the database. */
/** In seconds. Times are rounded to milliseconds, so the present could be stored as a moment of the future. */
const justPassed = -0.001

const setTime = (table: 'Key' | 'StreamTicket', where: string, value: string, seconds: number) =>
  stores.database.$executeRawUnsafe(
    `UPDATE "${table}" SET "expiresAt" = now() + $2::float8 * interval '1 second' WHERE "${where}" = $1`,
    value,
    seconds,
  )

type Act = (held: Held, sha256: string) => Promise<unknown>

const endsOfKeys: readonly (readonly [string, Act])[] = [
  ['is revoked', ({ keyId }) => stores.keys.revoke(keyId, byTest)],
  ['has expired', ({ keyId }) => setTime('Key', 'id', keyId, justPassed)],
  [
    'is deleted after it was revoked',
    async ({ keyId }) => {
      await stores.keys.revoke(keyId, byTest)
      expect(await stores.keys.delete(keyId, byTest)).toBe(true)
    },
  ],
  [
    'lost its tenant',
    async ({ tenantId }) => {
      await stores.database.key.deleteMany({ where: { tenantId } })
      await stores.database.tenant.delete({ where: { id: tenantId } })
    },
  ],
]

const nothingEnds: readonly (readonly [string, Act])[] = [
  ['nothing happens', async () => {}],
  [
    'another key of the tenant is revoked',
    async ({ tenantId }) => {
      await stores.keys.revoke((await keyFor(stores, tenantId, ['jobs:read'])).id, byTest)
    },
  ],
  ['its key expires later', ({ keyId }) => setTime('Key', 'id', keyId, 60)],
  [
    'its key is live, so that it cannot be deleted',
    async ({ keyId }) => {
      await expect(stores.keys.delete(keyId, byTest)).rejects.toThrow('still live')
    },
  ],
  ['its tenant gets limits', ({ tenantId }) => stores.tenants.changeLimits(tenantId, { sockets: 3 }, byTest)],
]

describe('a key', () => {
  it.each(endsOfKeys)('is unknown when it %s, although it was known before', async (_, end) => {
    const key = await held()
    expect(await stores.keys.find(key.keyId)).toMatchObject({ id: key.keyId, tenantId: key.tenantId })
    await end(key, '')
    expect(await stores.keys.find(key.keyId)).toBeNull()
    expect(await stores.keys.live([key.keyId])).toEqual([])
  })

  it.each(nothingEnds)('holds when %s', async (_, act) => {
    const key = await held()
    await act(key, '')
    expect(await stores.keys.find(key.keyId)).toMatchObject({ id: key.keyId, tenantId: key.tenantId })
    expect(await stores.keys.live([key.keyId, 'key_other'])).toEqual([key.keyId])
  })

  it('can be revoked once, and its tenant may then have another', async () => {
    const { keyId, tenantId } = await held()
    await keyFor(stores, tenantId, ['jobs:read'])
    await expect(keyFor(stores, tenantId, ['jobs:read'])).rejects.toThrow('Revoke one of')
    expect(await stores.keys.revoke(keyId, byTest)).toMatchObject({ id: keyId, status: 'revoked' })
    await expect(stores.keys.revoke(keyId, byTest)).rejects.toThrow('is revoked')
    await expect(keyFor(stores, tenantId, ['jobs:read'])).resolves.toBeDefined()
  })

  it('that has expired does not count, and can be deleted', async () => {
    const { keyId, tenantId } = await held()
    await keyFor(stores, tenantId, ['jobs:read'])
    await setTime('Key', 'id', keyId, -1)
    await expect(keyFor(stores, tenantId, ['jobs:read'])).resolves.toBeDefined()
    expect(await stores.keys.delete(keyId, byTest)).toBe(true)
  })
})

describe.each(['one job', 'all jobs'] as const)('a stream ticket of %s', (kind) => {
  /** @param keyId null: of a service without keys. */
  async function make({ jobId, keyId }: Pick<Held, 'jobId'> & { keyId: string | null }): Promise<string> {
    const { sha256 } = makeTicket()
    const expiresAt =
      kind === 'one job'
        ? await stores.tickets.create({ sha256, jobId, keyId })
        : await stores.tickets.createForAll({ sha256, keyId })
    expect(expiresAt).not.toBeNull()
    return sha256
  }
  const use = ({ jobId }: Pick<Held, 'jobId'>, sha256: string) =>
    stores.tickets.use(sha256, kind === 'one job' ? jobId : null)

  it.each(nothingEnds)('opens when %s, and then never again', async (_, act) => {
    const key = await held()
    const sha256 = await make(key)
    await act(key, sha256)
    expect(await use(key, sha256)).toMatchObject({ tenantId: key.tenantId, keyId: key.keyId })
    expect(await use(key, sha256)).toBeNull()
  })

  it.each([
    ...endsOfKeys.map(([how, act]) => [`its key ${how}`, act] as const),
    ['30 s have passed', (_: Held, sha256: string) => setTime('StreamTicket', 'sha256', sha256, justPassed)],
    [
      'it is swept after 30 s',
      async (_: Held, sha256: string) => {
        await setTime('StreamTicket', 'sha256', sha256, justPassed)
        await stores.tickets.cleanUp()
        expect(await stores.database.streamTicket.count({ where: { sha256 } })).toBe(0)
      },
    ],
    [
      'it was tried for a job of another tenant',
      async ({ otherJobId }: Held, sha256: string) => {
        expect(await stores.tickets.use(sha256, otherJobId)).toBeNull()
      },
    ],
    [
      'it was tried for the other kind of stream',
      async ({ jobId }: Held, sha256: string) => {
        expect(await stores.tickets.use(sha256, kind === 'one job' ? null : jobId)).toBeNull()
      },
    ],
  ] as const)('does not open when %s', async (_, end) => {
    const key = await held()
    const sha256 = await make(key)
    await end(key, sha256)
    expect(await use(key, sha256)).toBeNull()
  })

  it('lasts 30 s, and a cleanup before leaves it', async () => {
    const key = await held()
    const sha256 = await make(key)
    const [{ left }] = await stores.database.$queryRaw<{ left: number }[]>`
      SELECT extract(epoch FROM "expiresAt" - now())::float8 AS left FROM "StreamTicket" WHERE sha256 = ${sha256}`
    expect(left).toBeGreaterThan(25)
    expect(left).toBeLessThanOrEqual(30)
    await setTime('StreamTicket', 'sha256', sha256, 5)
    await stores.tickets.cleanUp()
    expect(await use(key, sha256)).not.toBeNull()
  })

  it('is of the tenant `local` without a key', async () => {
    const { id: jobId } = await stores.jobs.create(newJob())
    const sha256 = await make({ jobId, keyId: null })
    expect(await use({ jobId }, sha256)).toMatchObject({ tenantId: 'local', keyId: null })
  })
})

describe('a stream ticket of one job', () => {
  it('ends with its job', async () => {
    const key = await held()
    const claim = await startJob(stores, 'worker_a', { tenantId: key.tenantId })
    const { sha256 } = makeTicket()
    await stores.tickets.create({ sha256, jobId: claim.jobId, keyId: key.keyId })
    await stores.jobs.of(key.tenantId).cancel(claim.jobId)
    expect(await stores.jobs.of(key.tenantId).delete(claim.jobId)).toBe(true)
    expect(await stores.tickets.use(sha256, claim.jobId)).toBeNull()
  })

  it('is not made for a job that does not exist', async () => {
    const { keyId } = await held()
    const { sha256 } = makeTicket()
    expect(await stores.tickets.create({ sha256, jobId: 'job_none', keyId })).toBeNull()
  })
})
