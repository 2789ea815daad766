/** `npm run workshop`: the service on all addresses of this machine, with a workshop that participants join by a code. */
import { renderUnicodeCompact } from 'uqr'
import { runAllInOne } from './all-in-one.js'
import { readConfig } from './config.js'
import { scopeSchema } from './contract/key.js'
import { defaultHours, type Workshop } from './contract/workshop.js'
import { commandActor } from './process/command-actor.js'
import { reachableAddresses } from './process/greeting.js'
import type { Database } from './store/database.js'
import { keyStore } from './store/keys.js'
import { withMigratedDatabase } from './store/migrated-database.js'
import { workshopStore } from './store/workshops.js'
import { makeKey } from './training/key-text.js'
import { openWorkshop } from './training/workshops/open-workshop.js'

const teacher = 'teacher'
/** Of the teacher's key. Each start makes a new one, because a key is shown once. */
const keyDays = 7

const config = readConfig({ LOG_LEVEL: 'warn', HOST: '0.0.0.0', ...process.env })
let opened: { key: string; workshop: Workshop } | undefined

/** Replaces the teacher's key, and continues the workshop that is still open. */
async function openForTeacher(database: Database): Promise<{ key: string; workshop: Workshop }> {
  const actor = commandActor()
  const [keys, workshops] = [keyStore(database), workshopStore(database)]
  for (const { id, tenantId, status } of await keys.listAll()) {
    if (tenantId === teacher && status === 'live') await keys.revoke(id, actor)
  }
  const { text, ...made } = makeKey()
  const scopes = scopeSchema.options.filter((scope) => scope !== 'admin')
  await keys.create(
    { ...made, tenantId: teacher, name: null, scopes, models: [], expiry: { days: keyDays } },
    actor,
  )
  const open = (await workshops.list(teacher)).find(({ expiresAt }) => Date.parse(expiresAt) > Date.now())
  return {
    key: text,
    workshop: open ?? (await openWorkshop(workshops, teacher, { hours: defaultHours }, actor)),
  }
}

async function prepare(connectionString: string): Promise<void> {
  opened = await withMigratedDatabase(connectionString, openForTeacher)
}

function invitation(listening: string): string {
  if (opened === undefined) return ''
  const { key, workshop } = opened
  const [address, ...others] = reachableAddresses(listening, config.HOST)
  const join = `${address}${workshop.links.join}`
  const also = others.length === 0 ? '' : `\nIn another network, the address is ${others.join(' or ')}.\n`
  return `
The workshop is open until ${new Date(workshop.expiresAt).toLocaleString('en-GB')}.

Participants open ${address} and join with the code ${workshop.code}, or scan this:

${renderUnicodeCompact(join)}
${also}
You see everybody on ${address}/#/workshops/${workshop.id}
Your key, which the page asks for: ${key}

Ctrl-C stops everything. The next start continues this workshop.
`
}

await runAllInOne(config, { prepare, greet: ({ address }) => invitation(address) })
