/** `npm run bench -- NAME …`: engine, accuracy, mnist, peers, table, blocks, scaling, first-epoch, fan-out, page, page-runs, upload, large, estimate, tables, service, adversary, small-jobs, start or exports; each file describes its measurement and options. */
const benches: Readonly<Record<string, () => Promise<{ main(args: string[]): void | Promise<void> }>>> = {
  engine: () => import('./engine.js'),
  accuracy: () => import('./accuracy.js'),
  mnist: () => import('./mnist-download.js'),
  peers: () => import('./peers.js'),
  table: () => import('./table.js'),
  blocks: () => import('./blocks.js'),
  scaling: () => import('./scaling.js'),
  'first-epoch': () => import('./first-epoch.js'),
  'fan-out': () => import('./fan-out.js'),
  page: () => import('./page.js'),
  'page-runs': () => import('./page-runs.js'),
  upload: () => import('./upload.js'),
  large: () => import('./large.js'),
  estimate: () => import('./estimate.js'),
  tables: () => import('./tables.js'),
  service: () => import('./service.js'),
  adversary: () => import('./adversary.js'),
  'small-jobs': () => import('./small-jobs.js'),
  start: () => import('./start.js'),
  exports: () => import('./exports.js'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = benches[name]
if (load === undefined) {
  console.error(`npm run bench -- ${Object.keys(benches).join('|')} …`)
  process.exit(2)
}
const { main } = await load()
await main(args)
