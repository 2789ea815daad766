/** Opens a workshop, and lets participants join it. */
import { randomInt } from 'node:crypto'
import type { Scope } from '../../contract/key.js'
import type { Leaderboard } from '../../contract/leaderboard.js'
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
import type { Actor } from '../ports/audit.js'
import type { DatasetStore } from '../ports/datasets.js'
import type { Once } from '../ports/idempotency.js'
import type { Client, WorkshopStore } from '../ports/workshops.js'

/** Everything that the lecture and the playground do. */
const participantScopes: Scope[] = ['jobs:write', 'models:write', 'datasets:write']

const drawCode = () =>
  Array.from({ length: codeLength }, () => codeLetters[randomInt(codeLetters.length)]).join('')

/** @throws Problem `too-many-workshops` */
export async function openWorkshop(
  workshops: Pick<WorkshopStore, 'create'>,
  tenantId: string,
  { name, spec, leaderboard, hours }: WorkshopRequest,
  actor: Actor,
  once?: Once,
): Promise<Workshop> {
  const workshop = { name: name ?? null, spec: spec ?? null, leaderboard: leaderboard ?? null }
  return workshops.create({ id: newId('workshop'), tenantId, ...workshop, hours, drawCode }, actor, once)
}

/** @throws Problem `not-found` for the dataset, or `invalid-dataset` if it has no target */
export async function requireHiddenRows(
  datasets: Pick<DatasetStore, 'get'>,
  { dataset: id }: Leaderboard,
): Promise<void> {
  const dataset = await datasets.get(id)
  if (dataset === null) throw new Problem('not-found', `There is no dataset ${id}.`)
  if (dataset.columns.some(({ role }) => role === 'target')) return
  throw new Problem('invalid-dataset', `Dataset ${id} has no target. Upload it again with target=NAME.`)
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
  client: Client,
  settings: Limits,
): Promise<Joined> {
  const code = request.code.replaceAll(/[\s-]/g, '').toUpperCase()
  const nickname = request.nickname.trim().replaceAll(/\s+/g, ' ')
  const { text, id, sha256 } = makeKey()
  const key = { id, sha256, scopes: participantScopes }
  const tenantId = `participant-${id.replace(/^.*_/, '')}`
  const limits = limitParticipant(settings)
  const joined = await workshops.join({ code, nickname, tenantId, limits, key }, client)
  if (joined === null) throw new Problem('not-found', `No open workshop has the code ${code}.`)
  return { object: 'joined', nickname, key: text, ...joined }
}
