/** `npm run example -- NAME`: runs a demonstration of the lecture against a running service, or starts one. */
import { demonstrations } from './demonstrations.js'
import { demonstrate } from './service.js'

const [name, ...args] = process.argv.slice(2)
if (name !== undefined && Object.hasOwn(demonstrations, name)) {
  const demonstration = demonstrations[name]
  console.log(`${demonstration.claim[0].toUpperCase()}${demonstration.claim.slice(1)}.\n`)
  const { show } = await demonstration.load()
  await demonstrate((url) => show(url, args))
} else {
  if (name !== undefined) console.error(`There is no demonstration called "${name}".\n`)
  console.log('npm run example -- NAME\n')
  for (const [each, { claim }] of Object.entries(demonstrations)) console.log(`  ${each.padEnd(18)}${claim}`)
  process.exitCode = name === undefined ? 0 : 1
}
