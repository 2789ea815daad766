/** Faults in the store. */
const quotas = 'test/store/quotas.test.ts'
const keys = 'test/store/keys.test.ts'
const stop = 'test/webhooks/stop.test.ts'
const sender = 'test/webhooks/sender.test.ts'

const workshopPauses = 'test/http/workshop-pauses.test.ts'
const shareLinks = 'test/http/share-links.test.ts'

export const store = [
  {
    file: 'src/store/participant-jobs.ts',
    tests: [workshopPauses],
    faults: [
      ["findSweeps('resume', '\"pausedByWorkshop\"')", "findSweeps('resume')"],
      ['`"pausedByWorkshop" AND NOT (${waits})`', '`NOT (${waits})`'],
      ["if (trials !== null && name === 'pause') await", "if (trials === null && name === 'pause') await"],
      ['set: \'"heartbeatAt" = NULL, "pausedByWorkshop" = true\'', 'set: \'"heartbeatAt" = NULL\''],
      ['for (const { id } of await send(database.pool, sweeps, [tenantId])) {', 'for (const id of []) {'],
    ],
  },
  {
    file: 'src/store/transitions.ts',
    tests: [workshopPauses],
    faults: [[', "pausedByWorkshop" = false', '']],
  },
  {
    file: 'src/store/share-links.ts',
    tests: [shareLinks],
    faults: [
      ['count >= maximumShareLinks', 'count > maximumShareLinks'],
      ["await query(client, lockStatement, [JSON.stringify(['share links of', jobId])])", ''],
      ['where: { id, jobId, job: { tenantId } }', 'where: { id, job: { tenantId } }'],
      ['where: { id, jobId, job: { tenantId } }', 'where: { id, jobId }'],
      [
        'where: { id: jobId, tenantId },\n        select: { shareLinks',
        'where: { id: jobId },\n        select: { shareLinks',
      ],
      ['const where = { id: jobId, tenantId }', 'const where = { id: jobId }'],
    ],
  },
  {
    file: 'src/store/stream-tickets.ts',
    tests: [keys],
    faults: [
      ["interval '30 seconds'", "interval '40 seconds'"],
      ['used."jobId" IS NOT DISTINCT FROM $2 AND', ''],
      ['IS NOT DISTINCT FROM $2', 'IS NOT DISTINCT FROM coalesce(used."jobId", $2)'],
      ['AND used."expiresAt" > now()', ''],
      ['AND "Key"."revokedAt" IS NULL', ''],
      ['"Key"."expiresAt" IS NULL OR "Key"."expiresAt" > now()', 'true'],
      [
        'DELETE FROM "StreamTicket" WHERE sha256 = $1 RETURNING *',
        'SELECT * FROM "StreamTicket" WHERE sha256 = $1',
      ],
      [
        '"StreamTicket" WHERE "expiresAt" <= now()',
        '"StreamTicket" WHERE "expiresAt" <= now() + make_interval(secs => 10)',
      ],
    ],
  },
  {
    file: 'src/store/change-keys.ts',
    tests: [keys, 'test/http/administration.test.ts'],
    faults: [
      ["if (status !== 'live') throw", "if (status === 'expired') throw"],
      ["if (status === 'live') throw", "if (status === 'revoked') throw"],
      ["await query(client, lockStatement, ['admin keys'])", ''],
      ["if (actor.type === 'command' || !scopes.includes('admin')) return", 'return'],
      ["date_trunc('milliseconds', now())", 'now()'],
    ],
  },
  {
    file: 'src/store/create-keys.ts',
    tests: [keys, 'test/http/administration.test.ts'],
    faults: [
      ['live.length >= maximum', 'live.length > maximum'],
      ['AND "replacedBy" IS NULL', ''],
      ['IS NULL AND ${isLive} ORDER BY', 'IS NULL ORDER BY'],
      [
        'const { changes, open } = await openTenants(client, tenants.toSorted())',
        'const { changes, open } = await openTenants(client, tenants)',
      ],
    ],
  },
  {
    file: 'src/store/keys.ts',
    tests: [keys],
    faults: [['WHERE id = ANY($1::text[]) AND ${isLive}', 'WHERE id = ANY($1::text[])']],
  },
  {
    file: 'src/store/lookups.ts',
    tests: [keys],
    faults: [
      ['"revokedAt" IS NULL AND ("expiresAt"', '("expiresAt"'],
      ['"expiresAt" IS NULL OR "expiresAt" > now()', 'true'],
    ],
  },
  {
    file: 'src/store/create-jobs.ts',
    tests: [quotas, 'test/store/limits.test.ts'],
    faults: [
      [
        `AND "queuedJobs" <= coalesce((own ->> 'queuedJobs')::float8, "maximumJobs")`,
        `AND "queuedJobs" <= 1 + coalesce((own ->> 'queuedJobs')::float8, "maximumJobs")`,
      ],
      [`AND "storedBytes" <= coalesce((own ->> 'storedBytes')::float8, "maximumBytes")`, ''],
      [`coalesce((own ->> 'queuedJobs')::float8, "maximumJobs")`, '"maximumJobs"'],
      ['(use)."queuedJobs" + row_number() OVER earlier', '(use)."queuedJobs" + 1'],
      ['queuedJobs: row.queuedJobs - queuedJobs', 'queuedJobs: row.queuedJobs'],
    ],
  },
  {
    file: 'src/store/tenant-limits.ts',
    tests: [quotas, 'test/store/limits.test.ts', 'test/http/own-limits.test.ts'],
    faults: [
      [
        'if (use[name] > effectiveLimit(limits, name)) throw',
        'if (use[name] > effectiveLimit(limits, name) + 1) throw',
      ],
      ['4 * parameters + 32 * spec.epochs + specBytes(spec)', '4 * parameters + 32 * spec.epochs'],
    ],
  },
  {
    file: 'src/store/coalesced.ts',
    tests: ['test/store/coalesced.test.ts'],
    faults: [
      ['this.#waiting.splice(0, this.most)', 'this.#waiting.splice(0)'],
      [
        'if (this.#isDue || isBusy || this.#waiting.length === 0) return',
        'if (this.#isDue || this.#waiting.length === 0) return',
      ],
      ['if (this.#underWay === underWay) this.#underWay = null', 'this.#underWay = null'],
      ['for (const each of items) each.reject(error)', 'items[0]?.reject(error)'],
      ['[...new Set(names)]', 'names'],
    ],
  },
  {
    file: 'src/store/packed-json.ts',
    tests: ['test/store/packed-json.test.ts'],
    faults: [
      ['text.length > maximumDeflatedBytes', 'text.length > 1e12'],
      ['const content = bytes.subarray(1)', 'const content = bytes.subarray(0)'],
    ],
  },
  {
    file: 'src/store/deliveries.ts',
    tests: [stop, sender, 'test/webhooks/disabling.test.ts', 'test/webhooks/secrets.test.ts'],
    faults: [
      [`"attemptsBefore" + ($4 = 'interrupted')::int`, '"attemptsBefore"'],
      ['"claimedUntil" = NULL,', ''],
      ['AND attempts = $3::int', ''],
      [`CASE $4 WHEN 'delivered' THEN NULL WHEN`, 'CASE $4 WHEN'],
      [`AND ("expiresAt" IS NULL OR "expiresAt" > now())`, ''],
      ['coalesce("claimedUntil" < now(), true)', 'true'],
    ],
  },
  {
    file: 'src/store/epochs.ts',
    tests: ['test/store/epochs.test.ts', 'test/store/history-thinner.test.ts'],
    faults: [
      ['(epoch - before) / (lastEpoch - before)', '(epoch - before) / lastEpoch'],
      [
        'least(last, "lastEpoch") - greatest(${after} + 1, "firstEpoch") + 1',
        'least(last, "lastEpoch") - greatest(${after} + 1, "firstEpoch")',
      ],
    ],
  },
  {
    file: 'src/store/transitions.ts',
    tests: ['test/store/transition-table.test.ts'],
    faults: [
      ['WHERE ${where} AND ${guard(name)}', 'WHERE ${where}'],
      ["finishes ? withFinished : ''", "''"],
      ["event === undefined ? '' : withEvent(event)", "''"],
      ['SELECT id, status, ${notifyJob} FROM changed', 'SELECT id, status FROM changed'],
    ],
  },
  {
    file: 'src/store/webhooks.ts',
    tests: [
      'test/http/webhooks.test.ts',
      'test/webhooks/disabling.test.ts',
      'test/store/delete-jobs.test.ts',
      'test/store/webhooks.test.ts',
    ],
    faults: [
      ['disabledReason: null, failingSince: null }', 'disabledReason: null }'],
      [' AND "nextAttemptAt" IS NULL`', '`'],
      [
        "{ orderBy: { createdAt: 'desc' }, take: shownDeliveries }",
        "{ orderBy: { createdAt: 'asc' }, take: shownDeliveries }",
      ],
    ],
  },
  {
    file: 'src/store/webhook-secrets.ts',
    tests: ['test/webhooks/secrets.test.ts'],
    faults: [
      ['kept.slice(maximumSecrets - 1)', 'kept.slice(maximumSecrets)'],
      ["orderBy: { expiresAt: 'desc' }", "orderBy: { expiresAt: 'asc' }"],
    ],
  },
  {
    file: 'src/store/checkpoints.ts',
    tests: ['test/store/checkpoints.test.ts'],
    faults: [
      ['ORDER BY sequence DESC OFFSET 1 LIMIT 1', 'ORDER BY sequence DESC OFFSET 2 LIMIT 1'],
      ["where: { jobId }, orderBy: { sequence: 'desc' }", "where: { jobId }, orderBy: { sequence: 'asc' }"],
    ],
  },
  {
    file: 'src/store/pages.ts',
    tests: [
      'test/store/pages.test.ts',
      'test/store/jobs.test.ts',
      'test/http/job-events.test.ts',
      'test/http/routes.test.ts',
    ],
    faults: [
      ['{ createdAt, id: { lt: id } }', '{ createdAt, id: { gt: id } }'],
      ['if (place >= 0) return place + 1', 'if (place >= 0) return place'],
      ['place === 0 || ', ''],
    ],
  },
  {
    file: 'src/store/job-events.ts',
    tests: ['test/http/job-events.test.ts'],
    faults: [['OFFSET ${maximumRows - 1}', 'OFFSET ${maximumRows}']],
  },
  {
    file: 'src/store/datasets.ts',
    tests: ['test/store/datasets.test.ts', 'test/http/datasets.test.ts'],
    faults: [['OR: [{ datasetId: id }, { validationDatasetId: id }]', 'datasetId: id']],
  },
  {
    file: 'src/store/resume.ts',
    tests: ['test/store/resume.test.ts'],
    faults: [
      ['return atBoundary ? epoch + 1 : epoch + 2', 'return epoch + 1'],
      ['Math.max(next, (row.forkEpoch ?? 0) + 1, ...earlier.map((each) => each.fromEpoch))', 'next'],
    ],
  },
  {
    file: 'src/store/finished-runs.ts',
    tests: ['test/http/validate.test.ts'],
    faults: [['attempt = 1 AND ', '']],
  },
  {
    file: 'src/store/drafts.ts',
    tests: ['test/store/drafts.test.ts'],
    faults: [['"touchedAt" < now() - interval \'${staleMinutes} minutes\' OR ', '']],
  },
  {
    file: 'src/store/key-cache.ts',
    tests: ['test/store/keys.test.ts', 'test/http/own-limits.test.ts'],
    faults: [
      [
        'if (cached?.version === row.version) return cached.key',
        'if (cached !== undefined) return cached.key',
      ],
    ],
  },
]
