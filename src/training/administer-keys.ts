/** Makes and rotates keys. The text of a key is in one response only. */
import {
  type ApiKey,
  type CreatedKey,
  defaultKeyOverlapSeconds,
  type KeyBatch,
  type KeyRequest,
  type RotatedKey,
} from '../contract/api-key.js'
import { Problem, type ProblemBody } from '../contract/problems.js'
import { makeKey } from './key-text.js'
import type { Actor } from './ports/audit.js'
import type { Once } from './ports/idempotency.js'
import type { KeyAdministration, NewKey } from './ports/keys.js'

const notice =
  'The secret was shown in the first response only. POST /admin/keys/{id}/rotate creates another key.'

const withoutSecret = (key: CreatedKey): CreatedKey => ({ ...key, secret: null, notice })

interface Requested {
  /** The tenant of the client, to which the Idempotency-Key belongs. */
  tenantId: string
  actor: Actor
  once: Once | undefined
}

/** @throws Problem `too-many-keys` or `invalid-request` */
export function createKey(
  keys: Pick<KeyAdministration, 'createAll'>,
  request: KeyRequest,
  { tenantId, actor, once }: Requested,
): Promise<CreatedKey> {
  const { key, text } = newKey(request)
  return keys.createAll<CreatedKey>([key], actor, {
    ...{ tenantId, once, toRepeat: withoutSecret },
    answer([outcome]) {
      if (outcome instanceof Problem) throw outcome
      return { ...outcome, secret: text }
    },
  })
}

/** @param requests a Problem in place of a request is the reason why it is invalid */
export function createKeys(
  keys: Pick<KeyAdministration, 'createAll'>,
  requests: readonly (KeyRequest | Problem)[],
  { tenantId, actor, once, toBody }: Requested & { toBody(problem: Problem): ProblemBody },
): Promise<KeyBatch> {
  const made = requests.map((request) => (request instanceof Problem ? request : newKey(request)))
  const valid = made.flatMap((each) => (each instanceof Problem ? [] : [each]))
  return keys.createAll<KeyBatch>(
    valid.map(({ key }) => key),
    actor,
    {
      ...{ tenantId, once },
      answer: (outcomes) => {
        const stored = new Map(valid.map((each, index) => [each, outcomes[index]]))
        return toBatch(
          made.map((each) => {
            const outcome = each instanceof Problem ? each : stored.get(each)
            if (outcome === undefined) throw new Error('the store returned no outcome of a key')
            if (outcome instanceof Problem) return { key: null, problem: toBody(outcome) }
            return { key: { ...outcome, secret: each instanceof Problem ? null : each.text }, problem: null }
          }),
        )
      },
      toRepeat: (batch) => ({
        ...batch,
        results: batch.results.map(({ key, problem }) => ({ key: key && withoutSecret(key), problem })),
      }),
    },
  )
}

function toBatch(results: KeyBatch['results']): KeyBatch {
  const created = results.filter(({ key }) => key !== null).length
  return { object: 'keyBatch', created, refused: results.length - created, results }
}

function newKey({ expiresAt, ...request }: KeyRequest): { key: NewKey; text: string } {
  const { text, ...made } = makeKey()
  return { key: { ...request, ...made, expiry: expiresAt === null ? null : { at: expiresAt } }, text }
}

/** Null if there is no such key. @throws Problem `key-not-live` or `too-many-keys` */
export async function rotateKey(
  keys: Pick<KeyAdministration, 'rotate'>,
  id: string,
  overlapSeconds: number = defaultKeyOverlapSeconds,
  actor: Actor,
): Promise<RotatedKey | null> {
  const { text, ...made } = makeKey()
  const rotated: { key: ApiKey; previous: ApiKey } | null = await keys.rotate(
    id,
    { ...made, overlapSeconds },
    actor,
  )
  return rotated === null ? null : { ...rotated.key, secret: text, previous: rotated.previous }
}
