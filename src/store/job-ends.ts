/** What the end of a job brings with it, in the statement that ends it: deliveries to webhooks, and the tallies. */
/** Writers of a name seldom meet on one of so many. */
export const tallyShards = 16

/** What `changed` must return of each job for `withEnds`, beside id, status, epoch and `modelId`. */
export const endColumns = `"tenantId", name, epochs, "bestEpoch", loss, accuracy, "valLoss",
  "valAccuracy", "errorCode", "errorMessage", "errorEpoch"`

/** CTEs to follow the CTE `changed`; of the jobs there, those that ended count. */
export const withEnds = `
    , ended AS (
      SELECT * FROM changed WHERE status IN ('succeeded', 'failed', 'cancelled')
    ), filed AS (
      INSERT INTO "WebhookDelivery" (id, "webhookId", event, "jobId", body)
      SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), "Webhook".id, 'job.' || status, ended.id,
        json_build_object(
          'type', 'job.' || status,
          'timestamp', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'data', json_build_object(
            'jobId', ended.id, 'name', name, 'status', status, 'epoch', epoch, 'epochs', epochs,
            'bestEpoch', "bestEpoch", 'metrics', json_build_object(
              'loss', loss, 'accuracy', accuracy, 'valLoss', "valLoss", 'valAccuracy', "valAccuracy"),
            'modelId', "modelId",
            'error', CASE WHEN "errorCode" IS NOT NULL THEN
              json_build_object('code', "errorCode", 'message', "errorMessage", 'epoch', "errorEpoch") END,
            'links', json_build_object('job', '/jobs/' || ended.id)))::text
      FROM ended JOIN "Webhook"
        ON "Webhook"."tenantId" = ended."tenantId" AND 'job.' || ended.status = ANY("Webhook".events)
          AND "Webhook"."disabledAt" IS NULL
      -- One that is deleted meanwhile is passed over, where its key would refuse the end of the job.
      FOR KEY SHARE OF "Webhook"
    ), tallied AS (
      INSERT INTO "Tally" AS tally (name, shard, value)
      SELECT 'jobs.' || status, floor(random() * ${tallyShards})::int, count(*) FROM ended GROUP BY status
      ON CONFLICT (name, shard) DO UPDATE SET value = tally.value + excluded.value
    )`
