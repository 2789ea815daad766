/** Opens a workshop, and lets participants join it. */
import { randomInt } from 'node:crypto'
import type { Scope } from '../../contract/key.js'
import { type Limits, limitNames, type OwnLimits } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import {
  codeLength,
  codeLetters,
  type Joined,
  type JoinRequest,
  participantLimits,
  type Workshop,
  type WorkshopRequest,
} from '../../contract/workshop.js'
import { makeKey } from '../key-text.js'
import { newId } from '../new-id.js'
import type { Once } from '../ports/idempotency.js'
import type { WorkshopStore } from '../ports/workshops.js'

/** Everything that the lecture and the playground do. */
const participantScopes: Scope[] = ['jobs:write', 'models:write', 'datasets:write']

const drawCode = () =>
  Array.from({ length: codeLength }, () => codeLetters[randomInt(codeLetters.length)]).join('')

/** @throws Problem `too-many-workshops` */
export async function openWorkshop(
  workshops: Pick<WorkshopStore, 'create'>,
  tenantId: string,
  { name, spec, hours }: WorkshopRequest,
  once?: Once,
): Promise<Workshop> {
  return workshops.create(
    { id: newId('workshop'), tenantId, name: name ?? null, spec: spec ?? null, hours, drawCode },
    once,
  )
}

/** A participant may not use more than the settings allow everyone. */
function limitParticipant(settings: Limits): OwnLimits {
  const lower = limitNames.flatMap((name) => {
    const value = participantLimits[name]
    return value === undefined ? [] : [[name, Math.min(value, settings[name])]]
  })
  return Object.fromEntries(lower)
}

/** @throws Problem `not-found`, `nickname-taken` or `workshop-full` */
export async function joinWorkshop(
  workshops: Pick<WorkshopStore, 'join'>,
  request: JoinRequest,
  settings: Limits,
): Promise<Joined> {
  const code = request.code.replaceAll(/[\s-]/g, '').toUpperCase()
  const nickname = request.nickname.trim().replaceAll(/\s+/g, ' ')
  const { text, id, sha256 } = makeKey()
  const key = { id, sha256, scopes: participantScopes }
  const tenantId = `participant-${id.replace(/^.*_/, '')}`
  const limits = limitParticipant(settings)
  const joined = await workshops.join({ code, nickname, tenantId, limits, key })
  if (joined === null) throw new Problem('not-found', `No open workshop has the code ${code}.`)
  return { object: 'joined', nickname, key: text, ...joined }
}
